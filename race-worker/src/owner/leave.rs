//! How a room leaves a worker that ends: it goes on here until another has it.

use std::sync::Arc;
use std::time::Instant;

use bus::{Bus, RequestError};
use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::checkpoint::{ClaimCause, ClaimRequest, Claimed};
use protocol::subject;
use tokio::sync::OwnedSemaphorePermit;

use super::Owner;
use crate::endpoints::Worker;
use crate::limits::{HAND_OVER_ATTEMPTS, HAND_OVER_BACKOFF_MIN, HAND_OVER_TIMEOUT};

/// The turn of a room among those that are handed over; `None` only when turns
/// are not given any more.
pub(super) type Turn = Option<OwnedSemaphorePermit>;

/// What came of an offer.
pub(super) type Offered = Result<Claimed, RequestError>;

/// How far a room is on its way to another worker.
pub(super) enum Leaving {
    /// The worker does not end, or others go first.
    Waiting(BoxFuture<'static, Turn>),
    /// It is this room's turn; the next offer is then.
    Offering {
        _turn: Turn,
        failures: u32,
        at: Instant,
        offer: Option<BoxFuture<'static, Offered>>,
    },
}

impl Leaving {
    /// Until the worker ends, and then for a turn.
    pub(super) fn waiting(worker: &Worker) -> Self {
        let (draining, turns) = (worker.draining.clone(), Arc::clone(&worker.hand_overs));
        let turn = async move {
            draining.wait().await;
            turns.acquire_owned().await.ok()
        };
        Self::Waiting(turn.boxed())
    }

    /// What to wait for: a turn, or the answer to an offer.
    pub(super) fn under_way(
        &mut self,
    ) -> (
        Option<&mut BoxFuture<'static, Turn>>,
        Option<&mut BoxFuture<'static, Offered>>,
    ) {
        match self {
            Self::Waiting(turn) => (Some(turn), None),
            Self::Offering { offer, .. } => (None, offer.as_mut()),
        }
    }
}

impl Owner {
    pub(super) fn is_offered(&self) -> bool {
        matches!(self.leaving, Leaving::Offering { offer: Some(_), .. })
    }

    pub(super) fn take_turn(&mut self, turn: Turn) {
        self.leaving = Leaving::Offering {
            _turn: turn,
            failures: 0,
            at: Instant::now(),
            offer: None,
        };
        // Who takes it should have little to compute again.
        self.chain.hurry();
    }

    pub(super) fn offer_if_due(&mut self) {
        let is_settled = self.chain.is_settled();
        let now = Instant::now();
        if let Leaving::Offering {
            at, offer: None, ..
        } = &self.leaving
            && is_settled
            && now >= *at
        {
            let question = self.offer();
            if let Leaving::Offering { offer, .. } = &mut self.leaving {
                *offer = Some(question);
            }
        }
    }

    /// Whether the room is to be offered once more, after a while.
    pub(super) fn offer_again(&mut self) -> bool {
        let Leaving::Offering {
            failures,
            at,
            offer,
            ..
        } = &mut self.leaving
        else {
            return true;
        };
        *offer = None;
        *at = Instant::now() + HAND_OVER_BACKOFF_MIN.saturating_mul(1 << *failures);
        *failures += 1;
        self.chain.hurry();
        *failures < HAND_OVER_ATTEMPTS
    }

    /// Asks the others to take the room. It goes on here until one has it: its
    /// compare-and-set ends our ownership, as it would that of a dead worker.
    fn offer(&self) -> BoxFuture<'static, Offered> {
        let bus: Bus = self.worker.bus.clone();
        let claim = ClaimRequest {
            room: self.id.clone(),
            seen_epoch: self.chain.epoch(),
            cause: ClaimCause::HandOver,
        };
        async move {
            bus.request(subject::RACE_CLAIM, &claim, HAND_OVER_TIMEOUT)
                .await
        }
        .boxed()
    }
}
