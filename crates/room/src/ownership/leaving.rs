//! How a room leaves a worker that ends: it goes on here until another has it.

use std::time::Instant;

use protocol::checkpoint::{ClaimCause, ClaimRequest, Claimed};

use super::{Command, OwnerCore, OwnerState, Stop};
use crate::limits::{HAND_OVER_ATTEMPTS, HAND_OVER_BACKOFF_MIN};

/// How far a room is on its way to another worker.
#[derive(Clone, Copy, Debug)]
pub(super) enum Leaving {
    /// The worker does not end, or others go first.
    No,
    /// This room has the permit; the next offer is then.
    At { at: Instant, failures: u32 },
    /// The others are asked.
    Offered { failures: u32 },
}

impl OwnerCore {
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.leaving, Leaving::Offered { .. })
    }

    pub(super) fn begin_handover(&mut self, now: Instant) {
        if matches!(self.leaving, Leaving::No) {
            let failures = 0;
            self.leaving = Leaving::At { at: now, failures };
            // Who takes it should have little to compute again.
            self.lease.hurry();
        }
    }

    /// Asks the others to take the room. It goes on here until one has it: its
    /// compare-and-set ends our ownership, as it would that of a dead worker.
    pub(super) fn offer_if_due(&mut self, now: Instant) {
        let Leaving::At { at, failures } = self.leaving else {
            return;
        };
        if now < at || !self.lease.is_written() {
            return;
        }
        self.leaving = Leaving::Offered { failures };
        self.commands.push(Command::Offer(ClaimRequest {
            room: self.id.clone(),
            seen_epoch: self.lease.epoch(),
            cause: ClaimCause::HandOver,
        }));
    }

    pub(super) fn offered(&mut self, taken: Option<Claimed>, now: Instant) {
        let Leaving::Offered { failures } = self.leaving else {
            return;
        };
        // It may have paused meanwhile, and be catching up.
        if !matches!(self.state, OwnerState::Running | OwnerState::Recovering(_)) {
            return;
        }
        if let Some(Claimed { owner, .. }) = taken {
            self.hand_over(Stop::HandedOver(owner));
            return;
        }
        let pause = HAND_OVER_BACKOFF_MIN.saturating_mul(1 << failures.min(16));
        let failures = failures + 1;
        self.leaving = Leaving::At {
            at: now + pause,
            failures,
        };
        if failures < HAND_OVER_ATTEMPTS {
            self.lease.hurry();
        } else {
            self.begin_closing(Stop::Left, now);
        }
    }
}
