//! The shell around [`claim`](room::claim): `race.claim`, and rooms that nobody
//! claims.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bus::Listing;
use futures::{StreamExt, stream};
use protocol::checkpoint::{ClaimCause, ClaimRequest, Claimed};
use protocol::{RejectionCode, Reply, Revision, RoomId, subject};
use room::claim::{Claim, ClaimsUnderWay, Evidence, Step, missing, unavailable};
use room::lease::{ReadBack, Unanswered};
use room::limits::LOBBY_SWEEP;
use room::sweep::{Orphan, Sweep, ghosts};
use service::Shutdown;
use tracing::{debug, info};

use crate::limits::{ADOPTIONS_MAX, SWEEP_INTERVAL};
use crate::metrics;
use crate::worker::{Worker, write_error};

impl Worker {
    /// Takes a room over from its last checkpoint. One that another worker has
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

    /// Adopts rooms that nobody owns, removes what is left in the lobby of those that
    /// are over, and moves results that were kept, until shutdown.
    pub async fn adopt_orphans(self: Arc<Self>, shutdown: Shutdown) {
        let mut sweep = Sweep::default();
        let (mut rooms, mut checkpoints) = (Listing::default(), Listing::default());
        let mut results = Listing::default();
        for sweeps in 1_u32.. {
            let pause = SWEEP_INTERVAL + SWEEP_INTERVAL.mul_f64(random_fraction());
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = shutdown.wait() => return,
            }
            self.move_results(&mut results).await;
            let is_for_ghosts = sweeps.is_multiple_of(LOBBY_SWEEP);
            let looked = async {
                if is_for_ghosts {
                    self.rooms.look(&mut rooms).await?;
                }
                self.checkpoints.look(&mut checkpoints).await
            };
            if let Err(error) = looked.await {
                debug!(%error, "could not look for orphans");
                sweep.blinded();
                continue;
            }
            if is_for_ghosts {
                for (key, revision) in ghosts(rooms.revisions(), checkpoints.revisions()) {
                    self.remove_ghost(key, revision).await;
                }
            }
            let orphans = sweep.observe(checkpoints.revisions(), Instant::now());
            stream::iter(orphans)
                .for_each_concurrent(ADOPTIONS_MAX, |orphan| self.adopt(orphan))
                .await;
        }
    }

    async fn remove_ghost(&self, key: &str, revision: Revision) {
        info!(
            key,
            "removing the entry of a room that is over from the lobby"
        );
        // Another worker may have done so, or the room be there again.
        if let Err(error) = self.rooms.delete(key, revision).await {
            debug!(%error, key, "could not remove an entry from the lobby");
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
        if !self.claims_under_way().begin(room) {
            return Err(unavailable("a claim of it is under way"));
        }
        let claimed = self.carry_out(room, evidence, cause).await;
        self.claims_under_way().end(room);
        claimed
    }

    fn claims_under_way(&self) -> MutexGuard<'_, ClaimsUnderWay> {
        self.claims.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn carry_out(
        self: &Arc<Self>,
        room: &RoomId,
        evidence: Evidence,
        cause: ClaimCause,
    ) -> Reply<Claimed> {
        let key = subject::room_key(room);
        let mut claim = Claim::new(self.id, room.clone(), evidence);
        let mut step = Step::Read;
        let mut taking = None;
        loop {
            step = match step {
                Step::Read => match self.checkpoints.get(key).await {
                    Ok(found) => claim.found(Ok(found
                        .as_ref()
                        .map(|(value, revision)| (&value[..], *revision)))),
                    Err(_) => claim.found(Err(Unanswered)),
                },
                Step::Listen => {
                    let capacity = self.take_capacity()?;
                    let subscriptions = self.listen(room).await;
                    let subscriptions =
                        subscriptions.map_err(|error| unavailable(&error.to_string()))?;
                    taking = Some((capacity, subscriptions));
                    claim.listening(|name| self.track(name), Instant::now())
                }
                Step::Write(value, revision) => {
                    let outcome = self.checkpoints.update(key, value, revision).await;
                    claim.written(outcome.map_err(|error| write_error(&error)))
                }
                Step::ReadBack => {
                    let found = self.checkpoints.get(key).await;
                    claim.read_back(match found {
                        Ok(found) => Ok(found.and_then(|(value, at)| ReadBack::of(&value, at))),
                        Err(_) => Err(Unanswered),
                    })
                }
                Step::Run(taken) => {
                    let claimed = taken.claimed;
                    metrics::taken_over(cause);
                    let Claimed { race, epoch, .. } = claimed;
                    info!(%room, %race, %epoch, ?cause, "room taken over");
                    if let Some((capacity, subscriptions)) = taking {
                        self.own(
                            taken.room,
                            taken.lease,
                            subscriptions,
                            capacity,
                            Some(taken.gateways),
                        );
                    }
                    return Ok(claimed);
                }
                Step::LeaveAlone(unknown) => {
                    service::report_unknown_version(&unknown);
                    return Err(unavailable(&unknown.to_string()));
                }
                Step::Quarantine(damage) => {
                    return Err(match self.quarantine(room, damage).await {
                        Ok(()) => missing(room),
                        Err(error) => unavailable(&error.to_string()),
                    });
                }
                Step::Answer(reply) => return reply,
            };
        }
    }
}

/// Spreads the adoptions of several workers.
const ADOPTION_JITTER: Duration = Duration::from_millis(200);

/// At random, 0 to 1.
fn random_fraction() -> f64 {
    let random = ulid::Ulid::generate().random() as u32;
    f64::from(random) / f64::from(u32::MAX)
}
