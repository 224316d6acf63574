//! Why a circuit cannot be read or built.

use core::fmt;

/// Why a circuit cannot be read or built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackError {
    /// A row has no four numbers.
    Row {
        /// Number of the line, from 1.
        line: usize,
    },
    /// A number is not finite, or far outside what a track has.
    OutOfRange {
        /// Number of the point, from 0.
        point: usize,
    },
    /// Fewer points than make a loop.
    TooFewPoints {
        /// Points found.
        found: usize,
    },
    /// The loop is too short for a grid or too long for the wire.
    Length {
        /// Length in whole metres.
        length_m: u32,
    },
}

impl fmt::Display for TrackError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row { line } => {
                write!(
                    formatter,
                    "line {line} is not x_m,y_m,w_tr_right_m,w_tr_left_m"
                )
            }
            Self::OutOfRange { point } => {
                write!(formatter, "point {point} is outside what a track can have")
            }
            Self::TooFewPoints { found } => {
                write!(formatter, "{found} points do not make a circuit")
            }
            Self::Length { length_m } => {
                write!(formatter, "a circuit of {length_m} m cannot be raced on")
            }
        }
    }
}

impl core::error::Error for TrackError {}
