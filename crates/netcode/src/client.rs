//! One client in one race: received bytes and inputs in; commands, bytes to send
//! and drawn cars out.

use std::sync::Arc;
use std::time::{Duration, Instant};

use arrayvec::ArrayVec;
use domain::{Car, Controls, SEATS_MAX, TICK_RATE_HZ};
use protocol::snapshot::RelayedHeader;
use protocol::{RaceId, RaceTag, Seat};
use simulation::{RaceState, Rules, Track};

use crate::clock::TickClock;
use crate::corrections::Corrections;
use crate::course::TrackCourse;
use crate::prediction::Prediction;
use crate::round_trip::RoundTrip;
use crate::smoothing::{DrawnError, Pose};
use crate::wire::{self, DecodedSnapshot};

/// Age of the last snapshot from which the inputs of other drivers fade; the
/// room does the same with a driver whose inputs are missing.
const FADE_AFTER: Duration = Duration::from_millis(250);
/// Age of the last snapshot from which other cars are drawn as ghosts: their
/// positions are unknown.
const GHOST_AFTER: Duration = Duration::from_secs(1);

/// The state of one client in one race.
#[derive(Clone, Debug)]
pub struct Client {
    race: RaceTag,
    seat: Option<Seat>,
    track: Arc<Track>,
    course: TrackCourse,
    rules: Option<Rules>,
    round_trip: RoundTrip,
    running: Option<Running>,
    counters: Counters,
    corrections: Corrections,
    correction_m: Option<f64>,
}

/// The state after the first snapshot.
#[derive(Clone, Debug)]
struct Running {
    clock: TickClock,
    prediction: Prediction,
    errors: ArrayVec<DrawnError, SEATS_MAX>,
    /// The tick, with its fraction, that is drawn.
    drawn_tick: f64,
    drawn_at: Instant,
    /// The newest input that was sent.
    sent: Option<u32>,
    /// The last input of the first frame on this connection: the inputs of that
    /// frame may be older than the connection.
    sent_first: u32,
    snapshot_at: Instant,
}

/// What the caller has to do for a [`Client`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// Send a ping with this nonce to the gateway.
    pub ping: Option<u64>,
    /// Send these bytes as an input frame.
    pub input: Option<Vec<u8>>,
}

/// The outcome of a received snapshot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum SnapshotOutcome {
    /// The snapshot was applied.
    Applied {
        /// Distance between the predicted and the reported own car, m; `None`
        /// when nothing was predicted for that tick.
        correction_m: Option<f64>,
        /// Number of ticks replayed.
        replayed_ticks: u32,
    },
    /// It is not newer than the last one.
    Stale,
    /// It is of another race.
    Foreign,
    /// It cannot be decoded, or is not of this race's track and seats.
    Unreadable,
    /// The race's rules are not known yet.
    Early,
}

/// Counters of a client's snapshots, corrections and inputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Snapshots that were applied.
    pub applied: u64,
    /// Snapshots that were not newer than the last one.
    pub stale: u64,
    /// Snapshots of other races.
    pub foreign: u64,
    /// Snapshots that could not be decoded.
    pub unreadable: u64,
    /// Snapshots received before the race's rules.
    pub early: u64,
    /// Snapshots that corrected the own car.
    pub corrections: u64,
    /// Snapshots that caused a replay.
    pub replays: u64,
    /// Ticks replayed.
    pub replayed_ticks: u64,
    /// Drawn cars that jumped because they were too far off.
    pub snaps: u64,
    /// Jumps of the clock because it was too far off to be steered.
    pub clock_jumps: u32,
    /// Own inputs that the room applied in their ticks, from a second after the
    /// start until the own car has finished.
    pub inputs_applied: u64,
    /// Own inputs that were sent but not applied in their ticks: they were late
    /// or lost.
    pub inputs_missed: u64,
}

/// A car to be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnCar {
    /// Drawn position and heading.
    pub pose: Pose,
    /// The predicted car at the end of the drawn tick.
    pub car: Car,
    /// Whether it is a ghost, or its position is unknown since the last snapshot
    /// is too old.
    pub is_ghost: bool,
}

impl Client {
    /// Creates a client in a seat of a race; a spectator has none. The rules
    /// follow with [`begin`](Self::begin) once the start is known.
    #[must_use]
    pub fn new(race: RaceId, seat: Option<Seat>, track: Arc<Track>) -> Self {
        Self {
            race: race.tag(),
            seat,
            course: TrackCourse::shared(&track),
            track,
            rules: None,
            round_trip: RoundTrip::new(),
            running: None,
            counters: Counters::default(),
            corrections: Corrections::default(),
            correction_m: None,
        }
    }

    /// Sets the rules of the race once the tick of its start is known.
    pub fn begin(&mut self, rules: Rules) {
        self.rules = Some(rules);
    }

    /// Notes a new connection: messages in flight are lost and the round trip may
    /// have changed. The race continues where it is.
    pub fn reconnected(&mut self) {
        self.round_trip.restart();
        if let Some(running) = &mut self.running {
            running.sent = None;
        }
    }

    /// Records the gateway's answer to a ping.
    pub fn pong(&mut self, nonce: u64, now: Instant) {
        self.round_trip.pong(nonce, now);
    }

    /// Handles a snapshot as relayed by a gateway. Whatever the bytes are, it costs
    /// at most one decoding and one replay.
    pub fn snapshot(&mut self, bytes: &[u8], now: Instant) -> SnapshotOutcome {
        let outcome = self.apply(bytes, now);
        let is_on = self.is_on();
        self.correction_m = match outcome {
            SnapshotOutcome::Applied { correction_m, .. } => correction_m.filter(|_| is_on),
            SnapshotOutcome::Stale
            | SnapshotOutcome::Foreign
            | SnapshotOutcome::Unreadable
            | SnapshotOutcome::Early => None,
        };
        let counters = &mut self.counters;
        match outcome {
            SnapshotOutcome::Applied {
                correction_m,
                replayed_ticks,
            } => {
                counters.applied += 1;
                if let Some(by) = self.correction_m {
                    self.corrections.add(by);
                }
                counters.corrections += u64::from(correction_m.is_some_and(|by| by > 0.0));
                counters.replays += u64::from(replayed_ticks > 0);
                counters.replayed_ticks += u64::from(replayed_ticks);
            }
            SnapshotOutcome::Stale => counters.stale += 1,
            SnapshotOutcome::Foreign => counters.foreign += 1,
            SnapshotOutcome::Unreadable => counters.unreadable += 1,
            SnapshotOutcome::Early => counters.early += 1,
        }
        outcome
    }

    /// Predicts up to `now` with the driver's `input`; returns what to send.
    pub fn drive(&mut self, input: Controls, now: Instant) -> Commands {
        let mut commands = Commands {
            ping: self.round_trip.poll(now),
            input: None,
        };
        let Some(running) = &mut self.running else {
            return commands;
        };
        let age = now.saturating_duration_since(running.snapshot_at);
        let faded = age.saturating_sub(FADE_AFTER).as_secs_f32() / FADE_AFTER.as_secs_f32();
        let target = running.clock.advance(now);
        // One tick more than is due, so that drawing interpolates between two.
        let whole = (target as u32).saturating_add(1);
        running
            .prediction
            .advance(&self.track, whole, input, (1.0 - faded).max(0.0));
        running.draw(now);
        if self.seat.is_some() {
            commands.input = running.input_due(now);
        }
        commands
    }

    /// The cars as they are drawn at the time of the last
    /// [`drive`](Self::drive), by seat; none before the first snapshot.
    pub fn cars(&self, now: Instant) -> impl ExactSizeIterator<Item = DrawnCar> {
        let running = self.running.as_ref();
        let cars = running.map_or(0, |running| running.prediction.predicted().cars.len());
        (0..cars)
            .filter_map(move |seat| running?.car(seat, self.seat, now))
            .collect::<ArrayVec<_, SEATS_MAX>>()
            .into_iter()
    }

    /// The predicted race; `None` before the first snapshot.
    #[must_use]
    pub fn predicted(&self) -> Option<&RaceState> {
        self.running
            .as_ref()
            .map(|running| running.prediction.predicted())
    }

    /// The race in the newest snapshot; `None` before the first.
    #[must_use]
    pub fn confirmed(&self) -> Option<&RaceState> {
        self.running
            .as_ref()
            .map(|running| running.prediction.confirmed())
    }

    /// The rules, once they are known.
    #[must_use]
    pub fn rules(&self) -> Option<&Rules> {
        self.rules.as_ref()
    }

    /// The track.
    #[must_use]
    pub fn track(&self) -> &Arc<Track> {
        &self.track
    }

    /// The own seat; `None` for a spectator.
    #[must_use]
    pub fn seat(&self) -> Option<Seat> {
        self.seat
    }

    /// The drawn tick, with its fraction.
    #[must_use]
    pub fn drawn_tick(&self) -> Option<f64> {
        self.running.as_ref().map(|running| running.drawn_tick)
    }

    /// Time since the last snapshot was received.
    #[must_use]
    pub fn snapshot_age(&self, now: Instant) -> Option<Duration> {
        self.running
            .as_ref()
            .map(|running| now.saturating_duration_since(running.snapshot_at))
    }

    /// The round trip to the gateway, once it is measured.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip.best()
    }

    /// The clock, once it runs.
    #[must_use]
    pub fn clock(&self) -> Option<&TickClock> {
        self.running.as_ref().map(|running| &running.clock)
    }

    /// The counters so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            clock_jumps: self.clock().map_or(0, TickClock::jumps),
            ..self.counters
        }
    }

    /// Corrections of the own car, from a second after the start.
    #[must_use]
    pub fn corrections(&self) -> &Corrections {
        &self.corrections
    }

    /// Correction of the own car by the last snapshot, m; `None` when nothing was
    /// predicted for its tick, or [`corrections`](Self::corrections) does not
    /// count it.
    #[must_use]
    pub fn correction_m(&self) -> Option<f64> {
        self.correction_m
    }

    /// Whether the race began more than a second ago.
    fn is_on(&self) -> bool {
        let (Some(rules), Some(state)) = (&self.rules, self.confirmed()) else {
            return false;
        };
        state.tick > rules.start_tick.saturating_add(TICK_RATE_HZ)
    }

    fn apply(&mut self, bytes: &[u8], now: Instant) -> SnapshotOutcome {
        let Ok((header, body)) = RelayedHeader::split(bytes) else {
            return SnapshotOutcome::Unreadable;
        };
        if header.race != self.race {
            return SnapshotOutcome::Foreign;
        }
        let Some(rules) = self.rules else {
            return SnapshotOutcome::Early;
        };
        let (epoch, tick) = (header.epoch, header.tick);
        let is_stale = |running: &Running| !running.prediction.is_newer(epoch, tick);
        if self.running.as_ref().is_some_and(is_stale) {
            return SnapshotOutcome::Stale;
        }
        let Ok(snapshot) = wire::decode(body, tick, &self.course) else {
            return SnapshotOutcome::Unreadable;
        };
        let seats = snapshot.state.cars.len();
        if self.seat.is_some_and(|seat| usize::from(seat) >= seats) {
            return SnapshotOutcome::Unreadable;
        }
        let own = self
            .seat
            .and_then(|seat| header.acks.get(usize::from(seat)));
        // Before the first input there is nothing to measure.
        let ack = own.copied().filter(|ack| ack.tick > 0);
        let Some(running) = &mut self.running else {
            self.running = Some(Running {
                clock: TickClock::new(tick, self.round_trip.best(), now),
                prediction: Prediction::new(rules, self.seat, &snapshot, epoch),
                errors: snapshot
                    .state
                    .cars
                    .iter()
                    .map(|_| DrawnError::default())
                    .collect(),
                drawn_tick: f64::from(tick),
                drawn_at: now,
                sent: None,
                sent_first: 0,
                snapshot_at: now,
            });
            return SnapshotOutcome::Applied {
                correction_m: None,
                replayed_ticks: 0,
            };
        };
        if seats != running.errors.len() {
            return SnapshotOutcome::Unreadable;
        }
        running.snapshot_at = now;
        running.clock.snapshot(tick, ack, now);
        if tick > rules.start_tick.saturating_add(TICK_RATE_HZ) {
            let (applied, missed) = running.count_inputs(&snapshot);
            self.counters.inputs_applied += applied;
            self.counters.inputs_missed += missed;
        }
        let before: ArrayVec<Pose, SEATS_MAX> = running.poses().collect();
        let reconciled =
            running
                .prediction
                .reconcile(&self.track, &snapshot, epoch, ack.map(|ack| ack.tick));
        let after: ArrayVec<Pose, SEATS_MAX> = running.poses().collect();
        for ((error, before), after) in running.errors.iter_mut().zip(before).zip(after) {
            self.counters.snaps += u64::from(error.correct(before, after));
        }
        SnapshotOutcome::Applied {
            correction_m: reconciled.correction_m,
            replayed_ticks: reconciled.replayed_ticks,
        }
    }
}

impl Running {
    /// Advances the drawn tick to `now`.
    fn draw(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.drawn_at).as_secs_f64();
        self.drawn_at = now;
        // Drawing is up to one tick behind, between two known ticks.
        let (before, after) = (self.prediction.before(), self.prediction.predicted());
        let (start, end) = (f64::from(before.tick), f64::from(after.tick));
        // When the clock has jumped back, drawing waits: no car is drawn going
        // backwards.
        self.drawn_tick = self.clock.tick(now).max(self.drawn_tick).clamp(start, end);
        for error in &mut self.errors {
            error.fade(seconds);
        }
    }

    /// Predicted poses at the drawn tick, without smoothing.
    fn poses(&self) -> impl Iterator<Item = Pose> {
        let (before, after) = (self.prediction.before(), self.prediction.predicted());
        let along = (self.drawn_tick - f64::from(before.tick)).clamp(0.0, 1.0);
        let cars = before.cars.iter().zip(&after.cars);
        cars.map(move |(before, after)| pose(before).lerp(pose(after), along))
    }

    fn car(&self, seat: usize, own: Option<Seat>, now: Instant) -> Option<DrawnCar> {
        let pose = self.poses().nth(seat)?;
        let car = *self.prediction.predicted().cars.get(seat)?;
        let is_own = own.is_some_and(|own| usize::from(own) == seat);
        let age = now.saturating_duration_since(self.snapshot_at);
        Some(DrawnCar {
            pose: self.errors.get(seat)?.drawn(pose),
            car,
            is_ghost: car.is_ghost() || (!is_own && age >= GHOST_AFTER),
        })
    }

    /// Counts the own inputs for the ticks of a snapshot: applied and missed.
    fn count_inputs(&self, snapshot: &DecodedSnapshot) -> (u64, u64) {
        let Some(sent) = self.sent else {
            return (0, 0);
        };
        let own = self.prediction.own_in(snapshot);
        own.filter(|(tick, _)| (self.sent_first + 1..=sent).contains(tick))
            .fold((0, 0), |(applied, missed), (_, is_applied)| {
                (
                    applied + u64::from(is_applied),
                    missed + u64::from(!is_applied),
                )
            })
    }

    /// Returns the encoded input frame when one is due.
    fn input_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        let newest = self.prediction.predicted().tick.checked_sub(1)?;
        // After a jump back of the clock the newest tick may be lower than the one
        // sent last; it is sent all the same.
        if now < self.clock.send_due() || self.sent == Some(newest) {
            return None;
        }
        let frame = self.prediction.input_frame()?;
        if self.sent.is_none() {
            self.sent_first = newest;
        }
        self.sent = Some(newest);
        self.clock.sent(newest, now);
        Some(frame.encode_into(Vec::new()))
    }
}

fn pose(car: &Car) -> Pose {
    Pose {
        position: car.position_m(),
        heading_rad: car.heading_rad(),
    }
}
