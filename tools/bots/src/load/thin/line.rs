//! The socket of one player.

use std::io::{self, ErrorKind, Write};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use client_core::link::backoff;
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry, Token};

use super::player::Player;

/// A player that failed tries again after this: the servers may be back by then.
const REST: Duration = Duration::from_secs(1);
/// Bytes that wait because the gateway does not read: two seconds of inputs.
/// What is more is not sent, as by a client whose queue is full.
const UNSENT_BYTES_MAX: usize = 64 * 1024;

/// A connection that is made again when it breaks, at the next gateway.
#[derive(Debug, Default)]
pub(crate) struct Line {
    state: State,
    /// How often it broke or did not come about, and how often in a row.
    breaks: usize,
    failures: u32,
    unsent: Vec<u8>,
}

#[derive(Debug, Default)]
enum State {
    /// To be made; from when on, if not at once.
    #[default]
    New,
    Broken {
        until: Instant,
    },
    Connecting(TcpStream),
    Up(TcpStream),
}

/// What an event means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Heard {
    /// The connection is there now.
    Connected,
    /// It is, as before.
    Something,
    /// It is still being made.
    Nothing,
}

impl Line {
    /// Whether it is time to connect.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        match &self.state {
            State::New => true,
            State::Broken { until } => *until <= now,
            State::Connecting(_) | State::Up(_) => false,
        }
    }

    /// Begins to connect; events of it carry the token.
    pub(crate) fn connect(
        &mut self,
        addresses: &[SocketAddr],
        token: Token,
        registry: &Registry,
    ) -> io::Result<()> {
        let address = addresses[self.breaks % addresses.len()];
        let mut stream = TcpStream::connect(address)?;
        // Without it an input would wait for the acknowledgement of the last.
        stream.set_nodelay(true)?;
        receive_timestamp::enable(&stream)?;
        registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.state = State::Connecting(stream);
        Ok(())
    }

    /// What an event says of the connection.
    pub(crate) fn is_up(&mut self, event: &Event) -> io::Result<Heard> {
        match std::mem::take(&mut self.state) {
            State::Connecting(stream) => {
                if let Some(error) = stream.take_error()? {
                    return Err(error);
                }
                if !event.is_writable() {
                    self.state = State::Connecting(stream);
                    return Ok(Heard::Nothing);
                }
                self.state = State::Up(stream);
                self.failures = 0;
                Ok(Heard::Connected)
            }
            State::Up(stream) => {
                self.state = State::Up(stream);
                if event.is_writable() && !self.unsent.is_empty() {
                    self.write(&[]);
                }
                Ok(Heard::Something)
            }
            other @ (State::New | State::Broken { .. }) => {
                self.state = other;
                Ok(Heard::Nothing)
            }
        }
    }

    /// Reads what is there and gives it to the player, with the time at which it
    /// came.
    pub(crate) fn read(
        &mut self,
        event: &Event,
        buffer: &mut [u8],
        player: &mut Player,
        now: Instant,
    ) -> Result<()> {
        loop {
            let State::Up(stream) = &mut self.state else {
                return Ok(());
            };
            match receive_timestamp::read(stream, buffer) {
                Ok((0, _)) => {
                    let closed = io::Error::other("the server closed the connection");
                    return self.lose(now, player, &closed);
                }
                Ok((bytes, came)) => {
                    player.received(&buffer[..bytes], came)?;
                    // More comes with another event, but for the end.
                    if bytes < buffer.len() && !event.is_read_closed() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.lose(now, player, &error),
            }
        }
    }

    /// Writes, after what waits. While there is no connection it is dropped:
    /// nothing of it would make sense later. A broken one is noticed by reading.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let State::Up(stream) = &mut self.state else {
            return;
        };
        if self.unsent.is_empty() {
            let sent = if bytes.is_empty() {
                Ok(0)
            } else {
                stream.write(bytes)
            };
            self.unsent.extend_from_slice(&bytes[sent.unwrap_or(0)..]);
            return;
        }
        if self.unsent.len() + bytes.len() <= UNSENT_BYTES_MAX {
            self.unsent.extend_from_slice(bytes);
        }
        if let Ok(sent) = stream.write(&self.unsent) {
            self.unsent.drain(..sent);
        }
    }

    /// The connection is gone: tells the player, and waits a little.
    pub(crate) fn lose(
        &mut self,
        now: Instant,
        player: &mut Player,
        error: &io::Error,
    ) -> Result<()> {
        self.state = State::Broken {
            until: now + backoff(self.failures),
        };
        self.breaks += 1;
        self.failures += 1;
        self.unsent.clear();
        player.lost(error.to_string(), now)
    }

    /// Another player begins on it.
    pub(crate) fn rest(&mut self, now: Instant) {
        self.state = State::Broken { until: now + REST };
        self.unsent.clear();
    }
}
