//! What a player drives, and how well an AI driver does.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of car: they feel different and are equally fast over a lap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CarClass {
    /// Corners and brakes best.
    #[default]
    Grip,
    /// Fastest on the straights.
    Power,
    /// Goes sideways when asked to.
    Drift,
}

impl CarClass {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Grip, Self::Power, Self::Drift];

    /// Its word on the wire.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grip => "grip",
            Self::Power => "power",
            Self::Drift => "drift",
        }
    }

    /// The one after it, round and round.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Grip => Self::Power,
            Self::Power => Self::Drift,
            Self::Drift => Self::Grip,
        }
    }
}

impl fmt::Display for CarClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How well an AI driver drives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skill {
    /// Careful, wanders about.
    Novice,
    /// Brisk.
    #[default]
    Club,
    /// At the limit.
    Expert,
}
