//! Prediction: the race ahead of the newest snapshot.
//!
//! All cars are stepped with the simulation that the room uses: the own car
//! with the inputs that were sent, the others with the last inputs that the room
//! applied. Predicted cars are kept for two seconds. A snapshot is compared with
//! the prediction for its tick, integer by integer; the ticks since are replayed
//! only if they differ or another driver's input differs from the assumed one.

use arrayvec::ArrayVec;
use domain::{Car, Controls, Drive, SEATS_MAX, Vec2};
use protocol::Epoch;
use protocol::input::InputFrame;
use protocol::limits::INPUT_TICKS_MAX;
use simulation::{Events, RaceState, Rules, Track, step};

use crate::wire::DecodedSnapshot;

/// Number of ticks for which own inputs and predicted cars are kept.
const HISTORY_TICKS: usize = 128;
/// Most ticks predicted beyond the last snapshot: the number of inputs in a message,
/// so that a message holds all that the room may lack.
pub const PREDICTED_TICKS_MAX: u32 = INPUT_TICKS_MAX as u32;

/// A predicted race.
#[derive(Clone, Debug)]
pub struct Prediction {
    rules: Rules,
    seat: Option<usize>,
    epoch: Epoch,
    confirmed: RaceState,
    /// Last applied input of each seat, from the newest snapshot.
    held: ArrayVec<Drive, SEATS_MAX>,
    /// Share, 0–1, of their last input that other drivers are assumed to keep;
    /// falls while no snapshot is received.
    held_share: f32,
    predicted: RaceState,
    before: RaceState,
    history: History,
    own: OwnInputs,
    acknowledged: Option<u32>,
    events: Events,
}

/// The effect of a snapshot on a prediction.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Reconciled {
    /// Distance between the predicted and the reported own car, m; 0 when they
    /// are equal in every field, `None` when nothing was predicted for that tick.
    pub correction_m: Option<f64>,
    /// Number of ticks replayed.
    pub replayed_ticks: u32,
}

impl Prediction {
    /// Creates a prediction from the first snapshot of a race; `seat` is `None`
    /// for a spectator.
    #[must_use]
    pub fn new(rules: Rules, seat: Option<u8>, snapshot: &DecodedSnapshot, epoch: Epoch) -> Self {
        let confirmed = snapshot.state.clone();
        Self {
            rules,
            seat: seat.map(usize::from),
            epoch,
            held: held(snapshot),
            held_share: 1.0,
            predicted: confirmed.clone(),
            before: confirmed.clone(),
            history: History::new(confirmed.cars.len()),
            own: OwnInputs::new(),
            acknowledged: None,
            events: Events::new(),
            confirmed,
        }
    }

    /// Whether a snapshot is newer than the confirmed one: of a later tick, or of
    /// a later owner.
    #[must_use]
    pub fn is_newer(&self, epoch: Epoch, tick: u32) -> bool {
        (epoch, tick) > (self.epoch, self.confirmed.tick)
    }

    /// Reconciles the prediction with a snapshot; `acknowledged` is the newest own
    /// input that the room has. A snapshot that is not [newer](Self::is_newer) or
    /// has another number of cars is ignored.
    pub fn reconcile(
        &mut self,
        track: &Track,
        snapshot: &DecodedSnapshot,
        epoch: Epoch,
        acknowledged: Option<u32>,
    ) -> Reconciled {
        let tick = snapshot.state.tick;
        if !self.is_newer(epoch, tick) || snapshot.state.cars.len() != self.confirmed.cars.len() {
            return Reconciled::default();
        }
        // A new owner may have fewer of the inputs; they are sent again.
        self.acknowledged = acknowledged;
        self.epoch = epoch;
        self.confirmed.clone_from(&snapshot.state);
        let now_held = held(snapshot);
        let is_as_held = self.is_as_held(&now_held);
        self.held = now_held;
        self.held_share = 1.0;

        let predicted = self.history.at(tick);
        let correction_m = self.seat.and_then(|seat| {
            let (predicted, reported) = (predicted?.get(seat)?, snapshot.state.cars.get(seat)?);
            Some(distance_m(predicted, reported))
        });
        let is_predicted = predicted == Some(snapshot.state.cars.as_slice());
        if is_predicted && is_as_held {
            return Reconciled {
                correction_m,
                replayed_ticks: 0,
            };
        }
        let target = self.predicted.tick;
        self.predicted.clone_from(&snapshot.state);
        self.before.clone_from(&snapshot.state);
        self.history.put(&self.predicted);
        // Ticks beyond the reach of the prediction are dropped.
        let reach = tick.saturating_add(PREDICTED_TICKS_MAX);
        self.run_to(track, target.min(reach));
        Reconciled {
            correction_m,
            replayed_ticks: self.predicted.tick - tick,
        }
    }

    /// Predicts up to `tick`, driving the own car with `input` in all ticks added.
    /// `held_share`, 0–1, is the share of their last input that other drivers are
    /// assumed to keep. Returns how many ticks were added.
    pub fn advance(&mut self, track: &Track, tick: u32, input: Controls, held_share: f32) -> u32 {
        let start = self.predicted.tick;
        self.held_share = held_share;
        let reach = self.confirmed.tick.saturating_add(PREDICTED_TICKS_MAX);
        let target = tick.min(reach);
        if self.seat.is_some() {
            (start..target).for_each(|tick| self.own.put(tick, input));
        }
        self.run_to(track, target);
        self.predicted.tick.saturating_sub(start)
    }

    /// Returns the own inputs that the room has not acknowledged; `None` when there
    /// is nothing to send.
    #[must_use]
    pub fn input_frame(&self) -> Option<InputFrame> {
        let end = self.predicted.tick;
        let first = self.acknowledged.map_or(0, |tick| tick.saturating_add(1));
        let oldest = end.saturating_sub(INPUT_TICKS_MAX as u32).max(first);
        let pending = (oldest..end).rev().map_while(|tick| self.own.get(tick));
        let mut controls: ArrayVec<Controls, INPUT_TICKS_MAX> = pending.collect();
        controls.reverse();
        (!controls.is_empty()).then(|| InputFrame {
            first_tick: end - controls.len() as u32,
            controls,
        })
    }

    /// Returns, for each tick of a snapshot with an own input, whether the room
    /// applied it. Empty once the own car has finished: it has no driver then.
    pub fn own_in<'a>(
        &'a self,
        snapshot: &'a DecodedSnapshot,
    ) -> impl Iterator<Item = (u32, bool)> + 'a {
        let seat = self.seat.filter(|seat| {
            let car = snapshot.state.cars.get(*seat);
            car.is_some_and(|car| car.finish.is_none())
        });
        let applied = seat.and_then(|seat| snapshot.applied.get(seat));
        let ticks = (0..snapshot.state.tick).rev();
        let newest_first = applied.into_iter().flatten().rev();
        newest_first.zip(ticks).filter_map(|(drive, tick)| {
            let own = self.own.get(tick)?;
            Some((tick, *drive == Drive::Driven(own)))
        })
    }

    /// The race at the predicted tick.
    #[must_use]
    pub fn predicted(&self) -> &RaceState {
        &self.predicted
    }

    /// The race one tick before the predicted one, for interpolation. A replay
    /// replaces both.
    #[must_use]
    pub fn before(&self) -> &RaceState {
        &self.before
    }

    /// The race in the newest snapshot.
    #[must_use]
    pub fn confirmed(&self) -> &RaceState {
        &self.confirmed
    }

    /// The rules of the race.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Whether all other drivers do what was assumed.
    fn is_as_held(&self, now_held: &[Drive]) -> bool {
        let is_faded = self.held_share < 1.0;
        let mut others = (0..now_held.len()).filter(|seat| Some(*seat) != self.seat);
        !is_faded && others.all(|seat| self.held.get(seat) == now_held.get(seat))
    }

    fn run_to(&mut self, track: &Track, target: u32) {
        if self.predicted.tick >= target {
            return;
        }
        let mut drives: ArrayVec<Drive, SEATS_MAX> = self
            .held
            .iter()
            .map(|drive| faded(*drive, self.held_share))
            .collect();
        while self.predicted.tick < target {
            if let Some(seat) = self.seat
                && let Some(own) = drives.get_mut(seat)
            {
                let input = self.own.get(self.predicted.tick);
                let held = self.held.get(seat).copied().unwrap_or_default();
                *own = input.map_or(held, Drive::Driven);
            }
            self.before.clone_from(&self.predicted);
            step(
                track,
                &self.rules,
                &mut self.predicted,
                &drives,
                &mut self.events,
            );
            self.history.put(&self.predicted);
        }
    }
}

/// Distance between two cars, m; not 0 when any other field differs, since that
/// leads to a distance later.
fn distance_m(one: &Car, other: &Car) -> f64 {
    /// Half a unit of the position grid.
    const UNSEEN_M: f64 = 0.5 / domain::POSITION_UNITS_PER_M as f64;
    if one == other {
        return 0.0;
    }
    let between: Vec2 = one.position_m() - other.position_m();
    between.length().max(UNSEEN_M)
}

/// The last applied input of each seat.
fn held(snapshot: &DecodedSnapshot) -> ArrayVec<Drive, SEATS_MAX> {
    let last = snapshot
        .applied
        .iter()
        .map(|drives| drives[drives.len() - 1]);
    last.collect()
}

fn faded(drive: Drive, share: f32) -> Drive {
    let Drive::Driven(input) = drive else {
        return drive;
    };
    if share >= 1.0 {
        return drive;
    }
    let less = |value: u8| (f32::from(value) * share) as u8;
    Drive::Driven(Controls {
        throttle: less(input.throttle),
        brake: less(input.brake),
        steer: (f32::from(input.steer) * share) as i8,
        handbrake: input.handbrake && share > 0.5,
    })
}

/// The predicted cars of the last ticks, as a ring buffer.
#[derive(Clone, Debug)]
struct History {
    cars: Vec<Car>,
    /// Tick of each entry.
    ticks: [Option<u32>; HISTORY_TICKS],
    cars_per_tick: usize,
}

impl History {
    fn new(cars_per_tick: usize) -> Self {
        Self {
            cars: Vec::new(),
            ticks: [None; HISTORY_TICKS],
            cars_per_tick,
        }
    }

    fn put(&mut self, state: &RaceState) {
        if self.cars.is_empty() {
            let Some(first) = state.cars.first() else {
                return;
            };
            self.cars = vec![*first; HISTORY_TICKS * self.cars_per_tick];
        }
        let index = state.tick as usize % HISTORY_TICKS;
        self.ticks[index] = Some(state.tick);
        let begin = index * self.cars_per_tick;
        self.cars[begin..begin + self.cars_per_tick].copy_from_slice(&state.cars);
    }

    fn at(&self, tick: u32) -> Option<&[Car]> {
        let index = tick as usize % HISTORY_TICKS;
        let begin = index * self.cars_per_tick;
        (self.ticks[index] == Some(tick))
            .then(|| self.cars.get(begin..begin + self.cars_per_tick))
            .flatten()
    }
}

/// The own inputs of the last ticks, as a ring buffer.
#[derive(Clone, Debug)]
struct OwnInputs {
    entries: [(Option<u32>, Controls); HISTORY_TICKS],
}

impl OwnInputs {
    fn new() -> Self {
        Self {
            entries: [(None, Controls::default()); HISTORY_TICKS],
        }
    }

    fn put(&mut self, tick: u32, input: Controls) {
        self.entries[tick as usize % HISTORY_TICKS] = (Some(tick), input);
    }

    fn get(&self, tick: u32) -> Option<Controls> {
        let (stamp, input) = self.entries[tick as usize % HISTORY_TICKS];
        (stamp == Some(tick)).then_some(input)
    }
}

#[cfg(test)]
mod tests;
