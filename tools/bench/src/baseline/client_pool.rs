//! All players on one thread, which looks at its sockets once in a millisecond,
//! as Slipstream's thin bots do.

use std::time::{Duration, Instant};

use anyhow::Result;
use mio::unix::SourceFd;
use mio::{Events, Interest, Poll, Token};

use super::player::Player;
use crate::times::Times;

/// Inputs of a player in a second.
const INPUTS_PER_SECOND: u32 = 30;
/// Into so many turns the time between two inputs is divided.
const TURNS: u32 = 32;
/// From one turn to the next.
const TURN: Duration = Duration::from_nanos(1_000_000_000 / (INPUTS_PER_SECOND * TURNS) as u64);
/// Sockets that are told of at once.
const EVENTS_MAX: usize = 1_024;

/// Players, all in full rooms.
pub(super) struct ClientPool {
    poll: Poll,
    players: Vec<Player>,
    /// By player: when the last patch came.
    last: Vec<Option<Instant>>,
}

/// What they saw.
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

    /// Drives for so long.
    pub(super) fn race(&mut self, length: Duration) -> Result<Seen> {
        let (begun, mut turn) = (Instant::now(), 0);
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
            let theirs = (turn % TURNS) as usize;
            for player in self.players.iter_mut().skip(theirs).step_by(TURNS as usize) {
                player.drive()?;
            }
            turn += 1;
            let due = begun + TURN * turn;
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

    /// Keeps a seat for one player, sends so many patches, and tells what came.
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
            let mut said = Vec::new();
            while let Ok(message) = socket.read() {
                said.push(message.into_data().to_vec());
            }
            said
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
        // With two bytes before each. What came with the seat may be among them.
        assert!((60..=66).contains(&seen.bytes), "{}", seen.bytes);
        let intervals = seen.intervals.quantiles().unwrap();
        assert!(intervals.p50 >= 19.0, "{intervals:?}");
        let said = serving.join().unwrap();
        assert_eq!(said[0], [10]);
        // To the left, for the first time.
        let first = b"\x0d\xa1i\x83\xa1t\x01\xa1s\xca\xbd\xcc\xcc\xcd\xa1n\xcd\x00\x01";
        assert_eq!(said[1], first);
        assert!((1..=16).contains(&(said.len() - 1)), "{}", said.len());
    }

    #[test]
    fn nobody_there_is_an_error() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        assert!(ClientPool::join(port, 1).is_err());
    }
}
