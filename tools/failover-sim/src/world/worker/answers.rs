//! What a worker has asked for, and hears.

use protocol::{Revision, WorkerId};
use room::claim::{Evidence, Step, unavailable};
use room::lease::{ReadBack, Unanswered, WriteError};
use room::ownership::Event;
use room::sweep::ghosts;

use super::{JETSTREAM_TIMEOUT, Owner, Purpose, Worker, owner_of};
use crate::bug::Bug;
use crate::message::Pid;
use crate::message::{Body, CatchUp, Kept, Key, Later, Op, ReplyTo, RoomIndex, Token};
use crate::time::{Ns, SECOND};
use crate::world::World;

impl World {
    pub(super) fn worker_answer(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        token: Token,
        body: Body,
    ) {
        let Some(purpose) = worker.waiting.get(&token).cloned() else {
            return;
        };
        let is_last = !matches!((&purpose, &body), (Purpose::CatchUp(_), Body::CatchUp(_)));
        if is_last {
            worker.waiting.remove(&token);
        }
        match purpose {
            Purpose::Written(key) => {
                let outcome = self.written(&body);
                if let Some(owner) = owner_of(worker, key) {
                    if outcome.is_ok() {
                        owner.held_since = owner.write_begun;
                    }
                    self.event(pid, owner, Event::Written(outcome));
                }
            }
            Purpose::Read(key) => {
                if let Some(owner) = owner_of(worker, key) {
                    let begun = owner.write_begun;
                    let found = read_back(body);
                    if let Ok(Some(found)) = found
                        && (found.owner, found.epoch)
                            == (worker_id(owner), owner.core.lease().epoch())
                        && found.revision != owner.core.lease().revision()
                    {
                        owner.held_since = begun;
                    }
                    self.event(pid, owner, Event::Read(found));
                }
            }
            Purpose::PendingWrite(key, lane) => {
                let is_refused = matches!(body, Body::Refused);
                let is_done = matches!(body, Body::Done)
                    || (is_refused && self.bug == Some(Bug::RefusalTakenForDone));
                if let Some(owner) = owner_of(worker, key) {
                    self.event(pid, owner, Event::RecordWritten(lane, is_done));
                }
            }
            Purpose::CatchUp(key) => {
                if let Some(owner) = owner_of(worker, key) {
                    match body {
                        Body::CatchUp(answer) => self.caught(pid, owner, *answer),
                        _ => self.event(pid, owner, Event::CatchUpEnded),
                    }
                }
            }
            Purpose::Count(key, index, is_again) => {
                self.counted(pid, worker, key, index, is_again, body);
            }
            Purpose::Offer(key) => {
                if let Some(owner) = owner_of(worker, key) {
                    let taken = match body {
                        Body::Claimed(Ok(claimed)) => Some(claimed),
                        _ => None,
                    };
                    self.event(pid, owner, Event::Offered(taken));
                }
            }
            Purpose::ClaimRead(key) => {
                let found = match &body {
                    Body::Got(got) => Ok(got.as_ref().map(|(value, at)| (&value[..], *at))),
                    _ => Err(Unanswered),
                };
                self.step(pid, worker, key, |claim, _| claim.found(found));
            }
            Purpose::ClaimListen(key) if matches!(body, Body::Subscribed) => {
                self.listening(pid, worker, key);
            }
            Purpose::ClaimListen(key) => {
                self.step(pid, worker, key, |_, _| {
                    Step::Answer(Err(unavailable("could not listen")))
                });
            }
            Purpose::ClaimWritten(key) => {
                let outcome = self.written(&body);
                self.step(pid, worker, key, |claim, _| claim.written(outcome));
            }
            Purpose::ClaimReadBack(key) => {
                let found = read_back(body);
                self.step(pid, worker, key, |claim, _| claim.read_back(found));
            }
            Purpose::SweepEntries => match body {
                Body::Listed(entries) => self.sweep(pid, worker, keyed(entries)),
                _ => worker.sweep.blinded(),
            },
            Purpose::SweepResults => {
                if let Body::Kept(kept) = body {
                    for (
                        id,
                        Kept {
                            room,
                            result,
                            revision,
                        },
                    ) in kept
                    {
                        let purpose = Purpose::Moved(id.clone(), revision);
                        let reply_to = self.ask(pid, worker, purpose, JETSTREAM_TIMEOUT);
                        self.submit(pid, Op::AppendResult(room, id, result, reply_to));
                    }
                }
            }
            Purpose::Moved(id, revision) => {
                if matches!(body, Body::Done) {
                    self.submit(pid, Op::DeleteResult(id, revision));
                }
            }
            Purpose::Sweep(entries) => self.swept(pid, worker, &entries, body),
        }
    }

    pub(super) fn written(&self, body: &Body) -> Result<u64, WriteError> {
        match body {
            Body::Written(outcome) => *outcome,
            _ if self.bug == Some(Bug::TimeoutTakenForLost) => Err(WriteError::Conflict),
            _ => Err(WriteError::Unanswered),
        }
    }

    pub(super) fn caught(&mut self, pid: Pid, owner: &mut Owner, answer: CatchUp) {
        if !owner.is_caught_up {
            owner.answered.push((answer.gateway, answer.passed));
            owner.due.extend(answer.inputs);
        }
        self.event(pid, owner, Event::CatchUp(&answer.bytes));
    }

    pub(super) fn counted(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        key: Key,
        index: usize,
        is_again: bool,
        body: Body,
    ) {
        let Some(owner) = owner_of(worker, key) else {
            return;
        };
        let present = match body {
            Body::Present(sessions) => Some(sessions),
            Body::NoResponders if is_again => Some(Vec::new()),
            Body::NoResponders => {
                self.later(pid, SECOND, Later::CheckPresence(key, index));
                return;
            }
            _ => None,
        };
        if let Some(entry) = owner.presence.get_mut(index) {
            entry.1 = present;
        }
        owner.uncounted -= 1;
        if owner.uncounted == 0 {
            self.oracle.reseated(owner.room);
            let presence = std::mem::take(&mut owner.presence);
            self.event(pid, owner, Event::PresenceChecked(presence));
        }
    }

    pub(super) fn sweep(&mut self, pid: Pid, worker: &mut Worker, entries: Vec<(String, u64)>) {
        let reply_to = self.ask(pid, worker, Purpose::Sweep(entries), SECOND);
        self.submit(pid, Op::ListCheckpoints(reply_to));
    }

    fn swept(&mut self, pid: Pid, worker: &mut Worker, entries: &[(String, u64)], body: Body) {
        let Body::Listed(listed) = body else {
            worker.sweep.blinded();
            return;
        };
        let present = keyed(listed);
        for (key, revision) in ghosts(entries, &present) {
            if let Ok(room) = key.parse() {
                self.submit(pid, Op::DeleteEntry(room, revision));
            }
        }
        for orphan in worker.sweep.observe(&present, self.local(pid)) {
            if let Ok(room) = orphan.key.parse() {
                let evidence = Evidence::Unwritten(orphan.revision);
                self.begin_claim(pid, worker, room, evidence, None);
            }
        }
    }

    pub(super) fn ask(
        &mut self,
        pid: Pid,
        worker: &mut Worker,
        purpose: Purpose,
        timeout: Ns,
    ) -> ReplyTo {
        let token = self.next_token();
        worker.waiting.insert(token, purpose);
        self.time_out(pid, token, timeout);
        ReplyTo { pid, token }
    }
}

fn keyed(listed: Vec<(RoomIndex, Revision)>) -> Vec<(String, Revision)> {
    let listed = listed.into_iter();
    listed
        .map(|(room, revision)| (room.to_string(), revision))
        .collect()
}

fn worker_id(owner: &Owner) -> WorkerId {
    owner.core.room().lobby_entry().owner
}

fn read_back(body: Body) -> Result<Option<ReadBack>, Unanswered> {
    match body {
        Body::Got(got) => Ok(got.and_then(|(value, revision)| ReadBack::of(&value, revision))),
        _ => Err(Unanswered),
    }
}
