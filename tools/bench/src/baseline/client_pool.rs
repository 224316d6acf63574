//! All players on one thread, which polls its sockets once a millisecond, as
//! Slipstream's thin bots do.

use std::time::{Duration, Instant};

use anyhow::Result;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::player::Player;
use crate::times::Times;

/// Inputs of a player in a second.
const INPUTS_PER_SECOND: u32 = 30;
/// Polls between two inputs of a player.
const POLLS_PER_INPUT: u32 = 32;
/// Between two polls: about a millisecond.
const POLL_INTERVAL: Duration =
    Duration::from_nanos(1_000_000_000 / (INPUTS_PER_SECOND * POLLS_PER_INPUT) as u64);
/// Events of one poll.
const EVENTS_MAX: usize = 1_024;

/// Players, all in full rooms.
pub(super) struct ClientPool {
    poll: Poll,
    players: Vec<Player>,
    /// When the last patch of each player came.
    last: Vec<Option<Instant>>,
}

/// What the players saw.
pub(super) struct Seen {
    pub(super) seconds: f64,
    pub(super) snapshots: u64,
    pub(super) intervals: Times,
    pub(super) bytes: u64,
}

impl ClientPool {
    pub(super) fn join(port: u16, players: usize) -> Result<Self> {
        let poll = Poll::new()?;
        let mut joined = Vec::with_capacity(players);
        for number in 0..players {
            let player = Player::join(port)?;
            let registry = poll.registry();
            registry.register(
                &mut SourceFd(&player.fd()),
                Token(number),
                Interest::READABLE,
            )?;
            joined.push(player);
        }
        Ok(Self {
            poll,
            last: vec![None; players],
            players: joined,
        })
    }

    /// Drives for a time.
    pub(super) fn race(&mut self, length: Duration) -> Result<Seen> {
        let (begun, mut polls) = (Instant::now(), 0);
        let bytes_before = self.bytes();
        let (mut snapshots, mut intervals) = (0, Times::new());
        let mut events = Events::with_capacity(EVENTS_MAX);
        while begun.elapsed() < length {
            self.poll.poll(&mut events, Some(Duration::ZERO))?;
            for event in &events {
                let Token(number) = event.token();
                while let Some(came) = self.players[number].patch()? {
                    snapshots += 1;
                    if let Some(before) = self.last[number].replace(came) {
                        intervals.add(came.saturating_duration_since(before));
                    }
                }
            }
            let first = (polls % POLLS_PER_INPUT) as usize;
            let due = self.players.iter_mut().skip(first);
            for player in due.step_by(POLLS_PER_INPUT as usize) {
                player.drive()?;
            }
            polls += 1;
            let due = begun + POLL_INTERVAL * polls;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
        }
        Ok(Seen {
            seconds: begun.elapsed().as_secs_f64(),
            snapshots,
            intervals,
            bytes: self.bytes() - bytes_before,
        })
    }

    fn bytes(&self) -> u64 {
        self.players.iter().map(Player::bytes).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::TcpListener;
    use std::thread::JoinHandle;

    use tungstenite::Message;

    use super::*;

    /// Reserves a seat for one player, sends patches, and returns what it received.
    fn server(patches: usize) -> (u16, JoinHandle<Vec<Vec<u8>>>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let serving = std::thread::spawn(move || {
            let (mut matchmaker, _) = listener.accept().unwrap();
            assert!(matchmaker.read(&mut [0; 1_024]).unwrap() > 0);
            let seat = r#"{"name":"race","sessionId":"s","roomId":"r","processId":"p"}"#;
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", seat.len());
            matchmaker.write_all((head + seat).as_bytes()).unwrap();
            let (stream, _) = listener.accept().unwrap();
            let mut socket = tungstenite::accept(stream).unwrap();
            let join = vec![10, 1, b's', 0];
            socket.send(Message::Binary(join.into())).unwrap();
            for number in 0..patches {
                std::thread::sleep(Duration::from_millis(20));
                let patch = vec![15, number as u8, 0, 0];
                socket.send(Message::Binary(patch.into())).unwrap();
            }
            let mut received = Vec::new();
            while let Ok(message) = socket.read() {
                received.push(message.into_data().to_vec());
            }
            received
        });
        (port, serving)
    }

    #[test]
    fn a_player_joins_drives_and_counts_patches() {
        let (port, serving) = server(10);
        let mut client_pool = ClientPool::join(port, 1).unwrap();
        let seen = client_pool.race(Duration::from_millis(500)).unwrap();
        drop(client_pool);
        assert_eq!(seen.snapshots, 10);
        // With a header of two bytes each. What came with the seat may be among them.
        assert!((60..=66).contains(&seen.bytes), "{}", seen.bytes);
        let intervals = seen.intervals.quantiles().unwrap();
        assert!(intervals.p50 >= 19.0, "{intervals:?}");
        let received = serving.join().unwrap();
        assert_eq!(received[0], [10]);
        // The first input steers to the left.
        let first = b"\x0d\xa1i\x83\xa1t\x01\xa1s\xca\xbd\xcc\xcc\xcd\xa1n\xcd\x00\x01";
        assert_eq!(received[1], first);
        assert!(
            (1..=16).contains(&(received.len() - 1)),
            "{}",
            received.len()
        );
    }

    #[test]
    fn a_missing_server_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(ClientPool::join(port, 1).is_err());
    }
}
