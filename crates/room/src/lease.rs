//! The lease of one room, renewed by compare-and-set: a state machine without I/O.
//!
//! Each write names the revision of the one before it, so that exactly one
//! worker can go on. At most one write is under way. A write whose answer does
//! not come is read back: our owner and epoch mean that it happened, anything
//! else that the room is lost.

use std::time::{Duration, Instant};

use protocol::checkpoint::Checkpoint;
use protocol::{Epoch, RaceId, Revision, WorkerId};

use crate::limits::{
    CHECKPOINT_INTERVAL_MAX, CHECKPOINT_INTERVAL_MIN, HEARTBEAT_INTERVAL, LEASE_IDLE, LEASE_RACING,
};

/// How often a room must be heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// A race is on.
    Racing,
    /// Nothing moves.
    Idle,
}

impl Activity {
    fn interval_max(self) -> Duration {
        match self {
            Self::Racing => CHECKPOINT_INTERVAL_MAX,
            Self::Idle => HEARTBEAT_INTERVAL,
        }
    }
}

/// How old the last checkpoint may be before its owner pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseTerms {
    /// While a race is on.
    pub racing: Duration,
    /// While nothing moves.
    pub idle: Duration,
}

impl LeaseTerms {
    fn of(self, activity: Activity) -> Duration {
        match activity {
            Activity::Racing => self.racing,
            Activity::Idle => self.idle,
        }
    }
}

impl Default for LeaseTerms {
    fn default() -> Self {
        Self {
            racing: LEASE_RACING,
            idle: LEASE_IDLE,
        }
    }
}

/// Why it is not known that a write has happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteError {
    /// It has not: the last write is another than the one it named.
    Conflict,
    /// No answer came: it may have happened, or may still happen.
    Unanswered,
}

/// A read had no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unanswered;

/// What is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pending {
    Nothing,
    /// A write, begun then.
    Write(Instant),
    /// A read, after a write begun then had no answer.
    ReadBack(Instant),
}

/// What the shell shall do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Write the room's present state over this revision.
    Write(Revision),
    /// Read the room's checkpoint.
    ReadBack,
}

/// Whether the room is still ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Ownership {
    /// Go on.
    Ours,
    /// Another worker owns it: drop it at once.
    Lost,
}

/// Who a checkpoint that was read back belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadBack {
    /// Its race: a room of this name may have been closed and made anew.
    pub race: RaceId,
    /// Its owner.
    pub owner: WorkerId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its revision.
    pub revision: Revision,
}

impl ReadBack {
    /// Of a value of the bucket and its revision; `None` when nobody can go on
    /// with it.
    #[must_use]
    pub fn of(value: &[u8], revision: Revision) -> Option<Self> {
        let Checkpoint {
            race, owner, epoch, ..
        } = Checkpoint::decode(value).ok()?;
        Some(Self {
            race,
            owner,
            epoch,
            revision,
        })
    }
}

/// The lease as its owner sees it.
#[derive(Clone, Debug)]
pub struct Lease {
    race: RaceId,
    owner: WorkerId,
    epoch: Epoch,
    revision: Revision,
    pending: Pending,
    /// When the last write that succeeded was begun: nobody can have taken
    /// the room before that.
    held_since: Instant,
    /// Other rooms write now too.
    is_renewal_due: bool,
    urgent: bool,
    /// A write had no answer, and was not there when it was looked for: it may
    /// still arrive, and make the next one fail.
    in_doubt: bool,
    /// How many writes were begun, and up to which one all is known to have
    /// happened.
    begun: u64,
    confirmed: u64,
    terms: LeaseTerms,
}

impl Lease {
    /// Of a race, after the first write of its owner under that epoch, begun at
    /// `written_at`, gave `revision`.
    #[must_use]
    pub fn new(
        race: RaceId,
        owner: WorkerId,
        epoch: Epoch,
        revision: Revision,
        written_at: Instant,
    ) -> Self {
        Self {
            race,
            owner,
            epoch,
            revision,
            pending: Pending::Nothing,
            held_since: written_at,
            is_renewal_due: false,
            urgent: false,
            in_doubt: false,
            begun: 0,
            confirmed: 0,
            terms: LeaseTerms::default(),
        }
    }

    /// With other terms than those of [`limits`](crate::limits).
    #[must_use]
    pub fn with_terms(self, terms: LeaseTerms) -> Self {
        Self { terms, ..self }
    }

    /// Under which epoch the room is owned.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// The revision of the last write.
    #[must_use]
    pub fn revision(&self) -> Revision {
        self.revision
    }

    /// Asks for a write before the interval is over: something has happened
    /// that a new owner must know.
    pub fn hurry(&mut self) {
        self.urgent = true;
    }

    /// It is a good time to write: others do so too.
    pub fn renewal_due(&mut self, now: Instant) {
        self.is_renewal_due |= self.age(now) >= CHECKPOINT_INTERVAL_MIN;
    }

    /// The first write that will hold what is true now, or did. Nobody may be
    /// told of it before that [is confirmed](Self::is_confirmed): the next owner
    /// would not know. `is_new`: it has just become true.
    #[must_use]
    pub fn write_of(&self, is_new: bool) -> u64 {
        self.begun + u64::from(is_new || self.urgent)
    }

    /// Whether that write has happened, or a later one.
    #[must_use]
    pub fn is_confirmed(&self, write: u64) -> bool {
        write <= self.confirmed
    }

    /// How old the last checkpoint is.
    #[must_use]
    pub fn age(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.held_since)
    }

    /// Whether everything so far is written.
    #[must_use]
    pub fn is_written(&self) -> bool {
        self.pending == Pending::Nothing && !self.urgent
    }

    /// What to do now, if anything. What it says is then under way.
    pub fn poll(&mut self, activity: Activity, now: Instant) -> Option<Action> {
        match self.pending {
            Pending::Write(_) | Pending::ReadBack(_) => None,
            Pending::Nothing => {
                let is_due =
                    now.saturating_duration_since(self.held_since) >= activity.interval_max();
                if !is_due && !self.is_renewal_due && !self.urgent {
                    return None;
                }
                self.is_renewal_due = false;
                self.urgent = false;
                self.pending = Pending::Write(now);
                self.begun += 1;
                Some(Action::Write(self.revision))
            }
        }
    }

    /// When the next write is due at the latest; `None` while one is under way.
    #[must_use]
    pub fn renewal_at(&self, activity: Activity) -> Option<Instant> {
        match self.pending {
            Pending::Nothing => Some(self.held_since + activity.interval_max()),
            Pending::Write(_) | Pending::ReadBack(_) => None,
        }
    }

    /// Whether a write has been begun just now.
    #[must_use]
    pub fn begins(&self, now: Instant) -> bool {
        self.pending == Pending::Write(now)
    }

    /// The write gave a revision. Returns how long it took.
    pub fn written(&mut self, revision: Revision, now: Instant) -> Duration {
        let begun = self.begun_at(now);
        self.revision = revision;
        self.held_since = begun;
        self.pending = Pending::Nothing;
        self.in_doubt = false;
        self.confirmed = self.begun;
        now.saturating_duration_since(begun)
    }

    /// The write met another revision. That is another owner's, unless an
    /// earlier write of ours was in doubt: then read back. `None`: the room is
    /// lost.
    pub fn conflicted(&mut self, now: Instant) -> Option<Action> {
        std::mem::take(&mut self.in_doubt).then(|| self.unanswered(now))
    }

    /// The write or the read had no answer: read back (again).
    pub fn unanswered(&mut self, now: Instant) -> Action {
        self.pending = Pending::ReadBack(self.begun_at(now));
        Action::ReadBack
    }

    /// The checkpoint was read back; `None` when there is none.
    pub fn read_back(&mut self, found: Option<ReadBack>, now: Instant) -> Ownership {
        let begun = self.begun_at(now);
        self.pending = Pending::Nothing;
        match found {
            Some(found)
                if (found.race, found.owner, found.epoch)
                    == (self.race, self.owner, self.epoch) =>
            {
                self.in_doubt = found.revision == self.revision;
                if !self.in_doubt {
                    self.held_since = begun;
                }
                self.revision = found.revision;
                // The write may not have happened: do not wait to try again.
                self.urgent = true;
                Ownership::Ours
            }
            Some(_) | None => Ownership::Lost,
        }
    }

    /// Whether the owner must pause: another worker may own the room.
    #[must_use]
    pub fn has_expired(&self, activity: Activity, now: Instant) -> bool {
        now.saturating_duration_since(self.held_since) > self.terms.of(activity)
    }

    /// When the owner must pause unless another write succeeds.
    #[must_use]
    pub fn expires_at(&self, activity: Activity) -> Instant {
        self.held_since + self.terms.of(activity)
    }

    fn begun_at(&self, now: Instant) -> Instant {
        match self.pending {
            Pending::Write(begun) | Pending::ReadBack(begun) => begun,
            Pending::Nothing => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWNER: WorkerId = WorkerId::new(1);

    fn race() -> RaceId {
        "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
    }

    fn lease(now: Instant) -> Lease {
        Lease::new(race(), OWNER, Epoch::FIRST, 7, now)
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn writes_at_its_turn_over_the_last_revision_one_at_a_time() {
        let start = Instant::now();
        let mut lease = lease(start);
        assert_eq!(lease.poll(Activity::Racing, start + ms(99)), None);
        let due = start + ms(100);
        lease.renewal_due(due);
        assert_eq!(lease.poll(Activity::Racing, due), Some(Action::Write(7)));
        assert_eq!(lease.poll(Activity::Racing, due + ms(300)), None);
        assert_eq!(lease.written(9, due + ms(2)), ms(2));
        assert_eq!(lease.poll(Activity::Racing, due + ms(99)), None);
        lease.renewal_due(due + ms(100));
        assert_eq!(
            lease.poll(Activity::Racing, due + ms(100)),
            Some(Action::Write(9))
        );
    }

    #[test]
    fn writes_without_a_turn_when_the_last_write_is_old_and_not_when_it_is_new() {
        let start = Instant::now();
        let mut lease = lease(start);
        lease.renewal_due(start + ms(49));
        assert_eq!(lease.poll(Activity::Racing, start + ms(124)), None);
        let write = lease.poll(Activity::Racing, start + ms(125));
        assert_eq!(write, Some(Action::Write(7)));
        // A renewal that falls due while a write is under way is not forgotten.
        lease.renewal_due(start + ms(200));
        let _ = lease.written(8, start + ms(201));
        let write = lease.poll(Activity::Racing, start + ms(201));
        assert_eq!(write, Some(Action::Write(8)));
    }

    #[test]
    fn stands_still_when_the_last_write_is_too_old() {
        let start = Instant::now();
        let lease = lease(start);
        assert!(!lease.has_expired(Activity::Racing, start + ms(250)));
        assert!(lease.has_expired(Activity::Racing, start + ms(251)));
        assert!(!lease.has_expired(Activity::Idle, start + ms(251)));
        assert!(lease.has_expired(Activity::Idle, start + ms(1_001)));
    }

    #[test]
    fn the_fence_counts_from_when_the_write_was_begun() {
        let start = Instant::now();
        let mut lease = lease(start);
        lease.poll(Activity::Racing, start + ms(125));
        lease.written(8, start + ms(300));
        assert!(lease.has_expired(Activity::Racing, start + ms(376)));
    }

    #[test]
    fn a_write_in_doubt_is_adopted_when_it_is_ours_and_lost_when_not() {
        let start = Instant::now();
        let found = |owner, epoch, revision| {
            Some(ReadBack {
                race: race(),
                owner,
                epoch,
                revision,
            })
        };
        let other = WorkerId::new(2);
        for (found, expected) in [
            (found(OWNER, Epoch::FIRST, 8), Ownership::Ours),
            (found(OWNER, Epoch::FIRST, 7), Ownership::Ours),
            (found(other, Epoch(2), 8), Ownership::Lost),
            (found(other, Epoch::FIRST, 8), Ownership::Lost),
            (found(OWNER, Epoch(2), 8), Ownership::Lost),
            (None, Ownership::Lost),
        ] {
            let mut lease = lease(start);
            lease.poll(Activity::Racing, start + ms(125));
            assert_eq!(lease.unanswered(start + ms(400)), Action::ReadBack);
            assert_eq!(
                lease.read_back(found, start + ms(401)),
                expected,
                "{found:?}"
            );
            if let (Ownership::Ours, Some(found)) = (expected, found) {
                let next = lease.poll(Activity::Racing, start + ms(401));
                assert_eq!(next, Some(Action::Write(found.revision)));
            }
        }
    }

    #[test]
    fn another_race_of_the_same_room_and_owner_is_not_ours() {
        let start = Instant::now();
        let mut lease = lease(start);
        lease.poll(Activity::Racing, start + ms(125));
        lease.unanswered(start + ms(400));
        let found = ReadBack {
            race: "01BX5ZZKBKACTAV9WEVGEMMVRZ".parse().unwrap(),
            owner: OWNER,
            epoch: Epoch::FIRST,
            revision: 9,
        };
        let ownership = lease.read_back(Some(found), start + ms(401));
        assert_eq!(ownership, Ownership::Lost);
    }

    #[test]
    fn an_own_write_that_arrives_late_is_not_taken_for_somebody_elses() {
        let start = Instant::now();
        let found = |revision| {
            Some(ReadBack {
                race: race(),
                owner: OWNER,
                epoch: Epoch::FIRST,
                revision,
            })
        };
        let mut lease = lease(start);
        lease.poll(Activity::Racing, start + ms(125));
        lease.unanswered(start + ms(400));
        assert_eq!(lease.read_back(found(7), start + ms(401)), Ownership::Ours);
        assert_eq!(
            lease.poll(Activity::Racing, start + ms(401)),
            Some(Action::Write(7))
        );
        // The first write has arrived meanwhile.
        assert_eq!(lease.conflicted(start + ms(402)), Some(Action::ReadBack));
        assert_eq!(lease.read_back(found(8), start + ms(403)), Ownership::Ours);
        assert_eq!(
            lease.poll(Activity::Racing, start + ms(403)),
            Some(Action::Write(8))
        );
        assert_eq!(lease.conflicted(start + ms(404)), None);
    }

    #[test]
    fn what_a_write_under_way_does_not_hold_waits_for_the_next_one() {
        let start = Instant::now();
        let mut lease = lease(start);
        lease.poll(Activity::Racing, start + ms(125));
        let write = lease.write_of(true);
        lease.hurry();
        assert_eq!(lease.write_of(false), write, "also if it is asked again");
        lease.written(8, start + ms(126));
        assert!(!lease.is_confirmed(write));
        lease.poll(Activity::Racing, start + ms(101));
        lease.unanswered(start + ms(401));
        let found = ReadBack {
            race: race(),
            owner: OWNER,
            epoch: Epoch::FIRST,
            revision: 9,
        };
        let ours = lease.read_back(Some(found), start + ms(402));
        assert_eq!(ours, Ownership::Ours);
        assert!(
            !lease.is_confirmed(write),
            "which write it was is not known"
        );
        lease.poll(Activity::Racing, start + ms(402));
        lease.written(10, start + ms(403));
        assert!(lease.is_confirmed(write));
        assert_eq!(lease.age(start + ms(403)), ms(1));
    }

    #[test]
    fn what_happened_hurries_the_next_write() {
        let start = Instant::now();
        let mut lease = lease(start);
        lease.hurry();
        assert!(!lease.is_written());
        assert_eq!(
            lease.poll(Activity::Idle, start + ms(1)),
            Some(Action::Write(7))
        );
        let _ = lease.written(8, start + ms(2));
        assert!(lease.is_written());
    }
}
