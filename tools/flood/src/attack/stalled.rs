//! Spectators that stop reading for a time, and what they got when they read again.
//!
//! Beside them a witness watches each of their rooms and reads all the time: what it got
//! is what the others should get.

mod watched;

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, bail};
use client_core::Security;
use protocol::client::{ClientMessage, ServerMessage};
use protocol::frame::FrameKind;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout_at};

use self::watched::{Order, Watched, compare};
use super::attacker::{Attacker, nth};
use super::tally::{Ending, Shared};
use crate::account;
use crate::options::AttackOptions;
use crate::wire::{Received, Route, Wire};

/// Between the pings of a client, as of every client, whether it reads or not.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// How long a client that reads again may take to get what is newest.
const CATCH_UP_TIMEOUT: Duration = Duration::from_secs(10);
/// The first address of the witnesses, which have one each.
const WITNESSES_BEGIN: Ipv4Addr = Ipv4Addr::new(127, 4, 0, 1);

type SharedWatched = Arc<Mutex<Watched>>;

/// Stalled clients and the witnesses beside them.
pub(super) struct Watching {
    /// Ends when they are to stop reading.
    stall: watch::Sender<bool>,
    clients: JoinSet<Ending>,
    witnesses: JoinSet<()>,
}

impl Watching {
    /// Has attackers and witnesses watch rooms.
    ///
    /// # Errors
    /// When one cannot.
    pub(super) async fn enter(
        options: &Arc<AttackOptions>,
        security: &Security,
        attackers: Vec<Attacker>,
    ) -> Result<Self> {
        let mut watching = Self {
            stall: watch::Sender::new(false),
            clients: JoinSet::new(),
            witnesses: JoinSet::new(),
        };
        let mut rooms = Vec::new();
        for (number, room) in options.rooms.iter().take(attackers.len()).enumerate() {
            let route = Route {
                from: nth(WITNESSES_BEGIN, number as u32),
                to: options.race,
                has_small_buffer: false,
                security: security.clone(),
            };
            let (mut wire, _) = account::enter(&route, &format!("witness-{number}")).await?;
            spectate(&mut wire, room).await?;
            let watched = SharedWatched::default();
            watching
                .witnesses
                .spawn(witness(wire, Arc::clone(&watched)));
            rooms.push((room.clone(), watched));
        }
        for (mut attacker, (room, witnessed)) in attackers.into_iter().zip(rooms.iter().cycle()) {
            let mut wire = attacker.enter().await?;
            spectate(&mut wire, room).await?;
            let client = Client {
                wire,
                attacker,
                room: room.clone(),
                watched: Watched::default(),
                entered_at: lock(witnessed).events.len(),
                witnessed: Arc::clone(witnessed),
                is_dismissed: false,
            };
            watching
                .clients
                .spawn(client.run(watching.stall.subscribe()));
        }
        Ok(watching)
    }

    /// Has the clients stop reading, and waits until each has read again.
    pub(super) async fn stall(mut self, tally: &Shared) {
        self.stall.send_replace(true);
        while let Some(ended) = self.clients.join_next().await {
            let ending = ended.unwrap_or(Ending::Locked);
            *tally.lock().endings.entry(ending).or_default() += 1;
        }
        self.witnesses.shutdown().await;
    }
}

async fn spectate(wire: &mut Wire, room: &str) -> Result<()> {
    let name = room.to_owned();
    wire.say(&ClientMessage::Spectate { name }).await?;
    loop {
        let Received::Message(message) = wire.receive().await? else {
            continue;
        };
        match *message {
            ServerMessage::Entered { .. } => return Ok(()),
            ServerMessage::Rejected(rejection) => bail!("cannot watch {room}: {rejection}"),
            ServerMessage::Goodbye { reason, .. } => bail!("cannot watch {room}: {reason}"),
            _ => {}
        }
    }
}

async fn witness(mut wire: Wire, watched: SharedWatched) {
    let mut pings = tokio::time::interval(PING_INTERVAL);
    loop {
        tokio::select! {
            received = wire.receive() => {
                let Ok(received) = received else { return };
                lock(&watched).note(&received);
            }
            _ = pings.tick() => {
                // A connection that is lost ends the next read.
                let _ = wire.say(&ClientMessage::Ping { nonce: 0 }).await;
            }
        }
    }
}

/// A client that stalls.
struct Client {
    wire: Wire,
    attacker: Attacker,
    room: String,
    watched: Watched,
    /// What the witness of its room gets.
    witnessed: SharedWatched,
    /// Events that the witness had when this client came.
    entered_at: usize,
    is_dismissed: bool,
}

impl Client {
    async fn run(mut self, mut stall: watch::Receiver<bool>) -> Ending {
        let mut pings = tokio::time::interval(PING_INTERVAL);
        loop {
            tokio::select! {
                _ = stall.changed() => break,
                received = self.wire.receive() => {
                    let Ok(received) = received else { return Ending::ClosedSilently };
                    self.note(&received);
                }
                _ = pings.tick() => self.ping().await,
            }
        }
        let end = Instant::now() + Duration::from_secs(self.attacker.options.seconds);
        while timeout_at(end, pings.tick()).await.is_ok() {
            self.ping().await;
        }
        self.catch_up().await
    }

    async fn ping(&mut self) {
        // A gateway that does not read either must not keep the client from reading.
        let ping = ClientMessage::Ping { nonce: 0 };
        let _ = tokio::time::timeout(Duration::from_secs(1), self.wire.say(&ping)).await;
    }

    fn note(&mut self, received: &Received) {
        self.watched.note(received);
        if let Received::Message(message) = received {
            self.is_dismissed |= matches!(**message, ServerMessage::Goodbye { .. });
        }
    }

    /// Reads until it has what its witness has.
    async fn catch_up(&mut self) -> Ending {
        let deadline = Instant::now() + CATCH_UP_TIMEOUT;
        let due = lock(&self.witnessed).events.len();
        loop {
            match timeout_at(deadline, self.wire.receive()).await {
                Ok(Ok(received)) => self.note(&received),
                Ok(Err(_)) if self.is_dismissed => return self.resume(deadline).await,
                Ok(Err(_)) => return Ending::ClosedSilently,
                Err(_) => return Ending::Stale,
            }
            let witnessed = lock(&self.witnessed);
            match compare(
                &self.watched.events,
                &witnessed.events[..due],
                self.entered_at,
            ) {
                Order::Complete if self.watched.is_as_new_as(&witnessed) => {
                    return Ending::CaughtUp;
                }
                Order::Complete | Order::Incomplete => {}
                Order::Gap => return Ending::Gap,
                Order::Disorder => return Ending::OutOfOrder,
            }
        }
    }

    /// Comes back, until a snapshot shows that it watches again.
    async fn resume(&mut self, deadline: Instant) -> Ending {
        let tally = Shared::default();
        let resuming = async {
            loop {
                if let Some(mut wire) = self.attacker.resume(&tally).await
                    && spectate(&mut wire, &self.room).await.is_ok()
                {
                    while let Ok(received) = wire.receive().await {
                        if matches!(received, Received::Frame(FrameKind::Snapshot, _)) {
                            return Ending::Resumed;
                        }
                    }
                }
                sleep(account::RETRY_DELAY).await;
            }
        };
        timeout_at(deadline, resuming)
            .await
            .unwrap_or(Ending::Locked)
    }
}

fn lock(watched: &SharedWatched) -> MutexGuard<'_, Watched> {
    watched.lock().unwrap_or_else(PoisonError::into_inner)
}
