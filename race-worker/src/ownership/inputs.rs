//! What drivers do, and how long a tick waits for it.
//!
//! A gateway sends the inputs of a room a little before its tick. Those that NATS
//! brings a little after it would be as old as the next tick, and their clients
//! would take it that they had sent too late. A snapshot that was told meanwhile
//! would have to wait for NATS too, so the tick may as well.

use std::time::Instant;

use super::{OwnerCore, Stage};
use crate::limits::INPUT_GRACE;
use crate::metrics;

/// Whether the inputs for the next tick are there.
#[derive(Debug, Default)]
pub(super) struct Awaited {
    /// Some came for the last snapshot: so will they for this one.
    came_before: bool,
    have_come: bool,
    /// The tick is overdue, and held for them.
    holds_tick: bool,
}

impl Awaited {
    fn came(&mut self) {
        self.have_come = true;
        self.holds_tick = false;
    }

    pub(super) fn ticked(&mut self) {
        *self = Self {
            came_before: self.have_come,
            ..Self::default()
        };
    }

    pub(super) fn are_missing(&self) -> bool {
        self.holds_tick
    }

    /// When to look again whether a tick that is `due` then can be computed.
    pub(super) fn deadline(&self, due: Instant) -> Instant {
        if self.holds_tick {
            due + INPUT_GRACE
        } else {
            due
        }
    }

    /// Whether not to wait, or not any more.
    pub(super) fn may_tick(&mut self, due: Instant, now: Instant) -> bool {
        self.holds_tick = self.came_before && !self.have_come && now < due + INPUT_GRACE;
        !self.holds_tick
    }
}

impl OwnerCore {
    pub(super) fn inputs(&mut self, payload: &[u8]) {
        match &mut self.stage {
            Stage::Inheriting(inheritance) => inheritance.heard(payload),
            Stage::Running => {
                self.awaited.came();
                let received = self.room.inputs(payload);
                metrics::inputs(received.frames, received.unreadable);
            }
            Stage::Settling(_) | Stage::Announcing | Stage::Finishing(_) | Stage::Stopped => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const LATE: Duration = Duration::from_micros(500);

    /// A room that inputs have come for once.
    fn driven() -> Awaited {
        let mut awaited = Awaited::default();
        awaited.came();
        awaited.ticked();
        awaited
    }

    #[test]
    fn a_tick_waits_for_inputs_that_came_for_the_one_before() {
        let due = Instant::now();
        let mut awaited = driven();
        assert_eq!(awaited.deadline(due), due);
        assert!(!awaited.may_tick(due, due));
        assert!(awaited.are_missing());
        assert_eq!(awaited.deadline(due), due + INPUT_GRACE);
        awaited.came();
        assert!(!awaited.are_missing());
        assert_eq!(awaited.deadline(due), due);
        assert!(awaited.may_tick(due, due + LATE));
    }

    #[test]
    fn a_tick_waits_once_and_no_longer_than_it_may() {
        let due = Instant::now();
        let mut awaited = driven();
        assert!(!awaited.may_tick(due, due + LATE));
        assert!(awaited.may_tick(due, due + INPUT_GRACE));
        assert!(!awaited.are_missing());
        awaited.ticked();
        // Nobody drives any more.
        assert!(awaited.may_tick(due, due));
    }

    #[test]
    fn a_tick_does_not_wait_where_nobody_drives_or_inputs_are_there() {
        let due = Instant::now();
        assert!(Awaited::default().may_tick(due, due));
        let mut awaited = driven();
        awaited.came();
        assert!(awaited.may_tick(due, due));
    }
}
