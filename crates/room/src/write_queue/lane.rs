//! Writes in their order, one in flight, repeated with a growing pause.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::PendingWrite;
use crate::limits::{RETRY_DELAY, RETRY_DELAY_MAX};

/// The writes of one lane.
#[derive(Debug, Default)]
pub(super) struct Queue {
    /// The first may be in flight.
    queue: VecDeque<Arc<PendingWrite>>,
    is_in_flight: bool,
    /// Since when every attempt has failed, how many have, and when to try again.
    failing_since: Option<Instant>,
    failures: u32,
    retry_at: Option<Instant>,
}

impl Queue {
    pub(super) fn push(&mut self, pending: PendingWrite) {
        self.queue.push_back(Arc::new(pending));
    }

    /// Adds a write in the place of one that waits and is `same`.
    pub(super) fn replace(&mut self, pending: PendingWrite, same: impl Fn(&PendingWrite) -> bool) {
        self.take_waiting(same);
        self.push(pending);
    }

    /// Takes out a write that waits and is as asked.
    pub(super) fn take_waiting(
        &mut self,
        is_it: impl Fn(&PendingWrite) -> bool,
    ) -> Option<Arc<PendingWrite>> {
        let first = usize::from(self.is_in_flight);
        let mut waiting = self.queue.iter().skip(first);
        let found = waiting.position(|pending| is_it(pending))?;
        self.queue.remove(first + found)
    }

    /// Drops all that waits.
    pub(super) fn clear_waiting(&mut self) {
        self.queue.truncate(self.is_in_flight.into());
    }

    pub(super) fn len(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.queue.is_empty()
    }

    /// Whether the last attempt has failed.
    pub(super) fn is_failing(&self) -> bool {
        self.failing_since.is_some()
    }

    /// For how long every attempt has failed.
    pub(super) fn failing_for(&self, now: Instant) -> Duration {
        self.failing_since
            .map_or(Duration::ZERO, |since| now.saturating_duration_since(since))
    }

    pub(super) fn retry_at(&self) -> Option<Instant> {
        self.retry_at
    }

    /// The first write, if it is good to begin, and may be.
    pub(super) fn begin(
        &mut self,
        may_begin: bool,
        is_good: impl Fn(&PendingWrite) -> bool,
        now: Instant,
    ) -> Option<Arc<PendingWrite>> {
        if self.retry_at.is_some_and(|at| now >= at) {
            self.retry_at = None;
        }
        if !may_begin || self.is_in_flight || self.retry_at.is_some() {
            return None;
        }
        let first = self.queue.front().filter(|pending| is_good(pending))?;
        self.is_in_flight = true;
        Some(Arc::clone(first))
    }

    /// The write in flight has succeeded, and is gone, or failed, and is the first
    /// still. Returns it.
    pub(super) fn done(&mut self, is_done: bool, now: Instant) -> Option<Arc<PendingWrite>> {
        if !std::mem::take(&mut self.is_in_flight) {
            return None;
        }
        if is_done {
            (self.failing_since, self.failures) = (None, 0);
            return self.queue.pop_front();
        }
        self.failing_since.get_or_insert(now);
        let delay = RETRY_DELAY.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        self.retry_at = Some(now + delay.min(RETRY_DELAY_MAX));
        self.queue.front().cloned()
    }

    /// Gives the first write up.
    pub(super) fn drop_first(&mut self) {
        self.queue.pop_front();
    }

    /// Puts another write in the place of the first, to be tried at once or after
    /// the pause.
    pub(super) fn exchange_first(&mut self, pending: PendingWrite, is_at_once: bool) {
        if let Some(first) = self.queue.front_mut() {
            *first = Arc::new(pending);
        }
        if is_at_once {
            self.retry_at = None;
        }
    }
}
