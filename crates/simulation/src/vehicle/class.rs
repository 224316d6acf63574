//! The kinds of car a player can choose.

use super::VehicleParameters;

/// A kind of car. They feel different and are equally fast over a lap: what one
/// loses on the straights another loses in the corners.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
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
    /// All classes, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::Grip, Self::Power, Self::Drift];

    /// Its number on the wire.
    #[must_use]
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// The class with a number on the wire.
    #[must_use]
    pub fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }

    /// Its name in lower case.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Grip => "grip",
            Self::Power => "power",
            Self::Drift => "drift",
        }
    }

    /// How it drives.
    #[must_use]
    pub const fn parameters(self) -> &'static VehicleParameters {
        match self {
            Self::Grip => &VehicleParameters::GRIP,
            Self::Power => &VehicleParameters::POWER,
            Self::Drift => &VehicleParameters::DRIFT,
        }
    }
}
