//! Taking a room over: `race.claim`, and rooms that nobody claims.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bus::{CasError, Revision};
use futures::{StreamExt, stream};
use protocol::checkpoint::{Checkpoint, ClaimCause, ClaimRequest, Claimed};
use protocol::{Epoch, Rejection, RejectionCode, Reply, RoomId, subject};
use service::Shutdown;
use tracing::{debug, info};

use crate::chain::Chain;
use crate::endpoints::{Worker, unavailable};
use crate::limits::{ADOPTIONS_MAX, SWEEP_INTERVAL};
use crate::metrics;
use crate::room::{Ownership, Room};
use crate::sweep::{Orphan, Sweep};

/// What makes somebody think that a room has lost its owner. It is good for
/// exactly the state that was seen.
#[derive(Clone, Copy, Debug)]
enum Evidence {
    /// Nothing was heard of the owner of that epoch.
    Silent(Epoch),
    /// That write was the last for too long.
    Unwritten(Revision),
}

impl Worker {
    /// Takes a room over from its last checkpoint. One that somebody else has
    /// taken over already is left there, and the answer says so.
    ///
    /// # Errors
    /// When there is no such room, or it cannot be taken just now.
    pub async fn claim(self: &Arc<Self>, request: ClaimRequest) -> Reply<Claimed> {
        let evidence = Evidence::Silent(request.seen_epoch);
        let claimed = self.take_over(&request.room, evidence, request.cause).await;
        metrics::claimed(match &claimed {
            Ok(claimed) if claimed.owner == self.id => "taken",
            Ok(_) => "alive",
            Err(rejection) if rejection.code == RejectionCode::RoomMissing => "missing",
            Err(_) => "refused",
        });
        claimed
    }

    /// Adopts rooms that nobody owns, until shutdown.
    pub async fn adopt_orphans(self: Arc<Self>, shutdown: Shutdown) {
        let mut sweep = Sweep::default();
        loop {
            let pause = SWEEP_INTERVAL + SWEEP_INTERVAL.mul_f64(random_fraction());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.wait() => return,
            }
            match self.checkpoints.revisions().await {
                Ok(present) => {
                    let orphans = sweep.observe(&present, Instant::now());
                    stream::iter(orphans)
                        .for_each_concurrent(ADOPTIONS_MAX, |orphan| self.adopt(orphan))
                        .await;
                }
                Err(error) => {
                    debug!(%error, "could not look for orphans");
                    sweep.blinded();
                }
            }
        }
    }

    async fn adopt(self: &Arc<Self>, orphan: Orphan) {
        let Ok(room) = RoomId::parse(&orphan.key) else {
            return;
        };
        // Others see the same: who comes later finds it adopted.
        tokio::time::sleep(ADOPTION_JITTER.mul_f64(random_fraction())).await;
        let evidence = Evidence::Unwritten(orphan.revision);
        if let Err(rejection) = self.take_over(&room, evidence, ClaimCause::Orphan).await {
            debug!(%rejection, %room, "could not adopt an orphan");
        }
    }

    async fn take_over(
        self: &Arc<Self>,
        room: &RoomId,
        evidence: Evidence,
        cause: ClaimCause,
    ) -> Reply<Claimed> {
        let key = subject::room_key(room);
        let found = self.checkpoints.get(key).await;
        let (value, revision) = found
            .map_err(|error| unavailable(&error))?
            .ok_or_else(|| missing(room))?;
        let before = Checkpoint::decode(&value).map_err(|error| unavailable(&error))?;
        let (is_outdated, seen_epoch) = match evidence {
            Evidence::Silent(seen) => (before.epoch > seen, seen),
            Evidence::Unwritten(seen) => (revision != seen, before.epoch),
        };
        if is_outdated {
            return Ok(Claimed {
                race: before.race,
                owner: before.owner,
                epoch: before.epoch,
            });
        }
        let place = self.take_place()?;
        // Before the compare-and-set: no input may fall between two owners.
        let ears = self.listen(room).await;
        let ears = ears.map_err(|error| unavailable(&error))?;
        let ownership = Ownership {
            owner: self.id,
            epoch: before.epoch.max(seen_epoch).next(),
        };
        let begun = Instant::now();
        let taken = Room::restore(&before, ownership, |name| self.track(name), begun)
            .map_err(|error| unavailable(&error))?;
        let written = self
            .checkpoints
            .update(key, taken.checkpoint().encode(), revision)
            .await;
        let epoch = ownership.epoch;
        let revision = match written {
            Ok(revision) => revision,
            Err(error @ CasError::Conflict { .. }) => return Err(unavailable(&error)),
            // It may have happened: then the room is ours, and nobody else's.
            Err(error @ CasError::Unknown { .. }) => self
                .read_own(room, before.race, epoch)
                .await
                .ok_or_else(|| unavailable(&error))?,
        };
        metrics::taken_over(cause);
        info!(%room, race = %before.race, %epoch, ?cause, "room taken over");
        let chain = Chain::new(self.id, epoch, revision, begun);
        self.own(taken, chain, ears, place, Some(before.gateways));
        Ok(Claimed {
            race: before.race,
            owner: self.id,
            epoch,
        })
    }
}

/// Spreads the adoptions of several workers.
const ADOPTION_JITTER: Duration = Duration::from_millis(200);

fn missing(room: &RoomId) -> Rejection {
    let message = format!("there is no room {room}");
    Rejection::new(RejectionCode::RoomMissing, message)
}

/// At random, 0 to 1.
fn random_fraction() -> f64 {
    let random = ulid::Ulid::generate().random() as u32;
    f64::from(random) / f64::from(u32::MAX)
}
