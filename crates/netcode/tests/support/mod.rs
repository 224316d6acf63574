//! A room and its clients on a modelled network, in virtual time.

#![allow(clippy::disallowed_methods, reason = "tests begin at some time")]
#![allow(dead_code, unreachable_pub, reason = "each test uses its part")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{CarClass, Controls, Drive, Skill, Vec2};
use netcode::client::{Client, SnapshotOutcome};
use netcode::network_model::{Conditions, NetworkPath};
use netcode::simulation::{AiDriver, Event, Events, RaceState, Rules, Track, step};
use netcode::{SeatInputs, TrackCourse, wire};
use protocol::input::InputFrame;
use protocol::snapshot::{self, Applied, SnapshotHeader};
use protocol::{Epoch, RaceId, WorkerId};

/// The resolution of virtual time.
const STEP: Duration = Duration::from_micros(500);
const TICK: Duration = Duration::from_nanos(1_000_000_000 / 60);
/// From the first snapshot to the start.
pub const START_TICK: u32 = 4 * 60;

/// A message between client and room.
enum Message {
    Ping(u64),
    Input(Vec<u8>),
    Pong(u64),
    Snapshot(Vec<u8>),
}

/// The room of a race, as a worker runs it.
pub struct Room {
    pub track: Arc<Track>,
    pub rules: Rules,
    pub state: RaceState,
    pub epoch: Epoch,
    course: TrackCourse,
    inputs: Vec<SeatInputs>,
    applied: Vec<Applied>,
    events: Events,
    next_tick_at: Instant,
    /// The room computes no tick before this time.
    held_until: Option<Instant>,
    /// The cars after each tick, from tick 0.
    pub truth: Vec<Vec<(Vec2, f64)>>,
    /// Tick and seats of contacts.
    pub contacts: Vec<(u32, u8)>,
    /// Number of ticks after the start without an input, by seat.
    pub missing: Vec<u64>,
}

/// How a driver handles the controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DrivingStyle {
    /// A wheel and pedals: slightly different controls in every tick.
    Wheel,
    /// Keys: all or nothing, so that a missing input matters.
    Keys,
    /// Keys, and now and then no brakes, ramming other cars.
    Wild,
}

/// A client with its driver and its connection.
pub struct Player {
    pub client: Client,
    seat: usize,
    driver: AiDriver,
    pub style: DrivingStyle,
    up: NetworkPath<Message>,
    down: NetworkPath<Message>,
    next_frame_at: Instant,
    /// Correction of the own car by each snapshot, from a second after the start.
    pub corrections_m: Vec<f64>,
    /// Drawn tick and poses of each frame.
    pub frames: Vec<(f64, Vec<(Vec2, f64)>)>,
    /// The connection is down until this time.
    away_until: Option<Instant>,
}

/// A race of AI drivers over a network.
pub struct Race {
    pub room: Room,
    pub players: Vec<Player>,
    pub now: Instant,
    pub start: Instant,
}

pub fn race_id() -> RaceId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("it is a ULID")
}

impl Race {
    pub fn new(
        track: Track,
        laps: u16,
        players: usize,
        up: Conditions,
        down: Conditions,
        seed: u64,
    ) -> Self {
        let track = Arc::new(track);
        let rules = Rules::circuit(&track, laps, START_TICK);
        let classes = vec![CarClass::default(); players];
        let start = Instant::now();
        let room = Room {
            state: RaceState::new(&track, &rules, &classes),
            course: TrackCourse::shared(&track),
            rules,
            epoch: Epoch::FIRST,
            inputs: vec![SeatInputs::default(); players],
            applied: vec![Applied::default(); players],
            events: Events::new(),
            next_tick_at: start,
            held_until: None,
            truth: Vec::new(),
            contacts: Vec::new(),
            missing: vec![0; players],
            track: Arc::clone(&track),
        };
        let player = |seat: usize| {
            let mut client = Client::new(race_id(), Some(seat as u8), Arc::clone(&track));
            client.begin(rules);
            let seed = seed.wrapping_mul(1_000_003) + seat as u64 * 7;
            Player {
                client,
                seat,
                driver: AiDriver::new(&track, seed, Skill::ALL[seat % 3]),
                style: DrivingStyle::Wheel,
                up: NetworkPath::new(up, seed + 1),
                down: NetworkPath::new(down, seed + 2),
                next_frame_at: start + Duration::from_micros(2_700) * seat as u32,
                corrections_m: Vec::new(),
                frames: Vec::new(),
                away_until: None,
            }
        };
        Self {
            players: (0..players).map(player).collect(),
            room,
            now: start,
            start,
        }
    }

    /// Runs until the room has computed `tick`, or the race is over.
    pub fn run_to(&mut self, tick: u32) {
        while self.room.state.tick < tick && !self.room.state.is_over(&self.room.rules) {
            self.step();
        }
    }

    /// Advances by half a millisecond.
    pub fn step(&mut self) {
        self.now += STEP;
        let now = self.now;
        for player in &mut self.players {
            player.send_and_receive(now, &mut self.room);
        }
        let is_held = self.room.held_until.is_some_and(|until| now < until);
        if now >= self.room.next_tick_at && !is_held {
            self.room.next_tick_at += TICK;
            self.room.tick();
            if self.room.state.tick.is_multiple_of(2) {
                for player in &mut self.players {
                    let bytes = self.room.snapshot();
                    if player.is_connected(now) {
                        player.down.send(Message::Snapshot(bytes), now);
                    }
                }
            }
        }
    }

    /// Pauses the room for `time`; then it catches up.
    pub fn hold_room(&mut self, time: Duration) {
        self.room.held_until = Some(self.now + time);
    }

    /// Pauses the room for `time`; then it continues where it was.
    pub fn pause_room(&mut self, time: Duration) {
        let until = self.now + time;
        self.room.next_tick_at = until;
        while self.now < until {
            self.step();
        }
    }
}

impl Room {
    fn tick(&mut self) {
        let tick = self.state.tick;
        let drives: Vec<Drive> = self
            .inputs
            .iter()
            .map(|inputs| inputs.drive(tick))
            .collect();
        if tick > START_TICK + 60 {
            for (missing, inputs) in self.missing.iter_mut().zip(&self.inputs) {
                *missing += u64::from(inputs.ack().tick < tick);
            }
        }
        step(
            &self.track,
            &self.rules,
            &mut self.state,
            &drives,
            &mut self.events,
        );
        for event in &self.events {
            if let Event::Contact { seat, other, .. } = *event {
                self.contacts.extend([(tick, seat), (tick, other)]);
            }
            if let Event::Wall { seat, .. } = *event {
                self.contacts.push((tick, seat));
            }
        }
        for (applied, drive) in self.applied.iter_mut().zip(&drives) {
            *applied = [applied[1], *drive];
        }
        let poses = self.state.cars.iter();
        let poses = poses.map(|car| (car.position_m(), car.heading_rad()));
        self.truth.push(poses.collect());
    }

    /// The current snapshot as relayed to a client.
    pub fn snapshot(&self) -> Vec<u8> {
        let header = SnapshotHeader {
            race: race_id(),
            owner: WorkerId::new(1),
            epoch: self.epoch,
            tick: self.state.tick,
            acks: self.inputs.iter().map(SeatInputs::ack).collect(),
        };
        let bytes = wire::snapshot(&header, &self.state, &self.applied, &self.course);
        snapshot::relay_into(&bytes, Vec::new()).expect("it is a snapshot")
    }

    /// Continues as a new owner from an earlier state, without the inputs.
    pub fn take_over(&mut self, state: RaceState) {
        self.epoch = self.epoch.next().expect("an epoch is left");
        self.truth.truncate(state.tick as usize);
        self.state = state;
        self.inputs.fill(SeatInputs::default());
    }

    /// Position of a car at a fractional tick; `None` outside the recording.
    pub fn truth_at(&self, tick: f64, seat: usize) -> Option<Vec2> {
        // The first entry is the state of tick 1.
        let index = (tick - 1.0).max(0.0);
        let (before, after) = (
            self.truth.get(index as usize)?,
            self.truth.get(index as usize + 1)?,
        );
        Some(before[seat].0.lerp(after[seat].0, index.fract()))
    }
}

impl Player {
    fn is_connected(&self, now: Instant) -> bool {
        self.away_until.is_none_or(|until| now >= until)
    }

    /// Resets the connection; a new one is open after `time`.
    pub fn reset(&mut self, now: Instant, time: Duration) {
        self.up.reset();
        self.down.reset();
        self.away_until = Some(now + time);
    }

    pub fn set_conditions(&mut self, up: Conditions, down: Conditions) {
        self.up.set_conditions(up);
        self.down.set_conditions(down);
    }

    fn send_and_receive(&mut self, now: Instant, room: &mut Room) {
        if self.away_until.is_some_and(|until| now >= until) {
            self.away_until = None;
            self.client.reconnected();
            // The gateway notifies the room, which forgets the old connection.
            room.inputs[self.seat].clear();
        }
        while let Some(message) = self.up.receive(now) {
            match message {
                Message::Ping(nonce) => self.down.send(Message::Pong(nonce), now),
                Message::Input(bytes) => {
                    let frame = InputFrame::decode(&bytes).expect("the client sends frames");
                    room.inputs[self.seat].receive(&frame, room.state.tick);
                }
                Message::Pong(_) | Message::Snapshot(_) => {}
            }
        }
        while let Some(message) = self.down.receive(now) {
            match message {
                Message::Pong(nonce) => self.client.pong(nonce, now),
                Message::Snapshot(bytes) => self.snapshot(&bytes, now, room.rules.start_tick),
                Message::Ping(_) | Message::Input(_) => {}
            }
        }
        if now >= self.next_frame_at {
            self.next_frame_at += TICK;
            self.frame(now, room);
        }
    }

    fn snapshot(&mut self, bytes: &[u8], now: Instant, start_tick: u32) {
        let outcome = self.client.snapshot(bytes, now);
        let is_on = self
            .client
            .confirmed()
            .is_some_and(|state| state.tick > start_tick + 60);
        if let SnapshotOutcome::Applied {
            correction_m: Some(correction),
            ..
        } = outcome
            && is_on
        {
            self.corrections_m.push(correction);
        }
    }

    fn frame(&mut self, now: Instant, room: &Room) {
        let input = match self.client.predicted() {
            Some(state) => self
                .driver
                .drive(&room.track, &room.rules, state, self.seat),
            None => Controls::default(),
        };
        let second = self.client.drawn_tick().unwrap_or(0.0) as u32 / 60;
        let input = match self.style {
            DrivingStyle::Wild if !second.is_multiple_of(5) => as_keys(input),
            DrivingStyle::Wheel => input,
            DrivingStyle::Keys => as_keys(input),
            DrivingStyle::Wild => Controls {
                throttle: 255,
                brake: 0,
                ..as_keys(input)
            },
        };
        let commands = self.client.drive(input, now);
        if self.is_connected(now) {
            if let Some(nonce) = commands.ping {
                self.up.send(Message::Ping(nonce), now);
            }
            if let Some(bytes) = commands.input {
                self.up.send(Message::Input(bytes), now);
            }
        }
        if let Some(tick) = self.client.drawn_tick() {
            let cars = self.client.cars(now);
            let poses = cars.map(|car| (car.pose.position, car.pose.heading_rad));
            self.frames.push((tick, poses.collect()));
        }
    }
}

fn as_keys(input: Controls) -> Controls {
    let pedal = |value: u8| if value > 100 { 255 } else { 0 };
    Controls {
        throttle: pedal(input.throttle),
        brake: pedal(input.brake),
        steer: match input.steer {
            -128..-20 => -127,
            -20..=20 => 0,
            21.. => 127,
        },
        handbrake: false,
    }
}

/// The value below which a `share` of the values lies; 0 without values.
pub fn percentile(values: &mut [f64], share: f64) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let index = (values.len() as f64 * share) as usize;
    values
        .get(index.min(values.len().saturating_sub(1)))
        .copied()
        .unwrap_or(0.0)
}
