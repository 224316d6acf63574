//! The levels of the AI drivers.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// How well an AI driver drives. Declared slowest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Skill {
    /// Careful, and wanders from the line.
    Novice,
    /// Brisk.
    #[default]
    Club,
    /// At the limit.
    Expert,
}

words!(Skill { Novice => "novice", Club => "club", Expert => "expert" });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::check;

    #[test]
    fn the_words_on_the_wire_stay_as_they_are() {
        check(Skill::ALL, Skill::name, ["novice", "club", "expert"]);
    }
}
