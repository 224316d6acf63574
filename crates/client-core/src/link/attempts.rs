//! Which address is tried when: Happy Eyeballs (RFC 8305); pure.
//!
//! The crates that offer it (`happy-eyeballs`, `happyeyeballs`, hyper-util's
//! connector) take one host. Here the addresses of all gateways compete, in the
//! order of the list, with one delay between any two attempts; and their
//! schedule is bound to its sockets and its clock, which a test cannot hold.
//!
//! One thing of the RFC is missing: the system's resolver answers for both
//! families at once, so one family is not tried while the other's answer is due.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// Time between two attempts while none has succeeded or failed: the connection
/// attempt delay of RFC 8305, section 5.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// Time for which the first attempt waits for a preferred gateway's addresses,
/// while those of another one are known: the resolution delay of RFC 8305.
const RESOLUTION_DELAY: Duration = Duration::from_millis(50);
/// Bound on the addresses of one gateway: a name with more is a mistake, or an
/// attack on the client's sockets.
const ADDRESSES_MAX: usize = 16;

/// The attempts to reach one of several gateways.
#[derive(Debug)]
pub(super) struct Attempts {
    begun: Instant,
    /// The addresses of each gateway in the order of preference; `None` until its
    /// name is resolved.
    addresses: Vec<Option<Vec<SocketAddr>>>,
    /// The addresses that were tried, in this order.
    tried: Vec<SocketAddr>,
    in_flight: usize,
    /// The earliest time of the next attempt.
    next_at: Instant,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Start connecting to an address of a gateway, given by its place in the
    /// order of preference.
    Start(usize, SocketAddr),
    /// Nothing before this time, unless something happens.
    Sleep(Instant),
    /// Nothing before something happens.
    Wait,
    /// All addresses of all gateways have failed.
    GiveUp,
}

impl Attempts {
    /// Makes the attempts to reach one of `gateways` gateways.
    pub(super) fn new(gateways: usize, now: Instant) -> Self {
        Self {
            begun: now,
            addresses: vec![None; gateways],
            tried: Vec::new(),
            in_flight: 0,
            next_at: now,
        }
    }

    /// Handles the addresses of a gateway, in the resolver's order. A name that
    /// cannot be resolved has none.
    pub(super) fn resolved(&mut self, gateway: usize, mut addresses: Vec<SocketAddr>) {
        addresses.truncate(ADDRESSES_MAX);
        self.addresses[gateway] = Some(addresses);
    }

    /// Handles the failure of an attempt: the next one need not wait.
    pub(super) fn failed(&mut self, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.next_at = now;
    }

    /// Returns what is to be done next.
    pub(super) fn step(&mut self, now: Instant) -> Step {
        let Some((gateway, address)) = self.candidate() else {
            let is_resolving = self.addresses.iter().any(Option::is_none);
            return if is_resolving || self.in_flight > 0 {
                Step::Wait
            } else {
                Step::GiveUp
            };
        };
        let due = self.due(gateway);
        if now < due {
            return Step::Sleep(due);
        }
        self.tried.push(address);
        self.in_flight += 1;
        self.next_at = now + ATTEMPT_DELAY;
        Step::Start(gateway, address)
    }

    /// When an address of this gateway may be tried.
    fn due(&self, gateway: usize) -> Instant {
        let prefers_another = self.addresses[..gateway].iter().any(Option::is_none);
        if self.tried.is_empty() && prefers_another {
            self.next_at.max(self.begun + RESOLUTION_DELAY)
        } else {
            self.next_at
        }
    }

    /// The next address: the first untried one of the other family than the last,
    /// so that neither family can keep the other waiting; else the first one.
    fn candidate(&self) -> Option<(usize, SocketAddr)> {
        let untried = || {
            let known = self.addresses.iter().enumerate();
            known
                .flat_map(|(gateway, it)| it.iter().flatten().map(move |at| (gateway, *at)))
                .filter(|(_, address)| !self.tried.contains(address))
        };
        let alternates = |address: &SocketAddr| {
            let last = self.tried.last();
            last.is_none_or(|last| last.is_ipv6() != address.is_ipv6())
        };
        untried()
            .find(|(_, address)| alternates(address))
            .or_else(|| untried().next())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts
            .iter()
            .map(|text| text.parse().expect("a test's address"))
            .collect()
    }

    /// The addresses in the order in which they are tried when none answers, and
    /// the times in ms.
    fn order(attempts: &mut Attempts, begun: Instant) -> Vec<(u128, String)> {
        let (mut now, mut order) = (begun, Vec::new());
        loop {
            match attempts.step(now) {
                Step::Start(_, address) => {
                    order.push(((now - begun).as_millis(), address.to_string()));
                }
                Step::Sleep(until) => now = until,
                Step::Wait | Step::GiveUp => return order,
            }
        }
    }

    fn times(expected: &[(u128, &str)]) -> Vec<(u128, String)> {
        let owned = |(at, address): &(u128, &str)| (*at, (*address).to_owned());
        expected.iter().map(owned).collect()
    }

    #[test]
    fn alternates_between_the_families() {
        let begun = Instant::now();
        let mut attempts = Attempts::new(1, begun);
        attempts.resolved(
            0,
            addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.0.0.1:1", "1.0.0.2:1"]),
        );
        let expected = [
            (0, "[::1]:1"),
            (250, "1.0.0.1:1"),
            (500, "[::2]:1"),
            (750, "1.0.0.2:1"),
            (1_000, "[::3]:1"),
        ];
        assert_eq!(order(&mut attempts, begun), times(&expected));
    }

    #[test]
    fn tries_every_gateway_in_the_order_of_preference() {
        let begun = Instant::now();
        let mut attempts = Attempts::new(3, begun);
        attempts.resolved(0, addresses(&["[::1]:1", "1.0.0.1:1"]));
        attempts.resolved(1, addresses(&["1.0.0.2:1"]));
        attempts.resolved(2, addresses(&["[::3]:1", "1.0.0.1:1"]));
        let expected = [
            (0, "[::1]:1"),
            (250, "1.0.0.1:1"),
            (500, "[::3]:1"),
            (750, "1.0.0.2:1"),
        ];
        assert_eq!(order(&mut attempts, begun), times(&expected));
    }

    #[test]
    fn a_failure_starts_the_next_attempt_at_once() {
        let begun = Instant::now();
        let mut attempts = Attempts::new(1, begun);
        let found = addresses(&["1.0.0.1:1", "1.0.0.2:1"]);
        attempts.resolved(0, found.clone());
        assert_eq!(attempts.step(begun), Step::Start(0, found[0]));
        let sleep = Step::Sleep(begun + ATTEMPT_DELAY);
        assert_eq!(attempts.step(begun), sleep);
        let soon = begun + Duration::from_millis(3);
        attempts.failed(soon);
        assert_eq!(attempts.step(soon), Step::Start(0, found[1]));
        assert_eq!(attempts.step(soon), Step::Wait);
        attempts.failed(soon);
        assert_eq!(attempts.step(soon), Step::GiveUp);
    }

    #[test]
    fn a_name_that_is_not_resolved_delays_the_others_only_a_little() {
        let begun = Instant::now();
        let mut attempts = Attempts::new(2, begun);
        assert_eq!(attempts.step(begun), Step::Wait);
        let found = addresses(&["1.0.0.2:1"]);
        attempts.resolved(1, found.clone());
        let due = begun + RESOLUTION_DELAY;
        assert_eq!(attempts.step(begun), Step::Sleep(due));
        assert_eq!(attempts.step(due), Step::Start(1, found[0]));
        // The name may still be resolved.
        attempts.failed(due);
        assert_eq!(attempts.step(due), Step::Wait);
        attempts.resolved(0, Vec::new());
        assert_eq!(attempts.step(due), Step::GiveUp);
    }

    #[test]
    fn a_preferred_gateway_that_is_resolved_late_is_tried_next() {
        let begun = Instant::now();
        let mut attempts = Attempts::new(2, begun);
        attempts.resolved(1, addresses(&["1.0.0.2:1", "1.0.0.3:1"]));
        let due = begun + RESOLUTION_DELAY;
        assert!(matches!(attempts.step(due), Step::Start(1, _)));
        attempts.resolved(0, addresses(&["1.0.0.1:1"]));
        let next = due + ATTEMPT_DELAY;
        let first = "1.0.0.1:1".parse().expect("an address");
        assert_eq!(attempts.step(next), Step::Start(0, first));
    }

    #[test]
    fn a_name_with_many_addresses_is_cut() {
        let begun = Instant::now();
        let mut attempts = Attempts::new(1, begun);
        let many = (1..=99).map(|port| SocketAddr::from(([127, 0, 0, 1], port)));
        attempts.resolved(0, many.collect());
        assert_eq!(order(&mut attempts, begun).len(), ADDRESSES_MAX);
    }
}
