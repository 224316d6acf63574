//! How an owner stops: what is true is written first, then sent.

use std::time::Instant;

use protocol::persist::PersistMessage;

use super::{Command, OwnerCore, OwnerState, Stop};
use crate::metrics;
use crate::write_queue::PendingWrite;

impl OwnerCore {
    /// Writes until the present state is in the checkpoint, and acts on it then.
    pub(super) fn begin_closing(&mut self, stop: Stop, now: Instant) {
        self.lease.hurry();
        self.state = OwnerState::Closing(stop);
        self.close_when_written(now);
    }

    pub(super) fn close_when_written(&mut self, now: Instant) {
        let OwnerState::Closing(stop) = self.state else {
            return;
        };
        if !self.lease.is_written() {
            self.write_if_due(now);
            return;
        }
        self.set_paused(false);
        match stop {
            Stop::Ended => self.publish_results(),
            Stop::Left | Stop::HandedOver(_) | Stop::Lost => self.hand_over(stop),
        }
        self.finish(now);
    }

    /// Another worker has the room, or will: what is left are records.
    pub(super) fn hand_over(&mut self, stop: Stop) {
        self.set_paused(false);
        self.write_queue.hand_over();
        self.commands.push(Command::Unlisten);
        self.state = OwnerState::Flushing(stop);
    }

    /// Another worker owns the room: nothing more is sent.
    pub(super) fn lose(&mut self) {
        metrics::dropped();
        self.set_paused(false);
        self.stop(Stop::Lost);
    }

    /// The room has ended, and its checkpoint says so: the result goes first.
    fn publish_results(&mut self) {
        self.write_queue.hold_for_good();
        let race = self.room.identity().race;
        if let Some(result) = self.room.ending().and_then(|ending| ending.result.clone()) {
            let message = PersistMessage::Result(result);
            let id = format!("{race}:result");
            self.write_queue
                .queue_last(PendingWrite::Persist(message, id));
            metrics::finished();
        }
        self.state = OwnerState::PublishingResults;
    }

    /// Goes on as soon as everything that was queued is written.
    pub(super) fn finish(&mut self, now: Instant) {
        if let Some(pending) = self.write_queue.poll(false, now) {
            self.commands.push(Command::WriteRecord(pending));
        }
        if !self.write_queue.is_idle() {
            return;
        }
        match self.state {
            OwnerState::PublishingResults => {
                self.room.close();
                self.emit();
                self.write_queue.queue_last(PendingWrite::RemoveEntry);
                let revision = self.lease.revision();
                self.write_queue
                    .queue_last(PendingWrite::DeleteCheckpoint(revision));
                self.state = OwnerState::Flushing(Stop::Ended);
            }
            OwnerState::Flushing(stop) => self.stop(stop),
            OwnerState::Recovering(_)
            | OwnerState::Running
            | OwnerState::Closing(_)
            | OwnerState::Stopped => {}
        }
    }

    fn stop(&mut self, stop: Stop) {
        self.state = OwnerState::Stopped;
        self.commands.push(Command::Stop(stop));
    }
}
