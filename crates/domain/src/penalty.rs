//! Reasons for penalties.

use serde::{Deserialize, Serialize};

use crate::words::words;

/// The reason for which metres are taken off a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PenaltyReason {
    /// The car hit traffic on the highway.
    Traffic,
    /// The car left the highway and was put back.
    OffRoad,
}

words!(PenaltyReason { Traffic => "traffic", OffRoad => "off_road" });

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::check;

    #[test]
    fn the_words_on_the_wire_stay_as_they_are() {
        check(
            PenaltyReason::ALL,
            PenaltyReason::name,
            ["traffic", "off_road"],
        );
    }
}
