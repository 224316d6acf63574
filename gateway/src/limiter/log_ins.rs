//! Who may try a password; pure.
//!
//! An attempt is charged as a failure before the password is checked, so that attempts
//! in parallel are charged too, and a right password gives the charge back. Three
//! limits hold for it:
//!
//! - by name and address a delay that grows with each failure,
//! - by address a bucket, for a stranger who tries many names,
//! - by name a bucket, for many strangers who try one name.
//!
//! A name that logged in from the address lately has only the first: failures from
//! elsewhere, or of other names behind the same address, do not lock a player out.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use protocol::PlayerId;

use super::address::AddressKey;
use super::bucket::{Bucket, Limit};
use super::failures::Failures;
use super::keyed::Keyed;
use super::refusal::{LimitName, Refusal};
use crate::limits::{KNOWN_ADDRESS_TIME, KNOWN_ADDRESSES_MAX, LIMITER_TIDY_INTERVAL};

type NameAtAddress = (PlayerId, AddressKey);

/// What is known of log-ins, failed ones and others.
#[derive(Debug)]
pub struct LogIns {
    by_address: Limit,
    by_name: Limit,
    failures: Keyed<NameAtAddress, Failures>,
    addresses: Keyed<AddressKey, Bucket>,
    names: Keyed<PlayerId, Bucket>,
    known: KnownAddresses,
}

/// An attempt that was charged.
#[derive(Debug)]
pub struct Attempt {
    key: NameAtAddress,
    /// Whether only the limit by name and address was charged.
    is_known: bool,
}

impl Attempt {
    /// Whether the name has logged in lately from the address.
    #[must_use]
    pub fn is_known(&self) -> bool {
        self.is_known
    }
}

/// The outcome of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password was right.
    Right,
    /// The password was wrong, or there is no such name.
    Wrong,
    /// The password was not checked.
    Unchecked,
}

impl LogIns {
    /// With the limits on wrong passwords from an address, and for a name.
    #[must_use]
    pub fn new(by_address: Limit, by_name: Limit) -> Self {
        Self {
            by_address,
            by_name,
            failures: Keyed::default(),
            addresses: Keyed::default(),
            names: Keyed::default(),
            known: KnownAddresses::default(),
        }
    }

    /// Charges an attempt.
    ///
    /// # Errors
    /// The limit that refuses it; then nothing is charged.
    pub fn take(
        &mut self,
        name: &PlayerId,
        address: AddressKey,
        now: Instant,
    ) -> Result<Attempt, Refusal> {
        let key = (name.clone(), address);
        let is_known = self.known.has(&key, now);
        if !is_known {
            // First the key that is not made up: refused attempts leave no others behind.
            let of_address = self.addresses.entry(&address, now);
            of_address
                .check(&self.by_address, now)
                .map_err(|wait| refusal(LimitName::GuessesOfAddress(self.by_address), wait))?;
            let of_name = self.names.entry(name, now);
            of_name
                .check(&self.by_name, now)
                .map_err(|wait| refusal(LimitName::GuessesOfName(self.by_name), wait))?;
        }
        let failures = self.failures.entry(&key, now);
        failures
            .take(now)
            .map_err(|wait| refusal(LimitName::Guesses, wait))?;
        if !is_known {
            // Both have just been checked.
            let _ = self
                .addresses
                .entry(&address, now)
                .take(&self.by_address, now);
            let _ = self.names.entry(name, now).take(&self.by_name, now);
        }
        Ok(Attempt { key, is_known })
    }

    /// Takes the outcome of an attempt.
    pub fn finish(&mut self, attempt: &Attempt, verdict: Verdict, now: Instant) {
        let failures = self.failures.entry(&attempt.key, now);
        match verdict {
            Verdict::Wrong => return,
            Verdict::Right => failures.succeeded(),
            Verdict::Unchecked => failures.give_back(),
        }
        if !attempt.is_known {
            let (name, address) = &attempt.key;
            self.addresses
                .entry(address, now)
                .give_back(&self.by_address);
            self.names.entry(name, now).give_back(&self.by_name);
        }
        if verdict == Verdict::Right {
            self.known.add(attempt.key.clone(), now);
        }
    }

    /// Notes that a player came back with a token, which is as good as a password.
    pub fn resumed(&mut self, name: PlayerId, address: AddressKey, now: Instant) {
        self.known.add((name, address), now);
    }

    /// Whether a name has logged in from an address lately.
    #[must_use]
    pub fn is_known(&self, name: &PlayerId, address: AddressKey, now: Instant) -> bool {
        self.known.has(&(name.clone(), address), now)
    }
}

fn refusal(limit: LimitName, wait: Duration) -> Refusal {
    Refusal { limit, wait }
}

/// The addresses from which names have logged in lately. A full table takes no more until
/// some have expired: those who are not in it have the limits of strangers.
#[derive(Debug, Default)]
struct KnownAddresses {
    since: HashMap<NameAtAddress, Instant>,
    tidied_at: Option<Instant>,
}

impl KnownAddresses {
    fn has(&self, key: &NameAtAddress, now: Instant) -> bool {
        self.since
            .get(key)
            .is_some_and(|since| is_late(*since, now))
    }

    fn add(&mut self, key: NameAtAddress, now: Instant) {
        if self.since.len() >= KNOWN_ADDRESSES_MAX && !self.since.contains_key(&key) {
            let passed = |at: Instant| now.saturating_duration_since(at);
            let is_tidy = |passed| passed < LIMITER_TIDY_INTERVAL;
            if self.tidied_at.map(passed).is_some_and(is_tidy) {
                return;
            }
            self.tidied_at = Some(now);
            self.since.retain(|_, since| is_late(*since, now));
            if self.since.len() >= KNOWN_ADDRESSES_MAX {
                return;
            }
        }
        self.since.insert(key, now);
    }
}

fn is_late(since: Instant, now: Instant) -> bool {
    now.saturating_duration_since(since) < KNOWN_ADDRESS_TIME
}
