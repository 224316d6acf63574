//! What the clients of one address may do.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use protocol::{Rejection, RejectionCode, Reply};

use crate::limits::WRONG_PASSWORD_RATE;
use crate::rate::Rate;

/// How many remembered addresses are searched at once for expired ones.
const ADDRESSES_TIDY: usize = 10_000;

/// Addresses with connections or recent wrong passwords.
#[derive(Debug)]
pub(crate) struct Addresses {
    connections_max: usize,
    known: Mutex<HashMap<IpAddr, Record>>,
}

#[derive(Debug)]
struct Record {
    connections: usize,
    wrong_passwords: Rate,
}

/// One connection's claim on its address; dropping it gives it back.
#[derive(Debug)]
pub struct Address {
    all: Arc<Addresses>,
    ip: IpAddr,
}

impl Addresses {
    pub(crate) fn new(connections_max: usize) -> Arc<Self> {
        Arc::new(Self {
            connections_max,
            known: Mutex::default(),
        })
    }

    /// Counts a connection; `None` when there are too many from there.
    pub(crate) fn admit(self: &Arc<Self>, ip: IpAddr) -> Option<Address> {
        let mut known = self.lock();
        if known.len() >= ADDRESSES_TIDY {
            let now = Instant::now();
            known
                .retain(|_, record| record.connections > 0 || !record.wrong_passwords.is_full(now));
        }
        let record = known.entry(ip).or_insert_with(|| Record {
            connections: 0,
            wrong_passwords: Rate::new(WRONG_PASSWORD_RATE, Instant::now()),
        });
        if record.connections >= self.connections_max {
            return None;
        }
        record.connections += 1;
        drop(known);
        Some(Address {
            all: Arc::clone(self),
            ip,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Record>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Address {
    /// Refuses a log-in while there were too many wrong passwords.
    pub(crate) fn expect_few_wrong_passwords(&self) -> Reply<()> {
        let mut known = self.all.lock();
        let patient = known
            .get_mut(&self.ip)
            .is_none_or(|record| record.wrong_passwords.has_room(Instant::now()));
        if patient {
            return Ok(());
        }
        let message = "too many wrong passwords from your address, wait a minute";
        Err(Rejection::new(RejectionCode::TooFast, message))
    }

    /// Counts a wrong password.
    pub(crate) fn note<T>(&self, outcome: &Reply<T>) {
        let is_wrong = outcome
            .as_ref()
            .is_err_and(|error| error.code == RejectionCode::WrongCredentials);
        if is_wrong && let Some(record) = self.all.lock().get_mut(&self.ip) {
            record.wrong_passwords.allow(Instant::now());
        }
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        let mut known = self.all.lock();
        if let Some(record) = known.get_mut(&self.ip) {
            record.connections -= 1;
            if record.connections == 0 && record.wrong_passwords.is_full(Instant::now()) {
                known.remove(&self.ip);
            }
        }
    }
}
