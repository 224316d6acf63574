//! One client's connection: frames in, frames out, and the questions between.

use std::sync::Arc;
use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};
use futures::StreamExt;
use protocol::chat::ChatSession;
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::frame::{self, LENGTH_BYTES};
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use protocol::room::{CtlReply, CtlRequest};
use protocol::{PlayerName, Rejection, Reply, RoomName, SessionNonce};
use service::Shutdown;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio_util::codec::{FramedRead, LengthDelimitedCodec};
use tokio_util::sync::CancellationToken;

use crate::accept::Address;
use crate::conversation::{Ask, Conversation, Place, Step, reject};
use crate::desk::Desk;
use crate::limits::WRITE_TIMEOUT;
use crate::metrics;
use crate::outbox::{Outbox, goodbye};
use crate::relay::core::MemberId;
use crate::relay::{RelayCommand, RelayHandle};
use crate::token::Port;

/// Largest write: enough for a burst of events, small enough to reuse.
const WRITE_BUFFER_BYTES: usize = 16 * 1024;

/// Serves one client until either side ends it.
pub async fn serve(
    desk: Arc<Desk>,
    stream: TcpStream,
    port: Port,
    address: Address,
    shutdown: Shutdown,
) {
    // Without it a snapshot would wait for the acknowledgement of the last.
    if stream.set_nodelay(true).is_err() {
        return;
    }
    let (reader, writer) = stream.into_split();
    let outbox = Arc::new(Outbox::default());
    let gone = CancellationToken::new();
    let writing = tokio::spawn(write(writer, Arc::clone(&outbox), gone.clone()));
    let mut connection = Connection {
        conversation: Conversation::new(port, Instant::now()),
        desk,
        port,
        address,
        outbox,
        member: rand::random(),
        nonce: SessionNonce::new(rand::random()),
        relay: None,
        in_chat: None,
    };
    connection.read(reader, &gone, &shutdown).await;
    connection.leave().await;
    // A goodbye, if there is one, is written within the writer's timeout.
    connection.outbox.end();
    let _ = writing.await;
}

struct Connection {
    conversation: Conversation,
    desk: Arc<Desk>,
    port: Port,
    address: Address,
    outbox: Arc<Outbox>,
    /// Who this connection is among the members of a relay and of the chat.
    member: MemberId,
    /// Who this connection is among the log-ins of its player.
    nonce: SessionNonce,
    relay: Option<RelayHandle>,
    in_chat: Option<ChatSession>,
}

enum Event {
    Frame(Bytes),
    /// The client sent what is no frame.
    Broken(std::io::Error),
    /// The client closed, or cannot be written to.
    Gone,
    Silent,
    RoomClosed,
    Shutdown,
}

impl Connection {
    async fn read(&mut self, reader: OwnedReadHalf, gone: &CancellationToken, shutdown: &Shutdown) {
        let codec = LengthDelimitedCodec::builder()
            .length_field_length(LENGTH_BYTES)
            .max_frame_length(CLIENT_FRAME_BYTES_MAX)
            .new_codec();
        let mut frames = FramedRead::new(reader, codec);
        loop {
            match self.next(&mut frames, gone, shutdown).await {
                Event::Frame(frame) => {
                    metrics::frame_received(frame.len() as u64);
                    if !self.frame(&frame).await {
                        return;
                    }
                }
                Event::RoomClosed => self.room_closed(),
                Event::Gone => return,
                Event::Broken(error) => {
                    let reason =
                        format!("a frame has at most {CLIENT_FRAME_BYTES_MAX} bytes ({error})");
                    return self.outbox.close(&goodbye(GoodbyeCode::BadFrame, reason));
                }
                Event::Silent => {
                    let reason = "nothing was heard of you for too long";
                    return self.outbox.close(&goodbye(GoodbyeCode::Idle, reason));
                }
                Event::Shutdown => {
                    let reason = "this server is being restarted";
                    return self.outbox.close(&goodbye(GoodbyeCode::Draining, reason));
                }
            }
        }
    }

    async fn next(
        &self,
        frames: &mut FramedRead<OwnedReadHalf, LengthDelimitedCodec>,
        gone: &CancellationToken,
        shutdown: &Shutdown,
    ) -> Event {
        let room_closed = async {
            match &self.relay {
                Some(relay) => relay.closed.cancelled().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            frame = tokio::time::timeout(self.conversation.patience(), frames.next()) => match frame {
                Ok(Some(Ok(frame))) => Event::Frame(frame.freeze()),
                Ok(Some(Err(error))) if error.kind() == std::io::ErrorKind::InvalidData => {
                    Event::Broken(error)
                }
                Ok(Some(Err(_)) | None) => Event::Gone,
                Err(_elapsed) => Event::Silent,
            },
            () = room_closed => Event::RoomClosed,
            () = gone.cancelled() => Event::Gone,
            () = shutdown.wait() => Event::Shutdown,
        }
    }

    /// Takes a frame; `false` ends the connection.
    async fn frame(&mut self, frame: &Bytes) -> bool {
        match self.conversation.frame(frame, Instant::now()) {
            Step::Nothing => {}
            Step::Send(message) => self.outbox.send(&message),
            Step::Input(seat, input) => {
                if let Some(relay) = &self.relay {
                    relay.input(seat, input);
                }
            }
            Step::Ask(ask) => {
                if let Err(rejection) = self.carry_out(ask).await
                    && let Step::Send(message) = reject(rejection)
                {
                    self.outbox.send(&message);
                }
            }
            Step::Close(message) => {
                self.outbox.close(&message);
                return false;
            }
        }
        true
    }

    async fn carry_out(&mut self, ask: Ask) -> Reply<()> {
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
                self.outbox.send(&ServerMessage::Rooms {
                    rooms: self.desk.lobby.list(),
                });
            }
            Ask::CreateRoom(name, settings) => {
                self.desk.create_room(&name, settings).await?;
                self.enter(&name, Entrance::Seat).await?;
            }
            Ask::JoinRoom(name) => self.enter(&name, Entrance::Seat).await?,
            Ask::Spectate(name) => self.enter(&name, Entrance::Stand).await?,
            Ask::LeaveRoom => {
                self.leave_room(Departure::ForGood).await;
                self.outbox.send(&ServerMessage::LeftRoom);
            }
            Ask::ChatToken => {
                if let Some(player) = self.conversation.player() {
                    let token = self.desk.token(player, Port::Chat);
                    self.outbox.send(&ServerMessage::ChatToken { token });
                }
            }
            Ask::Say { text, sequence } => {
                if let Some(session) = &self.in_chat {
                    self.desk.say(session, sequence, text).await?;
                    self.outbox.send(&ServerMessage::Said { sequence });
                }
            }
            Ask::ListPresent => {
                let players = self.desk.chat.present();
                self.outbox.send(&ServerMessage::Present { players });
            }
        }
        Ok(())
    }

    async fn logged_in(&mut self, player: PlayerName) -> Reply<()> {
        let joined = match self.port {
            Port::Race => None,
            Port::Chat => Some(self.join_chat(player.clone()).await?),
        };
        self.desk
            .sessions
            .open(player.id(), self.port, self.nonce, Arc::clone(&self.outbox));
        let token = self.desk.token(&player, self.port);
        self.outbox.send(&ServerMessage::Welcome {
            player: player.clone(),
            token,
        });
        self.conversation.logged_in(player);
        if let Some((session, sequence)) = joined {
            self.outbox.send(&ServerMessage::ChatJoined { sequence });
            let outbox = Arc::clone(&self.outbox);
            self.desk
                .chat
                .listen(self.member, session.clone(), sequence, outbox);
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
            .expect(&room, self.member, &self.outbox)
            .await;
        let relay = relay.ok_or_else(|| {
            let message = "this room cannot be reached just now, try again in a moment";
            Rejection::new(protocol::RejectionCode::Unavailable, message)
        })?;
        let answer = match entrance {
            Entrance::Seat => self.desk.join(name, player, self.nonce).await,
            Entrance::Stand => self.desk.ctl(&room, &CtlRequest::Spectate).await,
        };
        match answer {
            Ok(CtlReply { seat, room: view }) => {
                self.conversation.entered(Place {
                    room,
                    race: view.race,
                    seat,
                });
                let entered = ServerMessage::Entered { seat, room: view };
                relay
                    .tell(RelayCommand::Enter(
                        self.member,
                        frame::from_server(&entered),
                    ))
                    .await;
                self.relay = Some(relay);
                Ok(())
            }
            Err(rejection) => {
                relay.tell(RelayCommand::Leave(self.member)).await;
                Err(rejection)
            }
        }
    }

    /// The room's last event is on its way to the client already.
    fn room_closed(&mut self) {
        self.relay = None;
        self.conversation.left();
    }

    async fn leave_room(&mut self, departure: Departure) {
        let relay = self.relay.take();
        if let (Some(place), Some(player)) = (self.conversation.place(), self.conversation.player())
            && place.seat.is_some()
        {
            let player = player.clone();
            let request = match departure {
                Departure::ForGood => CtlRequest::Leave { player },
                Departure::Lost => CtlRequest::Lost {
                    player,
                    session: self.nonce,
                },
            };
            if let Err(error) = self.desk.ctl(&place.room, &request).await {
                tracing::debug!(%error, room = %place.room, "could not tell the room of a departure");
            }
        }
        if let Some(relay) = relay {
            relay.tell(RelayCommand::Leave(self.member)).await;
        }
        self.conversation.left();
    }

    /// Tells everybody who should know that the connection has ended.
    async fn leave(&mut self) {
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
    Seat,
    Stand,
}

#[derive(Clone, Copy)]
enum Departure {
    ForGood,
    Lost,
}

/// Writes what the outbox holds until it closes or the client is gone.
async fn write(mut writer: OwnedWriteHalf, outbox: Arc<Outbox>, gone: CancellationToken) {
    let _gone = gone.drop_guard();
    let mut buffer = BytesMut::with_capacity(WRITE_BUFFER_BYTES);
    loop {
        let batch = outbox.take().await;
        let mut frames = 0;
        for frame in &batch.frames {
            // Larger ones are never made: the lobby is cut to fit.
            let Ok(length) = u16::try_from(frame.len()) else {
                continue;
            };
            buffer.put_u16(length);
            buffer.put_slice(frame);
            frames += 1;
        }
        metrics::frames_sent(frames, buffer.len() as u64);
        let written = tokio::time::timeout(WRITE_TIMEOUT, writer.write_all_buf(&mut buffer)).await;
        if !matches!(written, Ok(Ok(()))) || batch.closing {
            // What the client has not read by now is lost either way.
            let _ = writer.shutdown().await;
            return;
        }
    }
}
