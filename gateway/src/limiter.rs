//! What one person, one address and one name may do, over all of their connections.
//!
//! A token is taken before the work and given back where the work was not done, or where it
//! turned out to be welcome: a right password costs nothing. What was spent belongs to the
//! player, the address or the name and lives in the gateway process; a connection only
//! refers to it, so that reconnecting resets nothing. On the way to another gateway it is a
//! [`PlayerBudgets`](protocol::budgets::PlayerBudgets).
//!
//! - [`bucket`] is a limit and its tokens, [`failures`] a delay that grows,
//! - [`keyed`] is a bounded table of them, by [`address`], player or name,
//! - [`log_ins`] decides who may try a password, [`players`] what a player may do,
//! - [`refusal`] says it, and [`options`] are the figures.
//!
//! All of it takes the time and does no I/O. The `governor` crate has keyed limiters too, but
//! none that give tokens back, can be written into a session, or grow with each failure.

pub mod address;
pub mod bucket;
pub mod failures;
pub mod keyed;
pub mod log_ins;
pub mod options;
pub mod players;
pub mod refusal;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::{PlayerId, Rejection, RejectionCode, Reply};

use self::address::AddressKey;
use self::bucket::{Bucket, Limit};
use self::keyed::Keyed;
use self::log_ins::{Attempt, LogIns, Verdict};
use self::players::{PerLimit, Players};
use self::refusal::{LimitName, Refusal};

use crate::limits::REFUSALS_OF_ADDRESS;

pub use self::options::LimitOptions;
pub use self::players::PlayerLimits;
pub use self::refusal::PlayerLimit;

/// What everybody has spent.
#[derive(Debug)]
pub struct Limiter {
    options: LimitOptions,
    of_players: Arc<PerLimit<Limit>>,
    players: Mutex<Players>,
    log_ins: Mutex<LogIns>,
    sign_ups: Mutex<Keyed<AddressKey, Bucket>>,
    connects: Mutex<Keyed<AddressKey, Bucket>>,
    refusals: Mutex<Keyed<AddressKey, Bucket>>,
}

impl Limiter {
    /// With nothing spent.
    #[must_use]
    pub fn new(options: LimitOptions) -> Self {
        let log_ins = LogIns::new(
            options.limit_guesses_of_address,
            options.limit_guesses_of_name,
        );
        Self {
            of_players: Arc::new(PerLimit::new(&options)),
            players: Mutex::default(),
            log_ins: Mutex::new(log_ins),
            sign_ups: Mutex::default(),
            connects: Mutex::default(),
            refusals: Mutex::default(),
            options,
        }
    }

    /// The figures.
    #[must_use]
    pub fn options(&self) -> &LimitOptions {
        &self.options
    }

    /// The limits of a player. They live at least as long as the value.
    #[must_use]
    pub fn player(&self, player: &PlayerId, now: Instant) -> PlayerLimits {
        PlayerLimits {
            limits: Arc::clone(&self.of_players),
            buckets: Arc::clone(lock(&self.players).entry(player, now)),
        }
    }

    /// Charges a new connection.
    ///
    /// # Errors
    /// When there were too many, with the time until the next one.
    pub fn connect(&self, address: AddressKey, now: Instant) -> Result<(), Refusal> {
        let limit = self.options.limit_connects;
        take(&self.connects, address, limit, now).map_err(|wait| Refusal {
            limit: LimitName::Connects(limit),
            wait,
        })
    }

    /// Charges a refused connection for being told why; `false` when its address has heard
    /// it often enough.
    pub fn may_be_refused(&self, address: AddressKey, now: Instant) -> bool {
        let limit = Limit::of(REFUSALS_OF_ADDRESS);
        take(&self.refusals, address, limit, now).is_ok()
    }

    /// Charges an attempt to log in as a failure, until [`Limiter::logged_in`] is told
    /// its outcome.
    ///
    /// # Errors
    /// When there were too many failures, or log-ins, with the time until the next one.
    pub fn log_in(&self, name: &PlayerId, address: AddressKey, now: Instant) -> Reply<Attempt> {
        let is_known = lock(&self.log_ins).is_known(name, address, now);
        // Of strangers the player's own limit is no business: it would lock the player out.
        if is_known {
            self.player(name, now).check(PlayerLimit::LogIns, now)?;
        }
        let taken = lock(&self.log_ins).take(name, address, now);
        taken.map_err(Refusal::reject)
    }

    /// Takes the outcome of an attempt to log in.
    pub fn logged_in<T>(&self, attempt: &Attempt, outcome: &Reply<T>, now: Instant) {
        let verdict = match outcome {
            Ok(_) => Verdict::Right,
            Err(rejection) if rejection.code == RejectionCode::WrongCredentials => Verdict::Wrong,
            Err(_) => Verdict::Unchecked,
        };
        lock(&self.log_ins).finish(attempt, verdict, now);
    }

    /// Notes that a player came back with a token.
    pub fn resumed(&self, player: PlayerId, address: AddressKey, now: Instant) {
        lock(&self.log_ins).resumed(player, address, now);
    }

    /// Charges a sign-up.
    ///
    /// # Errors
    /// When there were too many, with the time until the next one.
    pub fn sign_up(&self, address: AddressKey, now: Instant) -> Reply<()> {
        let limit = self.options.limit_sign_ups;
        take(&self.sign_ups, address, limit, now).map_err(|wait| {
            let limit = LimitName::SignUps(limit);
            Refusal { limit, wait }.reject()
        })
    }

    /// Takes the outcome of a sign-up: one that was not looked at costs nothing.
    pub fn signed_up<T>(&self, address: AddressKey, outcome: &Reply<T>, now: Instant) {
        if outcome.as_ref().is_err_and(was_not_looked_at) {
            let mut sign_ups = lock(&self.sign_ups);
            let bucket = sign_ups.entry(&address, now);
            bucket.give_back(&self.options.limit_sign_ups);
        }
    }
}

fn was_not_looked_at(rejection: &Rejection) -> bool {
    matches!(
        rejection.code,
        RejectionCode::Unavailable | RejectionCode::TooFast
    )
}

fn take(
    buckets: &Mutex<Keyed<AddressKey, Bucket>>,
    address: AddressKey,
    limit: Limit,
    now: Instant,
) -> Result<(), Duration> {
    lock(buckets).entry(&address, now).take(&limit, now)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
