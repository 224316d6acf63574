//! A replay as bytes: numbers in LEB128, runs one after the other.
//!
//! A run is its length, shifted left by five bits that say whether somebody
//! drives, pulls the handbrake, and which of the three other controls differ
//! from the seat's last; those follow, a byte each.

use arrayvec::ArrayVec;

use super::{REPLAY_TICKS_MAX, Replay, ReplayError, Run};
use crate::{CarClass, Drive, Input, Mode, Rules, SEATS_MAX};

/// Names the format and its version.
const MAGIC: [u8; 4] = *b"SLR1";
/// Longest name of a track in bytes.
const NAME_MAX: usize = 64;
/// Bits of a run's head below its length.
const DRIVEN: u64 = 1;
const HANDBRAKE: u64 = 2;
const THROTTLE: u64 = 4;
const BRAKE: u64 = 8;
const STEER: u64 = 16;
const LENGTH_SHIFT: u32 = 5;

impl Replay {
    /// The replay as bytes: some kilobytes for a race.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        write(&mut bytes, self.track.len() as u64);
        bytes.extend(self.track.as_bytes());
        let (mode, argument) = match self.rules.mode {
            Mode::Circuit { laps } => (0, u64::from(laps)),
            Mode::Highway { seed } => (1, seed),
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
        for runs in &self.seats {
            let mut last = Input::default();
            for run in runs {
                last = write_run(&mut bytes, *run, last);
            }
        }
        bytes.extend(self.final_hash.to_le_bytes());
        bytes
    }

    /// Reads a replay.
    ///
    /// # Errors
    /// When the bytes are not a replay of this version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ReplayError> {
        let mut reader = Reader(bytes);
        if reader.array()? != MAGIC {
            return Err(ReplayError::Format);
        }
        let name = reader.below(NAME_MAX as u64 + 1, "the length of the name")? as usize;
        let track = core::str::from_utf8(reader.take(name)?).map_err(|_| ReplayError::Format)?;
        let mode = match (reader.number()?, reader.number()?) {
            (0, laps) => Mode::Circuit {
                laps: u16::try_from(laps).map_err(|_| out_of_range("the number of laps"))?,
            },
            (1, seed) => Mode::Highway { seed },
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
            .collect::<Result<ArrayVec<_, SEATS_MAX>, _>>()?;
        let seats = (0..seats)
            .map(|_| read_seat(&mut reader, ticks))
            .collect::<Result<ArrayVec<_, SEATS_MAX>, _>>()?;
        let final_hash = u64::from_le_bytes(reader.array()?);
        if !reader.0.is_empty() {
            return Err(ReplayError::Length);
        }
        Ok(Self {
            track: track.to_owned(),
            rules,
            classes,
            seats,
            ticks,
            final_hash,
        })
    }
}

fn out_of_range(what: &'static str) -> ReplayError {
    ReplayError::OutOfRange { what }
}

fn write(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// Writes a run after a run of `last`. Returns the controls for the next.
fn write_run(bytes: &mut Vec<u8>, run: Run, last: Input) -> Input {
    let length = u64::from(run.ticks) << LENGTH_SHIFT;
    let Drive::Driven(input) = run.drive else {
        write(bytes, length);
        return last;
    };
    let flag = |is_set: bool, flag: u64| if is_set { flag } else { 0 };
    let controls = [
        (input.throttle, last.throttle, THROTTLE),
        (input.brake, last.brake, BRAKE),
        (input.steer as u8, last.steer as u8, STEER),
    ];
    let differing = controls
        .iter()
        .map(|(now, before, bit)| flag(now != before, *bit));
    let head = length | DRIVEN | flag(input.handbrake, HANDBRAKE) | differing.sum::<u64>();
    write(bytes, head);
    bytes.extend(
        controls
            .iter()
            .filter(|(now, before, _)| now != before)
            .map(|(now, _, _)| now),
    );
    input
}

/// The runs of one seat, which make `ticks` together.
fn read_seat(reader: &mut Reader<'_>, ticks: u32) -> Result<Vec<Run>, ReplayError> {
    let (mut runs, mut left) = (Vec::new(), u64::from(ticks));
    let mut input = Input::default();
    while left > 0 {
        let head = reader.number()?;
        let length = head >> LENGTH_SHIFT;
        if length == 0 || length > left {
            return Err(out_of_range("the length of a run"));
        }
        left -= length;
        let drive = if head & DRIVEN == 0 {
            Drive::Absent
        } else {
            input = read_controls(reader, head, input)?;
            Drive::Driven(input)
        };
        runs.push(Run {
            drive,
            ticks: length as u32,
        });
    }
    Ok(runs)
}

fn read_controls(reader: &mut Reader<'_>, head: u64, last: Input) -> Result<Input, ReplayError> {
    let mut control = |bit: u64, last: u8| {
        if head & bit == 0 {
            Ok(last)
        } else {
            reader.array().map(|[byte]| byte)
        }
    };
    Ok(Input {
        throttle: control(THROTTLE, last.throttle)?,
        brake: control(BRAKE, last.brake)?,
        steer: control(STEER, last.steer as u8)? as i8,
        handbrake: head & HANDBRAKE != 0,
    })
}

/// The bytes that have not been read yet.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], ReplayError> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(ReplayError::Length)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReplayError> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(ReplayError::Length)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn number(&mut self) -> Result<u64, ReplayError> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let [byte] = self.array()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(ReplayError::Format)
    }

    fn below(&mut self, limit: u64, what: &'static str) -> Result<u64, ReplayError> {
        let number = self.number()?;
        if number < limit {
            Ok(number)
        } else {
            Err(out_of_range(what))
        }
    }
}
