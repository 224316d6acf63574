//! The order in which password hashes are computed: a state machine without I/O.
//!
//! Hashes are slow on purpose, and anybody may ask for one. So the queue in front of
//! them decides who waits and who hears at once that it is not worth waiting:
//!
//! - Five lanes share the slots in turn. A flood in one of them takes the others half
//!   of the slots at most, and none of their places.
//! - The log-ins of a name whose last log-in failed have a lane of their own for
//!   a minute: those who guess passwords wait for each other.
//! - So have those from an address where the name has logged in before: no stranger can be
//!   there, not with the first guess of a name either.
//! - A lane takes what can be done within the time that its callers wait, by the time
//!   that hashes have taken of late. Others are refused at once, with the time after
//!   which the lane has room.
//! - A name has a few places in a lane.
//! - A request whose deadline passes in the queue is not computed.
//!
//! Shell: [`password`](crate::password).

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use protocol::PlayerId;

/// A kind of request, which waits behind its own kind only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lane {
    /// Log-ins from an address where the name has logged in lately. How often one may try
    /// there, the gateway limits.
    LogInAtKnownAddress,
    /// Other log-ins.
    LogIn,
    /// Log-ins of names whose last log-in had a wrong password, or that have no account.
    LogInAfterFailure,
    /// Sign-ups.
    SignUp,
    /// Changed passwords and deleted accounts.
    Change,
}

impl Lane {
    /// All lanes, in the order of their turns.
    pub const ALL: [Self; 5] = [
        Self::LogInAtKnownAddress,
        Self::LogIn,
        Self::LogInAfterFailure,
        Self::SignUp,
        Self::Change,
    ];

    /// Longest time to an answer in this lane, of the wait and the hash: a request that
    /// would take longer is refused.
    const fn answer_max(self) -> Duration {
        match self {
            // A person who logs in hears within half a second that all went well, or
            // that it did not and for how long; clients ask again by themselves.
            Self::LogInAtKnownAddress | Self::LogIn | Self::LogInAfterFailure => {
                Duration::from_millis(400)
            }
            // Signing up happens once: a wait is better than a refusal. A second less
            // than gateways wait.
            Self::SignUp | Self::Change => Duration::from_secs(4),
        }
    }

    /// Name for metrics.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::LogInAtKnownAddress => "log_in_at_known_address",
            Self::LogIn => "log_in",
            Self::LogInAfterFailure => "log_in_after_failure",
            Self::SignUp => "sign_up",
            Self::Change => "change",
        }
    }

    /// What servers are busy with, for people.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::LogInAtKnownAddress | Self::LogIn | Self::LogInAfterFailure => "log-ins",
            Self::SignUp => "sign-ups",
            Self::Change => "changes of accounts",
        }
    }
}

/// Most requests of one name that wait in a lane: a person has one, and another from a
/// client that asks again.
const NAME_WAITING_MAX: usize = 3;
/// Requests that a lane takes whatever hashes cost: on a slow machine a few players who
/// log in together are no flood.
const LANE_WAITING_MIN: usize = 2;
/// Requests that a lane takes whatever hashes cost: a bound on memory, which no machine
/// reaches within the wait of a lane.
const LANE_WAITING_MAX: usize = 1024;
/// What a hash takes before one was measured: 30 ms on a core of 2020, and as much again
/// for each of two others that share it. The first flood finds a short queue.
const HASH_TIME_FIRST: Duration = Duration::from_millis(100);
/// Longest time that a hash is believed to take. A process that stood still for a minute
/// must not take the next hundred for as slow: nothing would be computed that showed
/// otherwise.
const HASH_TIME_MAX: Duration = Duration::from_secs(1);
/// The share of the newest hash in the mean is one in so many: some load of the machine
/// shows within half a dozen hashes, one slow hash does not.
const HASH_TIME_WEIGHT: u32 = 4;
/// How long a failed log-in keeps its name in the other lane.
const FAILURE_AGE_MAX: Duration = Duration::from_secs(60);
/// Names with failed log-ins that are remembered: more than are hashed in a minute. The
/// oldest goes first.
const FAILURES_MAX: usize = 8192;

/// A place in the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// What became of a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It has a slot until [`HashQueue::finished`].
    Start(Ticket),
    /// Its deadline has passed.
    Stale(Ticket),
}

/// A lane without room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy {
    /// After this time there should be room.
    pub retry_after: Duration,
}

#[derive(Debug)]
struct Waiting {
    ticket: Ticket,
    name: PlayerId,
    deadline: Instant,
}

/// The queue.
#[derive(Debug)]
pub struct HashQueue {
    slots: u32,
    running: u32,
    lanes: BTreeMap<Lane, VecDeque<Waiting>>,
    /// Index in [`Lane::ALL`] of the lane whose turn it is.
    turn: usize,
    tickets: u64,
    hash_time: Duration,
    failures: BTreeMap<PlayerId, Instant>,
}

impl HashQueue {
    /// An empty queue in front of so many hashes at once.
    #[must_use]
    pub fn new(slots: u32) -> Self {
        Self {
            slots: slots.max(1),
            running: 0,
            lanes: Lane::ALL.map(|lane| (lane, VecDeque::new())).into(),
            turn: 0,
            tickets: 0,
            hash_time: HASH_TIME_FIRST,
            failures: BTreeMap::new(),
        }
    }

    /// The lane of a log-in.
    #[must_use]
    pub fn log_in_lane(&self, name: &PlayerId, is_known_address: bool, now: Instant) -> Lane {
        if is_known_address {
            return Lane::LogInAtKnownAddress;
        }
        match self.failures.get(name) {
            Some(at) if is_recent(*at, now) => Lane::LogInAfterFailure,
            Some(_) | None => Lane::LogIn,
        }
    }

    /// Takes a place at the end of a lane.
    ///
    /// # Errors
    /// When the lane has no room, or the request would wait past its deadline.
    pub fn enter(
        &mut self,
        lane: Lane,
        name: &PlayerId,
        deadline: Instant,
        now: Instant,
    ) -> Result<Ticket, Busy> {
        let wait = self.wait(lane);
        let waiting = self.lane(lane);
        let is_long =
            waiting.len() >= LANE_WAITING_MIN && wait + self.hash_time > lane.answer_max();
        let of_name = waiting.iter().filter(|it| it.name == *name).count();
        if is_long
            || of_name >= NAME_WAITING_MAX
            || waiting.len() >= LANE_WAITING_MAX
            || now + wait + self.hash_time > deadline
        {
            let retry_after = wait.max(self.hash_time);
            return Err(Busy { retry_after });
        }
        self.tickets += 1;
        let ticket = Ticket(self.tickets);
        self.lanes.entry(lane).or_default().push_back(Waiting {
            ticket,
            name: name.clone(),
            deadline,
        });
        Ok(ticket)
    }

    /// The next place that has something to hear. Call it until it returns `None`, after
    /// each [`enter`](Self::enter) and [`finished`](Self::finished).
    pub fn next_turn(&mut self, now: Instant) -> Option<Turn> {
        if self.running >= self.slots {
            return None;
        }
        let lanes = Lane::ALL.len();
        let next = (0..lanes)
            .map(|step| (self.turn + step) % lanes)
            .find(|index| !self.lane(Lane::ALL[*index]).is_empty())?;
        let first = self.lanes.get_mut(&Lane::ALL[next])?.pop_front()?;
        if first.deadline < now {
            // It costs its lane no turn.
            return Some(Turn::Stale(first.ticket));
        }
        self.turn = (next + 1) % lanes;
        self.running += 1;
        Some(Turn::Start(first.ticket))
    }

    /// Gives up a place that waits. Does nothing for one that has had its turn.
    pub fn leave(&mut self, ticket: Ticket) {
        for waiting in self.lanes.values_mut() {
            waiting.retain(|it| it.ticket != ticket);
        }
    }

    /// Gives a slot back. States how long it was held for a hash; `None` for a slot in
    /// which none was computed, which says nothing about the next.
    pub fn finished(&mut self, took: Option<Duration>) {
        self.running = self.running.saturating_sub(1);
        let Some(took) = took else {
            return;
        };
        let others = self.hash_time * (HASH_TIME_WEIGHT - 1);
        self.hash_time = (others + took.min(HASH_TIME_MAX)) / HASH_TIME_WEIGHT;
    }

    /// Remembers that the log-in of a name had a wrong password. A right one does not undo
    /// it: the guessers are still there.
    pub fn failed(&mut self, name: &PlayerId, now: Instant) {
        if self.failures.len() >= FAILURES_MAX && !self.failures.contains_key(name) {
            self.failures.retain(|_, at| is_recent(*at, now));
            let oldest = self.failures.iter().min_by_key(|(_, at)| **at);
            let oldest = oldest.map(|(name, _)| name.clone());
            if let Some(oldest) = oldest.filter(|_| self.failures.len() >= FAILURES_MAX) {
                self.failures.remove(&oldest);
            }
        }
        self.failures.insert(name.clone(), now);
    }

    /// How many wait in a lane.
    #[must_use]
    pub fn waiting(&self, lane: Lane) -> usize {
        self.lane(lane).len()
    }

    /// How long a request that enters a lane waits for its slot.
    fn wait(&self, lane: Lane) -> Duration {
        let waiting = |lane| u32::try_from(self.lane(lane).len()).unwrap_or(u32::MAX);
        let own = waiting(lane);
        if own == 0 && self.running < self.slots {
            return Duration::ZERO;
        }
        // In each round every other lane has a turn, while it has requests.
        let others = Lane::ALL.into_iter().filter(|other| *other != lane);
        let before = others.map(|other| waiting(other).min(own + 1)).sum::<u32>();
        self.hash_time * (own + 1 + before) / self.slots
    }

    fn lane(&self, lane: Lane) -> &VecDeque<Waiting> {
        // All lanes are there from the beginning.
        &self.lanes[&lane]
    }
}

fn is_recent(failure: Instant, now: Instant) -> bool {
    now.saturating_duration_since(failure) < FAILURE_AGE_MAX
}

#[cfg(test)]
mod tests;
