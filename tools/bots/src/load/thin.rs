//! Thousands of players on one thread.
//!
//! A thread polls its sockets once a millisecond and reads those that are ready into
//! one buffer. It is not woken up by packets, so that it does not preempt servers on
//! the same machine, which remote players would not do either; the kernel's receive
//! timestamps say when bytes came. Players are updated by a timing wheel with a
//! bucket per poll: thirty times a second, when the player's clock asks for inputs.
//! A player costs two system calls a snapshot, a read and a write, and no allocation.
//!
//! [`player`] decides and has no I/O; [`connection`] is a player's connection and
//! [`socket`] its socket, with or without TLS.

mod connection;
mod frames;
mod player;
mod recording;
mod socket;

use std::io;
use std::net::{Ipv4Addr, ToSocketAddrs};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use client_core::GatewayAddress;
use mio::{Events, Poll, Token};

use self::connection::{Connection, Readiness};
use self::player::Player;
pub(crate) use self::recording::Recording;
use self::socket::Target;
use super::load_hooks::{LoadHooks, Shared};
use crate::driver::{Bot, Driver};

/// Inputs of a player in a second.
pub(crate) const INPUTS_PER_SECOND: u32 = 30;
/// Polls between two inputs of a player.
const POLLS_PER_INPUT: u32 = 32;
/// Between two polls: about a millisecond.
const POLL_INTERVAL: Duration =
    Duration::from_nanos(1_000_000_000 / (INPUTS_PER_SECOND * POLLS_PER_INPUT) as u64);
/// Buckets of the timing wheel: the next update is at most 1.5 inputs away.
const BUCKETS: u32 = 2 * POLLS_PER_INPUT;
/// Events of one poll.
const EVENTS_MAX: usize = 1_024;
/// Bytes of a read: more than any burst of frames for one player.
const READ_BYTES: usize = 64 * 1024;
/// Polls that are caught up after a stall; earlier ones are skipped, as by a stalled
/// client.
const POLLS_BEHIND_MAX: u32 = POLLS_PER_INPUT;

/// A player to add.
pub(crate) struct NewPlayer {
    pub(crate) driver: Driver,
    pub(crate) seed: u64,
    /// Its local address; `None` when the system chooses.
    pub(crate) from: Option<Ipv4Addr>,
    pub(crate) hooks: Box<dyn Fn(&Driver) -> LoadHooks + Send>,
}

/// Threads with players.
pub(crate) struct ClientPool {
    threads: Vec<(Sender<NewPlayer>, JoinHandle<()>)>,
    playing: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    added: usize,
}

impl ClientPool {
    /// Threads without players.
    pub(crate) fn new(threads: u8, recording: &Arc<Recording>, record: &Shared) -> Result<Self> {
        let playing = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = |_| {
            let (sender, new_players) = channel();
            let mut group = Group {
                poll: Poll::new().context("no epoll")?,
                new_players,
                members: Vec::new(),
                wheel: [const { Vec::new() }; BUCKETS as usize],
                bucket: 0,
                due: Instant::now(),
                recording: Arc::clone(recording),
                record: record.clone(),
                playing: Arc::clone(&playing),
                is_over: Arc::clone(&is_over),
                input: vec![0; READ_BYTES].into(),
                output: Vec::new(),
            };
            let thread = std::thread::Builder::new().name("thin players".to_owned());
            Ok((sender, thread.spawn(move || group.run())?))
        };
        Ok(Self {
            threads: (0..threads).map(thread).collect::<Result<_>>()?,
            playing,
            is_over,
            added: 0,
        })
    }

    /// Adds a player.
    pub(crate) fn add(&mut self, player: NewPlayer) {
        let (sender, _) = &self.threads[self.added % self.threads.len()];
        self.added += 1;
        self.playing.fetch_add(1, Ordering::Relaxed);
        // A thread that has failed has recorded why.
        let _ = sender.send(player);
    }

    /// How many players have not ended.
    pub(crate) fn playing(&self) -> usize {
        self.playing.load(Ordering::Relaxed)
    }

    /// Ends all threads and the connections of their players.
    pub(crate) fn shutdown(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for (_, thread) in self.threads.drain(..) {
            // A panic has been printed.
            let _ = thread.join();
        }
    }
}

/// The players of one thread.
struct Group {
    poll: Poll,
    new_players: Receiver<NewPlayer>,
    members: Vec<Member>,
    /// The timing wheel: by bucket, the indices of the members to update.
    wheel: [Vec<usize>; BUCKETS as usize],
    /// The next bucket, and when it is due.
    bucket: u32,
    due: Instant,
    recording: Arc<Recording>,
    record: Shared,
    playing: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    input: Box<[u8]>,
    output: Vec<u8>,
}

struct Member {
    origin: NewPlayer,
    targets: Vec<Target>,
    /// `None` once it has ended.
    player: Option<Player>,
    connection: Connection,
}

impl Group {
    fn run(&mut self) {
        let mut events = Events::with_capacity(EVENTS_MAX);
        while !self.is_over.load(Ordering::Relaxed) {
            self.take_new_players();
            std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
            if let Err(error) = self.poll.poll(&mut events, Some(Duration::ZERO))
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.record
                    .lock()
                    .failed(format!("cannot poll sockets: {error}"));
                return;
            }
            for event in &events {
                self.ready(event);
            }
            self.update_due();
        }
    }

    /// Updates the members of all buckets that are due.
    fn update_due(&mut self) {
        let mut now = Instant::now();
        if now.saturating_duration_since(self.due) > POLL_INTERVAL * POLLS_BEHIND_MAX {
            self.due = now - POLL_INTERVAL * POLLS_BEHIND_MAX;
        }
        while self.due <= now {
            let mut indices = std::mem::take(&mut self.wheel[self.bucket as usize]);
            if !indices.is_empty() {
                self.record.lock().lateness.add(now - self.due);
            }
            for index in indices.drain(..) {
                if let Some(polls) = self.update(index) {
                    self.wheel[((self.bucket + polls) % BUCKETS) as usize].push(index);
                }
            }
            // No update was scheduled into this bucket, so its memory can be kept.
            self.wheel[self.bucket as usize] = indices;
            self.bucket = (self.bucket + 1) % BUCKETS;
            self.due += POLL_INTERVAL;
            now = Instant::now();
        }
    }

    fn take_new_players(&mut self) {
        while let Ok(player) = self.new_players.try_recv() {
            match Member::new(player, &self.recording) {
                Ok(member) => {
                    let index = self.members.len();
                    let bucket = self.bucket + first_update(index);
                    self.wheel[(bucket % BUCKETS) as usize].push(index);
                    self.members.push(member);
                }
                Err(problem) => {
                    self.playing.fetch_sub(1, Ordering::Relaxed);
                    self.record.lock().failed(format!("{problem:#}"));
                }
            }
        }
    }

    /// Reads from a socket, or notices that it is connected or lost.
    fn ready(&mut self, event: &mio::event::Event) {
        let Some(member) = self.members.get_mut(event.token().0) else {
            return;
        };
        let Some(player) = &mut member.player else {
            return;
        };
        let now = Instant::now();
        self.output.clear();
        let mut end = match member.connection.handle(event) {
            Ok(Readiness::Connected) => player.connected(now, &mut self.output),
            Ok(Readiness::Open | Readiness::Pending) => Ok(()),
            Err(error) => member.connection.lost(now, player, &error),
        };
        if event.is_readable() && end.is_ok() {
            end = member.connection.read(event, &mut self.input, player, now);
        }
        member.connection.write(&self.output);
        if let Err(problem) = end {
            self.record.lock().failed(format!("{problem:#}"));
            member.restart(&self.recording, now);
        }
    }

    /// Updates a player. Returns the number of polls until its next update; `None` when
    /// the player has ended.
    fn update(&mut self, index: usize) -> Option<u32> {
        let member = &mut self.members[index];
        let player = member.player.as_mut()?;
        let now = Instant::now();
        if member.connection.is_due(now) {
            let (targets, security) = (&member.targets, &member.origin.driver.security);
            let (token, registry) = (Token(index), self.poll.registry());
            let begun = member
                .connection
                .connect(targets, security, token, registry);
            if let Err(error) = begun {
                let _ = member.connection.lost(now, player, &error);
            }
        }
        self.output.clear();
        match player.update(now, &mut self.output) {
            Ok(ControlFlow::Continue(())) => {
                let next = player.send_due().filter(|next| *next > now);
                member.connection.write(&self.output);
                Some(next.map_or(POLLS_PER_INPUT, |next| polls_until(next, self.due)))
            }
            Ok(ControlFlow::Break(_outcome)) => {
                self.playing.fetch_sub(1, Ordering::Relaxed);
                (member.player, member.connection) = (None, Connection::default());
                None
            }
            Err(problem) => {
                self.record.lock().failed(format!("{problem:#}"));
                member.restart(&self.recording, now);
                Some(POLLS_PER_INPUT)
            }
        }
    }
}

/// The number of polls until the first update of a member. By multiples of the golden
/// ratio, the members of a room, which have consecutive indices, are spread evenly over
/// the time between two inputs, and so are all members.
fn first_update(index: usize) -> u32 {
    /// Its fractional part, in 32 bits.
    const GOLDEN: u32 = 0x9e37_79b9;
    let share = (index as u32).wrapping_mul(GOLDEN);
    ((u64::from(share) * u64::from(POLLS_PER_INPUT)) >> 32) as u32
}

/// The number of polls from `poll` to the first one that is not before `at`, limited
/// to between 0.5 and 1.5 inputs.
fn polls_until(at: Instant, poll: Instant) -> u32 {
    let nanos = at.saturating_duration_since(poll).as_nanos();
    let polls = nanos.div_ceil(POLL_INTERVAL.as_nanos());
    let polls = u32::try_from(polls).unwrap_or(u32::MAX);
    polls.clamp(POLLS_PER_INPUT / 2, POLLS_PER_INPUT + POLLS_PER_INPUT / 2)
}

impl Member {
    fn new(origin: NewPlayer, recording: &Arc<Recording>) -> Result<Self> {
        let resolve = |name: &GatewayAddress| {
            let found = name.as_str().to_socket_addrs();
            let mut found = found.with_context(|| format!("cannot find {name}"))?;
            let first = found.next();
            let address = first.with_context(|| format!("{name} has no address"))?;
            Target::new(name, address, origin.from)
                .with_context(|| format!("cannot connect to {name}"))
        };
        let targets = origin.driver.gateways.iter().map(resolve);
        let targets = targets.collect::<Result<Vec<_>>>()?;
        if targets.is_empty() {
            bail!("there is no gateway");
        }
        Ok(Self {
            player: Some(origin.player(recording)),
            origin,
            targets,
            connection: Connection::default(),
        })
    }

    fn restart(&mut self, recording: &Arc<Recording>, now: Instant) {
        self.player = Some(self.origin.player(recording));
        self.connection.back_off(now);
    }
}

impl NewPlayer {
    fn player(&self, recording: &Arc<Recording>) -> Player {
        let hooks = (self.hooks)(&self.driver);
        let bot = Bot::new(self.driver.clone(), self.seed, hooks);
        Player::new(bot, Arc::clone(recording))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn first_updates_are_spread_evenly_in_a_room_and_in_total() {
        for room in 0..100 {
            let mut polls: Vec<u32> = (0..4).map(|seat| first_update(4 * room + seat)).collect();
            polls.sort_unstable();
            assert!(polls[3] - polls[0] >= 14, "{polls:?}");
        }
        let mut counts = [0; POLLS_PER_INPUT as usize];
        (0..3_200).for_each(|index| counts[first_update(index) as usize] += 1);
        assert!(
            counts.iter().all(|count| (98..=102).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn the_next_update_is_at_the_first_poll_that_is_not_early() {
        let poll = Instant::now();
        let after = |polls: u32| poll + POLL_INTERVAL * polls;
        assert_eq!(polls_until(after(32), poll), 32);
        assert_eq!(polls_until(after(31) + POLL_INTERVAL / 9, poll), 32);
        assert_eq!(polls_until(poll, poll), POLLS_PER_INPUT / 2);
        assert_eq!(polls_until(poll + Duration::from_secs(9), poll), 48);
    }
}
