//! Each planted bug is found: a simulation that cannot fail shows nothing.

use failover_sim::{Bug, run};

/// Runs seeds until one finds the bug: which, and what it saw.
fn find(bug: Bug, seeds_max: u64) -> (u64, String) {
    let found = (0..seeds_max).find_map(|seed| {
        let violation = run(seed, Some(bug)).err()?;
        Some((seed, violation.why))
    });
    let found = found.unwrap_or_else(|| panic!("{bug:?} is not found in {seeds_max} seeds"));
    println!("{bug:?}: seed {}: {}", found.0, found.1);
    found
}

#[test]
fn a_takeover_without_compare_and_set() {
    find(Bug::SkipCas, 500);
}

#[test]
fn an_owner_without_a_fence() {
    find(Bug::NoLeaseExpiry, 500);
}

#[test]
fn a_gateway_that_does_not_look_at_the_epoch() {
    find(Bug::NoEpochCheck, 500);
}

#[test]
fn an_owner_that_listens_after_its_compare_and_set() {
    find(Bug::SubscribeAfterCas, 500);
}

#[test]
fn a_result_before_its_checkpoint() {
    find(Bug::ResultBeforeCas, 500);
}

#[test]
fn an_answer_before_the_floor_is_raised() {
    find(Bug::AnswerBeforeFloor, 500);
}

#[test]
fn a_timeout_that_is_taken_for_a_conflict() {
    find(Bug::TimeoutTakenForLost, 500);
}

#[test]
fn an_event_that_is_sent_again_without_its_id() {
    find(Bug::EventWithoutId, 500);
}

#[test]
fn a_refusal_that_is_taken_for_a_write() {
    find(Bug::RefusalTakenForDone, 500);
}
