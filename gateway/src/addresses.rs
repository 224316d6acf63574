//! Connections and the addresses they come from.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use protocol::account::Account;
use protocol::{PlayerId, Reply};
use tokio::net::TcpStream;

use crate::limiter::Limiter;
use crate::limiter::address::AddressKey;
use crate::limiter::log_ins::Attempt;
use crate::metrics;
use crate::proxy_header::{ProxyHeaderError, ProxyProtocol};

/// Addresses with connections.
#[derive(Debug)]
pub(crate) struct Addresses {
    limiter: Arc<Limiter>,
    proxy: Option<ProxyProtocol>,
    /// Bounded by the connections there are.
    known: Mutex<HashMap<AddressKey, Connections>>,
}

/// The connections of one address.
#[derive(Clone, Copy, Debug, Default)]
struct Connections {
    all: usize,
    /// Those that have not said hello.
    silent: usize,
}

/// One connection's claim on its address; dropping it gives it back.
#[derive(Debug)]
pub struct Address {
    all: Arc<Addresses>,
    key: AddressKey,
    has_greeted: bool,
}

/// Why a connection is not served.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The address has too many.
    #[error("too many connections from your address: it may have {max}")]
    Connections { max: usize },
    /// The address has too many without a hello.
    #[error("too many connections from your address that have not said hello: it may have {max}")]
    Silent { max: usize },
    /// The address has opened too many in a short time.
    #[error("{0}")]
    Connects(String),
    /// It has opened so many more that it is not told either: a flood of connections
    /// costs as little as can be.
    #[error("too many connections from your address")]
    Silently,
    /// The load balancer does not say whose connection it is.
    #[error("this port expects a load balancer's PROXY protocol")]
    ProxyHeader(#[source] ProxyHeaderError),
}

impl Addresses {
    pub(crate) fn new(limiter: Arc<Limiter>, proxy: Option<ProxyProtocol>) -> Arc<Self> {
        Arc::new(Self {
            limiter,
            proxy,
            known: Mutex::default(),
        })
    }

    /// Admits a connection, and reads what a load balancer says before it.
    ///
    /// # Errors
    /// Why it is refused, which is counted.
    pub(crate) async fn admit(
        self: &Arc<Self>,
        stream: &mut TcpStream,
        peer: IpAddr,
    ) -> Result<Address, Refused> {
        let ip = match &self.proxy {
            None => peer,
            Some(proxy) => proxy
                .client(stream, peer)
                .await
                .inspect_err(|error| {
                    metrics::limited("proxy_header");
                    tracing::debug!(%error, %peer, "a connection without its address");
                })
                .map_err(Refused::ProxyHeader)?,
        };
        self.claim(ip.into(), Instant::now())
    }

    fn claim(self: &Arc<Self>, key: AddressKey, now: Instant) -> Result<Address, Refused> {
        self.check(key, now).map_err(|refused| {
            if self.limiter.may_be_refused(key, now) {
                refused
            } else {
                Refused::Silently
            }
        })
    }

    fn check(self: &Arc<Self>, key: AddressKey, now: Instant) -> Result<Address, Refused> {
        let options = self.limiter.options();
        let mut known = self.lock();
        let of_address = known.get(&key).copied().unwrap_or_default();
        if of_address.all >= options.connections_per_address {
            metrics::limited("connections");
            let max = options.connections_per_address;
            return Err(Refused::Connections { max });
        }
        if of_address.silent >= options.silent_per_address {
            metrics::limited("silent");
            let max = options.silent_per_address;
            return Err(Refused::Silent { max });
        }
        self.limiter.connect(key, now).map_err(|refusal| {
            metrics::limited(refusal.limit.label());
            Refused::Connects(refusal.message())
        })?;
        let connections = known.entry(key).or_default();
        connections.all += 1;
        connections.silent += 1;
        drop(known);
        Ok(Address {
            all: Arc::clone(self),
            key,
            has_greeted: false,
        })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AddressKey, Connections>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Address {
    /// Notes that the connection has said hello.
    pub(crate) fn greeted(&mut self) {
        if !std::mem::replace(&mut self.has_greeted, true)
            && let Some(connections) = self.all.lock().get_mut(&self.key)
        {
            connections.silent -= 1;
        }
    }

    /// Charges an attempt to log in, before the password is checked.
    pub(crate) fn log_in(&self, name: &PlayerId) -> Reply<Attempt> {
        self.limiter().log_in(name, self.key, Instant::now())
    }

    /// Takes the outcome of an attempt to log in.
    pub(crate) fn logged_in<T>(&self, attempt: &Attempt, outcome: &Reply<T>) {
        let now = Instant::now();
        self.limiter().logged_in(attempt, outcome, now);
    }

    /// Notes that a player came without a password to check: with a token, or new.
    pub(crate) fn resumed(&self, player: PlayerId) {
        self.limiter().resumed(player, self.key, Instant::now());
    }

    /// Charges a sign-up, before it is made.
    pub(crate) fn sign_up(&self) -> Reply<()> {
        self.limiter().sign_up(self.key, Instant::now())
    }

    /// Takes the outcome of a sign-up.
    pub(crate) fn signed_up(&self, outcome: &Reply<Account>) {
        let now = Instant::now();
        self.limiter().signed_up(self.key, outcome, now);
        if let Ok(account) = outcome {
            self.resumed(account.name.id());
        }
    }

    fn limiter(&self) -> &Limiter {
        &self.all.limiter
    }
}

impl Drop for Address {
    fn drop(&mut self) {
        let mut known = self.all.lock();
        if let Entry::Occupied(mut entry) = known.entry(self.key) {
            let connections = entry.get_mut();
            connections.all -= 1;
            connections.silent -= usize::from(!self.has_greeted);
            if connections.all == 0 {
                entry.remove();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::limiter::LimitOptions;
    use crate::limits::REFUSALS_OF_ADDRESS;

    const ADDRESS: AddressKey = AddressKey::V4([192, 0, 2, 1]);

    fn addresses(options: LimitOptions) -> Arc<Addresses> {
        Addresses::new(Arc::new(Limiter::new(options)), None)
    }

    #[test]
    fn counts_the_connections_of_an_address_and_those_without_hello() {
        let addresses = addresses(LimitOptions {
            connections_per_address: 3,
            silent_per_address: 2,
            ..LimitOptions::default()
        });
        let now = Instant::now();
        let claim = || addresses.claim(ADDRESS, now);
        let mut held = vec![claim().unwrap(), claim().unwrap()];
        assert!(matches!(claim(), Err(Refused::Silent { max: 2 })));
        held[0].greeted();
        held[0].greeted();
        held.push(claim().unwrap());
        held[1].greeted();
        assert!(matches!(claim(), Err(Refused::Connections { max: 3 })));
        let other = addresses.claim(AddressKey::V4([192, 0, 2, 2]), now);
        assert!(other.is_ok());
        held.remove(0);
        assert!(claim().is_ok());
        held.clear();
        drop(other);
        assert!(addresses.lock().is_empty());
    }

    #[test]
    fn a_flood_of_connects_is_refused_with_the_time_to_wait() {
        let addresses = addresses(LimitOptions {
            limit_connects: "2/10s".parse().unwrap(),
            ..LimitOptions::default()
        });
        let now = Instant::now();
        let flood: Vec<_> = (0..5).map(|_| addresses.claim(ADDRESS, now)).collect();
        assert_eq!(flood.iter().filter(|it| it.is_ok()).count(), 2);
        let refused = flood[4].as_ref().unwrap_err().to_string();
        assert!(refused.contains("2 in 10 s, try again in 5 s"), "{refused}");
        drop(flood);
        // Connections that have ended do not give it back.
        assert!(addresses.claim(ADDRESS, now).is_err());
        let later = now + Duration::from_secs(5);
        assert!(addresses.claim(ADDRESS, later).is_ok());
    }

    #[test]
    fn a_flood_of_connects_is_told_why_for_a_while_only() {
        let addresses = addresses(LimitOptions {
            limit_connects: "1/10m".parse().unwrap(),
            ..LimitOptions::default()
        });
        let now = Instant::now();
        let _admitted = addresses.claim(ADDRESS, now).unwrap();
        let told = (0..1_000)
            .map(|_| addresses.claim(ADDRESS, now).unwrap_err())
            .filter(|refused| matches!(refused, Refused::Connects(_)));
        assert_eq!(told.count(), REFUSALS_OF_ADDRESS.0 as usize);
        let later = now + Duration::from_secs(1);
        let refused = addresses.claim(ADDRESS, later).unwrap_err();
        assert!(matches!(refused, Refused::Connects(_)));
    }
}
