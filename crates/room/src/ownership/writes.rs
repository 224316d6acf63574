//! The writes of a room's lease, and who waits for them.

use std::time::Instant;

use protocol::Revision;
use protocol::room::Heartbeat;

use super::{Command, OwnerCore, OwnerState, Topic, activity};
use crate::lease::{Action, Activity, Ownership, ReadBack, Unanswered, WriteError};
use crate::metrics;

impl OwnerCore {
    /// Begins what the lease wants done, if anything.
    pub(super) fn write_if_due(&mut self, now: Instant) {
        if let Some(action) = self.lease.poll(activity(&self.room), now) {
            self.begin(action);
        }
    }

    fn begin(&mut self, action: Action) {
        self.commands.push(match action {
            Action::Write(revision) => Command::Write(self.room.checkpoint().encode(), revision),
            Action::ReadBack => Command::Read,
        });
    }

    pub(super) fn written(&mut self, outcome: Result<Revision, WriteError>, now: Instant) {
        if self.is_past_writing() {
            return;
        }
        match outcome {
            Ok(revision) => {
                metrics::checkpoint_age(self.lease.age(now));
                metrics::checkpoint(self.lease.written(revision, now));
                self.confirmed(now);
            }
            Err(WriteError::Conflict) => match self.lease.conflicted(now) {
                Some(action) => self.begin(action),
                None => self.lose(),
            },
            Err(WriteError::Unanswered) => self.ask_back(now),
        }
    }

    pub(super) fn read(&mut self, outcome: Result<Option<ReadBack>, Unanswered>, now: Instant) {
        if self.is_past_writing() {
            return;
        }
        match outcome.map(|found| self.lease.read_back(found, now)) {
            Ok(Ownership::Ours) => {}
            Ok(Ownership::Lost) => self.lose(),
            Err(Unanswered) => self.ask_back(now),
        }
    }

    fn ask_back(&mut self, now: Instant) {
        metrics::checkpoint_unknown();
        let action = self.lease.unanswered(now);
        self.begin(action);
    }

    /// A write that was under way when the room was handed over changes nothing.
    fn is_past_writing(&self) -> bool {
        match self.state {
            OwnerState::Recovering(_)
            | OwnerState::Running
            | OwnerState::Closing(_)
            | OwnerState::Ended(_) => false,
            OwnerState::Flushing(_) | OwnerState::Stopped => true,
        }
    }

    /// A checkpoint is written: what it holds may be sent.
    fn confirmed(&mut self, now: Instant) {
        let activity = activity(&self.room);
        self.write_queue.hold_until(self.lease.expires_at(activity));
        let lease = &self.lease;
        let replies = self
            .replies
            .extract_if(.., |(write, _, _)| lease.is_confirmed(*write));
        let answers = replies.map(|(_, reply_to, reply)| Command::Answer(reply_to, reply));
        self.commands.extend(answers);
        if let OwnerState::Ended(last_word) = &self.state {
            // A gateway that was cut off may have missed it.
            let last_word = last_word.clone();
            self.commands
                .push(Command::Publish(Topic::Event, last_word));
        } else if activity == Activity::Idle && !self.lease.has_expired(activity, now) {
            let heartbeat = Heartbeat {
                race: self.room.identity().race,
                owner: self.owner,
                epoch: self.lease.epoch(),
            };
            let heartbeat = serde_json::to_vec(&heartbeat).expect("a heartbeat serialises to JSON");
            self.commands
                .push(Command::Publish(Topic::Heartbeat, heartbeat));
        }
    }
}
