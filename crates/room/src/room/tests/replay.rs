//! What a room records of its inputs, under each owner.

use std::collections::BTreeMap;

use protocol::checkpoint::Checkpoint;
use protocol::replay::{ReplayChunk, ReplayRecord};
use simulation::replay::CHUNK_TICKS;
use simulation::{Replay, ReplayError, ReplayHeader};

use super::*;

/// Drives a room's race with the AI and keeps what it says of its inputs, as
/// the database does.
struct RecordedRace {
    room: Room,
    drivers: Vec<AiDriver>,
    chunks: BTreeMap<u32, ReplayChunk>,
    records: Vec<ReplayRecord>,
    state_bytes_max: usize,
}

impl RecordedRace {
    fn new(seats: u8) -> Self {
        let mut room = room(seats, 1);
        for seat in 0..seats {
            join(&mut room, &format!("driver-{seat}"), 1).unwrap();
        }
        let drivers = (0..u64::from(seats))
            .map(|seat| AiDriver::new(&room.track, seat, Skill::Expert))
            .collect();
        Self {
            room,
            drivers,
            chunks: BTreeMap::new(),
            records: Vec::new(),
            state_bytes_max: 0,
        }
    }

    fn race(&self) -> &Race {
        self.room.race.as_ref().unwrap()
    }

    fn inputs(&mut self) -> Vec<Controls> {
        let race = self.room.race.as_ref().unwrap();
        let seats = self.drivers.iter_mut().enumerate();
        seats
            .map(|(seat, driver)| driver.drive(&self.room.track, &race.rules, &race.state, seat))
            .collect()
    }

    fn tick(&mut self, inputs: &[Controls]) {
        let first_tick = self.race().state.tick;
        let frames = inputs.iter().map(|controls| {
            InputFrame {
                first_tick,
                controls: [*controls].into_iter().collect(),
            }
            .encode_into(Vec::new())
        });
        let frames: Vec<Vec<u8>> = frames.collect();
        let frames = frames.iter().enumerate();
        let batch = InputBatch {
            race: self.room.identity.race,
            gateway: GATEWAY,
            frames: frames
                .map(|(seat, frame)| (seat as u8, &frame[..]))
                .collect(),
        };
        self.room.inputs(&batch.encode());
        self.room.tick(Instant::now(), 1_000);
        self.listen();
    }

    fn drive_to(&mut self, tick: u32) {
        while self.race().state.tick < tick && self.room.ending().is_none() {
            let inputs = self.inputs();
            self.tick(&inputs);
            let state_bytes = self.room.checkpoint().state.len();
            self.state_bytes_max = self.state_bytes_max.max(state_bytes);
        }
    }

    fn finish(&mut self) {
        self.drive_to(u32::MAX);
        self.room.close();
        self.listen();
    }

    fn listen(&mut self) {
        for output in self.room.take_outputs() {
            let Output::Persist(message) = output else {
                continue;
            };
            match message {
                PersistMessage::ReplayChunk(chunk) => {
                    let known = self.chunks.get(&chunk.first_tick);
                    if known.is_none_or(|known| known.epoch < chunk.epoch) {
                        self.chunks.insert(chunk.first_tick, chunk);
                    }
                }
                PersistMessage::Replay(record) => self.records.push(record),
                PersistMessage::Room(_)
                | PersistMessage::RoomClosed(_)
                | PersistMessage::Players { .. }
                | PersistMessage::Result(_) => {}
            }
        }
    }

    /// Another worker goes on from a checkpoint.
    fn take_over(&mut self, checkpoint: &Checkpoint) {
        let ownership = Ownership {
            owner: WorkerId::new(2),
            epoch: checkpoint.epoch.next().unwrap(),
        };
        let track = Arc::clone(&self.room.track);
        self.room = Room::restore(checkpoint, ownership, |_| Some(track), Instant::now()).unwrap();
        self.listen();
    }

    fn replay(&self) -> Result<Replay, ReplayError> {
        let [record] = &self.records[..] else {
            panic!("one replay, not {}", self.records.len());
        };
        let header = ReplayHeader::from_bytes(&record.header.0).unwrap();
        assert_eq!(header.ticks, record.ticks);
        let chunks = self.chunks.values().map(|chunk| chunk.bytes.0.clone());
        Replay::new(header, chunks.collect())
    }
}

#[test]
fn a_finished_race_can_be_driven_again_whoever_owned_its_room() {
    let mut one = RecordedRace::new(2);
    one.finish();
    let end = one.race().state.clone();
    let replay = one.replay().unwrap();
    assert_eq!(replay.verify(&one.room.track), Ok(end));

    let mut many = RecordedRace::new(2);
    // In the middle of a chunk, at its end, at its beginning.
    for tick in [
        450,
        2 * CHUNK_TICKS - 1,
        3 * CHUNK_TICKS,
        3 * CHUNK_TICKS + 1,
    ] {
        many.drive_to(tick);
        many.take_over(&many.room.checkpoint());
    }
    many.finish();
    assert_eq!(many.replay().unwrap(), replay);
    assert!(many.chunks.values().any(|chunk| chunk.epoch == Epoch(5)));
}

#[test]
fn what_a_deposed_owner_computed_is_replaced() {
    let mut race = RecordedRace::new(1);
    race.drive_to(2 * CHUNK_TICKS - 10);
    let checkpoint = race.room.checkpoint();
    // The first owner does not know yet, and gets other inputs.
    (0..20).for_each(|_| race.tick(&[Controls::default()]));
    let deposed = race.chunks[&CHUNK_TICKS].clone();
    race.take_over(&checkpoint);
    race.finish();
    let end = race.race().state.clone();
    assert_eq!(race.replay().unwrap().verify(&race.room.track), Ok(end));
    assert_ne!(race.chunks[&CHUNK_TICKS].bytes, deposed.bytes);
    race.chunks.insert(CHUNK_TICKS, deposed);
    assert!(matches!(
        race.replay().unwrap().verify(&race.room.track),
        Err(ReplayError::OtherEnd { .. })
    ));
}

#[test]
fn a_new_owner_sends_a_full_chunk_again_unless_it_is_safe() {
    let mut race = RecordedRace::new(1);
    race.drive_to(CHUNK_TICKS + 5);
    let sent = race.chunks.remove(&0).unwrap();
    race.take_over(&race.room.checkpoint());
    assert_eq!(race.chunks[&0].bytes, sent.bytes);
    race.chunks.clear();
    race.room.replay_is_safe(CHUNK_TICKS - 1);
    race.take_over(&race.room.checkpoint());
    assert!(race.chunks.contains_key(&0));
    race.chunks.clear();
    race.room.replay_is_safe(CHUNK_TICKS);
    race.take_over(&race.room.checkpoint());
    assert!(race.chunks.is_empty());
}

#[test]
fn a_checkpoint_does_not_grow_with_its_race() {
    for is_queue_there in [true, false] {
        let mut race = RecordedRace::new(4);
        let mut drive_to = |tick| {
            while race.race().state.tick < tick && race.room.ending().is_none() {
                race.drive_to(race.race().state.tick + 1);
                if is_queue_there {
                    race.room.replay_is_safe(race.race().state.tick);
                }
            }
            race.state_bytes_max
        };
        let (early, late) = (drive_to(5 * CHUNK_TICKS), drive_to(u32::MAX));
        println!("four cars: {early} bytes at most, later {late}; queue: {is_queue_there}");
        assert!(late < early + early / 2);
    }
}

#[test]
fn a_race_without_a_result_has_no_replay() {
    let mut race = RecordedRace::new(1);
    race.drive_to(CHUNK_TICKS + 5);
    let leave = CtlRequest::Leave {
        player: player("driver-0"),
        session: SessionNonce::new(1),
    };
    race.room.ctl(leave, Instant::now()).unwrap();
    assert_eq!(race.room.ending().unwrap().reason, CloseReason::Empty);
    race.room.close();
    race.listen();
    assert!(race.records.is_empty());
}

#[test]
fn a_race_whose_inputs_are_not_all_there_has_no_replay() {
    let mut race = RecordedRace::new(1);
    race.drive_to(100);
    race.room.race.as_mut().unwrap().log = InputLog::new(1);
    race.finish();
    assert!(race.room.ending().unwrap().result.is_some());
    assert!(race.records.is_empty());
}
