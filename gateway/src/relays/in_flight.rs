//! Requests of a relay about its room's owner, and their answers.

use std::sync::Arc;

use bus::{Bus, RequestError};
use bytes::Bytes;
use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::checkpoint::{ClaimCause, ClaimRequest, Claimed};
use protocol::{Epoch, RejectionCode, RoomId, WorkerId, subject};
use relay::failure_detector::{ClaimOutcome, Probe};
use tokio::sync::Semaphore;

use crate::limits::{CLAIM_TIMEOUT, PING_TIMEOUT};
use crate::metrics;

/// A request that waits for its answer.
pub(super) type InFlight = BoxFuture<'static, Answer>;

/// The answer to a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    Probed(WorkerId, Probe),
    Claimed(ClaimOutcome),
}

/// Pings a worker.
pub(super) fn ping(bus: &Bus, owner: WorkerId) -> InFlight {
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
            ) => (Probe::TimedOut, "timed_out"),
        };
        metrics::probed(label);
        Answer::Probed(owner, answer)
    }
    .boxed()
}

/// Asks any worker to take the room over, once `permits` allows one more claim.
pub(super) fn claim(
    bus: &Bus,
    room: RoomId,
    seen_epoch: Epoch,
    permits: Arc<Semaphore>,
) -> InFlight {
    let bus = bus.clone();
    async move {
        // The semaphore is never closed; without a permit there is only no limit.
        let _permit = permits.acquire().await.ok();
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
        Answer::Claimed(outcome)
    }
    .boxed()
}
