//! Carries out what a conversation asks of the rest of the system.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bus::{Bucket, Bus, RequestError};
use domain::CarClass;
use protocol::account::{
    Account, AccountDeletion, Credentials, DeletedAccount, LastRace, LastRaceAnswer,
    LastRaceRequest, Leaderboard, LeaderboardRequest, PasswordChange, Profile, ProfileRequest,
};
use protocol::chat::{ChatSession, Posted, PresenceRequest, SayRequest, message_id};
use protocol::client::EarlierRace;
use protocol::limits::TICKET_LIFETIME_MS;
use protocol::lobby::RoomSettings;
use protocol::room::{CreateRequest, Created, CtlReply, CtlRequest};
use protocol::session::Session;
use protocol::{
    GatewayId, PlayerId, PlayerName, Rejection, RejectionCode, Reply, RequestId, RoomId, RoomName,
    SessionNonce, UnixMillis, subject,
};
use relay::limits::{ROOM_RETRY_DELAY, ROOM_TIMEOUT};
use relay::retry::{AttemptFailure, Next, RetryPolicy};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::chat::ChatHub;
use crate::limiter::Limiter;
use crate::limits::{ACCOUNT_TIMEOUT, CHAT_TIMEOUT, LAST_RACE_TIMEOUT};
use crate::lobby::Lobby;
use crate::relays::Relays;
use crate::seats::SeatRegister;
use crate::sessions::{SessionRegister, Sessions};
use crate::token::{Claims, Port, Signer};

/// Everything that connections share.
#[derive(Debug)]
pub struct Backend {
    /// This gateway.
    pub gateway: GatewayId,
    /// The way to everybody else.
    pub bus: Bus,
    /// Who is logged in here.
    pub sessions: Sessions,
    /// Who is logged in at all.
    pub session_register: SessionRegister,
    /// The rooms with players here.
    pub relays: Arc<Relays>,
    /// Which rooms there are.
    pub lobby: Lobby,
    /// In which of them players have seats.
    pub seats: SeatRegister,
    /// The chat.
    pub chat: ChatHub,
    /// The bucket of connections to the chat.
    pub presence: Bucket,
    /// Signs tokens.
    pub signer: Signer,
    /// What people and addresses may do.
    pub limiter: Arc<Limiter>,
}

impl Backend {
    /// Makes an account.
    ///
    /// # Errors
    /// When the name is taken, or nobody answers.
    pub async fn sign_up(&self, mut credentials: Credentials) -> Reply<Account> {
        credentials.deadline = account_deadline();
        self.ask(subject::ACCOUNT_SIGNUP, &credentials, ACCOUNT_TIMEOUT)
            .await
    }

    /// Checks a password.
    ///
    /// # Errors
    /// When it is wrong, or nobody answers.
    pub async fn log_in(&self, mut credentials: Credentials) -> Reply<Account> {
        credentials.deadline = account_deadline();
        self.ask(subject::ACCOUNT_LOGIN, &credentials, ACCOUNT_TIMEOUT)
            .await
    }

    /// Replaces a password.
    ///
    /// # Errors
    /// When the old one is wrong, or nobody answers.
    pub async fn change_password(&self, mut change: PasswordChange) -> Reply<()> {
        change.deadline = account_deadline();
        self.ask(subject::ACCOUNT_CHANGE_PASSWORD, &change, ACCOUNT_TIMEOUT)
            .await
    }

    /// Deletes an account.
    ///
    /// # Errors
    /// When the password is wrong, or nobody answers.
    pub async fn delete_account(&self, mut deletion: AccountDeletion) -> Reply<DeletedAccount> {
        deletion.deadline = account_deadline();
        self.ask(subject::ACCOUNT_DELETE, &deletion, ACCOUNT_TIMEOUT)
            .await
    }

    /// A player's last race. `None` also without a database: nobody who comes back into
    /// a race waits for one.
    pub async fn last_race(&self, player: &PlayerName) -> Option<LastRace> {
        let request = LastRaceRequest {
            player: player.id(),
        };
        let asked = self
            .bus
            .request(subject::ACCOUNT_LAST_RACE, &request, LAST_RACE_TIMEOUT)
            .await;
        let answer: LastRaceAnswer = asked
            .inspect_err(|error| tracing::debug!(%error, "no last race"))
            .ok()?;
        answer.last_race
    }

    /// A last race with what the lobby knows of it.
    #[must_use]
    pub fn earlier_race(&self, race: LastRace) -> EarlierRace {
        let is_running = race.ended_at.is_none() && self.lobby.runs(&race.room.id(), race.race);
        EarlierRace { race, is_running }
    }

    /// The record of a player over all races.
    ///
    /// # Errors
    /// When there is no such player, or nobody answers.
    pub async fn profile(&self, player: PlayerId) -> Reply<Profile> {
        let request = ProfileRequest { player };
        self.ask(subject::ACCOUNT_PROFILE, &request, ACCOUNT_TIMEOUT)
            .await
    }

    /// A page of the best players.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn leaderboard(&self, offset: u64) -> Reply<Leaderboard> {
        let request = LeaderboardRequest {
            offset,
            ..LeaderboardRequest::default()
        };
        self.ask(subject::ACCOUNT_LEADERBOARD, &request, ACCOUNT_TIMEOUT)
            .await
    }

    /// A token that begins the session of a ticket at the chat port. It is good for as
    /// long as the ticket: the session is resumed with the tokens that it gives.
    #[must_use]
    pub fn ticket_token(&self, player: &PlayerName, session: &Session) -> String {
        self.signer.sign(&Claims {
            player: player.clone(),
            port: Port::Chat,
            session: session.token(),
            expires_at: session.begun_at.saturating_add(TICKET_LIFETIME_MS),
        })
    }

    /// A token for a later resume of a session.
    #[must_use]
    pub fn token(&self, player: &PlayerName, port: Port, session: &Session) -> String {
        self.signer.sign(&Claims {
            player: player.clone(),
            port,
            session: session.token(),
            expires_at: session.expires_at(),
        })
    }

    /// Makes a room.
    ///
    /// # Errors
    /// When one of this name exists, the settings are bad, or no worker can
    /// take it.
    pub async fn create_room(
        &self,
        name: &RoomName,
        settings: RoomSettings,
        creator: PlayerName,
        request: Option<RequestId>,
    ) -> Reply<Created> {
        let request = CreateRequest {
            name: name.clone(),
            settings,
            creator: Some(creator),
            request,
        };
        self.ask(subject::RACE_CREATE, &request, ROOM_TIMEOUT).await
    }

    /// Takes a seat.
    ///
    /// # Errors
    /// When there is no such room, or no seat in it.
    pub async fn join(
        &self,
        room: &RoomName,
        player: &PlayerName,
        session: SessionNonce,
        class: CarClass,
    ) -> Reply<CtlReply> {
        let request = CtlRequest::Join {
            player: player.clone(),
            gateway: self.gateway,
            session,
            class,
        };
        self.ctl(&room.id(), &request).await
    }

    /// Asks the owner of a room.
    ///
    /// # Errors
    /// When there is no such room, or it refuses.
    pub async fn ctl(&self, room: &RoomId, request: &CtlRequest) -> Reply<CtlReply> {
        let mut retry = RetryPolicy::new(Instant::now());
        let asked: Result<CtlReply, _> = loop {
            let timeout = retry.attempt(Instant::now());
            let asked = self
                .bus
                .request(subject::room_ctl(room), request, timeout)
                .await;
            let why = match &asked {
                Err(RequestError::NoResponders { .. }) => AttemptFailure::NoResponders,
                Err(RequestError::TimedOut { .. }) => AttemptFailure::TimedOut,
                Ok(_)
                | Err(
                    RequestError::Unreadable { .. }
                    | RequestError::Failed { .. }
                    | RequestError::Rejected(_),
                ) => break asked,
            };
            match retry.failed(why, self.lobby.has(room)) {
                Next::Retry => {}
                Next::Wait(pause) => {
                    self.relays.unserved(room);
                    tokio::time::sleep(pause).await;
                }
                Next::GiveUp => break asked,
            }
        };
        asked.map_err(|error| match error {
            RequestError::NoResponders { .. } => Rejection::new(
                RejectionCode::RoomMissing,
                format!("there is no room {room}"),
            ),
            error @ (RequestError::TimedOut { .. }
            | RequestError::Unreadable { .. }
            | RequestError::Failed { .. }
            | RequestError::Rejected(_)) => unavailable(error),
        })
    }

    /// Comes into the chat.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn chat_join(&self, session: &ChatSession) -> Reply<Posted> {
        let request = PresenceRequest {
            session: session.clone(),
        };
        self.ask(subject::CHAT_JOIN, &request, CHAT_TIMEOUT).await
    }

    /// Leaves the chat.
    ///
    /// # Errors
    /// When nobody answers.
    pub async fn chat_leave(&self, session: &ChatSession) -> Reply<Posted> {
        let request = PresenceRequest {
            session: session.clone(),
        };
        self.ask(subject::CHAT_LEAVE, &request, CHAT_TIMEOUT).await
    }

    /// Says something. It is said once this gateway has read it in the stream, where
    /// all others read it too.
    ///
    /// # Errors
    /// When the text is bad, or it was not read in time: it may be said, and the same
    /// sequence is not said twice.
    pub async fn say(&self, session: &ChatSession, sequence: u64, text: String) -> Reply<()> {
        let mut awaited = self.chat.read(message_id::said(session, sequence));
        let request = SayRequest {
            session: session.clone(),
            sequence,
            text,
        };
        let say = async {
            let posted: Reply<Posted> = self.ask(subject::CHAT_SAY, &request, CHAT_TIMEOUT).await;
            // Of what was posted, only the reader has the last word.
            match posted {
                Ok(_) => std::future::pending().await,
                Err(rejection) => rejection,
            }
        };
        tokio::select! {
            biased;
            () = awaited.read() => Ok(()),
            rejection = say => Err(rejection),
            () = tokio::time::sleep(CHAT_TIMEOUT) => Err(busy()),
        }
    }

    /// Asks a service. While nobody serves it, for instance because it is
    /// being restarted, the question is repeated until the time is up; one
    /// that may have been heard is not.
    async fn ask<T: DeserializeOwned>(
        &self,
        subject: &str,
        request: &impl Serialize,
        timeout: Duration,
    ) -> Reply<T> {
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.bus.request(subject, request, left).await {
                Err(RequestError::NoResponders { .. }) if left > ROOM_RETRY_DELAY => {
                    tokio::time::sleep(ROOM_RETRY_DELAY).await;
                }
                outcome => return outcome.map_err(unavailable),
            }
        }
    }
}

fn unavailable(error: RequestError) -> Rejection {
    match error {
        RequestError::Rejected(rejection) => rejection,
        error => {
            tracing::debug!(%error, "a request failed");
            busy()
        }
    }
}

fn busy() -> Rejection {
    Rejection::new(
        RejectionCode::Unavailable,
        "all servers are busy, try again in a moment",
    )
}

/// When this gateway stops waiting for an answer about an account.
fn account_deadline() -> Option<UnixMillis> {
    let patience = ACCOUNT_TIMEOUT.as_millis().try_into().unwrap_or_default();
    Some(service::unix_ms().saturating_add(patience))
}
