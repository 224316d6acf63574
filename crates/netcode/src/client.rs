//! One client in one race: bytes and inputs in; bytes, commands and a picture
//! out.

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
use crate::wire::{self, Told};

/// Without news for this long, others are no longer taken to do what they did;
/// the room does the same with a driver whose inputs are missing.
const FADE_AFTER: Duration = Duration::from_millis(250);
/// Without news for this long they are drawn as ghosts: where they are now
/// nobody knows.
const GHOST_AFTER: Duration = Duration::from_secs(1);

/// A client in a race.
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

/// What there is once a snapshot has come.
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
    /// The last input of the first frame on this connection: what it holds may
    /// be from before, when nothing could be sent.
    sent_first: u32,
    snapshot_at: Instant,
}

/// What to do for a [`Client`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Commands {
    /// Send a ping with this nonce to the gateway.
    pub ping: Option<u64>,
    /// Send these bytes as an input frame.
    pub input: Option<Vec<u8>>,
}

/// What became of a snapshot.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Taken {
    /// It is what the client goes on from.
    Applied {
        /// How far the own car was from where the room has it, m, when it was
        /// predicted for that tick.
        correction_m: Option<f64>,
        /// Ticks computed again.
        replayed_ticks: u32,
    },
    /// It tells nothing new.
    Stale,
    /// It is of another race.
    Foreign,
    /// It cannot be read, or is not of this race's track and seats.
    Unreadable,
    /// The race's rules are not known yet.
    Early,
}

/// What a client has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Snapshots that were applied.
    pub applied: u64,
    /// Snapshots that told nothing new.
    pub stale: u64,
    /// Snapshots of other races.
    pub foreign: u64,
    /// Snapshots that could not be read.
    pub unreadable: u64,
    /// Snapshots that came before the race's rules.
    pub early: u64,
    /// Snapshots after which the own car was elsewhere than predicted.
    pub corrections: u64,
    /// Snapshots after which something was computed again.
    pub replays: u64,
    /// Ticks computed again.
    pub replayed_ticks: u64,
    /// Cars that were drawn elsewhere at once, being too far off.
    pub snaps: u64,
    /// Times that the clock was too far off to be steered.
    pub clock_jumps: u32,
    /// Own inputs that were sent and that the room applied in their ticks, from
    /// a second after the start until the own car has finished.
    pub inputs_applied: u64,
    /// Own inputs that were sent, but in whose ticks the room applied something
    /// else: they came too late, or not at all.
    pub inputs_missed: u64,
}

/// A car to be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnCar {
    /// Where it is drawn.
    pub pose: Pose,
    /// What it is, at the end of the tick that is drawn.
    pub car: Car,
    /// Whether it touches nobody, or nothing has been heard for so long that
    /// it is anywhere.
    pub is_ghost: bool,
}

impl Client {
    /// A client in a seat of a race, or with none: a spectator. `rules` are
    /// known once the start is.
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

    /// The race has its rules: the tick of the start is known.
    pub fn begin(&mut self, rules: Rules) {
        self.rules = Some(rules);
    }

    /// The client has another connection: what was under way is lost, the round
    /// trip may be another. The race goes on where it is.
    pub fn reconnected(&mut self) {
        self.round_trip.restart();
        if let Some(running) = &mut self.running {
            running.sent = None;
        }
    }

    /// The gateway has answered a ping.
    pub fn pong(&mut self, nonce: u64, now: Instant) {
        self.round_trip.pong(nonce, now);
    }

    /// Takes a snapshot as a gateway relays it. Whatever the bytes are, it costs at most
    /// one decoding and one replay.
    pub fn snapshot(&mut self, bytes: &[u8], now: Instant) -> Taken {
        let taken = self.take(bytes, now);
        let is_on = self.is_on();
        self.correction_m = match taken {
            Taken::Applied { correction_m, .. } => correction_m.filter(|_| is_on),
            Taken::Stale | Taken::Foreign | Taken::Unreadable | Taken::Early => None,
        };
        let counters = &mut self.counters;
        match taken {
            Taken::Applied {
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
            Taken::Stale => counters.stale += 1,
            Taken::Foreign => counters.foreign += 1,
            Taken::Unreadable => counters.unreadable += 1,
            Taken::Early => counters.early += 1,
        }
        taken
    }

    /// What the driver does now: predicts up to now, and gives what to send.
    pub fn drive(&mut self, input: Controls, now: Instant) -> Commands {
        let mut commands = Commands {
            ping: self.round_trip.poll(now),
            input: None,
        };
        let Some(running) = &mut self.running else {
            return commands;
        };
        let silence = now.saturating_duration_since(running.snapshot_at);
        let faded = silence.saturating_sub(FADE_AFTER).as_secs_f32() / FADE_AFTER.as_secs_f32();
        let target = running.clock.advance(now);
        // One tick more than is due, so that drawing lies between two.
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

    /// The race as it is predicted; `None` before the first snapshot.
    #[must_use]
    pub fn predicted(&self) -> Option<&RaceState> {
        self.running
            .as_ref()
            .map(|running| running.prediction.predicted())
    }

    /// The race as the room last told it.
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

    /// The tick that is drawn, with its fraction.
    #[must_use]
    pub fn drawn_tick(&self) -> Option<f64> {
        self.running.as_ref().map(|running| running.drawn_tick)
    }

    /// How long ago the last snapshot came.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Option<Duration> {
        self.running
            .as_ref()
            .map(|running| now.saturating_duration_since(running.snapshot_at))
    }

    /// The way to the gateway and back, once it is measured.
    #[must_use]
    pub fn round_trip(&self) -> Option<Duration> {
        self.round_trip.best()
    }

    /// The clock, once it runs.
    #[must_use]
    pub fn clock(&self) -> Option<&TickClock> {
        self.running.as_ref().map(|running| &running.clock)
    }

    /// What has been seen so far.
    #[must_use]
    pub fn counters(&self) -> Counters {
        Counters {
            clock_jumps: self.clock().map_or(0, TickClock::jumps),
            ..self.counters
        }
    }

    /// By how much the own car was corrected, from a second after the start.
    #[must_use]
    pub fn corrections(&self) -> &Corrections {
        &self.corrections
    }

    /// By how much the last snapshot corrected the own car, m; `None` when
    /// nothing was predicted for its tick, or it was not one that
    /// [`corrections`](Self::corrections) counts.
    #[must_use]
    pub fn correction_m(&self) -> Option<f64> {
        self.correction_m
    }

    /// Whether the race has been on for a second.
    fn is_on(&self) -> bool {
        let (Some(rules), Some(state)) = (&self.rules, self.confirmed()) else {
            return false;
        };
        state.tick > rules.start_tick.saturating_add(TICK_RATE_HZ)
    }

    fn take(&mut self, bytes: &[u8], now: Instant) -> Taken {
        let Ok((header, body)) = RelayedHeader::split(bytes) else {
            return Taken::Unreadable;
        };
        if header.race != self.race {
            return Taken::Foreign;
        }
        let Some(rules) = self.rules else {
            return Taken::Early;
        };
        let (epoch, tick) = (header.epoch, header.tick);
        let is_stale = |running: &Running| !running.prediction.is_news(epoch, tick);
        if self.running.as_ref().is_some_and(is_stale) {
            return Taken::Stale;
        }
        let Ok(told) = wire::told(body, tick, &self.course) else {
            return Taken::Unreadable;
        };
        let seats = told.state.cars.len();
        if self.seat.is_some_and(|seat| usize::from(seat) >= seats) {
            return Taken::Unreadable;
        }
        let own = self
            .seat
            .and_then(|seat| header.acks.get(usize::from(seat)));
        // Before the first input there is nothing to measure.
        let ack = own.copied().filter(|ack| ack.tick > 0);
        let Some(running) = &mut self.running else {
            self.running = Some(Running {
                clock: TickClock::new(tick, self.round_trip.best(), now),
                prediction: Prediction::new(rules, self.seat, &told, epoch),
                errors: told
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
            return Taken::Applied {
                correction_m: None,
                replayed_ticks: 0,
            };
        };
        if seats != running.errors.len() {
            return Taken::Unreadable;
        }
        running.snapshot_at = now;
        running.clock.snapshot(tick, ack, now);
        if tick > rules.start_tick.saturating_add(TICK_RATE_HZ) {
            let (applied, missed) = running.fate_of_inputs(&told);
            self.counters.inputs_applied += applied;
            self.counters.inputs_missed += missed;
        }
        let before: ArrayVec<Pose, SEATS_MAX> = running.poses().collect();
        let reconciled =
            running
                .prediction
                .reconcile(&self.track, &told, epoch, ack.map(|ack| ack.tick));
        let after: ArrayVec<Pose, SEATS_MAX> = running.poses().collect();
        for ((error, before), after) in running.errors.iter_mut().zip(before).zip(after) {
            self.counters.snaps += u64::from(error.correct(before, after));
        }
        Taken::Applied {
            correction_m: reconciled.correction_m,
            replayed_ticks: reconciled.replayed_ticks,
        }
    }
}

impl Running {
    /// Moves the picture on to `now`.
    fn draw(&mut self, now: Instant) {
        let seconds = now.saturating_duration_since(self.drawn_at).as_secs_f64();
        self.drawn_at = now;
        // The picture is up to one tick behind, between two that are known.
        let (before, after) = (self.prediction.before(), self.prediction.predicted());
        let (start, end) = (f64::from(before.tick), f64::from(after.tick));
        // When the clock has jumped back, it waits: nothing is drawn going backwards.
        self.drawn_tick = self.clock.tick(now).max(self.drawn_tick).clamp(start, end);
        for error in &mut self.errors {
            error.fade(seconds);
        }
    }

    /// Where the cars are at the tick that is drawn, whatever is drawn.
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
        let silence = now.saturating_duration_since(self.snapshot_at);
        Some(DrawnCar {
            pose: self.errors.get(seat)?.drawn(pose),
            car,
            is_ghost: car.is_ghost() || (!is_own && silence >= GHOST_AFTER),
        })
    }

    /// How many of the own inputs for the ticks of a snapshot were applied, and
    /// how many were not.
    fn fate_of_inputs(&self, told: &Told) -> (u64, u64) {
        let Some(sent) = self.sent else {
            return (0, 0);
        };
        let own = self.prediction.own_in(told);
        own.filter(|(tick, _)| (self.sent_first + 1..=sent).contains(tick))
            .fold((0, 0), |(applied, missed), (_, is_applied)| {
                (
                    applied + u64::from(is_applied),
                    missed + u64::from(!is_applied),
                )
            })
    }

    /// The input frame, when it is time for one.
    fn input_due(&mut self, now: Instant) -> Option<Vec<u8>> {
        let newest = self.prediction.predicted().tick.checked_sub(1)?;
        // After a jump back of the clock the ticks are not new, but unsent.
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
