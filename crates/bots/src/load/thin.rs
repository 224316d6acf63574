//! Thousands of players on one thread.
//!
//! A thread waits for all its sockets at once and reads each into the same
//! buffer. There is one timer for all: the thirtieth of a second between two
//! inputs of a player is divided into slots, and each player has one. A player
//! costs two system calls a snapshot, one to read and one to write, and no
//! allocation.
//!
//! [`player`] decides and has no I/O; [`line`] is a player's socket.

mod frames;
mod line;
mod player;
mod recording;

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use mio::{Events, Poll, Token};

use self::line::{Heard, Line};
use self::player::Player;
pub(crate) use self::recording::Recording;
use super::spectacles::{Shared, Spectacles};
use crate::driver::{Bot, Driver};

/// Inputs of a player in a second.
pub const INPUTS_PER_SECOND: u32 = 30;
/// Into so many slots the time between two inputs is divided: real players do
/// not all send at once either.
const SLOTS: u32 = 16;
/// From one slot to the next.
const SLOT: Duration = Duration::from_nanos(1_000_000_000 / (INPUTS_PER_SECOND * SLOTS) as u64);
/// Sockets that are told of at once.
const EVENTS_MAX: usize = 1_024;
/// Read at once: more than any burst of frames of one player.
const READ_BYTES: usize = 64 * 1024;
/// Slots that are made up for after a stall; what was missed before is not sent
/// any more, as by a client that stood still.
const SLOTS_BEHIND_MAX: u32 = SLOTS;

/// A player to be.
pub(crate) struct Recruit {
    pub(crate) driver: Driver,
    pub(crate) seed: u64,
    pub(crate) spectacles: Box<dyn Fn(&Driver) -> Spectacles + Send>,
}

/// Threads with players.
pub(crate) struct Crowd {
    threads: Vec<(Sender<Recruit>, JoinHandle<()>)>,
    playing: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    recruited: usize,
}

impl Crowd {
    /// Threads without players.
    pub(crate) fn new(threads: u8, recording: &Arc<Recording>, record: &Shared) -> Result<Self> {
        let playing = Arc::new(AtomicUsize::new(0));
        let is_over = Arc::new(AtomicBool::new(false));
        let thread = |_| {
            let (recruits, to_take) = channel();
            let mut group = Group {
                poll: Poll::new().context("no epoll")?,
                recruits: to_take,
                members: Vec::new(),
                slots: Default::default(),
                recording: Arc::clone(recording),
                record: record.clone(),
                playing: Arc::clone(&playing),
                is_over: Arc::clone(&is_over),
                input: vec![0; READ_BYTES].into(),
                output: Vec::new(),
            };
            let thread = std::thread::Builder::new().name("thin players".to_owned());
            Ok((recruits, thread.spawn(move || group.run())?))
        };
        Ok(Self {
            threads: (0..threads).map(thread).collect::<Result<_>>()?,
            playing,
            is_over,
            recruited: 0,
        })
    }

    /// Another player.
    pub(crate) fn add(&mut self, recruit: Recruit) {
        let (recruits, _) = &self.threads[self.recruited % self.threads.len()];
        self.recruited += 1;
        self.playing.fetch_add(1, Ordering::Relaxed);
        // A thread ends after its sender only.
        let _ = recruits.send(recruit);
    }

    /// How many have not raced enough.
    pub(crate) fn playing(&self) -> usize {
        self.playing.load(Ordering::Relaxed)
    }

    /// Ends all threads; who still plays hangs up.
    pub(crate) fn shutdown(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        for (_, thread) in self.threads.drain(..) {
            // One that has panicked has said so.
            let _ = thread.join();
        }
    }
}

struct Group {
    poll: Poll,
    recruits: Receiver<Recruit>,
    members: Vec<Member>,
    /// By slot: the places of its members.
    slots: [Vec<usize>; SLOTS as usize],
    recording: Arc<Recording>,
    record: Shared,
    playing: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    input: Box<[u8]>,
    output: Vec<u8>,
}

struct Member {
    recruit: Recruit,
    addresses: Vec<SocketAddr>,
    /// `None` once it has raced enough.
    player: Option<Player>,
    line: Line,
}

impl Group {
    fn run(&mut self) {
        let mut events = Events::with_capacity(EVENTS_MAX);
        let mut slot = 0_u32;
        let mut due = Instant::now();
        while !self.is_over.load(Ordering::Relaxed) {
            self.take_recruits();
            let wait = due.saturating_duration_since(Instant::now());
            if let Err(error) = self.poll.poll(&mut events, Some(wait))
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.record
                    .lock()
                    .failed(format!("cannot wait for sockets: {error}"));
                return;
            }
            for event in &events {
                self.heard(event);
            }
            let mut now = Instant::now();
            if now.saturating_duration_since(due) > SLOT * SLOTS_BEHIND_MAX {
                due = now - SLOT * SLOTS_BEHIND_MAX;
            }
            while due <= now {
                self.record.lock().lateness.add(now - due);
                self.slot(slot);
                slot = (slot + 1) % SLOTS;
                due += SLOT;
                now = Instant::now();
            }
        }
    }

    fn take_recruits(&mut self) {
        while let Ok(recruit) = self.recruits.try_recv() {
            match Member::new(recruit, &self.recording) {
                Ok(member) => {
                    self.slots[slot_of(self.members.len())].push(self.members.len());
                    self.members.push(member);
                }
                Err(problem) => {
                    self.playing.fetch_sub(1, Ordering::Relaxed);
                    self.record.lock().failed(format!("{problem:#}"));
                }
            }
        }
    }

    fn heard(&mut self, event: &mio::event::Event) {
        let Some(member) = self.members.get_mut(event.token().0) else {
            return;
        };
        let Some(player) = &mut member.player else {
            return;
        };
        let now = Instant::now();
        self.output.clear();
        let mut end = match member.line.is_up(event) {
            Ok(Heard::Connected) => player.connected(now, &mut self.output),
            Ok(Heard::Something | Heard::Nothing) => Ok(()),
            Err(error) => member.line.lose(now, player, &error),
        };
        if event.is_readable() && end.is_ok() {
            end = member.line.read(event, &mut self.input, player, now);
        }
        member.line.write(&self.output);
        if let Err(problem) = end {
            self.record.lock().failed(format!("{problem:#}"));
            member.begin_again(&self.recording, now);
        }
    }

    /// The turn of every player of a slot.
    fn slot(&mut self, slot: u32) {
        for &index in &self.slots[slot as usize] {
            let member = &mut self.members[index];
            let Some(player) = &mut member.player else {
                continue;
            };
            let now = Instant::now();
            if member.line.is_due(now) {
                let (addresses, token) = (&member.addresses, Token(index));
                if let Err(error) = member
                    .line
                    .connect(addresses, token, self.poll.registry(), now)
                {
                    let _ = member.line.lose(now, player, &error);
                }
            }
            self.output.clear();
            match player.slot(now, &mut self.output) {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(_outcome)) => {
                    self.playing.fetch_sub(1, Ordering::Relaxed);
                    (member.player, member.line) = (None, Line::default());
                    continue;
                }
                Err(problem) => {
                    self.record.lock().failed(format!("{problem:#}"));
                    member.begin_again(&self.recording, now);
                    continue;
                }
            }
            member.line.write(&self.output);
        }
    }
}

/// The slot of a member. Multiples of the golden ratio: those of a room, who
/// come one after the other, are spread evenly over the time between two
/// snapshots, and so are all together.
fn slot_of(index: usize) -> usize {
    /// Its fractional part, in 32 bits.
    const GOLDEN: u32 = 0x9e37_79b9;
    let share = (index as u32).wrapping_mul(GOLDEN);
    ((u64::from(share) * u64::from(SLOTS)) >> 32) as usize
}

impl Member {
    fn new(recruit: Recruit, recording: &Arc<Recording>) -> Result<Self> {
        let resolve = |name: &String| {
            let found = name.to_socket_addrs();
            let mut found = found.with_context(|| format!("cannot find {name}"))?;
            found
                .next()
                .with_context(|| format!("{name} has no address"))
        };
        let addresses = recruit.driver.gateways.iter().map(resolve);
        let addresses = addresses.collect::<Result<Vec<_>>>()?;
        if addresses.is_empty() {
            bail!("there is no gateway");
        }
        Ok(Self {
            player: Some(recruit.player(recording)),
            recruit,
            addresses,
            line: Line::default(),
        })
    }

    fn begin_again(&mut self, recording: &Arc<Recording>, now: Instant) {
        self.player = Some(self.recruit.player(recording));
        self.line.rest(now);
    }
}

impl Recruit {
    fn player(&self, recording: &Arc<Recording>) -> Player {
        let spectacles = (self.spectacles)(&self.driver);
        let bot = Bot::new(self.driver.clone(), self.seed, spectacles);
        Player::new(bot, Arc::clone(recording))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_spread_evenly_within_a_room_and_in_all() {
        for room in 0..100 {
            let mut slots: Vec<usize> = (0..4).map(|seat| slot_of(4 * room + seat)).collect();
            slots.sort_unstable();
            assert!(slots[3] - slots[0] >= 7, "{slots:?}");
        }
        let mut counts = [0; SLOTS as usize];
        (0..1_600).for_each(|index| counts[slot_of(index)] += 1);
        assert!(
            counts.iter().all(|count| (98..=102).contains(count)),
            "{counts:?}"
        );
    }
}
