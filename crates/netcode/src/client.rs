//! Prediction: the race as it is now, from a snapshot of a moment ago.
//!
//! All cars are stepped with the simulation that the room uses: the own car
//! with the inputs that were sent, the others with the last that the room
//! applied. A snapshot replaces the past; what was predicted after it is
//! computed again.

use std::collections::VecDeque;

use arrayvec::ArrayVec;
use protocol::input::InputFrame;
use protocol::limits::INPUT_TICKS_MAX;
use simulation::{Drive, Events, Input, RaceState, Rules, SEATS_MAX, Track, step};

use crate::wire::{self, Told};

/// Most ticks predicted beyond the last snapshot: two seconds. Further ahead a
/// picture would be fiction.
const PREDICTED_TICKS_MAX: u32 = 120;

/// A race, predicted.
#[derive(Clone, Debug)]
pub struct Prediction {
    rules: Rules,
    seat: Option<usize>,
    confirmed: RaceState,
    held: ArrayVec<Drive, SEATS_MAX>,
    predicted: RaceState,
    before: RaceState,
    /// Own inputs by tick, without gaps, oldest first.
    own: VecDeque<(u32, Input)>,
    acknowledged: Option<u32>,
    events: Events,
}

impl Prediction {
    /// From the first snapshot of a race; `seat` is `None` for a spectator.
    #[must_use]
    pub fn new(rules: Rules, seat: Option<u8>, told: &Told) -> Self {
        let confirmed = told.state.clone();
        Self {
            rules,
            seat: seat.map(usize::from),
            held: held(told),
            predicted: confirmed.clone(),
            before: confirmed.clone(),
            confirmed,
            own: VecDeque::new(),
            acknowledged: None,
            events: Events::new(),
        }
    }

    /// Takes a snapshot: `acknowledged` is the newest own input that the room
    /// has. An older snapshot than the last changes nothing.
    pub fn snapshot(&mut self, track: &Track, told: &Told, acknowledged: Option<u32>) {
        let tick = told.state.tick;
        if tick <= self.confirmed.tick {
            return;
        }
        let target = self.predicted.tick;
        self.confirmed.clone_from(&told.state);
        self.held = held(told);
        self.acknowledged = acknowledged.or(self.acknowledged);
        while self.own.front().is_some_and(|(stamp, _)| *stamp < tick) {
            self.own.pop_front();
        }
        self.predicted = self.confirmed.clone();
        self.before = self.confirmed.clone();
        self.run_to(track, target);
    }

    /// Predicts up to `tick`, driving the own car with `input` from where the
    /// prediction stands. Returns how many ticks were added.
    pub fn advance(&mut self, track: &Track, tick: u32, input: Input) -> u32 {
        let start = self.predicted.tick;
        let target = tick.min(self.confirmed.tick.saturating_add(PREDICTED_TICKS_MAX));
        if self.seat.is_some() {
            self.own
                .extend((start..target.max(start)).map(|tick| (tick, input)));
        }
        self.run_to(track, target);
        self.predicted.tick - start
    }

    /// The own inputs that the room does not have yet, newest included; `None`
    /// when there is nothing to send.
    #[must_use]
    pub fn input_frame(&self) -> Option<InputFrame> {
        let first = self.acknowledged.map_or(0, |tick| tick.saturating_add(1));
        let pending = self.own.iter().filter(|(tick, _)| *tick >= first).count();
        let skip = self.own.len() - pending.min(INPUT_TICKS_MAX);
        let (first_tick, _) = *self.own.get(skip)?;
        let controls = self
            .own
            .iter()
            .skip(skip)
            .map(|(_, input)| wire::controls(*input));
        Some(InputFrame {
            first_tick,
            controls: controls.collect(),
        })
    }

    /// The race at the predicted tick.
    #[must_use]
    pub fn predicted(&self) -> &RaceState {
        &self.predicted
    }

    /// The race one tick before the predicted one, to draw between the two.
    #[must_use]
    pub fn before(&self) -> &RaceState {
        &self.before
    }

    /// The race as the room last told it.
    #[must_use]
    pub fn confirmed(&self) -> &RaceState {
        &self.confirmed
    }

    /// The rules of the race.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    fn run_to(&mut self, track: &Track, target: u32) {
        while self.predicted.tick < target {
            let mut drives = self.held.clone();
            if let Some(own) = self.seat.and_then(|seat| drives.get_mut(seat)) {
                let tick = self.predicted.tick;
                let stamped = self
                    .own
                    .front()
                    .and_then(|(first, _)| self.own.get(tick.checked_sub(*first)? as usize));
                if let Some((_, input)) = stamped {
                    *own = Drive::Driven(*input);
                }
            }
            self.before.clone_from(&self.predicted);
            step(
                track,
                &self.rules,
                &mut self.predicted,
                &drives,
                &mut self.events,
            );
        }
    }
}

/// What each seat did last.
fn held(told: &Told) -> ArrayVec<Drive, SEATS_MAX> {
    let last = told.applied.iter().map(|drives| drives[drives.len() - 1]);
    last.collect()
}

#[cfg(test)]
mod tests {
    use simulation::CarClass;

    use super::*;
    use crate::server::SeatInputs;

    const INPUT: Input = Input {
        throttle: 255,
        brake: 0,
        steer: 9,
        handbrake: false,
    };

    /// A room and a client that is `lead` ticks ahead, with snapshots that are
    /// `lead` ticks old when they come.
    #[test]
    fn a_driver_whose_inputs_are_in_time_is_never_corrected() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let rules = Rules::circuit(&track, 1, 20);
        let mut room = RaceState::new(&track, &rules, &[CarClass::default(); 2]);
        let mut inputs = SeatInputs::default();
        let mut events = Events::new();
        let nobody = [[Drive::Absent; 2]; 2];
        let first = Told {
            state: room.clone(),
            applied: nobody.into_iter().collect(),
        };
        let mut client = Prediction::new(rules, Some(0), &first);
        let mut predicted_hashes = std::collections::BTreeMap::new();
        for tick in 0..900_u32 {
            let input = Input {
                steer: (tick / 30 % 40) as i8 - 20,
                ..INPUT
            };
            client.advance(&track, tick + 8, input);
            predicted_hashes.insert(client.predicted().tick, client.predicted().cars[0]);
            if let Some(frame) = client.input_frame() {
                inputs.receive(&frame, tick);
            }
            let drives = [inputs.drive(tick), Drive::Absent];
            step(&track, &rules, &mut room, &drives, &mut events);
            if room.tick.is_multiple_of(2) {
                let told = Told {
                    state: room.clone(),
                    applied: drives.map(|drive| [drive; 2]).into_iter().collect(),
                };
                client.snapshot(&track, &told, Some(inputs.ack().tick));
                if let Some(predicted) = predicted_hashes.get(&room.tick) {
                    assert_eq!(*predicted, room.cars[0], "tick {}", room.tick);
                }
            }
        }
        assert!(room.cars[0].speed_mps() > 5.0);
    }

    #[test]
    fn an_old_snapshot_changes_nothing_and_prediction_is_bounded() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let rules = Rules::circuit(&track, 1, 20);
        let state = RaceState::new(&track, &rules, &[CarClass::default()]);
        let mut told = Told {
            state: state.clone(),
            applied: [[Drive::Absent; 2]].into_iter().collect(),
        };
        told.state.tick = 100;
        let mut client = Prediction::new(rules, Some(0), &told);
        assert_eq!(client.advance(&track, 10_000, INPUT), PREDICTED_TICKS_MAX);
        told.state.tick = 50;
        client.snapshot(&track, &told, None);
        assert_eq!(client.confirmed().tick, 100);
        assert_eq!(
            client.input_frame().unwrap().controls.len(),
            INPUT_TICKS_MAX
        );
    }
}
