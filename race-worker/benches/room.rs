//! What owning a room costs, without NATS: `cargo bench -p race-worker --bench room`.

#![allow(
    missing_docs,
    reason = "criterion_group! makes an undocumented function"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use protocol::lobby::{Phase, RoomSettings};
use protocol::room::CtlRequest;
use protocol::{Epoch, GatewayId, PlayerName, RoomName, SessionNonce, WorkerId};
use race_worker::chain::{Chain, Pace};
use race_worker::room::{Identity, Ownership, Room};
use simulation::Track;

const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
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
    };
    let ownership = Ownership {
        owner: WorkerId::new(1),
        epoch: Epoch::FIRST,
    };
    let mut room = Room::new(identity, ownership, Arc::new(track), *now);
    for seat in 0..seats {
        let request = CtlRequest::Join {
            player: PlayerName::parse(&format!("driver-{seat}")).expect("it is a name"),
            gateway: GatewayId::new(1),
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
            &format!("a tick of {seats} cars and what it tells"),
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

fn chain(criterion: &mut Criterion) {
    let mut now = Instant::now();
    let mut revision = 1;
    let race = RACE.parse().expect("it is a ULID");
    let mut chain = Chain::new(race, WorkerId::new(1), Epoch::FIRST, revision, now);
    criterion.bench_function("a link of the chain of checkpoints", |bencher| {
        bencher.iter(|| {
            now += Duration::from_millis(100);
            let action = chain.poll(Pace::Racing, now);
            revision += 1;
            chain.written(revision, now);
            black_box((action, chain.is_fenced(Pace::Racing, now)))
        });
    });
}

criterion_group!(benches, tick, chain);
criterion_main!(benches);
