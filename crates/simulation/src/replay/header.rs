//! What a replay is of.

use arrayvec::ArrayVec;
use domain::{CarClass, Format, SEATS_MAX};

use super::bytes::{Reader, out_of_range, write};
use super::{REPLAY_TICKS_MAX, ReplayError};
use crate::{ModeRules, RaceState, Rules, Track};

/// What a header begins with; its version follows, as a digit.
const MAGIC: [u8; 3] = *b"SLR";
/// What version 0 would be as a digit.
const ZERO: u8 = b'0';

/// A replay's header and, behind it, a replay's file.
pub const HEADER: Format = Format::new("replay", 2, 2, 2);
/// Longest name of a track in bytes.
const NAME_MAX: usize = 64;

/// What was raced, and how it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplayHeader {
    /// Name of the track.
    pub track: String,
    /// The rules of the race.
    pub rules: Rules,
    /// The cars, by seat.
    pub classes: ArrayVec<CarClass, SEATS_MAX>,
    /// Length in ticks.
    pub ticks: u32,
    /// Hash of the last state.
    pub final_hash: u64,
}

impl ReplayHeader {
    /// Of the race that was driven from tick 0 to `end`.
    #[must_use]
    pub fn new(track: &Track, rules: &Rules, end: &RaceState) -> Self {
        Self {
            track: track.name().to_owned(),
            rules: *rules,
            classes: end.cars.iter().map(|car| car.class).collect(),
            ticks: end.tick,
            final_hash: end.hash(),
        }
    }

    /// The header as bytes: fewer than a hundred, as the names of tracks go.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.push(ZERO + HEADER.written());
        write(&mut bytes, self.track.len() as u64);
        bytes.extend(self.track.as_bytes());
        let (mode, argument) = match self.rules.mode {
            ModeRules::Circuit { laps } => (0, u64::from(laps)),
            ModeRules::Highway { seed } => (1, seed),
        };
        for number in [
            mode,
            argument,
            u64::from(self.rules.target_metres),
            u64::from(self.rules.start_tick),
            u64::from(self.ticks),
            self.classes.len() as u64,
        ] {
            write(&mut bytes, number);
        }
        bytes.extend(self.classes.iter().map(|class| class.index()));
        bytes.extend(self.final_hash.to_le_bytes());
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// When the bytes are not a header, or one of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReplayError> {
        let mut reader = Reader(bytes);
        let header = Self::read(&mut reader)?;
        if reader.0.is_empty() {
            Ok(header)
        } else {
            Err(ReplayError::Length)
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, ReplayError> {
        if reader.array()? != MAGIC {
            return Err(ReplayError::Format);
        }
        let [digit] = reader.array()?;
        HEADER.check(digit.wrapping_sub(ZERO))?;
        let name = reader.below(NAME_MAX as u64 + 1, "the length of the name")? as usize;
        let track = core::str::from_utf8(reader.take(name)?).map_err(|_| ReplayError::Format)?;
        let mode = match (reader.number()?, reader.number()?) {
            (0, laps) => ModeRules::Circuit {
                laps: u16::try_from(laps).map_err(|_| out_of_range("the number of laps"))?,
            },
            (1, seed) => ModeRules::Highway { seed },
            _ => return Err(out_of_range("the mode")),
        };
        let rules = Rules {
            mode,
            target_metres: reader.below(Rules::TARGET_METRES_LIMIT, "the target")? as u32,
            start_tick: reader.below(u64::from(REPLAY_TICKS_MAX) + 1, "the start")? as u32,
        };
        let ticks = reader.below(u64::from(REPLAY_TICKS_MAX) + 1, "the length")? as u32;
        let seats = reader.below(SEATS_MAX as u64 + 1, "the number of cars")? as usize;
        let classes = reader
            .take(seats)?
            .iter()
            .map(|&index| CarClass::from_index(index).ok_or(out_of_range("a class")))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            track: track.to_owned(),
            rules,
            classes,
            ticks,
            final_hash: u64::from_le_bytes(reader.array()?),
        })
    }

    /// Checks that this race can be driven on `track`: a stranger's rules need
    /// not be any that a room can have.
    pub(super) fn check(&self, track: &Track) -> Result<(), ReplayError> {
        if track.name() != self.track {
            return Err(ReplayError::OtherTrack {
                recorded: self.track.clone(),
            });
        }
        let Rules {
            mode,
            target_metres,
            start_tick,
        } = self.rules;
        let possible = match mode {
            ModeRules::Circuit { laps } => Rules::circuit(track, laps, start_tick),
            ModeRules::Highway { seed } => Rules::highway(seed, target_metres, start_tick),
        };
        let is_highway = matches!(mode, ModeRules::Highway { .. });
        if possible == self.rules && is_highway == (self.track == Track::HIGHWAY) {
            Ok(())
        } else {
            Err(out_of_range("a rule"))
        }
    }

    /// Compares the recorded end with the one that was computed.
    ///
    /// # Errors
    /// When they differ.
    pub fn check_end(&self, end: &RaceState) -> Result<(), ReplayError> {
        let computed = end.hash();
        if computed == self.final_hash {
            return Ok(());
        }
        Err(ReplayError::OtherEnd {
            recorded: self.final_hash,
            computed,
        })
    }
}
