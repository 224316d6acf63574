//! Errors of reading and building a circuit.

use core::fmt;

/// Names of the columns of the CSV format.
const COLUMNS: [&str; 4] = ["x_m", "y_m", "w_tr_right_m", "w_tr_left_m"];

/// The reason why a circuit cannot be read or built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackError {
    /// A row has more or fewer than four columns.
    Columns {
        /// Number of the line, from 1.
        line: usize,
        /// Columns found.
        found: usize,
    },
    /// The value of a column is not a number.
    Number {
        /// Number of the line, from 1.
        line: usize,
        /// Number of the column, from 1.
        column: usize,
    },
    /// A number is not finite, or far out of range for a track.
    OutOfRange {
        /// Number of the line, from 1; that of the point if there are no lines.
        line: usize,
        /// Number of the column, from 1.
        column: usize,
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
        let name = |column: usize| COLUMNS.get(column - 1).copied().unwrap_or("?");
        match *self {
            Self::Columns { line, found } => write!(
                formatter,
                "line {line} has {found} columns, not the four x_m,y_m,w_tr_right_m,w_tr_left_m"
            ),
            Self::Number { line, column } => write!(
                formatter,
                "line {line}, column {column} ({}) is not a number",
                name(column)
            ),
            Self::OutOfRange { line, column } => write!(
                formatter,
                "line {line}, column {column} ({}) is outside what a track can have",
                name(column)
            ),
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
