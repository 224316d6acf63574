//! The connection of one player.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use anyhow::Result;
use client_core::Security;
use client_core::link::{Attempt, Backoff};
use mio::event::Event;
use mio::{Interest, Registry, Token};

use super::player::Player;
use super::socket::{Socket, Target};

/// Before a player that has failed connects again: the servers may be back by then.
const BACK_OFF: Duration = Duration::from_secs(1);
/// Bytes that wait while the gateway does not read: two seconds of inputs. More is
/// dropped, as by a client whose queue is full.
const UNSENT_BYTES_MAX: usize = 64 * 1024;

/// A connection that is replaced when it breaks, by one to the next gateway.
#[derive(Debug, Default)]
pub(crate) struct Connection {
    state: State,
    /// How often it was lost or could not be made.
    losses: usize,
    backoff: Backoff,
    /// When it was made.
    open_since: Option<Instant>,
    unsent: Vec<u8>,
}

#[derive(Debug, Default)]
enum State {
    /// Not made yet.
    #[default]
    New,
    /// Lost; the next one is made after `until`.
    Lost {
        until: Instant,
    },
    Connecting(Socket),
    Open(Socket),
}

/// The state of a connection after an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It has just been made.
    Connected,
    /// It was open before the event.
    Open,
    /// It is not open.
    Pending,
}

impl Connection {
    /// Whether it is time to connect.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        match &self.state {
            State::New => true,
            State::Lost { until } => *until <= now,
            State::Connecting(_) | State::Open(_) => false,
        }
    }

    /// Begins to connect; its events carry the token.
    pub(crate) fn connect(
        &mut self,
        targets: &[Target],
        security: &Security,
        token: Token,
        registry: &Registry,
    ) -> io::Result<()> {
        let target = &targets[self.losses % targets.len()];
        let mut socket = Socket::connect(target, security)?;
        let stream = &mut socket.stream;
        // Otherwise an input would wait for the acknowledgement of the one before.
        stream.set_nodelay(true)?;
        receive_timestamp::enable(stream)?;
        registry.register(stream, token, Interest::READABLE | Interest::WRITABLE)?;
        self.state = State::Connecting(socket);
        Ok(())
    }

    /// Handles an event of the socket, but does not read.
    pub(crate) fn handle(&mut self, event: &Event) -> io::Result<Readiness> {
        match std::mem::take(&mut self.state) {
            State::Connecting(socket) => {
                if let Some(error) = socket.stream.take_error()? {
                    return Err(error);
                }
                if !event.is_writable() {
                    self.state = State::Connecting(socket);
                    return Ok(Readiness::Pending);
                }
                self.state = State::Open(socket);
                self.open_since = Some(Instant::now());
                Ok(Readiness::Connected)
            }
            State::Open(mut socket) => {
                if event.is_writable() {
                    socket.flush()?;
                }
                self.state = State::Open(socket);
                if event.is_writable() && !self.unsent.is_empty() {
                    self.write(&[]);
                }
                Ok(Readiness::Open)
            }
            other @ (State::New | State::Lost { .. }) => {
                self.state = other;
                Ok(Readiness::Pending)
            }
        }
    }

    /// Reads what has come and passes it to the player, with its receive timestamp.
    pub(crate) fn read(
        &mut self,
        event: &Event,
        buffer: &mut [u8],
        player: &mut Player,
        now: Instant,
    ) -> Result<()> {
        loop {
            let State::Open(socket) = &mut self.state else {
                return Ok(());
            };
            let all = buffer.len();
            match socket.read(buffer) {
                Ok((0, ..)) => {
                    let closed = io::Error::other("the server closed the connection");
                    return self.lost(now, player, &closed);
                }
                Ok((bytes, received, received_at)) => {
                    player.received(received, received_at)?;
                    // More bytes cause another event, but the end does not.
                    if bytes < all && !event.is_read_closed() {
                        return Ok(());
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.lost(now, player, &error),
            }
        }
    }

    /// Writes after the bytes that wait. Without a connection the bytes are dropped,
    /// since they would be outdated later. Reading detects a lost connection.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        let State::Open(socket) = &mut self.state else {
            return;
        };
        if self.unsent.is_empty() {
            let sent = if bytes.is_empty() {
                Ok(0)
            } else {
                socket.write(bytes)
            };
            self.unsent.extend_from_slice(&bytes[sent.unwrap_or(0)..]);
            return;
        }
        if self.unsent.len() + bytes.len() <= UNSENT_BYTES_MAX {
            self.unsent.extend_from_slice(bytes);
        }
        if let Ok(sent) = socket.write(&self.unsent) {
            self.unsent.drain(..sent);
        }
    }

    /// The connection is lost: informs the player, and backs off.
    pub(crate) fn lost(
        &mut self,
        now: Instant,
        player: &mut Player,
        error: &io::Error,
    ) -> Result<()> {
        let attempt = match self.open_since.take() {
            // A log-in is fast: the time of the welcome is that of the connection.
            Some(since) if player.is_logged_in() => {
                Attempt::Welcomed(now.saturating_duration_since(since))
            }
            Some(_) | None => Attempt::Failed,
        };
        self.state = State::Lost {
            until: now + self.backoff.wait(attempt, rand::random()),
        };
        self.losses += 1;
        self.unsent.clear();
        player.lost(error.to_string(), now)
    }

    /// Prepares the connection for a restarted player.
    pub(crate) fn back_off(&mut self, now: Instant) {
        self.state = State::Lost {
            until: now + BACK_OFF,
        };
        self.unsent.clear();
    }
}
