//! The kinds of car a player can choose.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// A kind of car. Classes drive differently and are equally fast over a lap: what
/// one loses on the straights another loses in the corners.
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

words!(CarClass { Grip => "grip", Power => "power", Drift => "drift" });

impl CarClass {
    /// Number of the class in snapshots and replays.
    #[must_use]
    pub const fn index(self) -> u8 {
        self as u8
    }

    /// Returns the class with a number in snapshots and replays.
    #[must_use]
    pub fn from_index(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }

    /// Returns the next class, cyclically.
    #[must_use]
    pub const fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::check;

    #[test]
    fn the_words_on_the_wire_stay_as_they_are() {
        check(CarClass::ALL, CarClass::name, ["grip", "power", "drift"]);
    }

    #[test]
    fn a_word_finds_its_class_and_no_other_does() {
        assert_eq!(CarClass::from_name("drift"), Some(CarClass::Drift));
        assert_eq!(CarClass::from_name("Drift"), None);
        assert_eq!(CarClass::from_name(""), None);
        assert_eq!(format!("{:>6}", CarClass::Grip), "  grip");
    }

    #[test]
    fn the_numbers_in_snapshots_and_replays_stay_as_they_are() {
        assert_eq!(CarClass::ALL.map(CarClass::index), [0, 1, 2]);
        for class in CarClass::ALL {
            assert_eq!(CarClass::from_index(class.index()), Some(class));
        }
        assert_eq!(CarClass::from_index(3), None);
    }

    #[test]
    fn the_next_class_goes_round() {
        let next = CarClass::ALL.map(CarClass::next);
        assert_eq!(next, [CarClass::Power, CarClass::Drift, CarClass::Grip]);
    }
}
