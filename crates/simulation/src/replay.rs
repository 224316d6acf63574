//! A race as what was done in it.
//!
//! A race is its track, its rules, its cars and its inputs. [`Replay`] keeps
//! them, each seat's inputs run by run, and [`Replay::verify`] drives the race
//! again and compares the end.

mod codec;
mod error;

pub use error::ReplayError;

use arrayvec::ArrayVec;

use crate::{CarClass, Drive, Events, RaceState, Rules, SEATS_MAX, Track, step};

/// Longest race that a replay holds, ticks: six hours, more than any target
/// takes. It bounds what verifying a stranger's replay costs.
pub const REPLAY_TICKS_MAX: u32 = 6 * 60 * 60 * crate::TICK_RATE_HZ;

/// What a seat did for some ticks in a row.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Run {
    /// What it did.
    pub drive: Drive,
    /// For how many ticks, at least one.
    pub ticks: u32,
}

/// All that is needed to drive a race again, from tick 0 to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replay {
    track: String,
    rules: Rules,
    classes: ArrayVec<CarClass, SEATS_MAX>,
    seats: ArrayVec<Vec<Run>, SEATS_MAX>,
    ticks: u32,
    final_hash: u64,
}

impl Replay {
    /// An empty recording of the race that `state` begins.
    #[must_use]
    pub fn begin(track: &Track, rules: &Rules, state: &RaceState) -> Self {
        Self {
            track: track.name().to_owned(),
            rules: *rules,
            classes: state.cars.iter().map(|car| car.class).collect(),
            seats: state.cars.iter().map(|_| Vec::new()).collect(),
            ticks: 0,
            final_hash: state.hash(),
        }
    }

    /// Adds the tick that `drives` were given to; `state` is what came of it.
    /// Beyond [`REPLAY_TICKS_MAX`] nothing is added.
    pub fn record(&mut self, drives: &[Drive], state: &RaceState) {
        if self.ticks == REPLAY_TICKS_MAX {
            return;
        }
        for (seat, runs) in self.seats.iter_mut().enumerate() {
            let drive = drives.get(seat).copied().unwrap_or_default();
            match runs.last_mut() {
                Some(run) if run.drive == drive => run.ticks += 1,
                Some(_) | None => runs.push(Run { drive, ticks: 1 }),
            }
        }
        self.ticks += 1;
        self.final_hash = state.hash();
    }

    /// Name of the track.
    #[must_use]
    pub fn track(&self) -> &str {
        &self.track
    }

    /// The rules of the race.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// The cars, by seat.
    #[must_use]
    pub fn classes(&self) -> &[CarClass] {
        &self.classes
    }

    /// What the seats did, each run by run.
    pub fn seats(&self) -> impl ExactSizeIterator<Item = &[Run]> {
        self.seats.iter().map(Vec::as_slice)
    }

    /// Length in ticks.
    #[must_use]
    pub fn ticks(&self) -> u32 {
        self.ticks
    }

    /// Hash of the last state.
    #[must_use]
    pub fn final_hash(&self) -> u64 {
        self.final_hash
    }

    /// Drives the race again on `track`; `watch` sees every state and its events.
    pub fn play(&self, track: &Track, mut watch: impl FnMut(&RaceState, &Events)) -> RaceState {
        let mut state = RaceState::new(track, &self.rules, &self.classes);
        let mut events = Events::new();
        let mut hands: ArrayVec<Hand<'_>, SEATS_MAX> = self.seats().map(Hand::new).collect();
        for _ in 0..self.ticks {
            let drives: ArrayVec<Drive, SEATS_MAX> = hands.iter_mut().map(Hand::next).collect();
            step(track, &self.rules, &mut state, &drives, &mut events);
            watch(&state, &events);
        }
        state
    }

    /// Drives the race again and gives its last state.
    ///
    /// # Errors
    /// When `track` is another one, or the end is not the recorded one.
    pub fn verify(&self, track: &Track) -> Result<RaceState, ReplayError> {
        if track.name() != self.track {
            return Err(ReplayError::OtherTrack {
                recorded: self.track.clone(),
            });
        }
        let state = self.play(track, |_, _| {});
        let hash = state.hash();
        if hash == self.final_hash {
            Ok(state)
        } else {
            Err(ReplayError::OtherEnd {
                recorded: self.final_hash,
                computed: hash,
            })
        }
    }
}

/// Deals out the runs of a seat tick by tick.
struct Hand<'a> {
    runs: core::slice::Iter<'a, Run>,
    drive: Drive,
    left: u32,
}

impl<'a> Hand<'a> {
    fn new(runs: &'a [Run]) -> Self {
        Self {
            runs: runs.iter(),
            drive: Drive::Absent,
            left: 0,
        }
    }

    fn next(&mut self) -> Drive {
        if self.left == 0 {
            let run = self.runs.next().copied().unwrap_or(Run {
                drive: Drive::Absent,
                ticks: u32::MAX,
            });
            (self.drive, self.left) = (run.drive, run.ticks);
        }
        self.left -= 1;
        self.drive
    }
}
