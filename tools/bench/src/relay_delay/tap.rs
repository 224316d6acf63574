//! Connections whose snapshots have the kernel's receive timestamps.

use std::io;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use bus::Seed;
use client_core::Security;
use protocol::Tick;
use protocol::frame::{self, FrameKind};
use protocol::snapshot::{RelayedHeader, SnapshotHeader};
use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, Interest};
use tokio::net::TcpStream;

use super::tls::Tls;

/// Bytes of a read.
const READ_BYTES: usize = 16 * 1024;

/// The server at the other end.
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
    tls: Option<Box<Tls>>,
    /// The bytes that have come and are not read yet.
    bytes: Vec<u8>,
    /// When the last of them came.
    received_at: Instant,
}

/// A message of the server.
#[derive(Debug, PartialEq, Eq)]
enum Message {
    Snapshot(Tick),
    /// A NATS server expects an answer.
    Ping,
    /// Anything that is not used here.
    Other,
}

impl Tap {
    /// Connects, and sends a greeting.
    pub(super) async fn open(
        peer: Peer,
        address: &str,
        security: &Security,
        greeting: &[u8],
    ) -> Result<Self> {
        let mut stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("cannot connect to {address}"))?;
        stream.set_nodelay(true)?;
        receive_timestamp::enable(&stream)?;
        let tls = match security {
            Security::Plain => {
                stream.write_all(greeting).await?;
                None
            }
            Security::Tls(config) => {
                let tls = Tls::connect(&mut stream, config, greeting).await;
                Some(Box::new(tls.context("no TLS with the gateway")?))
            }
        };
        Ok(Self {
            peer,
            stream,
            tls,
            bytes: Vec::new(),
            received_at: Instant::now(),
        })
    }

    /// Connects to a NATS server as a user, and subscribes.
    pub(super) async fn subscribe(address: &str, seed: &Seed, subject: &str) -> Result<Self> {
        let mut tap = Self::open(Peer::Nats, address, &Security::Plain, b"").await?;
        // The server speaks first: the user signs the nonce in its INFO.
        let info: Value = loop {
            if let Some((Message::Other, length)) = tap.peer.first(&tap.bytes)? {
                let line: Vec<u8> = tap.bytes.drain(..length).collect();
                let info = line.strip_prefix(b"INFO ").context("no NATS server")?;
                break serde_json::from_slice(info)?;
            }
            tap.read().await?;
        };
        let nonce = info["nonce"].as_str().context("a server without users")?;
        let options = json!({
            "verbose": false, "pedantic": false, "headers": false, "name": "bench relay delay",
            "nkey": seed.public_key(), "sig": seed.signature(nonce),
        });
        let words = format!("CONNECT {options}\r\nSUB {subject} 1\r\n");
        tap.stream.write_all(words.as_bytes()).await?;
        Ok(tap)
    }

    /// The next snapshot and its receive timestamp. Cancel-safe.
    ///
    /// # Errors
    /// When the connection ends.
    pub(super) async fn snapshot(&mut self) -> Result<(Tick, Instant)> {
        loop {
            while let Some((message, length)) = self.peer.first(&self.bytes)? {
                self.bytes.drain(..length);
                match message {
                    Message::Snapshot(tick) => return Ok((tick, self.received_at)),
                    Message::Ping => {
                        // The send buffer has room for a few bytes now and then.
                        self.stream.try_write(b"PONG\r\n")?;
                    }
                    Message::Other => {}
                }
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<()> {
        let mut buffer = [0; READ_BYTES];
        let read = || receive_timestamp::read(&self.stream, &mut buffer);
        let (count, received_at) = self.stream.async_io(Interest::READABLE, read).await?;
        if count == 0 {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        match &mut self.tls {
            None => self.bytes.extend_from_slice(&buffer[..count]),
            Some(tls) => tls.decrypt(&buffer[..count], &mut self.bytes)?,
        }
        self.received_at = received_at;
        Ok(())
    }
}

impl Peer {
    /// The first message and its length, if it is complete.
    fn first(self, bytes: &[u8]) -> Result<Option<(Message, usize)>> {
        match self {
            Self::Nats => first_of_nats(bytes),
            Self::Gateway => Ok(first_of_gateway(bytes)),
        }
    }
}

fn first_of_nats(bytes: &[u8]) -> Result<Option<(Message, usize)>> {
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
        Some("PING") => Some((Message::Ping, payload)),
        Some("-ERR") => bail!("the NATS server sends {line}"),
        _ => Some((Message::Other, payload)),
    })
}

fn nats_snapshot(payload: &[u8]) -> Message {
    match SnapshotHeader::split(payload) {
        Ok((header, _)) => Message::Snapshot(header.tick),
        Err(_) => Message::Other,
    }
}

fn first_of_gateway(bytes: &[u8]) -> Option<(Message, usize)> {
    let (length, rest) = bytes.split_first_chunk::<{ frame::LENGTH_BYTES }>()?;
    let length = usize::from(u16::from_be_bytes(*length));
    let message = match frame::split(rest.get(..length)?) {
        Ok((FrameKind::Snapshot, body)) => match RelayedHeader::split(body) {
            Ok((header, _)) => Message::Snapshot(header.tick),
            Err(_) => Message::Other,
        },
        Ok(_) | Err(_) => Message::Other,
    };
    Some((message, frame::LENGTH_BYTES + length))
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

    /// All messages of `bytes`, which come one by one.
    fn messages(peer: Peer, bytes: &[u8]) -> Vec<Message> {
        let (mut all, mut unread) = (Vec::new(), Vec::new());
        for byte in bytes {
            unread.push(*byte);
            while let Some((message, length)) = peer.first(&unread).unwrap() {
                all.push(message);
                unread.drain(..length);
            }
        }
        assert!(unread.is_empty(), "{unread:?}");
        all
    }

    #[test]
    fn finds_the_snapshots_of_a_nats_server_among_its_messages() {
        let mut bytes = b"INFO {\"server_id\":\"x\"}\r\nPING\r\n".to_vec();
        let snapshot = snapshot();
        let line = format!("MSG race.room.x.snapshot 1 {}\r\n", snapshot.len());
        bytes.extend_from_slice(&[line.as_bytes(), &snapshot, b"\r\n"].concat());
        bytes.extend_from_slice(b"MSG race.room.x.snapshot 1 4\r\n\r\n\r\n\r\n");
        let expected = [
            Message::Other,
            Message::Ping,
            Message::Snapshot(77),
            Message::Other,
        ];
        assert_eq!(messages(Peer::Nats, &bytes), expected);
    }

    #[test]
    fn reports_what_a_nats_server_refuses() {
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
    fn finds_the_snapshots_of_a_gateway_among_its_frames() {
        let mut bytes = Vec::new();
        let other = frame::from_client(&ClientMessage::ListRooms { after: None });
        let snapshot = frame::snapshot(&snapshot()).unwrap();
        for frame in [&other, &snapshot, &other] {
            frame::append(frame, &mut bytes);
        }
        let expected = [Message::Other, Message::Snapshot(77), Message::Other];
        assert_eq!(messages(Peer::Gateway, &bytes), expected);
    }
}
