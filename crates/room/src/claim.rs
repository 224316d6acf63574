//! How a room is taken over: a state machine without I/O.
//!
//! Each [`Step`] is carried out and answered before the next. What it comes to
//! is the room under its new owner, or why not.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use arrayvec::ArrayVec;
use domain::{SEATS_MAX, UnknownVersion};
use protocol::checkpoint::{Checkpoint, Claimed};
use protocol::{Epoch, GatewayId, Rejection, RejectionCode, Reply, Revision, RoomId, WorkerId};
use simulation::Track;

use crate::lease::{Lease, ReadBack, Unanswered, WriteError};
use crate::room::record::RestoreError;
use crate::room::{Ownership, Room};

/// Reads after a write in doubt; each waits 300 ms at the most.
pub const READ_BACK_ATTEMPTS: u32 = 3;

/// Evidence that a room has lost its owner. It is good for
/// exactly the state that was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Nothing was heard of the owner of that epoch.
    Silent(Epoch),
    /// That write was the last for too long.
    Unwritten(Revision),
}

/// What the shell shall do next.
#[derive(Debug)]
pub enum Step {
    /// Read the checkpoint; then [`Claim::found`].
    Read,
    /// Take a capacity permit for the room, and listen to what its owner hears; then
    /// [`Claim::listening`]. Before the compare-and-set: no input may fall
    /// between two owners.
    Listen,
    /// Write that checkpoint over that revision; then [`Claim::written`].
    Write(Vec<u8>, Revision),
    /// Read whose the checkpoint is; then [`Claim::read_back`].
    ReadBack,
    /// Run the room.
    Run(Box<Taken>),
    /// Leave the room to a worker that reads its version: report it, and answer
    /// that the room cannot be taken here.
    LeaveAlone(UnknownVersion),
    /// Set the checkpoint aside, whose room nobody can go on with: its name is free
    /// then, and the answer is that there is no such room.
    Quarantine(Damage),
    /// Another worker has it, or it cannot be taken: answer that.
    Answer(Reply<Claimed>),
}

/// A checkpoint that cannot be gone on with, by any worker of this release or of
/// another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Its bytes.
    pub payload: Vec<u8>,
    /// The write that they are of.
    pub revision: Revision,
    /// What is wrong with them.
    pub reason: String,
}

/// A room that was taken over.
#[derive(Debug)]
pub struct Taken {
    /// As its last checkpoint has it.
    pub room: Room,
    /// Its lease, after the first write.
    pub lease: Lease,
    /// The gateways with players that the checkpoint names.
    pub gateways: ArrayVec<GatewayId, SEATS_MAX>,
    /// The answer to the request.
    pub claimed: Claimed,
}

/// The rooms that a worker is taking over just now: one attempt at a time for
/// each. A second one could not distinguish a write of the first from its own, since
/// owner and epoch are the same, and the room would run twice.
#[derive(Debug, Default)]
pub struct ClaimsUnderWay(HashSet<RoomId>);

impl ClaimsUnderWay {
    /// Whether an attempt may begin: none is under way. It must end.
    #[must_use]
    pub fn begin(&mut self, room: &RoomId) -> bool {
        self.0.insert(room.clone())
    }

    /// The attempt is over.
    pub fn end(&mut self, room: &RoomId) {
        self.0.remove(room);
    }
}

/// What a claim has found, and goes on from.
#[derive(Debug)]
struct Found {
    checkpoint: Checkpoint,
    /// Its bytes.
    value: Vec<u8>,
    revision: Revision,
    /// Under which epoch the claimer will own the room.
    epoch: Epoch,
}

/// One attempt to take a room over.
#[derive(Debug)]
pub struct Claim {
    claimer: WorkerId,
    room: RoomId,
    evidence: Evidence,
    found: Option<Found>,
    /// The room under its new owner, and when its first write was begun.
    taking: Option<(Room, Instant)>,
    /// Reads that had no answer.
    unread: u32,
}

impl Claim {
    /// By a worker, of a room. Begins with [`Step::Read`].
    #[must_use]
    pub fn new(claimer: WorkerId, room: RoomId, evidence: Evidence) -> Self {
        Self {
            claimer,
            room,
            evidence,
            found: None,
            taking: None,
            unread: 0,
        }
    }

    /// The checkpoint, if there is one. One that another worker has taken over
    /// already is left there, and the answer says so.
    pub fn found(&mut self, found: Result<Option<(&[u8], Revision)>, Unanswered>) -> Step {
        let (value, revision) = match found {
            Ok(Some(found)) => found,
            Ok(None) => return Step::Answer(Err(missing(&self.room))),
            Err(Unanswered) => return refused("the checkpoint could not be read"),
        };
        let before = match Checkpoint::decode(value) {
            Ok(before) => before,
            Err(error) => return unusable(&error.into(), value, revision),
        };
        let is_outdated = match self.evidence {
            Evidence::Silent(seen) => before.epoch > seen,
            Evidence::Unwritten(seen) => revision != seen,
        };
        if is_outdated {
            return Step::Answer(Ok(Claimed {
                race: before.race,
                owner: before.owner,
                epoch: before.epoch,
            }));
        }
        if let Evidence::Silent(seen) = self.evidence
            && seen.is_far_above(before.epoch)
        {
            return refused("the claim has seen an epoch that cannot be");
        }
        let next = match self.evidence {
            Evidence::Silent(seen) => before.epoch.max(seen).next(),
            Evidence::Unwritten(_) => before.epoch.next(),
        };
        match (next, self.evidence) {
            (Some(epoch), _) => {
                self.found = Some(Found {
                    checkpoint: before,
                    value: value.to_vec(),
                    revision,
                    epoch,
                });
                Step::Listen
            }
            // Its owner may live.
            (None, Evidence::Silent(_)) => refused("no epoch follows the largest"),
            (None, Evidence::Unwritten(_)) => Step::Quarantine(Damage {
                payload: value.to_vec(),
                revision,
                reason: "its epoch is the largest: no owner can follow".to_owned(),
            }),
        }
    }

    /// The worker listens to the room. `find_track` knows the tracks by name.
    pub fn listening(
        &mut self,
        find_track: impl FnOnce(&str) -> Option<Arc<Track>>,
        now: Instant,
    ) -> Step {
        let Some(found) = &self.found else {
            return refused("nothing was found");
        };
        let ownership = Ownership {
            owner: self.claimer,
            epoch: found.epoch,
        };
        match Room::restore(&found.checkpoint, ownership, find_track, now) {
            Ok(room) => {
                let step = Step::Write(room.checkpoint().encode(), found.revision);
                self.taking = Some((room, now));
                step
            }
            Err(error) => unusable(&error, &found.value, found.revision),
        }
    }

    /// What came of the compare-and-set.
    pub fn written(&mut self, outcome: Result<Revision, WriteError>) -> Step {
        match outcome {
            Ok(revision) => self.run(revision),
            Err(WriteError::Conflict) => refused("another worker was faster"),
            // It may have happened: then the room is ours, and nobody else's.
            Err(WriteError::Unanswered) => Step::ReadBack,
        }
    }

    /// Whose the checkpoint is after a write that had no answer.
    pub fn read_back(&mut self, found: Result<Option<ReadBack>, Unanswered>) -> Step {
        match found {
            Ok(Some(found)) if self.is_own(&found) => self.run(found.revision),
            Ok(_) => refused("the checkpoint is not ours"),
            Err(Unanswered) => {
                self.unread += 1;
                if self.unread < READ_BACK_ATTEMPTS {
                    Step::ReadBack
                } else {
                    refused("whose the checkpoint is could not be read")
                }
            }
        }
    }

    fn is_own(&self, read: &ReadBack) -> bool {
        self.found.as_ref().is_some_and(|found| {
            (read.race, read.owner, read.epoch)
                == (found.checkpoint.race, self.claimer, found.epoch)
        })
    }

    fn run(&mut self, revision: Revision) -> Step {
        let (Some(found), Some((room, begun))) = (&self.found, self.taking.take()) else {
            return refused("nothing was written");
        };
        let (before, epoch) = (&found.checkpoint, found.epoch);
        let claimed = Claimed {
            race: before.race,
            owner: self.claimer,
            epoch,
        };
        Step::Run(Box::new(Taken {
            room,
            lease: Lease::new(before.race, self.claimer, epoch, revision, begun),
            gateways: before.gateways.clone(),
            claimed,
        }))
    }
}

/// The refusal of a room that does not exist.
#[must_use]
pub fn missing(room: &RoomId) -> Rejection {
    let message = format!("there is no room {room}");
    Rejection::new(RejectionCode::RoomMissing, message)
}

fn refused(why: &str) -> Step {
    Step::Answer(Err(unavailable(why)))
}

fn unusable(error: &RestoreError, value: &[u8], revision: Revision) -> Step {
    if let Some(unknown) = error.unknown_version() {
        return Step::LeaveAlone(unknown);
    }
    match Damage::of(error, value, revision) {
        Some(damage) => Step::Quarantine(damage),
        None => refused(&error.to_string()),
    }
}

impl Damage {
    /// The damage of a checkpoint that could not be read or restored; `None` when
    /// another worker may be able to.
    #[must_use]
    pub fn of(error: &RestoreError, value: &[u8], revision: Revision) -> Option<Self> {
        error.is_damage().then(|| Self {
            payload: value.to_vec(),
            revision,
            reason: error.to_string(),
        })
    }
}

/// The refusal of a room that another attempt may get; `why` is for the log.
#[must_use]
pub fn unavailable(why: &str) -> Rejection {
    tracing::debug!(why, "could not take a room");
    let message = "the room cannot be taken just now, try again in a moment";
    Rejection::new(RejectionCode::Unavailable, message)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::lobby::RoomSettings;
    use protocol::{RaceId, RoomName, version};

    use super::*;
    use crate::room::Identity;

    const OLD: WorkerId = WorkerId::new(1);
    const NEW: WorkerId = WorkerId::new(2);

    fn checkpoint(epoch: Epoch) -> Vec<u8> {
        let identity = Identity {
            race: race(),
            name: RoomName::parse("duel").unwrap(),
            settings: RoomSettings::default(),
            creator: None,
            request: None,
        };
        let ownership = Ownership { owner: OLD, epoch };
        let room = Room::new(identity, ownership, track(""), Instant::now());
        room.checkpoint().encode()
    }

    fn race() -> RaceId {
        "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap()
    }

    fn track(_name: &str) -> Arc<Track> {
        Arc::new(Track::highway())
    }

    fn claim(evidence: Evidence) -> Claim {
        let room = RoomName::parse("duel").unwrap().id();
        Claim::new(NEW, room, evidence)
    }

    /// A claim whose compare-and-set over revision 7 is under way.
    fn writing(seen: Epoch) -> Claim {
        let mut claim = claim(Evidence::Silent(seen));
        let found = checkpoint(Epoch(3));
        assert!(matches!(claim.found(Ok(Some((&found, 7)))), Step::Listen));
        let step = claim.listening(|name| Some(track(name)), Instant::now());
        let Step::Write(value, 7) = step else {
            panic!("{step:?}");
        };
        let written = Checkpoint::decode(&value).unwrap();
        assert_eq!(
            (written.owner, written.epoch),
            (NEW, seen.max(Epoch(3)).next().unwrap())
        );
        claim
    }

    #[test]
    fn takes_a_room_under_an_epoch_that_nobody_has_seen() {
        let furthest = Epoch(3 + Epoch::AHEAD_MAX);
        for (seen, epoch) in [
            (Epoch(3), Epoch(4)),
            (Epoch(9), Epoch(10)),
            (furthest, Epoch(furthest.0 + 1)),
        ] {
            let Step::Run(taken) = writing(seen).written(Ok(8)) else {
                panic!("not taken");
            };
            assert_eq!(taken.claimed.epoch, epoch);
            assert_eq!(taken.lease.epoch(), epoch);
            assert_eq!(taken.lease.revision(), 8);
        }
    }

    #[test]
    fn leaves_a_room_to_who_has_it_already() {
        let found = checkpoint(Epoch(3));
        for evidence in [Evidence::Silent(Epoch(2)), Evidence::Unwritten(6)] {
            let step = claim(evidence).found(Ok(Some((&found, 7))));
            let Step::Answer(Ok(claimed)) = step else {
                panic!("{evidence:?}: {step:?}");
            };
            assert_eq!((claimed.owner, claimed.epoch), (OLD, Epoch(3)));
        }
    }

    #[test]
    fn says_why_a_room_cannot_be_taken() {
        let code = |step| match step {
            Step::Answer(Err(rejection)) => rejection.code,
            step => panic!("{step:?}"),
        };
        let evidence = Evidence::Silent(Epoch(3));
        let none = claim(evidence).found(Ok(None));
        assert_eq!(code(none), RejectionCode::RoomMissing);
        let found = checkpoint(Epoch(3));
        let mut trackless = claim(evidence);
        trackless.found(Ok(Some((&found, 7))));
        for step in [
            claim(evidence).found(Err(Unanswered)),
            claim(Evidence::Silent(Epoch::MAX)).found(Ok(Some((&found, 7)))),
            claim(Evidence::Silent(Epoch(3 + Epoch::AHEAD_MAX + 1))).found(Ok(Some((&found, 7)))),
            trackless.listening(|_| None, Instant::now()),
            writing(Epoch(3)).written(Err(WriteError::Conflict)),
        ] {
            assert_eq!(code(step), RejectionCode::Unavailable);
        }
    }

    #[test]
    fn sets_a_checkpoint_aside_that_nobody_can_go_on_with() {
        let cut_off = [version::CHECKPOINT.written()];
        let last = checkpoint(Epoch::MAX);
        for (value, evidence) in [
            (&cut_off[..], Evidence::Silent(Epoch(3))),
            (&last[..], Evidence::Unwritten(7)),
        ] {
            let step = claim(evidence).found(Ok(Some((value, 7))));
            let Step::Quarantine(damage) = step else {
                panic!("{evidence:?}: {step:?}");
            };
            assert_eq!((&damage.payload[..], damage.revision), (value, 7));
        }

        let mut found = Checkpoint::decode(&checkpoint(Epoch(3))).unwrap();
        found.state = vec![version::ROOM_STATE.written(), 200].into();
        let mut claim = claim(Evidence::Unwritten(7));
        let step = claim.found(Ok(Some((&found.encode(), 7))));
        assert!(matches!(step, Step::Listen), "{step:?}");
        let step = claim.listening(|name| Some(track(name)), Instant::now());
        let Step::Quarantine(damage) = step else {
            panic!("{step:?}");
        };
        assert_eq!(damage.payload, found.encode());
        assert!(damage.reason.contains("a damaged room state"), "{damage:?}");
    }

    #[test]
    fn leaves_a_room_of_a_newer_version_to_another_worker() {
        let evidence = Evidence::Silent(Epoch(3));
        let newer = |bytes: &[u8]| {
            let mut bytes = bytes.to_vec();
            bytes[0] += 1;
            bytes
        };
        let envelope = newer(&checkpoint(Epoch(3)));
        let step = claim(evidence).found(Ok(Some((&envelope, 7))));
        let Step::LeaveAlone(unknown) = step else {
            panic!("{step:?}");
        };
        assert_eq!(unknown.format, version::CHECKPOINT);
        assert_eq!(unknown.found, version::CHECKPOINT.newest() + 1);

        let mut found = Checkpoint::decode(&checkpoint(Epoch(3))).unwrap();
        found.state = newer(&found.state).into();
        let mut claim = claim(evidence);
        let step = claim.found(Ok(Some((&found.encode(), 7))));
        assert!(matches!(step, Step::Listen), "{step:?}");
        let step = claim.listening(|name| Some(track(name)), Instant::now());
        let Step::LeaveAlone(unknown) = step else {
            panic!("{step:?}");
        };
        assert_eq!(unknown.format, version::ROOM_STATE);
    }

    #[test]
    fn a_write_without_an_answer_is_read_back() {
        let found = |owner, epoch| {
            Ok(Some(ReadBack {
                race: race(),
                owner,
                epoch,
                revision: 8,
            }))
        };
        let mut claim = writing(Epoch(3));
        let unanswered = Err(WriteError::Unanswered);
        assert!(matches!(claim.written(unanswered), Step::ReadBack));
        assert!(matches!(claim.read_back(Err(Unanswered)), Step::ReadBack));
        assert!(matches!(
            claim.read_back(found(NEW, Epoch(4))),
            Step::Run(_)
        ));
        for other in [found(OLD, Epoch(3)), found(NEW, Epoch(5)), Ok(None)] {
            let mut claim = writing(Epoch(3));
            claim.written(unanswered);
            assert!(matches!(claim.read_back(other), Step::Answer(Err(_))));
        }
    }

    #[test]
    fn one_attempt_at_a_time_for_each_room() {
        let room = |name| RoomName::parse(name).unwrap().id();
        let mut claims = ClaimsUnderWay::default();
        assert!(claims.begin(&room("duel")));
        assert!(!claims.begin(&room("duel")));
        assert!(claims.begin(&room("other")));
        claims.end(&room("duel"));
        assert!(claims.begin(&room("duel")));
    }

    #[test]
    fn the_fence_counts_from_before_the_write() {
        let mut claim = claim(Evidence::Unwritten(7));
        let found = checkpoint(Epoch(3));
        claim.found(Ok(Some((&found, 7))));
        let begun = Instant::now();
        claim.listening(|name| Some(track(name)), begun);
        let Step::Run(taken) = claim.written(Ok(8)) else {
            panic!("not taken");
        };
        let later = begun + Duration::from_millis(300);
        assert_eq!(taken.lease.age(later), Duration::from_millis(300));
    }
}
