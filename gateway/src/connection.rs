//! One client's connection: frames in, frames out, and the questions between.
//!
//! This module converses with what the [`reader`] finds; the [`keeper`] writes
//! and watches, and [`requests`] carries out what the conversation asks.

mod keeper;
pub(crate) mod loan;
mod reader;
mod requests;

use std::sync::Arc;
use std::time::{Duration, Instant};

use protocol::SessionNonce;
use protocol::chat::ChatSession;
use protocol::client::GoodbyeCode;
use protocol::limits::CLIENT_FRAME_BYTES_MAX;
use service::Shutdown;
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use self::keeper::Silence;
use self::loan::{Intake, Loan};
use self::reader::FrameReader;
use crate::accept::Address;
use crate::conversation::{Conversation, Step, reject};
use crate::desk::Desk;
use crate::limits::DRIVING_INPUTS_MIN;
use crate::outbox::{Outbox, goodbye};
use crate::relay::core::MemberId;
use crate::relay::{RelayCommand, RelayHandle};
use crate::socket::Socket;
use crate::token::Port;

/// How long a client may go on sending after its goodbye, and how much.
const FAREWELL_TIMEOUT: Duration = Duration::from_secs(1);
const FAREWELL_BYTES_MAX: usize = 4 << 20;

/// Serves one client until either side ends it.
pub async fn serve(
    desk: Arc<Desk>,
    stream: TcpStream,
    port: Port,
    address: Address,
    shutdown: Shutdown,
) {
    let Ok(socket) = Socket::new(stream).map(Arc::new) else {
        return;
    };
    let frames = FrameReader::new(Arc::clone(&socket));
    let outbox = Arc::new(Outbox::to(Arc::clone(&socket)));
    let now = Instant::now();
    let conversation = Conversation::new(port, now);
    let (mut speaker, silence) = Silence::new(now);
    speaker.speaks(now, conversation.patience());
    let (keeps, gone) = oneshot::channel();
    let kept = Arc::clone(&outbox);
    let keeping = tokio::spawn(keeper::keep(socket, kept, silence, shutdown, keeps));
    let mut connection = Connection {
        conversation,
        desk,
        port,
        address,
        outbox,
        member: rand::random(),
        nonce: SessionNonce::new(rand::random()),
        relay: None,
        inputs_in_a_row: 0,
        in_chat: None,
    };
    let frames = connection.read(Intake { frames, speaker }, gone).await;
    // A goodbye, if there is one, is written within the keeper's timeout.
    connection.outbox.end();
    let discarding = tokio::time::timeout(FAREWELL_TIMEOUT, frames.discard(FAREWELL_BYTES_MAX));
    let _ = tokio::join!(connection.leave(), keeping, discarding);
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
    /// Inputs since the client last said something else.
    inputs_in_a_row: u32,
    in_chat: Option<ChatSession>,
}

impl Connection {
    /// Converses until either side ends it; gives the reader back.
    async fn read(&mut self, mut intake: Intake, mut gone: oneshot::Receiver<()>) -> FrameReader {
        loop {
            let now = Instant::now();
            intake.speaker.speaks(now, self.conversation.patience());
            let frame = tokio::select! {
                // Frames come all the time: the other is asked when there is none.
                biased;
                frame = intake.frames.next() => frame,
                _ = &mut gone => break,
            };
            match frame {
                Ok(Some(frame)) => {
                    self.notice_closed_room();
                    if !self.frame(frame).await {
                        break;
                    }
                }
                Err(error) if error.kind() == std::io::ErrorKind::InvalidData => {
                    let reason =
                        format!("a frame has at most {CLIENT_FRAME_BYTES_MAX} bytes ({error})");
                    self.outbox.close(&goodbye(GoodbyeCode::BadFrame, reason));
                    break;
                }
                Ok(None) | Err(_) => break,
            }
            if self.inputs_in_a_row >= DRIVING_INPUTS_MIN {
                let is_gone;
                (intake, is_gone) = self.lend(intake, &mut gone).await;
                if is_gone {
                    break;
                }
            }
        }
        intake.frames
    }

    /// Has the room's relay listen while the client does nothing but drive. Says
    /// whether it is gone.
    async fn lend(&mut self, intake: Intake, gone: &mut oneshot::Receiver<()>) -> (Intake, bool) {
        self.inputs_in_a_row = 0;
        let (Some(relay), Some(driver)) = (&self.relay, self.conversation.driver()) else {
            return (intake, false);
        };
        let (loan, mut returned) = Loan::new(intake, driver);
        relay.tell(RelayCommand::Lend(self.member, loan)).await;
        let (returned, is_gone) = tokio::select! {
            returned = &mut returned => (returned, false),
            _ = gone => {
                relay.tell(RelayCommand::Recall(self.member)).await;
                (returned.await, true)
            }
        };
        let (intake, driver) = returned.expect("a loan gives back what was lent");
        self.conversation.drove(&driver);
        (intake, is_gone)
    }

    /// Takes a frame; `false` ends the connection.
    async fn frame(&mut self, frame: &[u8]) -> bool {
        let step = self.conversation.frame(frame, Instant::now());
        self.inputs_in_a_row = match step {
            Step::Input(..) => self.inputs_in_a_row.saturating_add(1),
            _ => 0,
        };
        match step {
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
}
