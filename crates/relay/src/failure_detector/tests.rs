use super::*;

const OWNER: WorkerId = WorkerId::new(1);
const OTHER: WorkerId = WorkerId::new(2);
const CLAIM: Command = Command::Claim {
    seen_epoch: Epoch(1),
};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn racing(now: Instant) -> FailureDetector {
    let mut detector = FailureDetector::new(now);
    detector.heard(OWNER, Epoch(1), Signal::Snapshot, now);
    detector
}

/// A race whose owner was asked 50 ms after its last snapshot.
fn asked(start: Instant) -> FailureDetector {
    let mut detector = racing(start);
    assert_eq!(detector.poll(start + ms(49)), None);
    assert_eq!(detector.next_deadline(), Some(start + ms(50)));
    assert_eq!(detector.poll(start + ms(50)), Some(Command::Ping(OWNER)));
    assert_eq!(detector.poll(start + ms(500)), None, "asked once");
    detector
}

#[test]
fn snapshots_in_time_cost_nothing() {
    let start = Instant::now();
    let mut detector = racing(start);
    for step in 1..100 {
        let now = start + ms(33 * step);
        assert_eq!(detector.poll(now), None);
        detector.heard(OWNER, Epoch(1), Signal::Snapshot, now);
    }
}

#[test]
fn claims_by_what_the_owner_answers() {
    let start = Instant::now();
    for (answer, claim_at) in [
        (Probe::NoResponders, 51),
        (Probe::TimedOut, 150),
        (Probe::Pong, 600),
    ] {
        let mut detector = asked(start);
        detector.probed(OWNER, answer, start + ms(51));
        let deadline = detector.next_deadline();
        assert_eq!(deadline, Some(start + ms(claim_at)), "{answer:?}");
        assert_eq!(detector.poll(start + ms(claim_at) - ms(1)), None);
        assert_eq!(detector.poll(start + ms(claim_at)), Some(CLAIM));
    }
}

#[test]
fn a_gateway_that_stood_still_gives_a_living_owner_time() {
    let start = Instant::now();
    let mut detector = racing(start);
    let woken = start + ms(5_000);
    assert_eq!(detector.poll(woken), Some(Command::Ping(OWNER)));
    detector.probed(OWNER, Probe::Pong, woken + ms(1));
    assert_eq!(detector.poll(woken + ms(400)), None);
    detector.heard(OWNER, Epoch(1), Signal::Snapshot, woken + ms(401));
    assert_eq!(detector.poll(woken + ms(450)), None);
}

#[test]
fn a_waiting_room_misses_three_heartbeats() {
    let start = Instant::now();
    let mut detector = racing(start);
    detector.heard(OWNER, Epoch(1), Signal::Heartbeat, start);
    assert_eq!(detector.poll(start + ms(1_500)), None);
    assert_eq!(detector.poll(start + ms(1_600)), Some(Command::Ping(OWNER)));
    detector.probed(OWNER, Probe::TimedOut, start + ms(1_630));
    assert_eq!(detector.poll(start + ms(1_630)), Some(CLAIM));
}

#[test]
fn a_room_that_was_never_heard_of_is_claimed_without_a_question() {
    let start = Instant::now();
    let mut detector = FailureDetector::new(start);
    let seen_epoch = Epoch::default();
    let claim = Some(Command::Claim { seen_epoch });
    assert_eq!(detector.poll(start + ms(1_600)), claim);
}

#[test]
fn an_unserved_request_claims_at_once() {
    let start = Instant::now();
    let mut detector = racing(start);
    detector.unserved(start + ms(5));
    assert_eq!(detector.poll(start + ms(5)), Some(CLAIM));
    detector.unserved(start + ms(6));
    assert_eq!(detector.poll(start + ms(6)), None, "one at a time");
}

#[test]
fn failed_claims_are_repeated_ever_more_slowly() {
    let start = Instant::now();
    let mut detector = racing(start);
    detector.unserved(start);
    let mut now = start;
    let mut waits = Vec::new();
    for _ in 0..20 {
        assert_eq!(detector.poll(now), Some(CLAIM));
        detector.claimed(ClaimOutcome::Failed, 1.0, now);
        let next = detector.next_deadline().unwrap();
        waits.push(next - now);
        now = next;
    }
    let at_once = CLAIMS_WITHOUT_BACKOFF as usize;
    assert_eq!(waits[..=at_once], vec![CLAIM_BACKOFF_MIN; at_once + 1]);
    assert_eq!(waits[at_once + 1], 2 * CLAIM_BACKOFF_MIN);
    assert_eq!(waits[19], CLAIM_BACKOFF_MAX);
    assert_eq!(backoff(u32::MAX, 0.0), Duration::ZERO, "full jitter");
}

#[test]
fn after_a_claim_the_new_owner_is_watched() {
    let start = Instant::now();
    let mut detector = racing(start);
    detector.unserved(start);
    detector.poll(start);
    let now = start + ms(3);
    detector.claimed(ClaimOutcome::Owned(OTHER, Epoch(2)), 0.5, now);
    detector.heard(OWNER, Epoch(1), Signal::Snapshot, now + ms(40));
    assert_eq!(detector.epoch(), Epoch(2));
    assert_eq!(
        detector.poll(now + ms(50)),
        Some(Command::Ping(OTHER)),
        "a former owner's snapshot is no sign of life"
    );
}

#[test]
fn news_end_a_doubt_and_a_late_answer_changes_nothing() {
    let start = Instant::now();
    let mut detector = asked(start);
    detector.heard(OWNER, Epoch(1), Signal::Snapshot, start + ms(60));
    detector.probed(OWNER, Probe::NoResponders, start + ms(61));
    assert_eq!(detector.poll(start + ms(61)), None);
    detector.claimed(ClaimOutcome::Failed, 1.0, start + ms(62));
    detector.claimed(ClaimOutcome::Missing, 1.0, start + ms(62));
    assert_eq!(detector.poll(start + ms(62)), None);
}

#[test]
fn a_room_that_is_gone_is_closed() {
    let start = Instant::now();
    let mut detector = racing(start);
    detector.unserved(start);
    detector.poll(start);
    detector.claimed(ClaimOutcome::Missing, 0.5, start + ms(2));
    assert_eq!(detector.poll(start + ms(2)), Some(Command::Close));
}

#[test]
fn a_gateway_without_nats_detects_nothing() {
    let start = Instant::now();
    let mut detector = asked(start);
    detector.set_connected(false, start + ms(60));
    assert_eq!(detector.next_deadline(), None);
    assert_eq!(detector.poll(start + ms(9_000)), None);
    let back = start + ms(10_000);
    detector.set_connected(true, back);
    let back = back + RECONNECT_GRACE;
    assert_eq!(detector.poll(back + ms(49)), None);
    assert_eq!(detector.poll(back + ms(50)), Some(Command::Ping(OWNER)));
}
