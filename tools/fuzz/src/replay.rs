//! The recordings of races, which strangers may send to those who watch them.

use simulation::replay::{CHUNK_PACKED_BYTES_MAX, Chunk, Replay, ReplayHeader};

use crate::checks::{bounded, bounded_by};
use crate::source::Source;
use crate::tracks;

/// Most memory that a packed chunk takes when it is read: its plain bytes, which
/// `simulation::replay` bounds, and a run of twelve bytes for each of them, in vectors that
/// have just doubled.
const UNPACKED_BYTES_MAX: u64 = 1024 * 1024;

/// Longest race that is driven again: one of hours would only be slow.
const TICKS_MAX: u32 = 120;

/// A replay's header.
pub fn header(bytes: &[u8]) {
    if let Ok(header) = bounded(bytes, || ReplayHeader::from_bytes(bytes)) {
        let written = header.to_bytes();
        assert_eq!(ReplayHeader::from_bytes(&written), Ok(header));
    }
}

/// Some seconds of inputs, plain as in a checkpoint and packed as in the database.
pub fn chunk(bytes: &[u8]) {
    if let Ok(chunk) = bounded(bytes, || Chunk::from_bytes(bytes)) {
        check(&chunk);
    }
    if let Ok(chunk) = bounded_by(UNPACKED_BYTES_MAX, || Chunk::unpack(bytes)) {
        check(&chunk);
    }
}

fn check(chunk: &Chunk) {
    for runs in chunk.seats() {
        let ticks: u32 = runs.iter().map(|run| run.ticks).sum();
        assert_eq!(ticks, chunk.ticks());
    }
    assert_eq!(Chunk::from_bytes(&chunk.to_bytes()).as_ref(), Ok(chunk));
    let packed = chunk.pack();
    assert!(packed.len() <= CHUNK_PACKED_BYTES_MAX);
    assert_eq!(Chunk::unpack(&packed).as_ref(), Ok(chunk));
}

/// A whole replay: as a file, and as a header and plain chunks, which no checksum covers.
pub fn replay(bytes: &[u8]) {
    if let Ok(replay) = Replay::from_bytes(bytes) {
        drive(&replay);
    }
    let mut source = Source::new(bytes);
    let Some(Ok(header)) = source.run().map(ReplayHeader::from_bytes) else {
        return;
    };
    let chunks = std::iter::from_fn(|| source.run().map(Chunk::from_bytes));
    let packed: Vec<Vec<u8>> = chunks.map_while(Result::ok).map(|it| it.pack()).collect();
    if let Ok(replay) = Replay::new(header, packed) {
        assert_eq!(Replay::from_bytes(&replay.to_bytes()).as_ref(), Ok(&replay));
        drive(&replay);
    }
}

fn drive(replay: &Replay) {
    let header = replay.header();
    let Some(track) = tracks::by_name(&header.track) else {
        return;
    };
    if header.ticks > TICKS_MAX {
        return;
    }
    if let Ok(end) = replay.play(&track, |_, _| {}) {
        assert_eq!(end.tick, header.ticks);
        assert_eq!(
            replay.verify(&track).is_ok(),
            end.hash() == header.final_hash
        );
    }
}
