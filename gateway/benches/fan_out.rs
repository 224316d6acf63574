//! What a relay's decisions cost, with and without sockets: `cargo bench -p gateway`.

#![allow(
    missing_docs,
    reason = "criterion_group! makes an undocumented function"
)]

use std::collections::BTreeMap;
use std::hint::black_box;
use std::io::{ErrorKind, Read};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bytes::Bytes;
use criterion::{Criterion, criterion_group, criterion_main};
use domain::Controls;
use gateway::send_queue::SendQueue;
use protocol::input::InputFrame;
use protocol::snapshot::{InputAck, SnapshotHeader};
use protocol::{Epoch, GatewayId, SessionNonce, WorkerId};
use relay::flush_schedule::FlushOptions;
use relay::{Command, MemberId, RelayCore};
use tokio::runtime::{Builder, Runtime};

const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
/// Seats of a small room and of a full one.
const SEATS: [usize; 2] = [4, 16];
/// The size of a car in a snapshot, about.
const CAR_BYTES: usize = 25;
const FLUSH_LEAD: Duration = Duration::from_millis(5);

/// Between two looks of a reader at its sockets, as players look away meanwhile.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);

fn flush(origin: Instant) -> FlushOptions {
    FlushOptions {
        lead: FLUSH_LEAD,
        grid: Duration::ZERO,
        origin,
    }
}

fn room(seats: usize, now: Instant) -> RelayCore {
    let mut core = RelayCore::new(GatewayId::new(1), flush(now), now);
    for id in 0..seats as MemberId {
        core.expect(id, SessionNonce::new(id as u32));
        core.enter(id, Bytes::from_static(b"\x01{}"));
    }
    core.take_commands().for_each(drop);
    core
}

/// Queues to sockets that are read until the queues are gone.
fn connected(runtime: &Runtime, seats: usize) -> BTreeMap<MemberId, SendQueue> {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let address = listener.local_addr().expect("it is bound");
    let _entered = runtime.enter();
    let mut readers = Vec::new();
    let queues = (0..seats as MemberId).map(|id| {
        let reader = TcpStream::connect(address).expect("it listens");
        reader.set_nonblocking(true).expect("a socket can");
        readers.push(reader);
        let (accepted, _) = listener.accept().expect("it has connected");
        accepted.set_nonblocking(true).expect("a socket can");
        let accepted = tokio::net::TcpStream::from_std(accepted).expect("there is a runtime");
        runtime.block_on(accepted.writable()).expect("it is open");
        (id, SendQueue::new(accepted))
    });
    let queues = queues.collect();
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
    queues
}

fn snapshot(seats: usize, tick: u32) -> Bytes {
    let header = SnapshotHeader {
        race: RACE.parse().expect("it is a ULID"),
        owner: WorkerId::new(1),
        epoch: Epoch::FIRST,
        tick,
        acks: (0..seats).map(|_| InputAck::default()).collect(),
    };
    let mut bytes = header.encode_into(Vec::new());
    bytes.resize(bytes.len() + seats * CAR_BYTES, 0x55);
    bytes.into()
}

/// One snapshot after the other, whose commands are carried out.
fn relay(criterion: &mut Criterion, name: &str, seats: usize, carry_out: impl Fn(Command)) {
    let (mut now, mut tick) = (Instant::now(), 0);
    let mut core = room(seats, now);
    criterion.bench_function(name, |bencher| {
        bencher.iter_batched(
            || {
                tick += 2;
                snapshot(seats, tick)
            },
            |payload| {
                now += Duration::from_millis(33);
                core.snapshot(&payload, now);
                core.take_commands().for_each(&carry_out);
            },
            criterion::BatchSize::SmallInput,
        );
    });
}

fn snapshots(criterion: &mut Criterion) {
    for seats in SEATS {
        let name = format!("a snapshot for {seats} members");
        relay(criterion, &name, seats, |command| drop(black_box(command)));
    }
}

/// The way that nearly every snapshot takes: into the socket at once.
fn snapshots_to_sockets(criterion: &mut Criterion) {
    let runtime = Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    for seats in SEATS {
        let queues = connected(&runtime, seats);
        let name = format!("a snapshot to {seats} sockets");
        relay(criterion, &name, seats, |command| {
            if let Command::SendSnapshot(member, frame) = command {
                queues[&member].push_snapshot(frame);
            }
        });
    }
}

fn inputs(criterion: &mut Criterion) {
    for seats in SEATS {
        let now = Instant::now();
        let mut core = room(seats, now);
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

criterion_group!(benches, snapshots, snapshots_to_sockets, inputs);
criterion_main!(benches);
