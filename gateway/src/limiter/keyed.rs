//! A bounded table of buckets by key; pure.
//!
//! A full table first forgets what is idle: a full bucket says no more than a missing one.
//! A key for which there is no room after that shares a bucket with others that have none,
//! chosen by a hash that nobody outside can predict. What is not idle is never forgotten, so
//! that a flood of new keys resets no limit, and it locks nobody out whose key is in the table.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::time::{Duration, Instant};

use crate::limits::{LIMITER_KEYS_MAX, LIMITER_SHARED_BUCKETS, LIMITER_TIDY_INTERVAL};

/// What a key has spent.
pub trait Spent: Default {
    /// Whether nothing is spent, so that it need not be kept.
    fn is_idle(&self, now: Instant) -> bool;
}

impl Spent for super::bucket::Bucket {
    fn is_idle(&self, now: Instant) -> bool {
        self.is_full(now)
    }
}

/// What each key has spent.
#[derive(Debug)]
pub struct Keyed<K, V> {
    entries: HashMap<K, V>,
    entries_max: usize,
    /// What keys without an entry have spent, together with others.
    shared: Vec<V>,
    hasher: RandomState,
    tidied_at: Option<Instant>,
}

impl<K: Eq + Hash, V: Spent> Default for Keyed<K, V> {
    fn default() -> Self {
        Self::new(LIMITER_KEYS_MAX, LIMITER_SHARED_BUCKETS)
    }
}

impl<K: Eq + Hash, V: Spent> Keyed<K, V> {
    /// An empty table of at most so many keys, and that many buckets for all others.
    #[must_use]
    pub fn new(entries_max: usize, shared: usize) -> Self {
        Self {
            entries: HashMap::new(),
            entries_max,
            shared: (0..shared.max(1)).map(|_| V::default()).collect(),
            hasher: RandomState::new(),
            tidied_at: None,
        }
    }

    /// What a key has spent, which may be shared with others.
    pub fn entry(&mut self, key: &K, now: Instant) -> &mut V
    where
        K: Clone,
    {
        if !self.entries.contains_key(key) && !self.has_room(now) {
            let place = self.hasher.hash_one(key) as usize % self.shared.len();
            return &mut self.shared[place];
        }
        self.entries.entry(key.clone()).or_default()
    }

    /// Whether there is room for another key. Idle ones make room, which is looked at
    /// only from time to time.
    fn has_room(&mut self, now: Instant) -> bool {
        if self.entries.len() < self.entries_max {
            return true;
        }
        let since = |at: Instant| now.saturating_duration_since(at);
        let is_tidy = |passed: Duration| passed < LIMITER_TIDY_INTERVAL;
        if !self.tidied_at.map(since).is_some_and(is_tidy) {
            self.tidied_at = Some(now);
            self.entries.retain(|_, spent| !spent.is_idle(now));
        }
        self.entries.len() < self.entries_max
    }
}
