//! Which rooms have lost their owner, and what is left of others: a state
//! machine without I/O.
//!
//! An owner writes its room's checkpoint twice a second at least. One whose
//! revision stays the same has lost its owner, and perhaps its gateway too, so
//! that nobody misses it.
//!
//! A room's entry in the lobby is written without a condition, and its last
//! write may come late, when the room is over. An entry without a checkpoint is
//! such a ghost.

use std::collections::{HashMap, HashSet};
use std::time::Instant;

use protocol::Revision;

use crate::limits::ORPHAN_AFTER;

/// What the checkpoints looked like.
#[derive(Clone, Debug, Default)]
pub struct Sweep {
    /// By key: the revision, and since when it is the same.
    seen: HashMap<String, (Revision, Instant)>,
}

/// A room without an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Its key.
    pub key: String,
    /// The last write: an owner that lives after all has another one.
    pub revision: Revision,
}

impl Sweep {
    /// Takes all checkpoints as they are at `now`; says which have not changed
    /// for too long.
    pub fn observe(&mut self, present: &[(String, Revision)], now: Instant) -> Vec<Orphan> {
        let before = std::mem::take(&mut self.seen);
        let mut orphans = Vec::new();
        for (key, revision) in present {
            let same = before.get(key).filter(|(seen, _)| seen == revision);
            let since = same.map_or(now, |(_, since)| *since);
            if now.saturating_duration_since(since) >= ORPHAN_AFTER {
                orphans.push(Orphan {
                    key: key.clone(),
                    revision: *revision,
                });
            }
            self.seen.insert(key.clone(), (*revision, since));
        }
        orphans
    }

    /// The checkpoints could not be looked at: perhaps nobody could write them
    /// either.
    pub fn blinded(&mut self) {
        self.seen.clear();
    }
}

/// Entries of the lobby whose rooms are over. The entries must have been looked
/// at before the checkpoints: a room has its checkpoint first.
pub fn ghosts<'a>(
    entries: &'a [(String, Revision)],
    checkpoints: &[(String, Revision)],
) -> impl Iterator<Item = (&'a str, Revision)> {
    let rooms: HashSet<&str> = checkpoints.iter().map(|(key, _)| &key[..]).collect();
    let entries = entries.iter().map(|(key, revision)| (&key[..], *revision));
    entries.filter(move |(key, _)| !rooms.contains(key))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn room(name: &str, revision: Revision) -> (String, Revision) {
        (name.to_owned(), revision)
    }

    fn keys(orphans: &[Orphan]) -> Vec<&str> {
        orphans.iter().map(|orphan| &orphan.key[..]).collect()
    }

    #[test]
    fn a_room_that_nobody_writes_is_an_orphan() {
        let start = Instant::now();
        let mut sweep = Sweep::default();
        assert!(
            sweep
                .observe(&[room("a", 1), room("b", 2)], start)
                .is_empty()
        );
        let later = start + ORPHAN_AFTER;
        let early = later - Duration::from_millis(1);
        assert!(
            sweep
                .observe(&[room("a", 1), room("b", 3)], early)
                .is_empty()
        );
        let orphans = sweep.observe(&[room("a", 1), room("b", 3)], later);
        assert_eq!(keys(&orphans), ["a"]);
        assert_eq!(orphans[0].revision, 1);
        assert_eq!(sweep.observe(&[room("a", 9)], later), []);
    }

    #[test]
    fn an_entry_without_a_checkpoint_is_a_ghost() {
        let entries = [room("a", 1), room("b", 2)];
        let one = [room("a", 7)];
        let ghosts_then: Vec<_> = ghosts(&entries, &one).collect();
        assert_eq!(ghosts_then, [("b", 2)]);
        let both = [room("b", 7), room("a", 8)];
        assert_eq!(ghosts(&entries, &both).count(), 0);
    }

    #[test]
    fn a_time_without_nats_is_no_evidence() {
        let start = Instant::now();
        let mut sweep = Sweep::default();
        sweep.observe(&[room("a", 1)], start);
        sweep.blinded();
        assert_eq!(sweep.observe(&[room("a", 1)], start + 2 * ORPHAN_AFTER), []);
    }
}
