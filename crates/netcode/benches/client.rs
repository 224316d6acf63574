//! The cost of a snapshot to a client: `cargo bench -p netcode`.
//!
//! Budget (docs/netcode.md), 16 cars: 150 µs with a replay of 12 ticks, 5 µs without.

#![allow(clippy::disallowed_methods, reason = "measures time")]
#![allow(
    missing_docs,
    reason = "criterion_group! makes an undocumented function"
)]

use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use domain::{CarClass, Controls, Drive, SEATS_MAX, Skill};
use netcode::simulation::{AiDriver, Events, RaceState, Rules, Track, step};
use netcode::{Prediction, TrackCourse, wire};
use protocol::snapshot::{Applied, RelayedHeader, SnapshotHeader, relay_into};
use protocol::{Epoch, WorkerId};

/// How far the client is ahead of a snapshot that it receives.
const LEAD_TICKS: u32 = 12;
/// Half a minute from the start.
const TICKS: u32 = 30 * 60;

struct Recording {
    track: Track,
    rules: Rules,
    course: TrackCourse,
    snapshots: Vec<Vec<u8>>,
    /// Inputs of the own driver by tick.
    own: Vec<Controls>,
}

impl Recording {
    /// Records a race; `drive` returns the controls of each seat.
    fn new(mut drive: impl FnMut(&Track, &Rules, &RaceState, usize) -> Controls) -> Self {
        let track = Track::by_name("long-shore").expect("it ships with the game");
        let rules = Rules::circuit(&track, 3, 0);
        let course = TrackCourse::new(&track);
        let mut state = RaceState::new(&track, &rules, &[CarClass::default(); SEATS_MAX]);
        let mut events = Events::new();
        let (mut snapshots, mut own) = (Vec::new(), Vec::new());
        while state.tick < TICKS {
            let inputs: Vec<Controls> = (0..SEATS_MAX)
                .map(|seat| drive(&track, &rules, &state, seat))
                .collect();
            let drives: Vec<Drive> = inputs.iter().copied().map(Drive::Driven).collect();
            own.push(inputs[0]);
            step(&track, &rules, &mut state, &drives, &mut events);
            if state.tick.is_multiple_of(2) {
                let header = SnapshotHeader {
                    race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().expect("it is a ULID"),
                    owner: WorkerId::new(1),
                    epoch: Epoch::FIRST,
                    tick: state.tick,
                    acks: (0..SEATS_MAX).map(|_| Default::default()).collect(),
                };
                let applied: Vec<Applied> = drives.iter().map(|&drive| [drive; 2]).collect();
                let bytes = wire::snapshot(&header, &state, &applied, &course);
                snapshots.push(relay_into(&bytes, Vec::new()).expect("it is a snapshot"));
            }
        }
        Self {
            track,
            rules,
            course,
            snapshots,
            own,
        }
    }

    /// Returns the time that `iterations` snapshots take, and the ticks replayed.
    fn play(&self, iterations: u64) -> (Duration, u64) {
        let (mut time, mut replayed, mut done) = (Duration::ZERO, 0, 0);
        while done < iterations {
            let first = read(&self.snapshots[0], &self.course);
            let mut client = Prediction::new(self.rules, Some(0), &first, Epoch::FIRST);
            for (index, bytes) in (1..).zip(&self.snapshots[1..]) {
                let tick = 2 * (index + 1) + LEAD_TICKS;
                while client.predicted().tick < tick {
                    let at = client.predicted().tick;
                    let input = self.own.get(at as usize).copied().unwrap_or_default();
                    client.advance(&self.track, at + 1, input, 1.0);
                }
                let begin = Instant::now();
                let snapshot = read(bytes, &self.course);
                let reconciled =
                    client.reconcile(&self.track, &snapshot, Epoch::FIRST, Some(tick - 1));
                time += begin.elapsed();
                replayed += u64::from(reconciled.replayed_ticks);
                done += 1;
                if done == iterations {
                    break;
                }
            }
        }
        (time, replayed)
    }
}

fn read(bytes: &[u8], course: &TrackCourse) -> wire::DecodedSnapshot {
    let (header, body) = RelayedHeader::split(bytes).expect("it is a snapshot");
    wire::decode(body, header.tick, course).expect("it is of this course")
}

fn snapshot(criterion: &mut Criterion) {
    let mut drivers: Vec<Option<AiDriver>> = (0..SEATS_MAX).map(|_| None).collect();
    let restless = Recording::new(|track, rules, state, seat| {
        let input = drivers[seat]
            .get_or_insert_with(|| AiDriver::new(track, seat as u64, Skill::Club))
            .drive(track, rules, state, seat);
        // One driver never does what was assumed, so that each snapshot is replayed.
        let is_restless = seat == 1 && state.tick / 2 % 2 == 0;
        Controls {
            throttle: input.throttle - u8::from(is_restless && input.throttle > 0),
            brake: input.brake.saturating_add(u8::from(is_restless)),
            ..input
        }
    });
    let (_, replayed) = restless.play(800);
    let name = format!(
        "snapshot of 16 cars, {:.1} ticks replayed",
        replayed as f64 / 800.0
    );
    criterion.bench_function(&name, |bencher| {
        bencher.iter_custom(|iterations| restless.play(iterations).0);
    });

    let steady = Recording::new(|_, _, _, _| Controls {
        throttle: 90,
        ..Controls::default()
    });
    let (_, replayed) = steady.play(800);
    assert_eq!(replayed, 0, "no driver does anything new");
    criterion.bench_function("snapshot of 16 cars, no replay", |bencher| {
        bencher.iter_custom(|iterations| steady.play(iterations).0);
    });
}

criterion_group!(benches, snapshot);
criterion_main!(benches);
