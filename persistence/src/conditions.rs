//! What this process cannot do at present: the reason why it is not ready.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use service::{Condition, Health};
use tracing::{debug, info, warn};

use crate::metrics;

/// A user of the database or of NATS in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// The reader of a stream, by its name.
    Stream(&'static str),
    /// Sign-up, log-in, profiles.
    Calls,
    /// The removal of what is expired.
    Sweep,
}

/// The two conditions of readiness. Clones share them.
#[derive(Clone, Debug)]
pub struct Conditions {
    database: Arc<Mutex<Troubles>>,
    queues: Arc<Mutex<Troubles>>,
    database_condition: Condition,
    queues_condition: Condition,
}

/// The parts for which something does not work.
#[derive(Debug, Default)]
struct Troubles(BTreeSet<Part>);

impl Troubles {
    /// Returns whether this is the beginning.
    fn begin(&mut self, part: Part) -> bool {
        let is_first = self.0.is_empty();
        self.0.insert(part);
        is_first
    }

    /// Returns whether this is the end.
    fn end(&mut self, parts: &[Part]) -> bool {
        let were_some = !self.0.is_empty();
        for part in parts {
            self.0.remove(part);
        }
        were_some && self.0.is_empty()
    }
}

impl Conditions {
    /// Everything works.
    #[must_use]
    pub fn new(health: &Health) -> Self {
        Self {
            database: Arc::default(),
            queues: Arc::default(),
            database_condition: health.condition("the database"),
            queues_condition: health.condition("the streams"),
        }
    }

    /// The database has failed a part. Only the first failure is a line in the log.
    pub(crate) fn database_failed(&self, part: Part, error: &str) {
        metrics::failed("database");
        self.database_condition.fail(error);
        if lock(&self.database).begin(part) {
            warn!(
                error,
                "cannot use the database, trying again until it works"
            );
        } else {
            debug!(error, ?part, "still cannot use the database");
        }
    }

    /// The database has written for these parts.
    pub(crate) fn database_works(&self, parts: &[Part]) {
        if lock(&self.database).end(parts) {
            self.database_condition.ok();
            info!("the database works again");
        }
    }

    /// A stream cannot be read.
    pub(crate) fn queue_failed(&self, part: Part, error: &str) {
        metrics::failed("queue");
        self.queues_condition.fail(error);
        if lock(&self.queues).begin(part) {
            warn!(
                error,
                "cannot read the streams, trying again until it works"
            );
        } else {
            debug!(error, ?part, "still cannot read the streams");
        }
    }

    /// A stream has been read.
    pub(crate) fn queue_works(&self, part: Part) {
        if lock(&self.queues).end(&[part]) {
            self.queues_condition.ok();
            info!("the streams can be read again");
        }
    }
}

fn lock(troubles: &Mutex<Troubles>) -> MutexGuard<'_, Troubles> {
    troubles.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begins_with_the_first_part_and_ends_with_the_last() {
        let results = Part::Stream("RESULTS");
        let mut troubles = Troubles::default();
        assert!(!troubles.end(&[results]));
        assert!(troubles.begin(results));
        assert!(!troubles.begin(results));
        assert!(!troubles.begin(Part::Sweep));
        assert!(!troubles.end(&[results]));
        assert!(!troubles.end(&[results]));
        assert!(troubles.end(&[Part::Calls, Part::Sweep]));
        assert!(troubles.begin(Part::Calls));
    }
}
