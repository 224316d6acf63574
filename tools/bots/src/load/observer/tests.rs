use client_core::protocol::RaceId;
use client_core::protocol::snapshot::InputAck;
use domain::Controls;

use super::*;

/// One bot, with times in milliseconds.
struct Scene {
    origin: Instant,
    observer: Observer,
    record: Record,
    race: RaceId,
    epoch: u32,
}

impl Scene {
    fn new() -> Self {
        let origin = Instant::now();
        Self {
            origin,
            observer: Observer::new("bot", "room"),
            record: Record::new(origin, true),
            race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            epoch: 1,
        }
    }

    fn at(&self, ms: u64) -> Instant {
        self.origin + Duration::from_millis(ms)
    }

    fn snapshot(&mut self, ms: u64, tick: u32, ack: (u32, i8)) {
        let header = RelayedHeader {
            race: self.race.tag(),
            epoch: Epoch(self.epoch),
            tick,
            acks: [InputAck {
                tick: ack.0,
                margin_ticks: ack.1,
            }]
            .into_iter()
            .collect(),
        };
        let now = self.at(ms);
        self.observer
            .snapshot(&header, Some(0), now, &mut self.record);
    }

    fn sends(&mut self, ms: u64, ticks: std::ops::RangeInclusive<u32>) {
        let frame = InputFrame {
            first_tick: *ticks.start(),
            controls: ticks.map(|_| Controls::default()).collect(),
        };
        let now = self.at(ms);
        self.observer.sent(&frame, now, &mut self.record);
    }
}

fn jumps(jumps: super::super::record::Jumps) -> (u64, u64) {
    (jumps.times, jumps.ticks)
}

#[test]
fn attributes_gaps_and_skipped_ticks_to_their_causes() {
    let mut scene = Scene::new();
    scene.snapshot(0, 100, (0, 0));
    scene.snapshot(33, 102, (0, 0));
    // A slow reader: the gateway has skipped a snapshot.
    scene.snapshot(100, 106, (0, 0));
    // A takeover that skips two snapshots.
    scene.epoch = 2;
    scene.snapshot(250, 112, (0, 0));
    // The old owner still publishes.
    scene.epoch = 1;
    scene.snapshot(260, 114, (0, 0));
    // Another connection.
    scene.epoch = 2;
    let now = scene.at(300);
    scene.observer.lost(now, &mut scene.record);
    let now = scene.at(800);
    scene.observer.seated(now, &mut scene.record);
    scene.snapshot(810, 150, (0, 0));
    scene.snapshot(843, 152, (0, 0));

    let record = &scene.record;
    assert_eq!(record.volume.snapshots, 6);
    assert_eq!(record.stale, 1);
    assert_eq!(jumps(record.skipped_unexcused), (1, 2));
    assert_eq!(jumps(record.skipped_new_owner), (1, 4));
    assert_eq!(jumps(record.skipped_new_connection), (1, 36));
    assert_eq!(jumps(record.ticks_back), (0, 0));
    assert_eq!((record.sessions.lost, record.sessions.resumed), (1, 1));
    assert!((record.away.max_ms() - 500.0).abs() < 1.0);
    let longest = record.longest.as_ref().unwrap();
    assert_eq!(longest.gap, Duration::from_millis(560));
}

#[test]
fn a_new_owner_that_begins_earlier_takes_ticks_back() {
    let mut scene = Scene::new();
    scene.snapshot(0, 100, (0, 0));
    scene.epoch = 2;
    scene.snapshot(33, 94, (0, 0));
    assert_eq!(jumps(scene.record.ticks_back), (1, 6));
    assert_eq!(jumps(scene.record.skipped_new_owner), (0, 0));
}

#[test]
fn times_acknowledgements_and_counts_late_ticks() {
    let mut scene = Scene::new();
    scene.sends(0, 9..=10);
    scene.snapshot(20, 9, (10, 1));
    scene.sends(33, 11..=12);
    scene.snapshot(53, 11, (10, 1));
    scene.sends(66, 11..=14);
    // All are acknowledged at once: 11 and 12 were computed already, 13 was not.
    scene.snapshot(80, 13, (14, 1));
    scene.snapshot(113, 15, (14, 1));
    let record = &scene.record;
    assert_eq!((record.inputs.sent, record.inputs.late), (6, 2));
    assert_eq!(record.inputs.lost, 0);
    assert!((record.acknowledged.max_ms() - 47.0).abs() < 1.0);
    assert!((record.acknowledged.quantile_ms(0.5) - 20.0).abs() < 1.0);
}

#[test]
fn a_message_that_never_came_makes_its_ticks_late() {
    let mut scene = Scene::new();
    for (ms, tick) in (0..).step_by(33).zip((11..31).step_by(2)) {
        // One gets lost; the next frame holds its ticks too.
        scene.sends(ms, if tick == 21 { 19 } else { tick }..=tick + 1);
        let known = if tick == 19 { 18 } else { tick + 1 };
        scene.snapshot(ms + 20, tick, (known, 1));
    }
    assert_eq!((scene.record.inputs.late, scene.record.inputs.lost), (2, 0));
}

#[test]
fn late_ticks_count_only_where_they_are_known() {
    // Known tick, acknowledged tick, margin, and the number of late ticks.
    for (known, tick, margin, late) in [
        (10, 12, 1, 0),
        (10, 12, 0, 1),
        (10, 12, -1, 2),
        (10, 12, -9, 2),
        (10, 14, 1, 2),
        (10, 14, 3, 0),
    ] {
        let ack = InputAck {
            tick,
            margin_ticks: margin,
        };
        assert_eq!(late_ticks(known, ack), late, "{known} {ack:?}");
    }
    let mut scene = Scene::new();
    scene.sends(0, 9..=10);
    scene.snapshot(20, 9, (10, 1));
    scene.sends(33, 11..=12);
    scene.sends(66, 11..=14);
    // The gateway has skipped a snapshot, which could have acknowledged 11 and 12.
    scene.snapshot(80, 13, (14, 1));
    assert_eq!(scene.record.inputs.late, 0);
}

#[test]
fn unacknowledged_ticks_that_do_not_fit_a_frame_are_lost() {
    let mut scene = Scene::new();
    scene.sends(0, 1..=2);
    scene.snapshot(20, 1, (2, 1));
    // No input arrives for more than a second; frames hold 64 ticks.
    scene.sends(1_100, 7..=70);
    scene.snapshot(1_120, 69, (70, 1));
    assert_eq!(scene.record.inputs.lost, 4);
}

#[test]
fn a_stalled_race_is_recorded_until_it_continues_and_at_the_end() {
    let mut scene = Scene::new();
    scene.snapshot(0, 100, (0, 0));
    let now = scene.at(2_900);
    scene.observer.update(now, &mut scene.record);
    assert!(scene.record.stalled.is_empty());
    let now = scene.at(3_100);
    scene.observer.update(now, &mut scene.record);
    assert_eq!(scene.record.stalled.get("room"), Some(&1));
    scene.snapshot(3_500, 102, (0, 0));
    assert!(scene.record.stalled.is_empty());
    assert!(scene.record.stalled_before.contains("room"));

    let now = scene.at(7_000);
    scene.observer.update(now, &mut scene.record);
    let now = scene.at(10_500);
    scene.observer.end(now, &mut scene.record);
    let lines = scene.record.take_samples();
    let last = lines.last().unwrap();
    assert!(
        last.is_open && (last.gap_ms - 7_000.0).abs() < 1.0,
        "{last:?}"
    );
}

#[test]
fn counters_of_a_client_are_added_once() {
    let mut scene = Scene::new();
    let mut counters = Counters {
        applied: 1,
        inputs_missed: 2,
        inputs_applied: 10,
        ..Counters::default()
    };
    let record = &mut scene.record;
    scene.observer.counted(counters, Some(0.06), 500, record);
    // An event that was no snapshot.
    scene.observer.counted(counters, Some(0.06), 500, record);
    counters.applied = 2;
    counters.inputs_missed = 3;
    scene.observer.counted(counters, Some(0.04), 499, record);
    assert_eq!((record.inputs.missed, record.inputs.applied), (3, 10));
    assert_eq!(record.corrections_visible, 1);
    assert_eq!(record.corrections.corrected(), 2);
    assert_eq!(record.scores_back, 1);
}

#[test]
fn a_room_that_waits_for_too_long_is_stalled() {
    let mut scene = Scene::new();
    for (ms, stalled) in [(0, 0), (29_000, 0), (30_000, 1)] {
        let now = scene.at(ms);
        scene.observer.seated(now, &mut scene.record);
        scene.observer.update(now, &mut scene.record);
        assert_eq!(scene.record.stalled.len(), stalled, "after {ms} ms");
    }
    scene.snapshot(31_000, 2, (0, 0));
    assert!(scene.record.stalled.is_empty());
}

#[test]
fn a_seat_lost_in_a_stalled_race_leaves_an_open_gap() {
    let mut scene = Scene::new();
    scene.snapshot(0, 100, (0, 0));
    let now = scene.at(4_000);
    scene.observer.update(now, &mut scene.record);
    scene.observer.lost(now, &mut scene.record);
    scene.observer.end(now, &mut scene.record);
    scene.observer.over(&mut scene.record);
    assert!(scene.record.stalled.is_empty());
    let lines = scene.record.take_samples();
    let last = lines.last().unwrap();
    assert!(last.is_open && last.sessions_lost == 1, "{last:?}");
}
