//! The controls of a seat in a tick.

use serde::{Deserialize, Serialize};

/// The controls of one car in one tick: four bytes. The default is coasting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Controls {
    /// Throttle, 0 (closed) to 255 (full).
    pub throttle: u8,
    /// Brake, 0 to 255 (full). At a standstill it drives slowly backwards, so that a
    /// car can get off a wall.
    pub brake: u8,
    /// Steering, −127 (full right) to 127 (full left); −128 means −127.
    pub steer: i8,
    /// Locks the rear wheels.
    pub handbrake: bool,
}

/// What a seat does in a tick: the driver's controls, or none without a driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Drive {
    /// No driver: the car coasts and becomes a ghost after
    /// [`GHOST_AFTER_TICKS`](crate::GHOST_AFTER_TICKS).
    #[default]
    Absent,
    /// A driver has the controls.
    Driven(Controls),
}

impl Drive {
    /// The controls to apply: those of the driver, or coasting.
    #[must_use]
    pub fn controls(self) -> Controls {
        match self {
            Self::Driven(controls) => controls,
            Self::Absent => Controls::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_in_a_checkpoint_stay_as_they_are() {
        let controls = Controls {
            throttle: 255,
            brake: 1,
            steer: -2,
            handbrake: true,
        };
        let cases = [
            (Drive::Absent, &[0][..]),
            (Drive::Driven(controls), &[1, 255, 1, 0xfe, 1]),
        ];
        for (drive, bytes) in cases {
            assert_eq!(postcard::to_stdvec(&drive).unwrap(), bytes);
            assert_eq!(postcard::from_bytes::<Drive>(bytes).unwrap(), drive);
        }
    }

    #[test]
    fn the_words_in_json_stay_as_they_are() {
        let json = r#"{"throttle":0,"brake":0,"steer":0,"handbrake":false}"#;
        assert_eq!(serde_json::to_string(&Controls::default()).unwrap(), json);
    }
}
