//! A driver's way in, lent to the relay of the room.
//!
//! A relay knows when inputs leave. It looks at its drivers' sockets just then, so
//! that an input wakes nobody when it comes, and no task passes it on.

use std::time::Instant;

use protocol::Seat;
use tokio::sync::oneshot;

use super::keeper::Speaker;
use super::reader::FrameReader;
use crate::conversation::Driver;

/// What is read of a client.
#[derive(Debug)]
pub(super) struct Intake {
    pub(super) frames: FrameReader,
    pub(super) speaker: Speaker,
}

/// An intake whose client drives. Dropping it gives the intake back.
#[derive(Debug)]
pub struct Loan(Option<Lent>);

#[derive(Debug)]
struct Lent {
    intake: Intake,
    driver: Driver,
    owner: oneshot::Sender<(Intake, Driver)>,
}

/// Where a lent intake comes back.
pub(super) type Returned = oneshot::Receiver<(Intake, Driver)>;

impl Loan {
    pub(super) fn new(intake: Intake, driver: Driver) -> (Self, Returned) {
        intake.frames.unwatch();
        let (owner, returned) = oneshot::channel();
        let lent = Lent {
            intake,
            driver,
            owner,
        };
        (Self(Some(lent)), returned)
    }

    /// Takes the inputs that have come by now. `false` when the client has
    /// something else to say, or has gone: the owner is to listen again.
    pub fn inputs(&mut self, now: Instant, mut take: impl FnMut(Seat, &[u8])) -> bool {
        let Some(Lent { intake, driver, .. }) = &mut self.0 else {
            return false;
        };
        let Intake { frames, speaker } = intake;
        frames.inputs(|input| {
            speaker.speaks(now, driver.patience());
            if let Some(seat) = driver.input(now) {
                take(seat, input);
            }
        })
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let Some(lent) = self.0.take() {
            // An owner that ended has no use for it.
            let _ = lent.owner.send((lent.intake, lent.driver));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use protocol::client::{ClientMessage, Hello};
    use protocol::frame::{self, FrameKind};
    use protocol::limits::PROTOCOL_VERSION;
    use protocol::{PlayerName, RoomName};
    use tokio::io::AsyncWriteExt;
    use tokio::net::TcpStream;

    use super::super::keeper::Silence;
    use super::*;
    use crate::conversation::{Conversation, Place, Step};
    use crate::limits::INPUT_RATE;
    use crate::socket::Socket;
    use crate::socket::tests::connected;
    use crate::token::Port;

    const SEAT: Seat = 3;

    fn in_a_race(now: Instant) -> Conversation {
        let mut conversation = Conversation::new(Port::Race, now);
        let client = "test".to_owned();
        let hello = frame::hello(PROTOCOL_VERSION, &Hello { client });
        assert_eq!(conversation.frame(&hello, now), Step::Nothing);
        conversation.logged_in(PlayerName::parse("ada").unwrap());
        conversation.entered(Place {
            room: RoomName::parse("monza").unwrap().id(),
            race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            seat: Some(SEAT),
        });
        conversation
    }

    fn lend(socket: &Arc<Socket>, conversation: &Conversation, now: Instant) -> (Loan, Returned) {
        let (speaker, _silence) = Silence::new(now);
        let frames = FrameReader::new(Arc::clone(socket));
        let driver = conversation.driver().unwrap();
        Loan::new(Intake { frames, speaker }, driver)
    }

    async fn send(client: &mut TcpStream, frame: &[u8], times: usize) {
        let mut bytes = Vec::new();
        (0..times).for_each(|_| frame::append(frame, &mut bytes));
        client.write_all(&bytes).await.unwrap();
    }

    #[tokio::test]
    async fn what_is_no_input_is_left_for_the_owner() {
        let (mut client, socket) = connected().await;
        let now = Instant::now();
        let (mut loan, mut returned) = lend(&socket, &in_a_race(now), now);
        let (mut inputs, ping) = (0, frame::from_client(&ClientMessage::Ping { nonce: 7 }));
        send(&mut client, &frame::binary(FrameKind::Input, b"in"), 2).await;
        send(&mut client, &ping, 1).await;
        while loan.inputs(now, |seat, input| {
            assert_eq!((seat, input), (SEAT, &b"in"[..]));
            inputs += 1;
        }) {
            tokio::task::yield_now().await;
        }
        assert_eq!(inputs, 2);
        assert!(returned.try_recv().is_err(), "it is still lent");
        drop(loan);
        let (mut intake, _) = returned.await.unwrap();
        assert_eq!(intake.frames.next().await.unwrap().unwrap(), ping);
    }

    #[tokio::test]
    async fn the_limit_on_inputs_goes_on_wherever_they_are_read() {
        let (mut client, socket) = connected().await;
        let now = Instant::now();
        let mut conversation = in_a_race(now);
        let (mut loan, returned) = lend(&socket, &conversation, now);
        let at_once = INPUT_RATE.1 as usize;
        let input = frame::binary(FrameKind::Input, b"in");
        send(&mut client, &input, at_once + 50).await;
        drop(client);
        let mut inputs = 0;
        while loan.inputs(now, |_, _| inputs += 1) {
            tokio::task::yield_now().await;
        }
        assert_eq!(inputs, at_once);
        drop(loan);
        let (_, driver) = returned.await.unwrap();
        assert_ne!(conversation.frame(&input, now), Step::Nothing);
        conversation.drove(&driver);
        assert_eq!(conversation.frame(&input, now), Step::Nothing);
    }
}
