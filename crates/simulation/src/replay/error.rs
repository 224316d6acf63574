//! Why a replay cannot be read, or does not hold.

use core::fmt;

use domain::UnknownVersion;

/// Why a replay cannot be read, or does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReplayError {
    /// The bytes end too early or go on too long.
    Length,
    /// The bytes are of another format.
    Format,
    /// The bytes are of another version of the format.
    Version(UnknownVersion),
    /// Bytes have changed since it was written.
    Damaged,
    /// A chunk is missing, or is of another race.
    OtherChunk {
        /// The tick with which the next chunk should begin, or the replay end.
        next_tick: u32,
    },
    /// A number is outside what a race can have.
    OutOfRange {
        /// Which one.
        what: &'static str,
    },
    /// It was recorded on another track.
    OtherTrack {
        /// Name of that track.
        recorded: String,
    },
    /// Driven again the race ends differently: the inputs, or the game, have
    /// been changed.
    OtherEnd {
        /// Hash of the recorded end.
        recorded: u64,
        /// Hash of the end now.
        computed: u64,
    },
}

impl fmt::Display for ReplayError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => write!(formatter, "the replay is not as long as it says"),
            Self::Format => write!(formatter, "not a replay"),
            Self::Version(unknown) => unknown.fmt(formatter),
            Self::Damaged => write!(formatter, "the replay is damaged"),
            Self::OtherChunk { next_tick } => {
                write!(formatter, "the inputs from tick {next_tick} on are missing")
            }
            Self::OutOfRange { what } => write!(formatter, "{what} is not what a race can have"),
            Self::OtherTrack { recorded } => write!(formatter, "recorded on {recorded}"),
            Self::OtherEnd { recorded, computed } => write!(
                formatter,
                "the race ends with {computed:016x}, recorded was {recorded:016x}"
            ),
        }
    }
}

impl core::error::Error for ReplayError {}

impl From<UnknownVersion> for ReplayError {
    fn from(unknown: UnknownVersion) -> Self {
        Self::Version(unknown)
    }
}
