use serde_json::json;

use super::*;

fn sample(bot: &str, end_ms: u64, gap_ms: f64) -> Sample {
    Sample {
        unix_ms: end_ms,
        bot: bot.to_owned(),
        room: format!("room-{}", &bot[..1]),
        gap_ms,
        ..Sample::default()
    }
}

fn fault(at_unix_ms: u64, affected: Affected) -> Done {
    Done {
        program: "race-worker".to_owned(),
        kind: "kill".to_owned(),
        instance: "race-worker-2".to_owned(),
        at_unix_ms,
        at_seconds: 1.5,
        back_after_ms: 900,
        affected,
    }
}

fn report(done: Vec<Done>, samples: &[Sample]) -> Report {
    let (results, verdict) = (Results::default(), Verdict::default());
    Report::new(7, 100_000, done, samples, results, verdict, json!({}))
}

#[test]
fn a_gap_belongs_to_the_fault_in_it_or_before_it() {
    let times = [10_000, 20_000];
    let cases = [
        // It ended before the first fault.
        (9_999, 40.0, None),
        // The first fault is in it, or both faults are.
        (10_060, 90.0, Some(0)),
        (25_000, 16_000.0, Some(0)),
        // It came after a fault.
        (10_500, 40.0, Some(0)),
        (20_030, 60.0, Some(1)),
        (90_000, 40.0, Some(1)),
    ];
    for (end, gap, expected) in cases {
        assert_eq!(
            cause(&times, &sample("a", end, gap)),
            expected,
            "{end} {gap}"
        );
    }
}

#[test]
fn separates_the_affected_bots_from_the_others() {
    let rooms = BTreeSet::from(["room-a".to_owned()]);
    let samples = [
        sample("a1", 9_000, 36.0),
        sample("a1", 10_080, 95.0),
        sample("a1", 11_000, 37.0),
        sample("a2", 10_075, 90.0),
        sample("b1", 10_030, 35.0),
    ];
    let report = report(vec![fault(10_000, Affected::Rooms(rooms))], &samples);
    assert_eq!(
        (report.quiet.gaps_all.bots, report.quiet.gaps_all.max_ms),
        (1, 36.0)
    );
    let seen = &report.faults[0].seen;
    let expected = Gaps {
        bots: 2,
        p50_ms: 90.0,
        p99_ms: 95.0,
        max_ms: 95.0,
    };
    assert_eq!(seen.gaps_affected, expected);
    assert_eq!(seen.gaps_all.bots, 3);
    assert_eq!(seen.gaps_all.p50_ms.to_bits(), 90.0_f64.to_bits());
}

#[test]
fn a_gateway_affects_the_bots_that_lose_their_connection() {
    let mut lost = sample("a1", 10_400, 420.0);
    lost.sessions_lost = 1;
    let mut counts = sample("b1", 10_300, 36.0);
    (counts.missed, counts.late, counts.lost) = (3, 2, 1);
    (counts.skipped, counts.back, counts.corrections) = (5, 6, 4);
    let report = report(vec![fault(10_000, Affected::Disconnected)], &[lost, counts]);
    let seen = &report.faults[0].seen;
    assert_eq!((seen.gaps_affected.bots, seen.gaps_all.bots), (1, 2));
    assert_eq!(seen.sessions_lost, 1);
    assert_eq!(
        (seen.inputs_missed, seen.inputs_late, seen.inputs_lost),
        (3, 2, 1)
    );
    assert_eq!((seen.skipped, seen.back, seen.corrections), (5, 6, 4));
}

#[test]
fn says_which_races_are_stalled() {
    let mut open = sample("a1", 60_000, 50_020.0);
    open.is_open = true;
    let bots = json!({"races": {"stalled": ["room-a"], "stalled_at_end": ["room-a"]}});
    let done = vec![fault(10_000, Affected::All)];
    let (results, verdict) = (Results::default(), Verdict::default());
    let report = Report::new(7, 100_000, done, &[open], results, verdict, bots);
    assert_eq!(report.faults[0].seen.bots_stalled, 1);
    assert!(report.faults[0].seen.rooms_stalled.contains("room-a"));
    let text = report.text();
    assert!(text.contains("stalled at the end: room-a"), "{text}");
    assert!(text.contains("kill race-worker-2"), "{text}");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["faults"][0]["instance"], "race-worker-2");
    assert_eq!(json["seed"], 7);
}

#[test]
fn is_correct_only_when_every_count_is_0() {
    let clean = report(Vec::new(), &[]);
    assert!(clean.is_correct());
    let mut wrong = vec![clean; 6];
    wrong[0].results.lost.push("race".to_owned());
    wrong[1].results.doubled.push("race".to_owned());
    wrong[2].bots = json!({"chat": {"lost": 1}});
    wrong[3].bots = json!({"chat": {"doubled": 1}});
    let words = "no consumer".to_owned();
    let unready = &mut wrong[4].verdict.unready;
    unready.insert("gateway-1".to_owned(), words);
    let lobby = &mut wrong[5].verdict.leftovers.lobby;
    lobby.insert("r1".to_owned());
    let lines = [
        "results lost 1",
        "doubled 1",
        "chat: ",
        "chat: ",
        "! not ready: gateway-1: no consumer",
        "! left behind: lobby r1",
    ];
    for (report, line) in wrong.iter().zip(lines) {
        assert!(!report.is_correct(), "{line}");
        assert!(report.text().contains(line), "{}", report.text());
    }
}
