//! How an owner stops: what is true is written first, then sent.

use std::time::Instant;

use protocol::RaceId;
use protocol::persist::PersistMessage;

use super::{Command, OwnerCore, OwnerState, Stop, Topic};
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
            Stop::Ended => self.end(now),
            Stop::Left | Stop::HandedOver(_) | Stop::Lost => {
                self.hand_over(stop);
                self.stop_when_flushed(stop);
            }
        }
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
        self.state = OwnerState::Stopped;
        self.commands.push(Command::Stop(Stop::Lost));
    }

    /// The room has ended, and its checkpoint says so: everybody learns of it, and
    /// nothing that is still to be written holds that up.
    fn end(&mut self, now: Instant) {
        self.write_queue.end();
        if let Some(result) = self.room.ending().and_then(|ending| ending.result.clone()) {
            let id = result_id(result.race);
            let message = PersistMessage::Result(result);
            self.write_queue.queue(PendingWrite::Persist(message, id));
            metrics::finished();
        }
        self.room.close();
        self.emit();
        let last_word = self.commands.iter().rev().find_map(|command| {
            if let Command::Publish(Topic::Event, event) = command {
                Some(event.clone())
            } else {
                None
            }
        });
        self.write_queue.queue(PendingWrite::RemoveEntry);
        // There is nothing left to ask for.
        self.commands.push(Command::Unlisten);
        self.state = OwnerState::Ended(last_word.unwrap_or_default());
        self.end_when_safe(now);
    }

    /// The checkpoint goes once nothing depends on it, and is kept until then: the
    /// room has an owner, and no other takes it over for its result.
    pub(super) fn end_when_safe(&mut self, now: Instant) {
        if !self.write_queue.needs_no_checkpoint() || !self.lease.is_written() {
            return self.write_if_due(now);
        }
        let revision = self.lease.revision();
        self.write_queue
            .queue(PendingWrite::DeleteCheckpoint(revision));
        self.write_queue.hold_for_good();
        self.state = OwnerState::Flushing(Stop::Ended);
    }

    pub(super) fn stop_when_flushed(&mut self, stop: Stop) {
        if self.write_queue.is_idle() {
            self.state = OwnerState::Stopped;
            self.commands.push(Command::Stop(stop));
        }
    }
}

/// The message id of a race's result, under any owner.
#[must_use]
pub fn result_id(race: RaceId) -> String {
    format!("{race}:result")
}
