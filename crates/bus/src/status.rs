//! What this program's connection to NATS lacks at the moment: a state machine
//! without I/O, from which `/ready` is derived.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// One life of a stream: when it was created, Unix nanoseconds. A stream that was
/// deleted and created again, or whose server lost its disk, has another.
pub(crate) type Identity = i128;

/// Writes that fail for so long are no stall of a busy disk.
const WRITES_FAILING: Duration = Duration::from_secs(2);
/// A watch that is being opened again for so long is missed by players.
const FOLLOWING_INTERRUPTED: Duration = Duration::from_secs(1);

/// What is known of the streams and buckets that a program uses, by their names.
#[derive(Debug, Default)]
pub(crate) struct Status {
    identities: BTreeMap<&'static str, Identity>,
    missing: BTreeMap<&'static str, String>,
    failing: BTreeMap<&'static str, Failing>,
    interrupted: BTreeMap<&'static str, Instant>,
}

/// Writes that have failed since the last that succeeded.
#[derive(Debug)]
struct Failing {
    since: Instant,
    error: String,
}

impl Status {
    /// Notes that a store is there; returns whether it is another than before.
    pub(crate) fn found(&mut self, store: &'static str, identity: Identity) -> bool {
        self.missing.remove(store);
        let before = self.identities.insert(store, identity);
        before.is_some_and(|before| before != identity)
    }

    /// Notes that a store cannot be reached or created.
    pub(crate) fn missing(&mut self, store: &'static str, error: String) {
        self.missing.insert(store, error);
    }

    /// Notes a write that the server has stored, or refused for what it said.
    pub(crate) fn wrote(&mut self, store: &str) {
        self.failing.remove(store);
    }

    /// Notes a write without an answer, or one that could not be stored.
    pub(crate) fn write_failed(&mut self, store: &'static str, error: String, now: Instant) {
        let since = self.failing.get(store).map_or(now, |failing| failing.since);
        self.failing.insert(store, Failing { since, error });
    }

    /// The stores whose last write failed.
    pub(crate) fn failing(&self) -> impl Iterator<Item = &'static str> {
        self.failing.keys().copied()
    }

    /// Notes that a store is followed without a gap, or not.
    pub(crate) fn follows(&mut self, store: &'static str, is_current: bool, now: Instant) {
        if is_current {
            self.interrupted.remove(store);
        } else {
            self.interrupted.entry(store).or_insert(now);
        }
    }

    /// What is missing, a sentence for each.
    pub(crate) fn problems(&self, is_connected: bool, now: Instant) -> Vec<String> {
        if !is_connected {
            return vec!["there is no connection to NATS".to_owned()];
        }
        let missing = self.missing.values().cloned();
        let failing = self.failing.iter().filter_map(|(store, failing)| {
            let duration = now.saturating_duration_since(failing.since);
            (duration >= WRITES_FAILING).then(|| {
                let (seconds, error) = (duration.as_secs(), &failing.error);
                format!("NATS has stored nothing in {store} for {seconds} s: {error}")
            })
        });
        let interrupted = self.interrupted.iter().filter_map(|(store, since)| {
            let duration = now.saturating_duration_since(*since);
            (duration >= FOLLOWING_INTERRUPTED)
                .then(|| format!("{store} cannot be followed for {} s", duration.as_secs()))
        });
        missing.chain(failing).chain(interrupted).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_that_was_created_again_is_another() {
        let mut status = Status::default();
        assert!(!status.found("CHAT", 1));
        assert!(!status.found("CHAT", 1));
        assert!(status.found("CHAT", 2));
    }

    #[test]
    fn says_what_is_missing_until_it_is_there() {
        let now = Instant::now();
        let mut status = Status::default();
        let gone = ["there is no connection to NATS"];
        assert_eq!(status.problems(false, now), gone);
        status.missing("CHAT", "the stream CHAT is missing".to_owned());
        assert_eq!(status.problems(true, now), ["the stream CHAT is missing"]);
        status.found("CHAT", 1);
        assert!(status.problems(true, now).is_empty());
    }

    #[test]
    fn writes_that_fail_for_a_moment_are_no_problem() {
        let now = Instant::now();
        let mut status = Status::default();
        status.write_failed("checkpoints", "timed out".to_owned(), now);
        let soon = now + WRITES_FAILING / 2;
        status.write_failed("checkpoints", "no answer".to_owned(), soon);
        assert!(status.problems(true, soon).is_empty());
        let late = now + WRITES_FAILING;
        assert_eq!(
            status.problems(true, late),
            ["NATS has stored nothing in checkpoints for 2 s: no answer"]
        );
        assert!(status.failing().eq(["checkpoints"]));
        status.wrote("checkpoints");
        assert!(status.problems(true, late).is_empty());
    }

    #[test]
    fn a_watch_that_stays_interrupted_is_a_problem() {
        let now = Instant::now();
        let mut status = Status::default();
        status.follows("rooms", false, now);
        let late = now + FOLLOWING_INTERRUPTED;
        status.follows("rooms", false, late);
        assert_eq!(
            status.problems(true, late),
            ["rooms cannot be followed for 1 s"]
        );
        status.follows("rooms", true, late);
        assert!(status.problems(true, late).is_empty());
    }
}
