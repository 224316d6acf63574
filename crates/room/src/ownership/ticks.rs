//! The time of a room.

use std::time::Instant;

use super::{Command, Moment, OwnerCore};
use crate::limits::{IDLE_INTERVAL, LEASE_RACING, TICK_INTERVAL};
use crate::metrics;

impl OwnerCore {
    pub(super) fn tick(&mut self, moment: Moment) {
        let now = moment.now;
        self.input_wait.ticked();
        let was_paused_since = self.paused_since;
        self.set_paused(self.must_pause(moment));
        if !self.room.is_moving() {
            if !self.is_paused() {
                self.room.poll(now);
            }
            self.due = now + IDLE_INTERVAL;
            return;
        }
        if self.is_paused() {
            metrics::paused_tick();
            self.due = now + TICK_INTERVAL;
            return;
        }
        if let Some(due) = was_paused_since {
            return self.catch_up_from(due, now);
        }
        self.room
            .replay_is_safe(self.write_queue.replay_safe_tick());
        let ticks = self.compute(moment);
        self.keep_time(ticks, now);
    }

    pub(super) fn set_paused(&mut self, is_paused: bool) {
        if self.is_paused() != is_paused {
            self.paused_since = is_paused.then_some(self.due);
            metrics::rooms_paused(if is_paused { 1.0 } else { -1.0 });
        }
    }

    /// When to compute the ticks up to the next that a snapshot shows: those
    /// before it are nobody's business until then, and an owner that wakes up
    /// half as often can run more rooms.
    pub(super) fn ticks_due(&self) -> Instant {
        self.due + TICK_INTERVAL * self.room.ticks_to_tell().saturating_sub(1)
    }

    fn compute(&mut self, moment: Moment) -> u32 {
        let ticks = self.room.ticks_to_tell();
        let due = self.ticks_due();
        (0..ticks).for_each(|_| self.room.tick(moment.now, moment.unix_ms));
        if moment.schedule.is_checkpoint_due(due, self.phase) {
            self.lease.renewal_due(moment.now);
        }
        self.due += TICK_INTERVAL * ticks;
        let next = self.ticks_due();
        self.due = moment.schedule.slew(next, self.phase) - (next - self.due);
        ticks
    }

    fn keep_time(&mut self, ticks: u32, now: Instant) {
        let late = now.saturating_duration_since(self.due);
        let is_late = late > TICK_INTERVAL;
        if is_late {
            metrics::overrun();
        }
        self.commands.push(Command::Ticked { ticks, is_late });
        // A short delay is made up for. A long one counts as a pause: the
        // machine is too slow, and to compute more would only make it later.
        if late > LEASE_RACING {
            self.due = now;
        }
    }
}
