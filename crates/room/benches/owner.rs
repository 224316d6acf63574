//! What owning a room costs, without NATS: `cargo bench -p room`.

#![allow(clippy::disallowed_methods, reason = "measures time")]
#![allow(
    missing_docs,
    reason = "criterion_group! makes an undocumented function"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use domain::Controls;
use protocol::input::{InputBatch, InputFrame};
use protocol::lobby::{Phase, RoomSettings};
use protocol::room::CtlRequest;
use protocol::{Epoch, GatewayId, PlayerName, RoomName, SessionNonce, WorkerId};
use room::lease::{Activity, Lease};
use room::ownership::{Command, Event, Moment, OwnerCore};
use room::schedule::{Schedule, ScheduleOptions};
use room::{Identity, Ownership, Room};
use simulation::Track;

const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const OWNER: WorkerId = WorkerId::new(1);
const GATEWAY: GatewayId = GatewayId::new(1);
/// From one tick to the next.
const TICK: Duration = Duration::from_nanos(1_000_000_000 / 60);

fn racing(seats: u8, now: &mut Instant) -> Room {
    let settings = RoomSettings {
        seats,
        laps: 99,
        track: Track::names()[0].to_owned(),
        ..RoomSettings::default()
    };
    let track = Track::by_name(&settings.track).expect("it ships with the game");
    let identity = Identity {
        race: RACE.parse().expect("it is a ULID"),
        name: RoomName::parse("Friday").expect("it is a name"),
        settings,
        creator: None,
        request: None,
    };
    let ownership = Ownership {
        owner: OWNER,
        epoch: Epoch::FIRST,
    };
    let mut room = Room::new(identity, ownership, Arc::new(track), *now);
    for seat in 0..seats {
        let request = CtlRequest::Join {
            player: PlayerName::parse(&format!("driver-{seat}")).expect("it is a name"),
            gateway: GATEWAY,
            session: SessionNonce::new(seat.into()),
            class: Default::default(),
        };
        room.ctl(request, *now).expect("there is a seat");
    }
    while room.phase() != Phase::Racing {
        *now += TICK;
        room.tick(*now, 0);
        room.take_outputs();
    }
    room
}

fn tick(criterion: &mut Criterion) {
    for seats in [4, 16] {
        let mut now = Instant::now();
        let mut room = racing(seats, &mut now);
        criterion.bench_function(
            &format!("a tick of {seats} cars and its outputs"),
            |bencher| {
                bencher.iter(|| {
                    now += TICK;
                    room.tick(now, 0);
                    black_box(room.take_outputs())
                });
            },
        );
    }
}

fn lease(criterion: &mut Criterion) {
    let mut now = Instant::now();
    let mut revision = 1;
    let race = RACE.parse().expect("it is a ULID");
    let mut lease = Lease::new(race, OWNER, Epoch::FIRST, revision, now);
    criterion.bench_function("a link of the lease of checkpoints", |bencher| {
        bencher.iter(|| {
            now += Duration::from_millis(100);
            let action = lease.poll(Activity::Racing, now);
            revision += 1;
            lease.written(revision, now);
            black_box((action, lease.has_expired(Activity::Racing, now)))
        });
    });
}

/// The next two ticks of everybody, full throttle.
fn inputs(core: &OwnerCore, seats: u8) -> Vec<u8> {
    let floored = Controls {
        throttle: u8::MAX,
        ..Controls::default()
    };
    let frame = InputFrame {
        first_tick: core.room().tick_number(),
        controls: [floored; 2].into_iter().collect(),
    };
    let frame = frame.encode_into(Vec::new());
    let batch = InputBatch {
        race: RACE.parse().expect("it is a ULID"),
        gateway: GATEWAY,
        frames: (0..seats).map(|seat| (seat, frame.as_slice())).collect(),
    };
    batch.encode()
}

/// Carries out what the core wants with a shell in which everything succeeds.
fn carry_out(core: &mut OwnerCore, commands: &mut Vec<Command>, moment: Moment) {
    commands.extend(core.take_commands());
    for command in commands.drain(..) {
        match command {
            Command::Write(_, revision) => core.handle(Event::Written(Ok(revision + 1)), moment),
            Command::WriteRecord(pending) => {
                core.handle(Event::RecordWritten(pending.lane(), true), moment);
            }
            Command::CheckPresence(_) => core.handle(Event::PresenceChecked(Vec::new()), moment),
            other => {
                black_box(other);
            }
        }
    }
}

fn ownership(criterion: &mut Criterion) {
    for seats in [4, 16] {
        let mut now = Instant::now();
        let room = racing(seats, &mut now);
        let race = RACE.parse().expect("it is a ULID");
        let lease = Lease::new(race, OWNER, Epoch::FIRST, 1, now);
        let schedule = Schedule::new(now, ScheduleOptions::DEFAULT);
        let mut core = OwnerCore::new(OWNER, room, lease, now);
        let mut commands = Vec::new();
        criterion.bench_function(
            &format!("inputs, ticks, a snapshot of {seats} cars and what is written with it"),
            |bencher| {
                bencher.iter(|| {
                    now = core.next_deadline().unwrap_or(now);
                    let moment = Moment {
                        now,
                        unix_ms: 0,
                        is_connected: true,
                        schedule,
                    };
                    core.handle(Event::Inputs(&inputs(&core, seats)), moment);
                    core.handle(Event::Due, moment);
                    carry_out(&mut core, &mut commands, moment);
                });
            },
        );
    }
}

criterion_group!(benches, tick, lease, ownership);
criterion_main!(benches);
