use std::time::Duration;

use protocol::lobby::{Phase, RoomSettings};
use protocol::record::{ResultRecord, RoomClosed};
use protocol::{Epoch, PlayerName, RaceId, RoomName, WorkerId};

use super::*;
use crate::limits::{RETRY_DELAY, RETRY_DELAY_MAX};

const FENCE: Duration = Duration::from_millis(250);

fn race() -> RaceId {
    "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
}

fn name() -> RoomName {
    RoomName::parse("duel").unwrap()
}

fn lobby(epoch: u32) -> PendingWrite {
    PendingWrite::Lobby(RoomEntry {
        race: race(),
        name: name(),
        phase: Phase::Waiting,
        settings: RoomSettings::default(),
        players: Vec::new(),
        creator: None,
        owner: WorkerId::new(1),
        epoch: Epoch(epoch),
    })
}

fn result() -> PersistMessage {
    PersistMessage::Result(ResultRecord {
        race: race(),
        room: name(),
        mode: domain::Mode::Circuit,
        track: String::new(),
        laps: 1,
        target_metres: None,
        ended_at: 1,
        epoch: Epoch::FIRST,
        tick: 1,
        standings: Vec::new(),
    })
}

fn closed() -> PendingWrite {
    let message = PersistMessage::RoomClosed(RoomClosed { race: race() });
    PendingWrite::Persist(message, "closed".to_owned())
}

fn rows(seats: &[(u8, u32)]) -> PendingWrite {
    let row = |&(seat, revision): &(u8, u32)| PlayerRecord {
        race: race(),
        room: name(),
        player: PlayerName::parse("Ada").unwrap(),
        seat,
        x_m: 0.0,
        y_m: 0.0,
        heading_rad: 0.0,
        lap: 0,
        score: 0,
        connected: true,
        epoch: Epoch::FIRST,
        revision,
    };
    let players = seats.iter().map(row).collect();
    PendingWrite::Persist(PersistMessage::Players { players }, "rows".to_owned())
}

fn begun(write_queue: &mut WriteQueue, now: Instant) -> Vec<Arc<PendingWrite>> {
    write_queue.poll(false, now).collect()
}

#[test]
fn does_one_write_of_a_lane_at_a_time_and_repeats_what_failed() {
    let start = Instant::now();
    let mut write_queue = WriteQueue::new(start + FENCE);
    write_queue.queue(PendingWrite::RemoveEntry);
    write_queue.queue(PendingWrite::DeleteCheckpoint(1));
    assert_eq!(
        *begun(&mut write_queue, start)[0],
        PendingWrite::RemoveEntry
    );
    assert!(begun(&mut write_queue, start).is_empty());
    write_queue.done(Lane::Lobby, false, start);
    assert!(begun(&mut write_queue, start).is_empty());
    let later = write_queue.next_deadline().unwrap();
    for expected in [PendingWrite::RemoveEntry, PendingWrite::DeleteCheckpoint(1)] {
        assert_eq!(*begun(&mut write_queue, later)[0], expected);
        write_queue.done(Lane::Lobby, true, later);
    }
    assert!(write_queue.is_idle());
}

#[test]
fn a_lane_that_is_refused_holds_up_no_other() {
    let start = Instant::now();
    let mut write_queue = WriteQueue::new(start + FENCE);
    write_queue.queue(closed());
    write_queue.queue(lobby(1));
    let first = begun(&mut write_queue, start);
    assert_eq!(first.len(), 2);
    write_queue.done(Lane::Records, false, start);
    write_queue.done(Lane::Lobby, true, start);
    write_queue.queue(PendingWrite::RemoveEntry);
    assert_eq!(
        *begun(&mut write_queue, start)[0],
        PendingWrite::RemoveEntry
    );
}

#[test]
fn what_is_newer_takes_the_place_of_what_waits() {
    let start = Instant::now();
    let mut write_queue = WriteQueue::new(start + FENCE);
    (1..=3).for_each(|epoch| write_queue.queue(lobby(epoch)));
    assert_eq!(*begun(&mut write_queue, start)[0], lobby(3));
    // Not that of what is in flight.
    write_queue.queue(lobby(4));
    write_queue.done(Lane::Lobby, true, start);
    assert_eq!(*begun(&mut write_queue, start)[0], lobby(4));

    write_queue.queue(rows(&[(0, 1), (1, 1)]));
    write_queue.queue(rows(&[(1, 2)]));
    assert_eq!(*begun(&mut write_queue, start)[0], rows(&[(1, 2), (0, 1)]));
}

#[test]
fn a_record_that_nobody_waits_for_is_begun_with_a_checkpoint() {
    let start = Instant::now();
    let mut write_queue = WriteQueue::new(start + FENCE);
    write_queue.queue(rows(&[(0, 1)]));
    write_queue.queue(closed());
    // In its order: what comes after it waits too.
    assert_eq!(write_queue.poll(true, start).count(), 0);
    assert_eq!(*begun(&mut write_queue, start)[0], rows(&[(0, 1)]));
    write_queue.done(Lane::Records, true, start);
    let next: Vec<_> = write_queue.poll(true, start).collect();
    assert_eq!(*next[0], closed());
}

#[test]
fn begins_and_repeats_nothing_once_another_may_own_the_room() {
    let start = Instant::now();
    let expiry = start + FENCE;
    let late = expiry + Duration::from_nanos(1);
    let mut write_queue = WriteQueue::new(expiry);
    write_queue.queue(closed());
    write_queue.queue(PendingWrite::RemoveEntry);
    assert_eq!(begun(&mut write_queue, expiry).len(), 2);
    write_queue.done(Lane::Records, false, expiry);
    write_queue.done(Lane::Lobby, false, expiry);
    assert!(begun(&mut write_queue, late + RETRY_DELAY).is_empty());
    // The lobby is another's, the records of a room that has ended are true.
    write_queue.end();
    let again = begun(&mut write_queue, late + RETRY_DELAY);
    assert_eq!(again.len(), 1);
    assert_eq!(*again[0], closed());
}

#[test]
fn a_result_goes_to_the_stream_or_the_bucket_for_as_long_as_it_takes() {
    let mut now = Instant::now();
    let mut write_queue = WriteQueue::new(now);
    write_queue.end();
    let id = || "race:result".to_owned();
    write_queue.queue(PendingWrite::Persist(result(), id()));
    for _ in 0..100 {
        now += RETRY_DELAY_MAX;
        assert_eq!(
            *begun(&mut write_queue, now)[0],
            PendingWrite::Persist(result(), id())
        );
        write_queue.done(Lane::Result, false, now);
        assert_eq!(
            *begun(&mut write_queue, now)[0],
            PendingWrite::KeepResult(result(), id())
        );
        assert!(!write_queue.needs_no_checkpoint());
        write_queue.done(Lane::Result, false, now);
        assert!(begun(&mut write_queue, now).is_empty());
    }
    now += RETRY_DELAY_MAX;
    begun(&mut write_queue, now);
    write_queue.done(Lane::Result, false, now);
    begun(&mut write_queue, now);
    write_queue.done(Lane::Result, true, now);
    assert!(write_queue.is_idle() && write_queue.needs_no_checkpoint());
}

#[test]
fn records_that_are_refused_are_given_up_after_a_while_and_keep_no_room() {
    let mut now = Instant::now();
    let mut write_queue = WriteQueue::new(now);
    write_queue.end();
    (0..3).for_each(|_| write_queue.queue(closed()));
    assert!(!write_queue.needs_no_checkpoint());
    let end = now + RECORDS_GIVE_UP_AFTER + 4 * RETRY_DELAY_MAX;
    while now < end {
        if !begun(&mut write_queue, now).is_empty() {
            write_queue.done(Lane::Records, false, now);
            assert!(write_queue.needs_no_checkpoint());
        }
        now += RETRY_DELAY;
    }
    assert!(write_queue.is_idle());
}
