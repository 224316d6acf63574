//! The writes of a room's chain, and who waits for them.

use std::time::Instant;

use protocol::Revision;
use protocol::room::Heartbeat;

use super::{Command, OwnerCore, Stage, Topic, pace};
use crate::chain::{Action, Ownership, Pace, ReadBack, Unanswered, WriteError};
use crate::metrics;

impl OwnerCore {
    /// Begins what the chain wants done, if anything.
    pub(super) fn write_if_due(&mut self, now: Instant) {
        if let Some(action) = self.chain.poll(pace(&self.room), now) {
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
                metrics::checkpoint_age(self.chain.age(now));
                metrics::checkpoint(self.chain.written(revision, now));
                self.confirmed();
            }
            Err(WriteError::Conflict) => match self.chain.conflicted(now) {
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
        match outcome.map(|found| self.chain.read_back(found, now)) {
            Ok(Ownership::Ours) => {}
            Ok(Ownership::Lost) => self.lose(),
            Err(Unanswered) => self.ask_back(now),
        }
    }

    fn ask_back(&mut self, now: Instant) {
        metrics::checkpoint_unknown();
        let action = self.chain.unanswered(now);
        self.begin(action);
    }

    /// A write that was under way when the room was handed over changes nothing.
    fn is_past_writing(&self) -> bool {
        match self.stage {
            Stage::Inheriting(_) | Stage::Running | Stage::Settling(_) => false,
            Stage::Announcing | Stage::Finishing(_) | Stage::Stopped => true,
        }
    }

    /// A checkpoint is written: whatever it holds may be told now.
    fn confirmed(&mut self) {
        let pace = pace(&self.room);
        self.clerk.hold_until(self.chain.fenced_at(pace));
        let chain = &self.chain;
        let replies = self
            .replies
            .extract_if(.., |(write, _, _)| chain.is_confirmed(*write));
        let answers = replies.map(|(_, inbox, reply)| Command::Answer(inbox, reply));
        self.commands.extend(answers);
        if pace == Pace::Idle {
            let heartbeat = Heartbeat {
                race: self.room.identity().race,
                owner: self.owner,
                epoch: self.chain.epoch(),
            };
            let heartbeat = serde_json::to_vec(&heartbeat).expect("a heartbeat serialises to JSON");
            self.commands
                .push(Command::Publish(Topic::Heartbeat, heartbeat));
        }
    }
}
