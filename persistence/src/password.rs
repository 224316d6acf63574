//! Password hashing with argon2id: deliberately slow, off the runtime's threads, in the
//! order of a [`HashQueue`].

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use argon2::password_hash::{Error, PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::{Algorithm, Argon2, Params, Version};
use protocol::account::Password;
use protocol::limits::{CLOCK_DIFFERENCE_MAX, DEADLINE_DEFAULT};
use protocol::{PlayerId, UnixMillis};
use tokio::sync::oneshot;

use crate::error::StoreError;
use crate::hash_queue::{HashQueue, Lane, Ticket, Turn};
use crate::{metrics, now};

/// Memory of one hash, in KiB. This and the next two are the recommendation of
/// the OWASP Password Storage Cheat Sheet for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
/// Passes over the memory.
const PASSES: u32 = 2;
/// Degree of parallelism.
const LANES: u32 = 1;
/// Most hashes at once, and no more than there are cores. Each takes a core and 19 MiB:
/// more would not be done sooner, and would starve races on the same machine.
const HASHES_AT_ONCE_MAX: u32 = 4;
/// Salt of the hashes computed for unknown players, which are discarded.
const DECOY_SALT: [u8; 16] = [0; 16];

/// Hashes and verifies passwords. Clones share the queue.
#[derive(Clone, Debug)]
pub struct Passwords(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    queue: HashQueue,
    waiting: BTreeMap<Ticket, Waiting>,
}

/// A request that has a place.
#[derive(Debug)]
struct Waiting {
    lane: Lane,
    turn: oneshot::Sender<Result<Slot, StoreError>>,
}

/// The permission to hash, until it is dropped. What a request looks up for its hash is
/// done within it, too: a request that is refused costs no look at the database.
#[derive(Debug)]
pub struct Slot {
    passwords: Passwords,
    lane: Lane,
    started: Instant,
    has_hashed: AtomicBool,
}

/// A place in the queue, which is given up when the request is.
struct Place<'a> {
    passwords: &'a Passwords,
    ticket: Ticket,
}

impl Default for Passwords {
    fn default() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let cores = u32::try_from(cores).unwrap_or(HASHES_AT_ONCE_MAX);
        Self(Arc::new(Mutex::new(Shared {
            queue: HashQueue::new(cores.min(HASHES_AT_ONCE_MAX)),
            waiting: BTreeMap::new(),
        })))
    }
}

impl Passwords {
    /// Waits for a slot in a lane.
    ///
    /// # Errors
    /// When the lane has no room, or the deadline passes before there is a slot.
    pub async fn enter(
        &self,
        lane: Lane,
        name: &PlayerId,
        deadline: Option<UnixMillis>,
    ) -> Result<Slot, StoreError> {
        let Some(left) = time_left(deadline, now()) else {
            metrics::hash(lane, "stale");
            return Err(StoreError::Stale);
        };
        let (ticket, turn) = {
            let mut shared = self.lock();
            let now = Instant::now();
            let entered = shared.queue.enter(lane, name, now + left, now);
            let ticket = entered.map_err(|busy| {
                metrics::hash(lane, "busy");
                let retry_after = busy.retry_after;
                StoreError::Busy { lane, retry_after }
            })?;
            let (sender, receiver) = oneshot::channel();
            shared
                .waiting
                .insert(ticket, Waiting { lane, turn: sender });
            metrics::hashes_waiting(lane, shared.queue.waiting(lane));
            (ticket, receiver)
        };
        let _place = Place {
            passwords: self,
            ticket,
        };
        self.advance();
        turn.await
            .expect("a place is kept until its request has heard")
    }

    /// Waits for the slot of a log-in.
    ///
    /// # Errors
    /// As [`Passwords::enter`].
    pub async fn enter_for_log_in(
        &self,
        name: &PlayerId,
        is_known_address: bool,
        deadline: Option<UnixMillis>,
    ) -> Result<Slot, StoreError> {
        let now = Instant::now();
        let lane = self.lock().queue.log_in_lane(name, is_known_address, now);
        self.enter(lane, name, deadline).await
    }

    /// Remembers that the log-in of a name had a wrong password.
    pub fn failed(&self, name: &PlayerId) {
        self.lock().queue.failed(name, Instant::now());
    }

    /// Gives slots to those whose turn it is.
    fn advance(&self) {
        let mut turns = Vec::new();
        {
            let mut shared = self.lock();
            let now = Instant::now();
            while let Some(turn) = shared.queue.next_turn(now) {
                let (Turn::Start(ticket) | Turn::Stale(ticket)) = turn;
                if let Some(waiting) = shared.waiting.remove(&ticket) {
                    let length = shared.queue.waiting(waiting.lane);
                    metrics::hashes_waiting(waiting.lane, length);
                    turns.push((turn, waiting));
                }
            }
        }
        // Without the lock: a slot whose request is gone is dropped, and given back.
        for (turn, Waiting { lane, turn: sender }) in turns {
            let outcome = match turn {
                Turn::Start(_) => Ok(Slot {
                    passwords: self.clone(),
                    lane,
                    started: Instant::now(),
                    has_hashed: AtomicBool::new(false),
                }),
                Turn::Stale(_) => {
                    metrics::hash(lane, "stale");
                    Err(StoreError::Stale)
                }
            };
            drop(sender.send(outcome));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    /// Computes a hash in PHC format with a new salt.
    ///
    /// # Errors
    /// When memory or randomness is unavailable.
    pub async fn hash(&self, password: &Password) -> Result<String, StoreError> {
        let password = password.normalised();
        self.slowly(move || {
            argon2()
                .hash_password(password.as_bytes())
                .map(|hash| hash.to_string())
        })
        .await
    }

    /// Whether the password matches the hash. Without a hash the result is false, after
    /// the same time.
    ///
    /// # Errors
    /// When the hash cannot be parsed.
    pub async fn verify(
        &self,
        password: &Password,
        hash: Option<String>,
    ) -> Result<bool, StoreError> {
        let password = password.normalised();
        self.slowly(move || {
            let bytes = password.as_bytes();
            let Some(hash) = hash else {
                argon2().hash_password_with_salt(bytes, &DECOY_SALT)?;
                return Ok(false);
            };
            match argon2().verify_password(bytes, &PasswordHash::new(&hash)?) {
                Ok(()) => Ok(true),
                Err(Error::PasswordInvalid) => Ok(false),
                Err(error) => Err(error),
            }
        })
        .await
    }

    async fn slowly<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.has_hashed.store(true, Ordering::Relaxed);
        metrics::hash(self.lane, "computed");
        tokio::task::spawn_blocking(work)
            .await
            .expect("hashing does not panic and is not cancelled")
            .map_err(StoreError::Password)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let took = self.started.elapsed();
        let took = Some(took).filter(|_| self.has_hashed.load(Ordering::Relaxed));
        if let Some(took) = took {
            metrics::hashed(took);
        }
        self.passwords.lock().queue.finished(took);
        self.passwords.advance();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut shared = self.passwords.lock();
        shared.waiting.remove(&self.ticket);
        shared.queue.leave(self.ticket);
    }
}

/// How long the caller of a request still waits, if it does. Between two hosts the
/// deadline is as exact as their clocks.
fn time_left(deadline: Option<UnixMillis>, now: UnixMillis) -> Option<Duration> {
    let Some(deadline) = deadline else {
        return Some(DEADLINE_DEFAULT);
    };
    let tolerance = u64::try_from(CLOCK_DIFFERENCE_MAX.as_millis()).unwrap_or_default();
    let left = deadline.saturating_add(tolerance).checked_sub(now)?;
    Some(Duration::from_millis(left).min(DEADLINE_DEFAULT))
}

fn argon2() -> Argon2<'static> {
    let params =
        Params::new(MEMORY_KIB, PASSES, LANES, None).expect("the constants are within limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PlayerId {
        PlayerId::parse(text).unwrap()
    }

    async fn slot(passwords: &Passwords) -> Slot {
        passwords
            .enter(Lane::LogIn, &name("ada"), None)
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn accepts_only_the_password_that_was_hashed() {
        let slot = slot(&Passwords::default()).await;
        let right = Password::new("correct horse");
        let hash = slot.hash(&right).await.unwrap();
        assert!(
            hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{hash}"
        );
        assert!(slot.verify(&right, Some(hash.clone())).await.unwrap());
        let wrong = Password::new("battery");
        assert!(!slot.verify(&wrong, Some(hash)).await.unwrap());
        assert!(!slot.verify(&right, None).await.unwrap());
        let no_hash = Some("plain text".to_owned());
        assert!(slot.verify(&right, no_hash).await.is_err());
    }

    #[tokio::test]
    async fn accepts_a_password_in_whatever_form_a_keyboard_sends_it() {
        let slot = slot(&Passwords::default()).await;
        let hash = slot.hash(&Password::new("caf\u{e9} noir")).await.unwrap();
        let decomposed = Password::new("cafe\u{301} noir");
        assert!(slot.verify(&decomposed, Some(hash.clone())).await.unwrap());
        let plain = Password::new("cafe noir");
        assert!(!slot.verify(&plain, Some(hash)).await.unwrap());
    }

    #[tokio::test]
    async fn a_request_that_is_given_up_gives_its_place_and_its_slot_back() {
        let passwords = Passwords::default();
        let mut held = Vec::new();
        let ada = name("ada");
        for _ in 0..HASHES_AT_ONCE_MAX {
            let entering = passwords.enter(Lane::LogIn, &ada, None);
            // On a machine with fewer cores the last ones get no slot.
            let soon = Duration::from_millis(20);
            if let Ok(slot) = tokio::time::timeout(soon, entering).await {
                held.push(slot.unwrap());
            }
        }
        assert!(passwords.lock().waiting.is_empty());
        assert_eq!(passwords.lock().queue.waiting(Lane::LogIn), 0);
        held.clear();
        slot(&passwords).await;
    }

    #[tokio::test]
    async fn a_request_past_its_deadline_is_not_hashed() {
        let passwords = Passwords::default();
        let long_ago = Some(now() - 60_000);
        let stale = passwords.enter(Lane::LogIn, &name("ada"), long_ago).await;
        assert!(matches!(stale, Err(StoreError::Stale)), "{stale:?}");
    }

    #[test]
    fn believes_a_deadline_within_what_clocks_differ() {
        let at = 1_700_000_000_000;
        let ms = Duration::from_millis;
        for (deadline, expected) in [
            (None, Some(DEADLINE_DEFAULT)),
            (Some(at + 2_000), Some(ms(3_000))),
            (Some(at - 999), Some(ms(1))),
            (Some(at - 1_001), None),
            (Some(at + 3_600_000), Some(DEADLINE_DEFAULT)),
            (Some(u64::MAX), Some(DEADLINE_DEFAULT)),
            (Some(0), None),
        ] {
            assert_eq!(time_left(deadline, at), expected, "{deadline:?}");
        }
    }
}
