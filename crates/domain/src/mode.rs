//! The kinds of race.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// The rules by which a room scores. The first to the target wins.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Laps of a closed track.
    #[default]
    Circuit,
    /// Metres on the endless highway, less penalties for traffic and for leaving the
    /// road.
    Highway,
}

/// Default target of a race on the highway, metres.
pub const TARGET_METRES_DEFAULT: u32 = 20_000;
/// Longest target on the highway, metres: some forty minutes.
pub const TARGET_METRES_MAX: u32 = 200_000;

words!(Mode { Circuit => "circuit", Highway => "highway" });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::check;

    #[test]
    fn the_words_on_the_wire_stay_as_they_are() {
        check(Mode::ALL, Mode::name, ["circuit", "highway"]);
    }
}
