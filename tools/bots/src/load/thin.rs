//! Thousands of players on one thread.
//!
//! Time is divided into slots of a millisecond. In each a thread looks once
//! which of its sockets have something, and reads them into the same buffer: it
//! wakes up for no packet, so that it does not push aside the servers beside it,
//! which real players would not do either. The kernel notes when the bytes came.
//! Each player stands in the slot of its next turn, thirty times a second and
//! when its clock says that inputs are to leave. A player costs two system calls
//! a snapshot, one to read and one to write, and no allocation.
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
use super::bot_observer::{BotObserver, Shared};
use crate::driver::{Bot, Driver};

/// Inputs of a player in a second.
pub(crate) const INPUTS_PER_SECOND: u32 = 30;
/// Into so many slots the time between two inputs is divided: about a
/// millisecond each.
const SLOTS: u32 = 32;
/// Slots before they begin again: a turn is at most half as long again away.
const WHEEL: u32 = 2 * SLOTS;
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
    pub(crate) bot_observer: Box<dyn Fn(&Driver) -> BotObserver + Send>,
}

/// Threads with players.
pub(crate) struct ClientPool {
    threads: Vec<(Sender<Recruit>, JoinHandle<()>)>,
    playing: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    recruited: usize,
}

impl ClientPool {
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
                slots: [const { Vec::new() }; WHEEL as usize],
                slot: 0,
                due: Instant::now(),
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
    /// By slot: the places of the members whose turn is then.
    slots: [Vec<usize>; WHEEL as usize],
    /// The slot that is next, and when.
    slot: u32,
    due: Instant,
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
        while !self.is_over.load(Ordering::Relaxed) {
            self.take_recruits();
            std::thread::sleep(self.due.saturating_duration_since(Instant::now()));
            if let Err(error) = self.poll.poll(&mut events, Some(Duration::ZERO))
                && error.kind() != io::ErrorKind::Interrupted
            {
                self.record
                    .lock()
                    .failed(format!("cannot look after sockets: {error}"));
                return;
            }
            for event in &events {
                self.heard(event);
            }
            self.take_turns();
        }
    }

    /// All turns that are due.
    fn take_turns(&mut self) {
        let mut now = Instant::now();
        if now.saturating_duration_since(self.due) > SLOT * SLOTS_BEHIND_MAX {
            self.due = now - SLOT * SLOTS_BEHIND_MAX;
        }
        while self.due <= now {
            let mut turns = std::mem::take(&mut self.slots[self.slot as usize]);
            if !turns.is_empty() {
                self.record.lock().lateness.add(now - self.due);
            }
            for index in turns.drain(..) {
                if let Some(ahead) = self.turn(index) {
                    self.slots[((self.slot + ahead) % WHEEL) as usize].push(index);
                }
            }
            // Nobody's next turn is in the slot of this one: its memory is kept.
            self.slots[self.slot as usize] = turns;
            self.slot = (self.slot + 1) % WHEEL;
            self.due += SLOT;
            now = Instant::now();
        }
    }

    fn take_recruits(&mut self) {
        while let Ok(recruit) = self.recruits.try_recv() {
            match Member::new(recruit, &self.recording) {
                Ok(member) => {
                    let index = self.members.len();
                    let slot = self.slot + first_turn(index);
                    self.slots[(slot % WHEEL) as usize].push(index);
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

    /// A player's turn; gives in how many slots the next is, if there is one.
    fn turn(&mut self, index: usize) -> Option<u32> {
        let member = &mut self.members[index];
        let player = member.player.as_mut()?;
        let now = Instant::now();
        if member.line.is_due(now) {
            let (addresses, token) = (&member.addresses, Token(index));
            if let Err(error) = member.line.connect(addresses, token, self.poll.registry()) {
                let _ = member.line.lose(now, player, &error);
            }
        }
        self.output.clear();
        match player.turn(now, &mut self.output) {
            Ok(ControlFlow::Continue(())) => {
                let next = player.send_due().filter(|next| *next > now);
                member.line.write(&self.output);
                Some(next.map_or(SLOTS, |next| slots_until(next, self.due)))
            }
            Ok(ControlFlow::Break(_outcome)) => {
                self.playing.fetch_sub(1, Ordering::Relaxed);
                (member.player, member.line) = (None, Line::default());
                None
            }
            Err(problem) => {
                self.record.lock().failed(format!("{problem:#}"));
                member.begin_again(&self.recording, now);
                Some(SLOTS)
            }
        }
    }
}

/// The first turn of a member. Multiples of the golden ratio: those of a room,
/// who come one after the other, are spread evenly over the time between two
/// inputs, and so are all together.
fn first_turn(index: usize) -> u32 {
    /// Its fractional part, in 32 bits.
    const GOLDEN: u32 = 0x9e37_79b9;
    let share = (index as u32).wrapping_mul(GOLDEN);
    ((u64::from(share) * u64::from(SLOTS)) >> 32) as u32
}

/// How many slots after the one at `slot` the first one is that is not before
/// `at`; between half a turn and one and a half.
fn slots_until(at: Instant, slot: Instant) -> u32 {
    let nanos = at.saturating_duration_since(slot).as_nanos();
    let slots = nanos.div_ceil(SLOT.as_nanos());
    let slots = u32::try_from(slots).unwrap_or(u32::MAX);
    slots.clamp(SLOTS / 2, SLOTS + SLOTS / 2)
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
        let bot_observer = (self.bot_observer)(&self.driver);
        let bot = Bot::new(self.driver.clone(), self.seed, bot_observer);
        Player::new(bot, Arc::clone(recording))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_begin_spread_evenly_within_a_room_and_in_all() {
        for room in 0..100 {
            let mut slots: Vec<u32> = (0..4).map(|seat| first_turn(4 * room + seat)).collect();
            slots.sort_unstable();
            assert!(slots[3] - slots[0] >= 14, "{slots:?}");
        }
        let mut counts = [0; SLOTS as usize];
        (0..3_200).for_each(|index| counts[first_turn(index) as usize] += 1);
        assert!(
            counts.iter().all(|count| (98..=102).contains(count)),
            "{counts:?}"
        );
    }

    #[test]
    fn the_next_turn_is_in_the_first_slot_that_is_not_too_early() {
        let slot = Instant::now();
        assert_eq!(slots_until(slot + SLOT * 32, slot), 32);
        assert_eq!(slots_until(slot + SLOT * 31 + SLOT / 9, slot), 32);
        assert_eq!(slots_until(slot, slot), SLOTS / 2);
        assert_eq!(slots_until(slot + Duration::from_secs(9), slot), 48);
    }
}
