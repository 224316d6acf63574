//! The questions that a relay sends out about its room's owner.

use std::sync::Arc;

use bus::{Bus, RequestError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::checkpoint::{ClaimCause, ClaimRequest, Claimed};
use protocol::{Epoch, RejectionCode, RoomId, WorkerId, subject};
use tokio::sync::Semaphore;

use super::watch::{ClaimOutcome, Probe};
use crate::limits::{CLAIM_TIMEOUT, PING_TIMEOUT};
use crate::metrics;

/// A question under way.
pub(super) type Errand = BoxFuture<'static, Report>;

/// What came of it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Report {
    Probed(WorkerId, Probe),
    Claimed(ClaimOutcome),
}

/// Asks a worker whether it lives.
pub(super) fn ping(bus: &Bus, owner: WorkerId) -> Errand {
    let bus = bus.clone();
    async move {
        let ping = subject::worker_ping(owner);
        let (answer, label) = match bus.request_bytes(&ping, Bytes::new(), PING_TIMEOUT).await {
            Ok(_pong) => (Probe::Pong, "pong"),
            Err(RequestError::NoResponders { .. }) => (Probe::NoResponders, "no_responders"),
            Err(
                RequestError::TimedOut { .. }
                | RequestError::Unreadable { .. }
                | RequestError::Failed { .. }
                | RequestError::Rejected(_),
            ) => (Probe::Silence, "silence"),
        };
        metrics::probed(label);
        Report::Probed(owner, answer)
    }
    .boxed()
}

/// Asks any worker to take the room over, when it is this claim's turn.
pub(super) fn claim(bus: &Bus, room: RoomId, seen_epoch: Epoch, turns: Arc<Semaphore>) -> Errand {
    let bus = bus.clone();
    async move {
        // Nobody closes the semaphore; without a turn there is only no limit.
        let _turn = turns.acquire().await.ok();
        let request = ClaimRequest {
            room,
            seen_epoch,
            cause: ClaimCause::OwnerGone,
        };
        let claimed: Result<Claimed, _> = bus
            .request(subject::RACE_CLAIM, &request, CLAIM_TIMEOUT)
            .await;
        let (outcome, label) = match claimed {
            Ok(Claimed { owner, epoch, .. }) => (ClaimOutcome::Owned(owner, epoch), "owned"),
            Err(RequestError::Rejected(rejection))
                if rejection.code == RejectionCode::RoomMissing =>
            {
                (ClaimOutcome::Missing, "missing")
            }
            Err(RequestError::Rejected(_)) => (ClaimOutcome::Failed, "refused"),
            Err(RequestError::NoResponders { .. }) => (ClaimOutcome::Failed, "no_responders"),
            Err(
                RequestError::TimedOut { .. }
                | RequestError::Unreadable { .. }
                | RequestError::Failed { .. },
            ) => (ClaimOutcome::Failed, "unanswered"),
        };
        metrics::claimed(label);
        Report::Claimed(outcome)
    }
    .boxed()
}
