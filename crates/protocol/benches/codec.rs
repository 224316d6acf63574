//! What the messages of a race cost besides the bodies of snapshots, for four
//! drivers: `cargo bench -p protocol`.

#![allow(
    missing_docs,
    reason = "criterion_group! makes an undocumented function"
)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use domain::Controls;
use protocol::checkpoint::Checkpoint;
use protocol::input::{InputBatch, InputFrame};
use protocol::snapshot::{InputAck, RelayedHeader, SnapshotHeader, relay_into};
use protocol::{Epoch, GatewayId, RaceId, Seat, WorkerId};

const SEATS: usize = 4;
/// Of four cars.
const BODY_BYTES: usize = 90;
/// The state of a room with four cars, two seconds of whose inputs are kept.
const STATE_BYTES: usize = 900;

fn race() -> RaceId {
    RaceId::first_of(1_800_000_000_000)
}

fn header() -> SnapshotHeader {
    let ack = |seat| InputAck {
        tick: 5_002 + seat,
        margin_ticks: 1,
    };
    SnapshotHeader {
        race: race(),
        owner: WorkerId::new(1_234_567),
        epoch: Epoch::FIRST,
        tick: 5_000,
        acks: (0..SEATS as u32).map(ack).collect(),
    }
}

fn snapshots(criterion: &mut Criterion) {
    let header = header();
    let mut buffer = Vec::with_capacity(256);
    criterion.bench_function("snapshot header encode", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            buffer = header.encode_into(std::mem::take(&mut buffer));
            black_box(buffer.len())
        });
    });
    let mut snapshot = header.encode_into(Vec::new());
    snapshot.resize(snapshot.len() + BODY_BYTES, 0x55);
    criterion.bench_function("snapshot header decode", |bencher| {
        bencher.iter(|| black_box(SnapshotHeader::split(black_box(&snapshot))));
    });
    let mut relayed = Vec::with_capacity(256);
    criterion.bench_function("snapshot from NATS to a client's", |bencher| {
        bencher.iter(|| {
            relayed.clear();
            relayed = relay_into(&snapshot, std::mem::take(&mut relayed)).expect("it is one");
            black_box(relayed.len())
        });
    });
    criterion.bench_function("a client reads the header", |bencher| {
        bencher.iter(|| black_box(RelayedHeader::split(black_box(&relayed))));
    });
}

fn inputs(criterion: &mut Criterion) {
    let frame = InputFrame {
        first_tick: 5_000,
        controls: [Controls::default(); 4].into_iter().collect(),
    };
    let mut buffer = Vec::with_capacity(256);
    criterion.bench_function("input frame encode", |bencher| {
        bencher.iter(|| {
            buffer.clear();
            buffer = frame.encode_into(std::mem::take(&mut buffer));
            black_box(buffer.len())
        });
    });
    let input = frame.encode_into(Vec::new());
    criterion.bench_function("input frame decode", |bencher| {
        bencher.iter(|| black_box(InputFrame::decode(black_box(&input))));
    });
    let batch = InputBatch {
        race: race(),
        gateway: GatewayId::new(1_234_567),
        frames: (0..SEATS).map(|seat| (seat as Seat, &input[..])).collect(),
    };
    criterion.bench_function("input batch encode", |bencher| {
        bencher.iter(|| black_box(batch.encode()));
    });
    let batch = batch.encode();
    criterion.bench_function("input batch decode", |bencher| {
        bencher.iter(|| black_box(InputBatch::decode(black_box(&batch))));
    });
}

fn checkpoints(criterion: &mut Criterion) {
    let checkpoint = Checkpoint {
        race: race(),
        owner: WorkerId::new(1_234_567),
        epoch: Epoch::FIRST,
        tick: 5_000,
        gateways: [GatewayId::new(1_234_567)].into_iter().collect(),
        state: vec![0x55; STATE_BYTES].into(),
    };
    criterion.bench_function("checkpoint encode", |bencher| {
        bencher.iter(|| black_box(checkpoint.encode()));
    });
    let bytes = checkpoint.encode();
    criterion.bench_function("checkpoint decode", |bencher| {
        bencher.iter(|| black_box(Checkpoint::decode(black_box(&bytes))));
    });
}

criterion_group!(benches, snapshots, inputs, checkpoints);
criterion_main!(benches);
