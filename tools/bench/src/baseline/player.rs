//! A player of a Colyseus room: how it joins, what it sends and receives.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::os::fd::{AsRawFd, RawFd};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use tungstenite::protocol::WebSocketConfig;
use tungstenite::{Bytes, Error, Message, WebSocket};

/// The kind of a message, in the lower bits of its first byte.
const KIND: u8 = 0x1f;
const JOIN_ROOM: u8 = 10;
const ROOM_DATA: u8 = 13;
const ROOM_STATE_PATCH: u8 = 15;

/// Bytes of a read: more than a patch of sixteen cars.
const READ_BYTES: usize = 4 * 1024;

/// A seat that is reserved for a player.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Reservation {
    session_id: String,
    room_id: String,
    process_id: String,
}

/// A player in a room.
#[derive(Debug)]
pub(super) struct Player {
    socket: WebSocket<Stamped>,
    inputs: u16,
}

/// A socket with the receive timestamp of the last bytes read.
#[derive(Debug)]
struct Stamped {
    stream: TcpStream,
    received_at: Instant,
    bytes: u64,
}

impl Player {
    /// Joins a room with a free seat, or a new room.
    pub(super) fn join(port: u16) -> Result<Self> {
        let matched = format!("http://127.0.0.1:{port}/matchmake/joinOrCreate/race");
        let request = ureq::post(&matched).content_type("application/json");
        let mut answer = request.send("{}").context("no seat is reserved")?;
        let answer = answer.body_mut().read_to_string()?;
        let Reservation {
            session_id,
            room_id,
            process_id,
        } = serde_json::from_str(&answer).with_context(|| format!("no seat: {answer}"))?;

        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        receive_timestamp::enable(&stream)?;
        let stamped = Stamped {
            stream,
            received_at: Instant::now(),
            bytes: 0,
        };
        let url = format!("ws://127.0.0.1:{port}/{process_id}/{room_id}?sessionId={session_id}");
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BYTES)
            .write_buffer_size(0);
        let shaken = tungstenite::client::client_with_config(url, stamped, Some(config));
        let (socket, _) = shaken.context("no WebSocket")?;
        let mut player = Self { socket, inputs: 0 };
        while player.kind()? != JOIN_ROOM {}
        player.send(vec![JOIN_ROOM])?;
        player.socket.get_ref().stream.set_nonblocking(true)?;
        Ok(player)
    }

    pub(super) fn fd(&self) -> RawFd {
        self.socket.get_ref().stream.as_raw_fd()
    }

    /// Bytes received so far.
    pub(super) fn bytes(&self) -> u64 {
        self.socket.get_ref().bytes
    }

    /// The receive timestamp of the next patch, if one has come.
    pub(super) fn patch(&mut self) -> Result<Option<Instant>> {
        loop {
            match self.kind() {
                Ok(ROOM_STATE_PATCH) => return Ok(Some(self.socket.get_ref().received_at)),
                Ok(_) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    return Ok(None);
                }
                Err(error) => bail!("a player was lost: {error}"),
            }
        }
    }

    /// Sends an input.
    pub(super) fn drive(&mut self) -> Result<()> {
        self.inputs = self.inputs.wrapping_add(1);
        // Left, straight on, right, two seconds each.
        let steer = f32::from(self.inputs / 60 % 3) * 0.1 - 0.1;
        Ok(self.send(input(steer, self.inputs))?)
    }

    fn kind(&mut self) -> Result<u8, Error> {
        Ok(match self.socket.read()? {
            Message::Binary(bytes) => bytes.first().map_or(0, |kind| kind & KIND),
            _ => 0,
        })
    }

    fn send(&mut self, bytes: Vec<u8>) -> Result<(), Error> {
        self.socket.send(Message::Binary(Bytes::from(bytes)))
    }
}

/// `["i", {t: 1, s: steer, n: number}]` as Colyseus sends it: MessagePack.
fn input(steer: f32, number: u16) -> Vec<u8> {
    let [s0, s1, s2, s3] = steer.to_be_bytes();
    let [n0, n1] = number.to_be_bytes();
    let (text, map, float, word) = (0xa1, 0x83, 0xca, 0xcd);
    vec![
        ROOM_DATA, text, b'i', map, text, b't', 1, text, b's', float, s0, s1, s2, s3, text, b'n',
        word, n0, n1,
    ]
}

impl Read for Stamped {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (count, received_at) = receive_timestamp::read(&self.stream, buffer)?;
        self.bytes += count as u64;
        self.received_at = received_at;
        Ok(count)
    }
}

impl Write for Stamped {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stream.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
