//! What a relay's decisions cost, with and without sockets: `cargo bench -p gateway --bench relay`.

#![allow(
    missing_docs,
    reason = "criterion_group! makes an undocumented function"
)]

use std::hint::black_box;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use futures::FutureExt;
use gateway::outbox::Outbox;
use gateway::relay::core::RelayCore;
use gateway::socket::Socket;
use protocol::beat::{Beat, Slot};
use protocol::input::{Controls, InputFrame};
use protocol::snapshot::{InputAck, SnapshotHeader};
use protocol::{Epoch, GatewayId, SessionNonce, WorkerId};
use tokio::runtime::{Builder, Runtime};

const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// Seats of a small room and of a full one.
const SEATS: [usize; 2] = [4, 16];
/// What a car takes of a snapshot, about.
const CAR_BYTES: usize = 25;

/// Between two looks of a reader at its sockets, as players look away meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

fn room(seats: usize, now: Instant) -> (RelayCore, Vec<Arc<Outbox>>) {
    let outboxes: Vec<Arc<Outbox>> = (0..seats).map(|_| Arc::default()).collect();
    let core = room_with(&outboxes, now);
    for outbox in &outboxes {
        outbox.take().now_or_never();
    }
    (core, outboxes)
}

fn room_with(outboxes: &[Arc<Outbox>], now: Instant) -> RelayCore {
    let mut core = RelayCore::new(GatewayId::new(1), Beat::new(now, Duration::ZERO), now);
    for (id, outbox) in (0..).zip(outboxes) {
        core.expect(id, SessionNonce::new(id as u32), Arc::clone(outbox));
        core.enter(id, Bytes::from_static(b"\x01{}"));
    }
    core
}

/// Outboxes whose sockets have somebody who reads, until the outboxes are gone.
fn connected(runtime: &Runtime, seats: usize) -> Vec<Arc<Outbox>> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("it is bound");
    let _entered = runtime.enter();
    let mut readers = Vec::new();
    let outboxes = (0..seats).map(|_| {
        let reader = TcpStream::connect(address).expect("it listens");
        reader.set_nonblocking(true).expect("a socket can");
        readers.push(reader);
        let (accepted, _) = listener.accept().expect("it has connected");
        accepted.set_nonblocking(true).expect("a socket can");
        let accepted = tokio::net::TcpStream::from_std(accepted).expect("there is a runtime");
        let socket = Arc::new(Socket::new(accepted).expect("it is open"));
        runtime.block_on(socket.writable()).expect("it is open");
        // As that of somebody who drives.
        socket.unwatch();
        Arc::new(Outbox::to(socket))
    });
    let outboxes = outboxes.collect();
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 * 1024];
        while !readers.is_empty() {
            std::thread::sleep(LOOK_INTERVAL);
            readers.retain_mut(|reader| match reader.read(&mut buffer) {
                Ok(bytes) => bytes > 0,
                Err(error) => error.kind() == ErrorKind::WouldBlock,
            });
        }
    });
    outboxes
}

fn snapshot(seats: usize, tick: u32) -> Bytes {
    let header = SnapshotHeader {
        race: RACE.parse().expect("it is a ULID"),
        owner: WorkerId::new(1),
        slot: Slot::default(),
        epoch: Epoch::FIRST,
        tick,
        acks: (0..seats).map(|_| InputAck::default()).collect(),
    };
    let mut bytes = header.encode_into(Vec::new());
    bytes.resize(bytes.len() + seats * CAR_BYTES, 0x55);
    bytes.into()
}

/// One snapshot after the other, each followed by something.
fn relay(
    criterion: &mut Criterion,
    name: &str,
    seats: usize,
    core: &mut RelayCore,
    after: impl Fn(),
) {
    let (mut now, mut tick) = (Instant::now(), 0);
    criterion.bench_function(name, |bencher| {
        bencher.iter_batched(
            || {
                tick += 2;
                snapshot(seats, tick)
            },
            |payload| {
                now += Duration::from_millis(33);
                core.snapshot(&payload, now);
                after();
            },
            criterion::BatchSize::SmallInput,
        );
    });
}

fn snapshots(criterion: &mut Criterion) {
    for seats in SEATS {
        let (mut core, outboxes) = room(seats, Instant::now());
        let name = format!("a snapshot to {seats} outboxes and out");
        relay(criterion, &name, seats, &mut core, || {
            for outbox in &outboxes {
                black_box(outbox.take().now_or_never());
            }
        });
    }
}

/// The way that nearly every snapshot takes: into the socket at once.
fn snapshots_to_sockets(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for seats in SEATS {
        let outboxes = connected(&runtime, seats);
        let mut core = room_with(&outboxes, Instant::now());
        let name = format!("a snapshot to {seats} sockets");
        relay(criterion, &name, seats, &mut core, || ());
        let waits = outboxes.iter().map(|outbox| outbox.take().now_or_never());
        assert_eq!(waits.flatten().count(), 0, "the sockets took everything");
    }
}

fn inputs(criterion: &mut Criterion) {
    for seats in SEATS {
        let now = Instant::now();
        let (mut core, _outboxes) = room(seats, now);
        core.snapshot(&snapshot(seats, 2), now);
        let frame = InputFrame {
            first_tick: 100,
            controls: [Controls::default(); 4].into_iter().collect(),
        };
        let frame = Bytes::from(frame.encode_into(Vec::new()));
        criterion.bench_function(&format!("{seats} input frames into a batch"), |bencher| {
            bencher.iter(|| {
                for seat in 0..seats {
                    core.input(seat as u8, &frame, now);
                }
                black_box(core.take_inputs(now))
            });
        });
    }
}

fn outbox(criterion: &mut Criterion) {
    let outbox = Outbox::default();
    let frame = Bytes::from_static(&[0x55; 130]);
    criterion.bench_function("an event and a snapshot through an outbox", |bencher| {
        bencher.iter(|| {
            outbox.push(frame.clone());
            outbox.snapshot(frame.clone());
            black_box(outbox.take().now_or_never())
        });
    });
}

criterion_group!(benches, snapshots, snapshots_to_sockets, inputs, outbox);
criterion_main!(benches);
