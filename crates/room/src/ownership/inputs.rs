//! Inputs of drivers, and how long a tick waits for them.
//!
//! A gateway sends the inputs of a room a little before its tick. Those that NATS
//! brings a little after it would be as old as the next tick, and their clients
//! would conclude that they had sent too late. A snapshot that was published
//! meanwhile would have to wait for NATS too, so the tick may as well.

use std::time::{Duration, Instant};

use super::{Command, OwnerCore, OwnerState};
use crate::metrics;

/// Whether the inputs for the next tick are here.
#[derive(Debug, Default)]
pub(super) struct InputWait {
    /// Inputs came for the last snapshot: so will they for this one.
    came_before: bool,
    have_come: bool,
    /// The tick is overdue, and held until then at the latest.
    held_until: Option<Instant>,
}

impl InputWait {
    fn came(&mut self) {
        self.have_come = true;
        self.held_until = None;
    }

    pub(super) fn ticked(&mut self) {
        *self = Self {
            came_before: self.have_come,
            ..Self::default()
        };
    }

    pub(super) fn holds_tick(&self) -> bool {
        self.held_until.is_some()
    }

    /// When to look again whether a tick that is due at `due` can be computed.
    pub(super) fn deadline(&self, due: Instant) -> Instant {
        self.held_until.unwrap_or(due)
    }

    /// Whether a tick that is due can be computed: its inputs are here, or were
    /// waited for long enough.
    pub(super) fn may_tick(&mut self, due: Instant, grace: Duration, now: Instant) -> bool {
        let was_held = self.holds_tick();
        let until = due + grace;
        let holds = self.came_before && !self.have_come && now < until;
        self.held_until = holds.then_some(until);
        if holds && !was_held {
            metrics::tick_held();
        }
        !holds
    }
}

impl OwnerCore {
    pub(super) fn inputs(&mut self, payload: &[u8]) {
        match &mut self.state {
            OwnerState::Recovering(recovery) => recovery.heard(payload),
            OwnerState::Running => {
                self.input_wait.came();
                let received = self.room.inputs(payload);
                metrics::inputs(received.frames, received.unreadable);
                let unknown = received.unknown_version;
                self.commands
                    .extend(unknown.map(Command::ReportUnknownVersion));
            }
            OwnerState::Closing(_)
            | OwnerState::Ended(_)
            | OwnerState::Flushing(_)
            | OwnerState::Stopped => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LATE: Duration = Duration::from_micros(500);
    const GRACE: Duration = Duration::from_millis(3);

    /// A room for which inputs have come once.
    fn driven() -> InputWait {
        let mut wait = InputWait::default();
        wait.came();
        wait.ticked();
        wait
    }

    #[test]
    fn a_tick_waits_for_inputs_that_came_for_the_one_before() {
        let due = Instant::now();
        let mut wait = driven();
        assert_eq!(wait.deadline(due), due);
        assert!(!wait.may_tick(due, GRACE, due));
        assert!(wait.holds_tick());
        assert_eq!(wait.deadline(due), due + GRACE);
        wait.came();
        assert!(!wait.holds_tick());
        assert_eq!(wait.deadline(due), due);
        assert!(wait.may_tick(due, GRACE, due + LATE));
    }

    #[test]
    fn a_tick_waits_once_and_no_longer_than_it_may() {
        let due = Instant::now();
        let mut wait = driven();
        assert!(!wait.may_tick(due, GRACE, due + LATE));
        assert!(wait.may_tick(due, GRACE, due + GRACE));
        assert!(!wait.holds_tick());
        wait.ticked();
        // Nobody drives.
        assert!(wait.may_tick(due, GRACE, due));
    }

    #[test]
    fn a_tick_does_not_wait_where_nobody_drives_inputs_are_here_or_it_is_switched_off() {
        let due = Instant::now();
        assert!(InputWait::default().may_tick(due, GRACE, due));
        let mut wait = driven();
        wait.came();
        assert!(wait.may_tick(due, GRACE, due));
        assert!(driven().may_tick(due, Duration::ZERO, due));
    }
}
