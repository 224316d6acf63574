//! What a client asks of the rest of the system.

use std::sync::Arc;

use domain::CarClass;
use protocol::chat::ChatSession;
use protocol::client::ServerMessage;
use protocol::room::{CtlReply, CtlRequest};
use protocol::{PlayerName, Rejection, RejectionCode, Reply, RoomName, SessionNonce, frame};

use super::Connection;
use crate::conversation::{Ask, Place};
use crate::relay::{RelayCommand, RelayHandle};
use crate::token::Port;

impl Connection {
    pub(super) async fn carry_out(&mut self, ask: Ask) -> Reply<()> {
        match ask {
            Ask::SignUp(credentials) => {
                let player = self.desk.sign_up(&credentials).await?;
                self.logged_in(player).await?;
            }
            Ask::LogIn(credentials) => {
                self.address.expect_patience()?;
                let outcome = self.desk.log_in(&credentials).await;
                self.address.note(&outcome);
                self.logged_in(outcome?).await?;
            }
            Ask::Resume(token) => {
                let player = self.desk.resume(&token, self.port)?;
                self.logged_in(player).await?;
            }
            Ask::ListRooms => {
                self.send_queue.send(&ServerMessage::Rooms {
                    rooms: self.desk.lobby.list(),
                });
            }
            Ask::CreateRoom(name, settings, class) => {
                if let Some(player) = self.conversation.player().cloned() {
                    self.desk.create_room(&name, settings, player).await?;
                    self.enter(&name, Entrance::Seat(class)).await?;
                }
            }
            Ask::JoinRoom(name, class) => self.enter(&name, Entrance::Seat(class)).await?,
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
            Ask::Spectate(name) => self.enter(&name, Entrance::Stand).await?,
            Ask::LeaveRoom => {
                self.leave_room(Departure::ForGood).await;
                self.send_queue.send(&ServerMessage::LeftRoom);
            }
            Ask::ChatToken => {
                if let Some(player) = self.conversation.player() {
                    let token = self.desk.token(player, Port::Chat);
                    self.send_queue.send(&ServerMessage::ChatToken { token });
                }
            }
            Ask::Say { text, sequence } => {
                if let Some(session) = &self.in_chat {
                    self.desk.say(session, sequence, text).await?;
                    self.send_queue.send(&ServerMessage::Said { sequence });
                }
            }
            Ask::ListPresent => {
                let players = self.desk.chat.present();
                self.send_queue.send(&ServerMessage::Present { players });
            }
        }
        Ok(())
    }

    async fn logged_in(&mut self, player: PlayerName) -> Reply<()> {
        let joined = match self.port {
            Port::Race => None,
            Port::Chat => Some(self.join_chat(player.clone()).await?),
        };
        self.desk.sessions.open(
            player.id(),
            self.port,
            self.nonce,
            Arc::clone(&self.send_queue),
        );
        let token = self.desk.token(&player, self.port);
        self.send_queue.send(&ServerMessage::Welcome {
            player: player.clone(),
            token,
        });
        self.conversation.logged_in(player);
        if let Some((session, sequence)) = joined {
            self.send_queue
                .send(&ServerMessage::ChatJoined { sequence });
            let send_queue = Arc::clone(&self.send_queue);
            self.desk
                .chat
                .listen(self.member, session.clone(), sequence, send_queue);
            self.in_chat = Some(session);
        }
        Ok(())
    }

    async fn join_chat(&self, player: PlayerName) -> Reply<(ChatSession, u64)> {
        let session = ChatSession {
            player,
            nonce: self.nonce,
            gateway: self.desk.gateway,
        };
        let posted = self.desk.chat_join(&session).await?;
        Ok((session, posted.sequence))
    }

    /// Enters a room: its relay listens before the owner is asked, so that
    /// nothing the owner says afterwards is missed.
    async fn enter(&mut self, name: &RoomName, entrance: Entrance) -> Reply<()> {
        let Some(player) = self.conversation.player() else {
            return Ok(());
        };
        let room = name.id();
        let relay = self
            .desk
            .relays
            .expect(&room, self.member, self.nonce, &self.send_queue)
            .await;
        let relay = relay.ok_or_else(|| {
            let message = "this room cannot be reached just now, try again in a moment";
            Rejection::new(RejectionCode::Unavailable, message)
        })?;
        let answer = match entrance {
            Entrance::Seat(class) => self.desk.join(name, player, self.nonce, class).await,
            Entrance::Stand => self.desk.ctl(&room, &CtlRequest::Spectate).await,
        };
        match answer {
            Ok(answer) => {
                let CtlReply {
                    seat,
                    room: view,
                    epoch,
                } = answer;
                let race = view.race;
                self.conversation.entered(Place { room, race, seat });
                let entered = frame::from_server(&ServerMessage::Entered { seat, room: view });
                relay
                    .send(RelayCommand::Enter(self.member, entered, race, epoch))
                    .await;
                self.relay = Some(relay);
                Ok(())
            }
            Err(rejection) => {
                relay.send(RelayCommand::Leave(self.member)).await;
                // A question without an answer may have been heard: nobody
                // shall sit in a seat that this connection knows nothing of.
                if rejection.code == RejectionCode::Unavailable {
                    let (player, session) = (player.clone(), self.nonce);
                    let lost = CtlRequest::Lost { player, session };
                    if let Err(error) = self.desk.ctl(&name.id(), &lost).await {
                        tracing::debug!(%error, room = %name, "could not undo a join");
                    }
                }
                Err(rejection)
            }
        }
    }

    /// Asks something of the room that the client has a seat in. What comes of
    /// it everybody there learns as an event.
    async fn ask_room(
        &self,
        request: impl FnOnce(PlayerName, SessionNonce) -> CtlRequest,
    ) -> Reply<()> {
        if let (Some(place), Some(player)) = (self.conversation.place(), self.conversation.player())
        {
            let request = request(player.clone(), self.nonce);
            self.desk.ctl(&place.room, &request).await?;
        }
        Ok(())
    }

    /// The client was told by the relay. Here it matters only once something is
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
        if let (Some(place), Some(player)) = (self.conversation.place(), self.conversation.player())
            && place.seat.is_some()
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
            if let Err(error) = self.desk.ctl(&place.room, &request).await {
                tracing::debug!(%error, room = %place.room, "could not tell the room of a departure");
            }
        }
        self.conversation.left();
    }

    /// Tells everybody who should know that the connection has ended.
    pub(super) async fn leave(&mut self) {
        self.leave_room(Departure::Lost).await;
        if let Some(player) = self.conversation.player() {
            self.desk.sessions.close(player.id(), self.port, self.nonce);
        }
        self.desk.chat.leave(self.member);
        if let Some(session) = self.in_chat.take()
            && let Err(error) = self.desk.chat_leave(&session).await
        {
            tracing::debug!(%error, "could not tell the chat of a departure");
        }
    }
}

#[derive(Clone, Copy)]
enum Entrance {
    Seat(CarClass),
    Stand,
}

#[derive(Clone, Copy)]
enum Departure {
    ForGood,
    Lost,
}
