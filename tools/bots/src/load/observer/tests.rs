use client_core::protocol::RaceId;
use client_core::protocol::snapshot::InputAck;
use domain::Controls;

use super::*;

/// One bot on a time line of milliseconds.
struct Bench {
    origin: Instant,
    observer: Observer,
    record: Record,
    race: RaceId,
    epoch: u32,
}

impl Bench {
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
fn tells_gaps_and_skipped_ticks_by_what_may_excuse_them() {
    let mut bench = Bench::new();
    bench.snapshot(0, 100, (0, 0));
    bench.snapshot(33, 102, (0, 0));
    // A slow reader: the gateway has left one out.
    bench.snapshot(100, 106, (0, 0));
    // A takeover that leaves two out.
    bench.epoch = 2;
    bench.snapshot(250, 112, (0, 0));
    // The old owner still speaks.
    bench.epoch = 1;
    bench.snapshot(260, 114, (0, 0));
    // Another connection.
    bench.epoch = 2;
    let now = bench.at(300);
    bench.observer.lost(now, &mut bench.record);
    let now = bench.at(800);
    bench.observer.seated(now, &mut bench.record);
    bench.snapshot(810, 150, (0, 0));
    bench.snapshot(843, 152, (0, 0));

    let record = &bench.record;
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
    let mut bench = Bench::new();
    bench.snapshot(0, 100, (0, 0));
    bench.epoch = 2;
    bench.snapshot(33, 94, (0, 0));
    assert_eq!(jumps(bench.record.ticks_back), (1, 6));
    assert_eq!(jumps(bench.record.skipped_new_owner), (0, 0));
}

#[test]
fn times_inputs_until_they_are_acknowledged_and_counts_late_ticks() {
    let mut bench = Bench::new();
    bench.sends(0, 9..=10);
    bench.snapshot(20, 9, (10, 1));
    bench.sends(33, 11..=12);
    bench.snapshot(53, 11, (10, 1));
    bench.sends(66, 11..=14);
    // Both are acknowledged at once: 11 and 12 were computed already, 13 not.
    bench.snapshot(80, 13, (14, 1));
    bench.snapshot(113, 15, (14, 1));
    let record = &bench.record;
    assert_eq!((record.inputs.sent, record.inputs.late), (6, 2));
    assert_eq!(record.inputs.lost, 0);
    assert!((record.acknowledged.max_ms() - 47.0).abs() < 1.0);
    assert!((record.acknowledged.quantile_ms(0.5) - 20.0).abs() < 1.0);
}

#[test]
fn a_message_that_never_came_makes_its_ticks_late() {
    let mut bench = Bench::new();
    for (ms, tick) in (0..).step_by(33).zip((11..31).step_by(2)) {
        // One gets lost; the next frame holds its ticks too.
        bench.sends(ms, if tick == 21 { 19 } else { tick }..=tick + 1);
        let known = if tick == 19 { 18 } else { tick + 1 };
        bench.snapshot(ms + 20, tick, (known, 1));
    }
    assert_eq!((bench.record.inputs.late, bench.record.inputs.lost), (2, 0));
}

#[test]
fn what_came_late_is_told_only_where_it_is_known() {
    // Known, acknowledged, margin, and how many were late.
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
    let mut bench = Bench::new();
    bench.sends(0, 9..=10);
    bench.snapshot(20, 9, (10, 1));
    bench.sends(33, 11..=12);
    bench.sends(66, 11..=14);
    // The gateway has left a snapshot out, which might have told of 11 and 12.
    bench.snapshot(80, 13, (14, 1));
    assert_eq!(bench.record.inputs.late, 0);
}

#[test]
fn what_falls_out_of_a_full_frame_unacknowledged_is_lost() {
    let mut bench = Bench::new();
    bench.sends(0, 1..=2);
    bench.snapshot(20, 1, (2, 1));
    // Nobody takes anything for more than a second; frames hold 64 ticks.
    bench.sends(1_100, 7..=70);
    bench.snapshot(1_120, 69, (70, 1));
    assert_eq!(bench.record.inputs.lost, 4);
}

#[test]
fn a_race_that_stands_still_is_told_while_it_does_and_at_the_end() {
    let mut bench = Bench::new();
    bench.snapshot(0, 100, (0, 0));
    let now = bench.at(2_900);
    bench.observer.look(now, &mut bench.record);
    assert!(bench.record.still.is_empty());
    let now = bench.at(3_100);
    bench.observer.look(now, &mut bench.record);
    assert_eq!(bench.record.still.get("room"), Some(&1));
    bench.snapshot(3_500, 102, (0, 0));
    assert!(bench.record.still.is_empty());
    assert!(bench.record.stood_still.contains("room"));

    let now = bench.at(7_000);
    bench.observer.look(now, &mut bench.record);
    let now = bench.at(10_500);
    bench.observer.end(now, &mut bench.record);
    let lines = bench.record.take_samples();
    let last = lines.last().unwrap();
    assert!(
        last.is_open && (last.gap_ms - 7_000.0).abs() < 1.0,
        "{last:?}"
    );
}

#[test]
fn counters_of_a_client_are_added_once() {
    let mut bench = Bench::new();
    let mut counters = Counters {
        applied: 1,
        inputs_missed: 2,
        inputs_applied: 10,
        ..Counters::default()
    };
    let record = &mut bench.record;
    bench.observer.counted(counters, Some(0.06), 500, record);
    // Something that was no snapshot.
    bench.observer.counted(counters, Some(0.06), 500, record);
    counters.applied = 2;
    counters.inputs_missed = 3;
    bench.observer.counted(counters, Some(0.04), 499, record);
    assert_eq!((record.inputs.missed, record.inputs.applied), (3, 10));
    assert_eq!(record.corrections_visible, 1);
    assert_eq!(record.corrections.corrected(), 2);
    assert_eq!(record.scores_back, 1);
}

#[test]
fn a_room_that_waits_for_too_long_stands_still() {
    let mut bench = Bench::new();
    for (ms, stands_still) in [(0, 0), (29_000, 0), (30_000, 1)] {
        let now = bench.at(ms);
        bench.observer.seated(now, &mut bench.record);
        bench.observer.look(now, &mut bench.record);
        assert_eq!(bench.record.still.len(), stands_still, "after {ms} ms");
    }
    bench.snapshot(31_000, 2, (0, 0));
    assert!(bench.record.still.is_empty());
}

#[test]
fn who_is_thrown_out_of_a_standing_race_leaves_a_gap_without_an_end() {
    let mut bench = Bench::new();
    bench.snapshot(0, 100, (0, 0));
    let now = bench.at(4_000);
    bench.observer.look(now, &mut bench.record);
    bench.observer.lost(now, &mut bench.record);
    bench.observer.end(now, &mut bench.record);
    bench.observer.over(&mut bench.record);
    assert!(bench.record.still.is_empty());
    let lines = bench.record.take_samples();
    let last = lines.last().unwrap();
    assert!(last.is_open && last.sessions_lost == 1, "{last:?}");
}
