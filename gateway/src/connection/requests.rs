//! What a client asks of the rest of the system.

use std::sync::Arc;
use std::time::Instant;

use domain::CarClass;
use protocol::account::{Account, Credentials};
use protocol::chat::ChatSession;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::lobby::RoomSettings;
use protocol::room::{CtlReply, CtlRequest};
use protocol::{
    PlayerId, PlayerName, Rejection, RejectionCode, Reply, RequestId, RoomName, SessionNonce,
    UnixMillis, frame,
};

use super::{ChatMembership, Connection};
use crate::conversation::{Ask, Membership};
use crate::limiter::{PlayerLimit, PlayerLimits};
use crate::metrics;
use crate::presence;
use crate::relays::{RelayCommand, RelayHandle};
use crate::sessions::Stored;
use crate::token::Port;

impl Connection {
    pub(super) async fn carry_out(&mut self, ask: Ask) -> Reply<()> {
        match ask {
            Ask::SignUp(credentials) => {
                self.address.sign_up()?;
                let asked_at = service::unix_ms();
                let outcome = self.backend.sign_up(credentials).await;
                self.address.signed_up(&outcome);
                self.logged_in(outcome?, asked_at).await?;
            }
            Ask::LogIn(credentials) => {
                let attempt = self.address.log_in(&credentials.name.id())?;
                let asked_at = service::unix_ms();
                let credentials = Credentials {
                    is_known_address: attempt.is_known(),
                    ..credentials
                };
                let outcome = self.backend.log_in(credentials).await;
                self.address.logged_in(&attempt, &outcome);
                self.logged_in(outcome?, asked_at).await?;
            }
            Ask::Resume(token) => {
                let claims = self
                    .backend
                    .signer
                    .verify(&token, self.port, service::unix_ms())?;
                let limits = self.admit(&claims.player).await?;
                let register = &self.backend.session_register;
                let checked = register.check(&claims, self.nonce).await;
                // Somebody with an old token must not use the player's log-ins up.
                checked.inspect_err(|_| limits.give_back(PlayerLimit::LogIns))?;
                self.address.resumed(claims.player.id());
                let last_race = match self.port {
                    Port::Race => self.backend.last_race(&claims.player).await,
                    Port::Chat => None,
                };
                // First, so that the player is in the chat when an older connection is
                // dismissed.
                let joined = self.joined(&claims.player, &limits).await?;
                let register = &self.backend.session_register;
                let stored = register.resume(&claims, self.nonce).await?;
                let name = claims.player;
                let account = Account { name, last_race };
                self.welcome(account, limits, stored, joined).await;
            }
            Ask::ChangePassword(change) => {
                let player = change.player.clone();
                let attempt = self.address.log_in(&player)?;
                let outcome = self.backend.change_password(change).await;
                self.address.logged_in(&attempt, &outcome);
                outcome?;
                self.password_changed(&player).await;
            }
            Ask::DeleteAccount(deletion) => {
                let player = deletion.player.clone();
                let attempt = self.address.log_in(&player)?;
                let outcome = self.backend.delete_account(deletion).await;
                self.address.logged_in(&attempt, &outcome);
                let anonymous = outcome?.anonymous;
                self.account_deleted(&player, anonymous).await;
            }
            Ask::ListRooms(after) => {
                let page = self.backend.lobby.page(after.as_ref());
                self.send_queue.push(page);
            }
            Ask::CreateRoom(name, settings, class, request) => {
                self.create_room(&name, settings, request).await?;
                self.enter(&name, Entry::Seat(class)).await?;
            }
            Ask::JoinRoom(name, class) => self.enter(&name, Entry::Seat(class)).await?,
            Ask::ChooseClass(class) => {
                self.ask_room(|player, session| CtlRequest::ChooseClass {
                    player,
                    session,
                    class,
                })
                .await?;
            }
            Ask::FillSeats(skill) => {
                self.ask_room(|player, session| CtlRequest::FillSeats {
                    player,
                    session,
                    skill,
                })
                .await?;
            }
            Ask::Stay => {
                self.ask_room(|player, session| CtlRequest::Stay { player, session })
                    .await?;
            }
            Ask::Spectate(name) => self.enter(&name, Entry::Spectator).await?,
            Ask::LeaveRoom => {
                self.leave_room(Departure::ForGood).await;
                self.send_queue.send(&ServerMessage::LeftRoom);
            }
            Ask::Profile(player) => {
                let profile = self.backend.profile(player).await?;
                self.send_queue.send(&ServerMessage::Profile(profile));
            }
            Ask::Leaderboard(offset) => {
                let leaderboard = self.backend.leaderboard(offset).await?;
                self.send_queue
                    .send(&ServerMessage::Leaderboard(leaderboard));
            }
            Ask::ChatToken => {
                if let Some(player) = self.conversation.player() {
                    let register = &self.backend.session_register;
                    let session = register.ticket(&player.id(), self.nonce).await?;
                    let token = self.backend.ticket_token(player, &session);
                    self.send_queue.send(&ServerMessage::ChatToken { token });
                }
            }
            Ask::LogOut => self.log_out().await?,
            Ask::Say { text, sequence } => {
                if let ChatMembership::Joined(session) = &self.chat {
                    self.backend.say(session, sequence, text).await?;
                    self.send_queue.send(&ServerMessage::Said { sequence });
                }
            }
            Ask::ListPresent(after) => {
                let chat = &self.backend.chat;
                chat.send_present(after.as_ref(), &self.send_queue);
            }
        }
        Ok(())
    }

    /// Ends the sessions that the old password has begun, at both ports, and gives this
    /// connection a new one. Where that cannot be written the player has to log in again.
    async fn password_changed(&mut self, player: &PlayerId) {
        let register = &self.backend.session_register;
        if let Err(rejection) = register.end(player, self.port.other()).await {
            let port = self.port.other();
            tracing::warn!(%rejection, %player, %port, "a session outlives its password");
        }
        let begun = register.password_changed(player, self.port, self.nonce);
        let (Ok(stored), Some(name)) = (begun.await, self.conversation.player()) else {
            let reason = "your password was changed, log in again";
            return self.goodbye(GoodbyeCode::SessionEnded, reason);
        };
        let token = self.backend.token(name, self.port, &stored.session);
        let queue = Arc::clone(&self.send_queue);
        let (sessions, id) = (&self.backend.sessions, player.clone());
        sessions.open(id, self.port, stored, queue);
        self.send_queue
            .send(&ServerMessage::PasswordChanged { token });
    }

    /// Ends all sessions of an account that is gone, and this connection.
    async fn account_deleted(&mut self, player: &PlayerId, anonymous: PlayerName) {
        let id = player.clone();
        self.backend.sessions.close(id, self.port, self.nonce);
        for port in Port::ALL {
            if let Err(rejection) = self.backend.session_register.end(player, port).await {
                tracing::warn!(%rejection, %player, %port, "a session of a deleted account lives on");
            }
        }
        self.leave_room(Departure::ForGood).await;
        self.send_queue
            .send(&ServerMessage::AccountDeleted { anonymous });
        self.goodbye(GoodbyeCode::AccountDeleted, "your account was deleted");
    }

    /// Begins a session for a player whose password was checked not before `proven_at`.
    async fn logged_in(&mut self, account: Account, proven_at: UnixMillis) -> Reply<()> {
        let limits = self.admit(&account.name).await?;
        // First, so that the player is in the chat when an older connection is dismissed.
        let joined = self.joined(&account.name, &limits).await?;
        let register = &self.backend.session_register;
        let id = account.name.id();
        let stored = register
            .log_in(&id, self.port, self.nonce, proven_at)
            .await?;
        self.welcome(account, limits, stored, joined).await;
        Ok(())
    }

    /// Ends the session and the connection; a seat is given back.
    async fn log_out(&mut self) -> Reply<()> {
        let Some(player) = self.conversation.player().cloned() else {
            return Ok(());
        };
        let register = &self.backend.session_register;
        register
            .log_out(&player.id(), self.port, self.nonce)
            .await?;
        self.leave_room(Departure::ForGood).await;
        self.goodbye(GoodbyeCode::SessionEnded, "you have logged out");
        Ok(())
    }

    /// Charges a log-in to its player, whichever connection and gateway it comes by: others
    /// hear of each.
    async fn admit(&self, player: &PlayerName) -> Reply<PlayerLimits> {
        let id = player.id();
        let register = &self.backend.session_register;
        let spent_elsewhere = register.budgets(&id, self.port).await?;
        let now = Instant::now();
        let limits = self.backend.limiter.player(&id, now);
        if let Some(budgets) = spent_elsewhere {
            limits.import(&budgets, now, service::unix_ms());
        }
        limits.take(PlayerLimit::LogIns, now)?;
        Ok(limits)
    }

    /// Makes a room, unless its player has made enough. A room that is not made costs
    /// nothing.
    async fn create_room(
        &self,
        name: &RoomName,
        settings: RoomSettings,
        request: Option<RequestId>,
    ) -> Reply<()> {
        let (Some(player), Some(limits)) = (self.conversation.player(), self.conversation.limits())
        else {
            return Ok(());
        };
        let created = match self.expect_few_rooms(player, name) {
            Ok(()) => {
                let player = player.clone();
                let created = self.backend.create_room(name, settings, player, request);
                created.await.map(drop)
            }
            Err(rejection) => Err(rejection),
        };
        if created.is_err() {
            limits.give_back(PlayerLimit::Rooms);
        }
        created
    }

    /// The same request again may be for the room of its name.
    fn expect_few_rooms(&self, player: &PlayerName, name: &RoomName) -> Reply<()> {
        let rooms_max = self.backend.limiter.options().rooms_per_player;
        let rooms = self.backend.lobby.made_by(&player.id(), &name.id());
        if rooms < rooms_max {
            return Ok(());
        }
        metrics::limited("living_rooms");
        let message = format!(
            "too many rooms: you may have {rooms_max} at a time, try again when one of yours is over"
        );
        Err(Rejection::new(RejectionCode::TooFast, message))
    }

    /// Comes into the chat at the chat port.
    async fn joined(
        &mut self,
        player: &PlayerName,
        limits: &PlayerLimits,
    ) -> Reply<Option<(ChatSession, u64)>> {
        if self.port == Port::Race {
            return Ok(None);
        }
        let joined = self.join_chat(player.clone()).await;
        // Nobody has heard of it.
        joined
            .map(Some)
            .inspect_err(|_| limits.give_back(PlayerLimit::LogIns))
    }

    async fn welcome(
        &mut self,
        account: Account,
        limits: PlayerLimits,
        stored: Stored,
        joined: Option<(ChatSession, u64)>,
    ) {
        let Account {
            name: player,
            last_race,
        } = account;
        let (id, held) = (player.id(), stored.session.clone());
        let token = self.backend.token(&player, self.port, &held);
        let (sessions, queue) = (&self.backend.sessions, Arc::clone(&self.send_queue));
        sessions.open(id.clone(), self.port, stored, queue);
        self.send_queue.send(&ServerMessage::Welcome {
            player: player.clone(),
            token,
            last_race: last_race.map(|race| self.backend.earlier_race(race)),
        });
        self.conversation.logged_in(player, limits);
        if let Some((session, sequence)) = joined {
            self.send_queue
                .send(&ServerMessage::ChatJoined { sequence });
            self.backend
                .chat
                .begin(self.member, &session, &self.send_queue);
            self.chat = ChatMembership::Joined(session);
        }
        let register = &self.backend.session_register;
        sessions.recheck(id, self.port, &held, register).await;
    }

    /// Comes into the chat. Listening begins before the notice is asked for, so that
    /// nothing after it is missed; a repeated attempt asks for the same notice.
    async fn join_chat(&mut self, player: PlayerName) -> Reply<(ChatSession, u64)> {
        let session = ChatSession {
            player,
            nonce: self.nonce,
            gateway: self.backend.gateway,
        };
        if let ChatMembership::Joining(before) = &self.chat
            && before.player.id() != session.player.id()
        {
            self.leave_chat().await;
        }
        self.chat = ChatMembership::Joining(session.clone());
        let chat = &self.backend.chat;
        chat.expect(self.member, &session, &self.send_queue);
        let posted = self.backend.chat_join(&session).await?;
        Ok((session, posted.sequence))
    }

    /// Enters a room: its relay listens before the owner is asked, so that
    /// nothing the owner says afterwards is missed.
    async fn enter(&mut self, name: &RoomName, entry: Entry) -> Reply<()> {
        let Some(player) = self.conversation.player() else {
            return Ok(());
        };
        let room = name.id();
        let relay = self
            .backend
            .relays
            .expect(&room, self.member, self.nonce, &self.send_queue)
            .await;
        let relay = relay.ok_or_else(|| {
            let message = "this room cannot be reached just now, try again in a moment";
            Rejection::new(RejectionCode::Unavailable, message)
        })?;
        let answer = match entry {
            Entry::Seat(class) => self.take_seat(name, player, class).await,
            Entry::Spectator => self.backend.ctl(&room, &CtlRequest::Spectate).await,
        };
        match answer {
            Ok(answer) => {
                let CtlReply {
                    seat,
                    room: view,
                    epoch,
                } = answer;
                let race = view.race;
                self.conversation.entered(Membership { room, race, seat });
                let entered = frame::from_server(&ServerMessage::Entered { seat, room: view });
                relay
                    .send(RelayCommand::Enter(self.member, entered, race, epoch))
                    .await;
                self.relay = Some(relay);
                if seat.is_some()
                    && let Some(player) = self.conversation.player()
                {
                    self.backend.leave_other_rooms(player, &name.id()).await;
                }
                Ok(())
            }
            Err(rejection) => {
                relay.send(RelayCommand::Leave(self.member)).await;
                // A question without an answer may have been heard: nobody
                // shall sit in a seat that this connection knows nothing of.
                if rejection.code == RejectionCode::Unavailable {
                    let (player, session) = (player.clone(), self.nonce);
                    let lost = CtlRequest::Lost { player, session };
                    if let Err(error) = self.backend.ctl(&name.id(), &lost).await {
                        tracing::debug!(%error, room = %name, "could not undo a join");
                    }
                }
                Err(rejection)
            }
        }
    }

    /// Takes a seat. A refusal leaves the player where a seat was before.
    async fn take_seat(
        &self,
        name: &RoomName,
        player: &PlayerName,
        class: CarClass,
    ) -> Reply<CtlReply> {
        let room = name.id();
        self.backend.claim_seat(player, &room, self.nonce).await?;
        let answer = self.backend.join(name, player, self.nonce, class).await;
        if let Err(rejection) = &answer
            && rejection.code != RejectionCode::Unavailable
        {
            self.backend.forget_seat(player, &room).await;
        }
        answer
    }

    /// Asks something of the room that the client has a seat in. What comes of
    /// it everybody there learns as an event.
    async fn ask_room(
        &self,
        request: impl FnOnce(PlayerName, SessionNonce) -> CtlRequest,
    ) -> Reply<()> {
        if let (Some(membership), Some(player)) =
            (self.conversation.membership(), self.conversation.player())
        {
            let request = request(player.clone(), self.nonce);
            self.backend.ctl(&membership.room, &request).await?;
        }
        Ok(())
    }

    /// The relay has informed the client. Here it matters only once something is
    /// asked, so nobody waits for it.
    pub(super) fn notice_closed_room(&mut self) {
        if self.relay.as_ref().is_some_and(RelayHandle::is_closed) {
            self.relay = None;
            self.conversation.left();
        }
    }

    async fn leave_room(&mut self, departure: Departure) {
        self.notice_closed_room();
        // First, so that who asks the gateway afterwards hears the same.
        if let Some(relay) = self.relay.take() {
            relay.send(RelayCommand::Leave(self.member)).await;
        }
        if let (Some(membership), Some(player)) =
            (self.conversation.membership(), self.conversation.player())
            && membership.seat.is_some()
        {
            let player = player.clone();
            let request = match departure {
                Departure::ForGood => CtlRequest::Leave {
                    player,
                    session: self.nonce,
                },
                Departure::Lost => CtlRequest::Lost {
                    player,
                    session: self.nonce,
                },
            };
            match self.backend.ctl(&membership.room, &request).await {
                Ok(_) => {
                    if departure == Departure::ForGood
                        && let Some(player) = self.conversation.player()
                    {
                        self.backend.forget_seat(player, &membership.room).await;
                    }
                }
                Err(error) => {
                    tracing::debug!(%error, room = %membership.room, "could not report a departure to the room");
                }
            }
        }
        self.conversation.left();
    }

    /// Reports the end of the connection to its room and to the chat.
    pub(super) async fn leave(&mut self) {
        self.leave_room(Departure::Lost).await;
        self.close_session().await;
        self.leave_chat().await;
    }

    /// Closes the session, with what its player has spent, for the gateway that the player
    /// comes to next.
    pub(super) async fn close_session(&self) {
        if let (Some(player), Some(limits)) =
            (self.conversation.player(), self.conversation.limits())
        {
            let (id, backend) = (player.id(), &self.backend);
            if backend.sessions.close(id.clone(), self.port, self.nonce) {
                let budgets = limits.export(Instant::now(), service::unix_ms());
                let register = &backend.session_register;
                register.close(&id, self.port, self.nonce, budgets).await;
            }
        }
    }

    async fn leave_chat(&mut self) {
        let (session, has_joined) = match std::mem::replace(&mut self.chat, ChatMembership::Outside)
        {
            ChatMembership::Outside => return,
            ChatMembership::Joining(session) => (session, false),
            ChatMembership::Joined(session) => (session, true),
        };
        let gone = self.backend.chat.leave(self.member, session);
        if has_joined || gone.was_noticed {
            presence::leave(&self.backend, &gone.session).await;
        } else {
            presence::withdraw(&self.backend, &gone.session).await;
        }
    }
}

#[derive(Clone, Copy)]
enum Entry {
    Seat(CarClass),
    Spectator,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Departure {
    ForGood,
    Lost,
}
