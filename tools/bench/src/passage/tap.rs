//! Plain connections whose snapshots carry the kernel's time of their coming.

use std::io;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use protocol::Tick;
use protocol::frame::{self, FrameKind};
use protocol::snapshot::{RelayedHeader, SnapshotHeader};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;

/// Read at once.
const READ_BYTES: usize = 16 * 1024;

/// Who is at the other end.
#[derive(Clone, Copy, Debug)]
pub(super) enum Peer {
    /// A NATS server, which sends text and payloads (docs.nats.io, "Client
    /// Protocol").
    Nats,
    /// A gateway, which sends frames.
    Gateway,
}

/// A connection.
#[derive(Debug)]
pub(super) struct Tap {
    peer: Peer,
    stream: TcpStream,
    /// What has come of a message that is not whole.
    bytes: Vec<u8>,
    /// When the last of it came.
    came: Instant,
}

/// What stands at the beginning of what has come.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Snapshot(Tick),
    /// A NATS server wants an answer.
    Ping,
    /// Something that is not looked at.
    Other,
}

impl Tap {
    /// Connects, and sends something to begin with.
    pub(super) async fn open(peer: Peer, address: &str, greeting: &[u8]) -> Result<Self> {
        let mut stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("nobody is at {address}"))?;
        stream.set_nodelay(true)?;
        receive_timestamp::enable(&stream)?;
        stream.write_all(greeting).await?;
        Ok(Self {
            peer,
            stream,
            bytes: Vec::new(),
            came: Instant::now(),
        })
    }

    /// The next snapshot, and when it came. Nothing is lost when this is dropped
    /// before.
    ///
    /// # Errors
    /// When the connection ends.
    pub(super) async fn snapshot(&mut self) -> Result<(Tick, Instant)> {
        loop {
            while let Some((said, length)) = self.peer.first(&self.bytes)? {
                self.bytes.drain(..length);
                match said {
                    Said::Snapshot(tick) => return Ok((tick, self.came)),
                    Said::Ping => {
                        // A few bytes now and then have room.
                        self.stream.try_write(b"PONG\r\n")?;
                    }
                    Said::Other => {}
                }
            }
            let mut buffer = [0; READ_BYTES];
            let read = || receive_timestamp::read(&self.stream, &mut buffer);
            let (count, came) = self.stream.async_io(Interest::READABLE, read).await?;
            if count == 0 {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            self.bytes.extend_from_slice(&buffer[..count]);
            self.came = came;
        }
    }
}

impl Peer {
    /// What is said first, and its length, if it is whole.
    fn first(self, bytes: &[u8]) -> Result<Option<(Said, usize)>> {
        match self {
            Self::Nats => first_of_nats(bytes),
            Self::Gateway => Ok(first_of_gateway(bytes)),
        }
    }
}

fn first_of_nats(bytes: &[u8]) -> Result<Option<(Said, usize)>> {
    const END: &[u8] = b"\r\n";
    let Some(end) = bytes.windows(END.len()).position(|window| window == END) else {
        return Ok(None);
    };
    let (line, payload) = (std::str::from_utf8(&bytes[..end])?, end + END.len());
    Ok(match line.split(' ').next() {
        Some("MSG") => {
            let length = line.split(' ').next_back().map(str::parse::<usize>);
            let length = length.and_then(Result::ok).context("MSG without a size")?;
            let whole = payload + length + END.len();
            let message = bytes.get(..whole);
            message.map(|message| (nats_snapshot(&message[payload..payload + length]), whole))
        }
        Some("PING") => Some((Said::Ping, payload)),
        Some("-ERR") => bail!("the NATS server says {line}"),
        _ => Some((Said::Other, payload)),
    })
}

fn nats_snapshot(payload: &[u8]) -> Said {
    match SnapshotHeader::split(payload) {
        Ok((header, _)) => Said::Snapshot(header.tick),
        Err(_) => Said::Other,
    }
}

fn first_of_gateway(bytes: &[u8]) -> Option<(Said, usize)> {
    let (length, rest) = bytes.split_first_chunk::<{ frame::LENGTH_BYTES }>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let said = match frame::split(rest.get(..length)?) {
        Ok((FrameKind::Snapshot, body)) => match RelayedHeader::split(body) {
            Ok((header, _)) => Said::Snapshot(header.tick),
            Err(_) => Said::Other,
        },
        Ok(_) | Err(_) => Said::Other,
    };
    Some((said, frame::LENGTH_BYTES + length))
}

#[cfg(test)]
mod tests {
    use protocol::client::ClientMessage;
    use protocol::{Epoch, WorkerId};

    use super::*;

    fn snapshot() -> Vec<u8> {
        let header = SnapshotHeader {
            race: "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap(),
            owner: WorkerId::new(1),
            epoch: Epoch::FIRST,
            tick: 77,
            acks: Default::default(),
        };
        header.encode_into(Vec::new())
    }

    /// All that is said, with what is left, however many bytes come at once.
    fn said(peer: Peer, bytes: &[u8]) -> Vec<Said> {
        let (mut all, mut come) = (Vec::new(), Vec::new());
        for byte in bytes {
            come.push(*byte);
            while let Some((said, length)) = peer.first(&come).unwrap() {
                all.push(said);
                come.drain(..length);
            }
        }
        assert!(come.is_empty(), "{come:?}");
        all
    }

    #[test]
    fn a_nats_server_says_snapshots_between_other_things() {
        let mut bytes = b"INFO {\"server_id\":\"x\"}\r\nPING\r\n".to_vec();
        let snapshot = snapshot();
        let line = format!("MSG race.room.x.snapshot 1 {}\r\n", snapshot.len());
        bytes.extend_from_slice(&[line.as_bytes(), &snapshot, b"\r\n"].concat());
        bytes.extend_from_slice(b"MSG race.room.x.snapshot 1 4\r\n\r\n\r\n\r\n");
        let expected = [Said::Other, Said::Ping, Said::Snapshot(77), Said::Other];
        assert_eq!(said(Peer::Nats, &bytes), expected);
    }

    #[test]
    fn what_a_nats_server_refuses_is_told() {
        let refused = Peer::Nats.first(b"-ERR 'Permissions Violation'\r\n");
        assert!(
            refused
                .unwrap_err()
                .to_string()
                .contains("Permissions Violation")
        );
        assert!(Peer::Nats.first(b"MSG a 1 many\r\n").is_err());
    }

    #[test]
    fn a_gateway_says_snapshots_between_other_frames() {
        let mut bytes = Vec::new();
        let other = frame::from_client(&ClientMessage::ListRooms);
        let snapshot = frame::snapshot(&snapshot()).unwrap();
        for frame in [&other, &snapshot, &other] {
            frame::append(frame, &mut bytes);
        }
        let expected = [Said::Other, Said::Snapshot(77), Said::Other];
        assert_eq!(said(Peer::Gateway, &bytes), expected);
    }
}
