//! The bucket `seats`: in which rooms a player has a seat.

use bus::{Bucket, CasError};
use protocol::seats::HeldSeats;
use protocol::version::{self, SEATS};
use protocol::{PlayerName, Rejection, RejectionCode, Reply, subject};

use crate::limits::SEATS_ATTEMPTS;
use crate::stored::read_stored;

/// The bucket `seats`.
#[derive(Clone, Debug)]
pub struct SeatRegister(Bucket);

impl SeatRegister {
    /// Takes the bucket.
    #[must_use]
    pub fn new(bucket: Bucket) -> Self {
        Self(bucket)
    }

    /// Changes what is known of a player by compare-and-set; returns what is known
    /// then.
    pub(crate) async fn change(
        &self,
        player: &PlayerName,
        change: impl Fn(&mut HeldSeats),
    ) -> Reply<HeldSeats> {
        let id = player.id();
        let key = subject::seats_key(&id);
        for _ in 0..SEATS_ATTEMPTS {
            let Ok(found) = self.0.get(key).await else {
                continue;
            };
            let known = found
                .as_ref()
                .and_then(|(value, _)| read_stored::<HeldSeats>(&SEATS, value));
            let before = known.unwrap_or_default();
            let mut held = before.clone();
            change(&mut held);
            if held == before {
                return Ok(held);
            }
            let value = version::to_json(&SEATS, &held);
            let written = match found {
                Some((_, revision)) => self.0.update(key, value, revision).await,
                None => self.0.create(key, value).await,
            };
            match written {
                Ok(_revision) => return Ok(held),
                Err(error @ (CasError::Conflict { .. } | CasError::Unknown { .. })) => {
                    tracing::debug!(%error, "writing the seats of a player again");
                }
            }
        }
        let message = "your seat cannot be kept just now, try again in a moment";
        Err(Rejection::new(RejectionCode::Unavailable, message))
    }
}
