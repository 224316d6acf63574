//! The bucket `sessions`: who holds the session of a player at a port.

use bus::{Bucket, CasError};
use protocol::budgets::PlayerBudgets;
use protocol::session::{Holder, Port, Session, SessionId, SessionRefusal};
use protocol::version::{self, SESSION};
use protocol::{
    GatewayId, PlayerId, Rejection, RejectionCode, Reply, Revision, SessionNonce, UnixMillis,
    subject,
};

use crate::limits::{SESSION_ATTEMPTS, SESSION_CLOSE_TIMEOUT};
use crate::metrics;
use crate::stored::read_stored;
use crate::token::Claims;

/// A session as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// The session.
    pub session: Session,
    /// The write.
    pub revision: Revision,
}

/// The bucket `sessions`, as one gateway writes it.
#[derive(Clone, Debug)]
pub struct SessionRegister {
    bucket: Bucket,
    gateway: GatewayId,
}

impl SessionRegister {
    /// Takes the bucket.
    #[must_use]
    pub fn new(bucket: Bucket, gateway: GatewayId) -> Self {
        Self { bucket, gateway }
    }

    /// Begins a session for a player who has proven it, in the place of any other. The
    /// password was checked not before `proven_at`.
    ///
    /// # Errors
    /// When the password has been replaced since, or the session cannot be written.
    pub async fn log_in(
        &self,
        player: &PlayerId,
        port: Port,
        connection: SessionNonce,
        proven_at: UnixMillis,
    ) -> Reply<Stored> {
        let holder = self.holder(connection);
        let begun = Session::begin(new_id(), holder, service::unix_ms());
        self.change(player, port, |found| begun.clone().log_in(found, proven_at))
            .await
    }

    /// Begins a session for the connection that has replaced its password: no log-in with
    /// the old one, which may be on its way, takes its place.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn password_changed(
        &self,
        player: &PlayerId,
        port: Port,
        connection: SessionNonce,
    ) -> Reply<Stored> {
        let now = service::unix_ms();
        let begun = Session::begin(new_id(), self.holder(connection), now).with_proofs_since(now);
        self.change(player, port, |_| Ok(begun.clone())).await
    }

    /// Gives a session to the connection that has shown a token of it, or begins the one
    /// that the holder of the race port has given a ticket for.
    ///
    /// # Errors
    /// When the token is not good, or the session cannot be written.
    pub async fn resume(&self, claims: &Claims, connection: SessionNonce) -> Reply<Stored> {
        let (player, port) = (claims.player.id(), claims.port);
        let race = self.race_session(claims).await?;
        self.change(&player, port, |found| {
            self.resumed(claims, found, race.as_ref(), connection)
        })
        .await
    }

    /// Checks whether a token would be good, without giving the session away.
    ///
    /// # Errors
    /// When it would not be. One that was replaced and is used again ends the session.
    pub async fn check(&self, claims: &Claims, connection: SessionNonce) -> Reply<()> {
        let race = self.race_session(claims).await?;
        let found = self.read(&claims.player.id(), claims.port).await?;
        let found = found.map(|found| found.session);
        match self.resumed(claims, found.as_ref(), race.as_ref(), connection) {
            Ok(_) => Ok(()),
            Err(SessionRefusal::Reused) => self.resume(claims, connection).await.map(drop),
            Err(refusal) => Err(refused(refusal)),
        }
    }

    /// The session after a token was used.
    fn resumed(
        &self,
        claims: &Claims,
        found: Option<&Session>,
        race: Option<&Session>,
        connection: SessionNonce,
    ) -> Result<Session, SessionRefusal> {
        let (token, holder) = (claims.session, self.holder(connection));
        let now = service::unix_ms();
        match (found, race) {
            (Some(session), _) if session.id == token.id => session.resume(token, holder, now),
            (found, Some(race)) => race.redeem(found, token, holder, now),
            (Some(_), None) => Err(SessionRefusal::Replaced),
            (None, None) => Err(SessionRefusal::Ended),
        }
    }

    /// The session at the race port, which may have given a ticket for the chat port.
    async fn race_session(&self, claims: &Claims) -> Reply<Option<Session>> {
        match claims.port {
            Port::Race => Ok(None),
            Port::Chat => {
                let race = self.read(&claims.player.id(), Port::Race).await?;
                Ok(race.map(|race| race.session))
            }
        }
    }

    /// Gives a ticket for a session at the chat port to the connection that holds the
    /// one at the race port.
    ///
    /// # Errors
    /// When the connection does not hold it, or it cannot be written.
    pub async fn ticket(&self, player: &PlayerId, connection: SessionNonce) -> Reply<Session> {
        let (holder, chat, now) = (self.holder(connection), new_id(), service::unix_ms());
        self.change(player, Port::Race, |found| match found {
            Some(session) if session.holder == holder && !session.is_ended => {
                Ok(session.with_ticket(chat, now))
            }
            Some(_) | None => Err(SessionRefusal::Replaced),
        })
        .await?;
        Ok(Session::begin(chat, holder, now))
    }

    /// What a player has spent of the limits at another gateway, which had the session
    /// before.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn budgets(&self, player: &PlayerId, port: Port) -> Reply<Option<PlayerBudgets>> {
        let found = self.read(player, port).await?;
        Ok(found
            .filter(|found| found.session.holder.gateway != self.gateway)
            .map(|found| {
                let unknown = || PlayerBudgets::empty(service::unix_ms());
                found.session.budgets.unwrap_or_else(unknown)
            }))
    }

    /// Notes that the connection of a session has closed, and what its player has spent.
    /// Without the note the next gateway takes most for spent.
    pub async fn close(
        &self,
        player: &PlayerId,
        port: Port,
        connection: SessionNonce,
        budgets: PlayerBudgets,
    ) {
        let holder = self.holder(connection);
        let noted = self.change(player, port, |found| match found {
            Some(session) if session.holder == holder => Ok(session.closed(budgets)),
            Some(_) | None => Err(SessionRefusal::Replaced),
        });
        let noted = tokio::time::timeout(SESSION_CLOSE_TIMEOUT, noted).await;
        if !matches!(noted, Ok(Ok(_))) {
            tracing::debug!(%player, %port, "could not note what was spent");
        }
    }

    /// Ends the session that a connection holds.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn log_out(
        &self,
        player: &PlayerId,
        port: Port,
        connection: SessionNonce,
    ) -> Reply<()> {
        let holder = self.holder(connection);
        let ended = self.change(player, port, |found| match found {
            Some(session) if session.holder == holder => Ok(session.ended()),
            Some(_) | None => Err(SessionRefusal::Replaced),
        });
        match ended.await {
            // Another log-in has taken its place meanwhile.
            Err(rejection) if rejection.code == RejectionCode::BadToken => Ok(()),
            ended => ended.map(drop),
        }
    }

    /// Ends a player's session at a port, whose password has been replaced or whose
    /// account is gone: passwords that were checked before begin none.
    ///
    /// # Errors
    /// When it cannot be written.
    pub async fn end(&self, player: &PlayerId, port: Port) -> Reply<()> {
        let now = service::unix_ms();
        let ended = self.change(player, port, |found| {
            let none = || Session::begin(new_id(), self.holder(SessionNonce::new(0)), now);
            let session = found.cloned().unwrap_or_else(none);
            Ok(session.ended().with_proofs_since(now))
        });
        ended.await.map(drop)
    }

    /// Writes a session that the bucket has lost; returns what is stored then, if that is
    /// known.
    pub(super) async fn restore(
        &self,
        player: &PlayerId,
        port: Port,
        session: &Session,
    ) -> Option<Stored> {
        let key = subject::session_key(player, port);
        let value = version::to_json(&SESSION, session);
        match self.bucket.create(&key, value).await {
            Ok(revision) => Some(Stored {
                session: session.clone(),
                revision,
            }),
            // There is one: the player has logged in meanwhile.
            Err(CasError::Conflict { .. }) => self.read(player, port).await.ok().flatten(),
            Err(error @ CasError::Unknown { .. }) => {
                tracing::debug!(%error, "a session stays lost");
                None
            }
        }
    }

    /// Changes a session by compare-and-set. A session whose token was used before is
    /// ended by that.
    async fn change(
        &self,
        player: &PlayerId,
        port: Port,
        change: impl Fn(Option<&Session>) -> Result<Session, SessionRefusal>,
    ) -> Reply<Stored> {
        let key = subject::session_key(player, port);
        for _ in 0..SESSION_ATTEMPTS {
            let Ok(found) = self.bucket.get(&key).await else {
                continue;
            };
            let stored: Option<Session> = found
                .as_ref()
                .and_then(|(value, _)| read_stored(&SESSION, value));
            let changed = change(stored.as_ref());
            let to_write = match (&changed, &stored) {
                (Ok(session), _) => session.clone(),
                (Err(SessionRefusal::Reused), Some(session)) => session.ended(),
                (Err(refusal), _) => return Err(refused(*refusal)),
            };
            let value = version::to_json(&SESSION, &to_write);
            let written = match found {
                Some((_, revision)) => self.bucket.update(&key, value, revision).await,
                None => self.bucket.create(&key, value).await,
            };
            match written {
                Ok(revision) => {
                    if changed == Err(SessionRefusal::Reused) {
                        metrics::session_revoked();
                        tracing::warn!(%player, %port, "a token was used again: its session is ended");
                    }
                    return changed
                        .map(|session| Stored { session, revision })
                        .map_err(refused);
                }
                Err(error @ (CasError::Conflict { .. } | CasError::Unknown { .. })) => {
                    tracing::debug!(%error, "writing a session again");
                }
            }
        }
        Err(unavailable())
    }

    /// A session as it is stored.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) async fn read(&self, player: &PlayerId, port: Port) -> Reply<Option<Stored>> {
        let key = subject::session_key(player, port);
        let found = self.bucket.get(&key).await.map_err(|error| {
            tracing::debug!(%error, "cannot read a session");
            unavailable()
        })?;
        Ok(found.and_then(|(value, revision)| {
            let session = read_stored(&SESSION, &value)?;
            Some(Stored { session, revision })
        }))
    }

    fn holder(&self, connection: SessionNonce) -> Holder {
        Holder {
            gateway: self.gateway,
            connection,
        }
    }
}

fn new_id() -> SessionId {
    SessionId::new(rand::random())
}

fn refused(refusal: SessionRefusal) -> Rejection {
    Rejection::new(RejectionCode::BadToken, refusal.to_string())
}

fn unavailable() -> Rejection {
    Rejection::new(
        RejectionCode::Unavailable,
        "your session cannot be kept just now, try again in a moment",
    )
}
