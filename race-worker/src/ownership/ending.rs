//! How an owner stops: what is true is written first, then told.

use std::time::Instant;

use protocol::persist::PersistMessage;

use super::{Command, OwnerCore, Stage, Stop};
use crate::clerk::Job;
use crate::metrics;

impl OwnerCore {
    /// Writes until the present state is in the checkpoint, and acts on it then.
    pub(super) fn begin_to_settle(&mut self, stop: Stop, now: Instant) {
        self.chain.hurry();
        self.stage = Stage::Settling(stop);
        self.settle(now);
    }

    pub(super) fn settle(&mut self, now: Instant) {
        let Stage::Settling(stop) = self.stage else {
            return;
        };
        if !self.chain.is_settled() {
            self.write_if_due(now);
            return;
        }
        self.stand_still(false);
        match stop {
            Stop::Ended => self.announce(),
            Stop::Left | Stop::HandedOver(_) | Stop::Lost => self.hand_over(stop),
        }
        self.finish(now);
    }

    /// Somebody else has the room, or will: what is left are records.
    pub(super) fn hand_over(&mut self, stop: Stop) {
        self.stand_still(false);
        self.clerk.hand_over();
        self.commands.push(Command::Unlisten);
        self.stage = Stage::Finishing(stop);
    }

    /// Somebody else owns the room: not another word.
    pub(super) fn lose(&mut self) {
        metrics::dropped();
        self.stand_still(false);
        self.stop(Stop::Lost);
    }

    /// The room has ended, and its checkpoint says so: the result goes first.
    fn announce(&mut self) {
        self.clerk.hold_for_good();
        let race = self.room.identity().race;
        if let Some(result) = self.room.ending().and_then(|ending| ending.result.clone()) {
            let message = PersistMessage::Result(result);
            let id = format!("{race}:result");
            self.clerk.queue_last(Job::Persist(message, id));
            metrics::finished();
        }
        self.stage = Stage::Announcing;
    }

    /// Goes on as soon as everything that was queued is written.
    pub(super) fn finish(&mut self, now: Instant) {
        if let Some(job) = self.clerk.poll(false, now) {
            self.commands.push(Command::Do(job));
        }
        if !self.clerk.is_idle() {
            return;
        }
        match self.stage {
            Stage::Announcing => {
                self.room.close();
                self.emit();
                self.clerk.queue_last(Job::RemoveEntry);
                let revision = self.chain.revision();
                self.clerk.queue_last(Job::DeleteCheckpoint(revision));
                self.stage = Stage::Finishing(Stop::Ended);
            }
            Stage::Finishing(stop) => self.stop(stop),
            Stage::Inheriting(_) | Stage::Running | Stage::Settling(_) | Stage::Stopped => {}
        }
    }

    fn stop(&mut self, stop: Stop) {
        self.stage = Stage::Stopped;
        self.commands.push(Command::Stop(stop));
    }
}
