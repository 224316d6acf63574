//! The addresses of gateways, as people write them.

use std::fmt;
use std::net::Ipv6Addr;
use std::str::FromStr;

/// The number of addresses that [`GatewayAddress::list`] writes out.
const LISTED_MAX: usize = 3;

/// The address of a gateway: a host name or an IP address, and a port. A list of
/// them is separated by commas, for which a command line has a delimiter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GatewayAddress(String);

/// The reason for which a text is no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GatewayAddressError {
    /// Nothing is there, as between two commas.
    #[error(
        "an address is missing: gateways are HOST:PORT, separated by commas, \
             as in 127.0.0.1:10000,[::1]:10000"
    )]
    Empty,
    /// There is a host at most.
    #[error("{0:?} has no port: an address is HOST:PORT, as in 127.0.0.1:10000")]
    PortMissing(String),
    /// The port is not a number, or none that can be connected to.
    #[error("{0:?} must end with a port from 1 to 65535, as in 127.0.0.1:10000")]
    BadPort(String),
    /// Without brackets the last group of an IPv6 address could be a port.
    #[error("{0:?} must have its IPv6 address in brackets, as in [::1]:10000")]
    NoBrackets(String),
    /// What stands in brackets is not an IPv6 address.
    #[error("{0:?} must have an IPv6 address in its brackets, as in [::1]:10000")]
    BadIpv6(String),
    /// The host is empty or has characters that no host name has.
    #[error("{0:?} must begin with a host name or an IP address, as in a.example:10000")]
    BadHost(String),
}

impl GatewayAddress {
    /// Reads a host and a port.
    ///
    /// # Errors
    /// Returns what is wrong with the text.
    pub fn parse(text: &str) -> Result<Self, GatewayAddressError> {
        use GatewayAddressError as Error;
        if text.is_empty() {
            return Err(Error::Empty);
        }
        let because = |error: fn(String) -> Error| error(text.to_owned());
        if text.parse::<Ipv6Addr>().is_ok() {
            return Err(because(Error::NoBrackets));
        }
        if text.ends_with(']') || !text.contains(':') {
            return Err(because(Error::PortMissing));
        }
        let (host, port) = text
            .rsplit_once(':')
            .ok_or_else(|| because(Error::PortMissing))?;
        if !port.parse::<u16>().is_ok_and(|port| port > 0) {
            return Err(because(Error::BadPort));
        }
        if let Some(inside) = host.strip_prefix('[') {
            // A zone, as in fe80::1%eth0, is resolved by the system.
            let inside = inside.strip_suffix(']');
            let parts = inside.map(|it| it.split_once('%').unwrap_or((it, "0")));
            if !parts.is_some_and(|(ip, zone)| ip.parse::<Ipv6Addr>().is_ok() && is_host(zone)) {
                return Err(because(Error::BadIpv6));
            }
        } else if host.contains(':') {
            return Err(because(Error::NoBrackets));
        } else if !is_host(host) {
            return Err(because(Error::BadHost));
        }
        Ok(Self(text.to_owned()))
    }

    /// Returns the address as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the host: a name without the dot that may end it, or an IP address without
    /// brackets and zone.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.0.rsplit_once(':').map_or("", |(host, _port)| host);
        match host.strip_prefix('[') {
            Some(inside) => inside.split(['%', ']']).next().unwrap_or_default(),
            None => host.strip_suffix('.').unwrap_or(host),
        }
    }

    /// Describes several addresses for people: the first few, and how many more
    /// there are.
    #[must_use]
    pub fn list(addresses: &[Self]) -> String {
        let (listed, more) = addresses.split_at(addresses.len().min(LISTED_MAX));
        let listed: Vec<&str> = listed.iter().map(Self::as_str).collect();
        let listed = listed.join(" or ");
        match more.len() {
            0 => listed,
            1 => format!("{listed} or another one"),
            others => format!("{listed} or {others} others"),
        }
    }
}

/// Underscores are in no host name of the internet, but in those of containers.
fn is_host(host: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
    !host.is_empty() && host.bytes().all(allowed)
}

impl FromStr for GatewayAddress {
    type Err = GatewayAddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for GatewayAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_names_and_addresses_of_both_families() {
        for text in [
            "localhost:1",
            "127.0.0.1:65535",
            "[::1]:10001",
            "[fe80::1%eth0]:10001",
            "a.example:10001",
            "gateway_1:10001",
        ] {
            assert_eq!(GatewayAddress::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn names_the_part_that_is_wrong() {
        use GatewayAddressError as Error;
        type Expected = fn(String) -> Error;
        let cases: [(&str, Expected); 16] = [
            ("localhost", Error::PortMissing),
            ("127.0.0.1", Error::PortMissing),
            ("[::1]", Error::PortMissing),
            ("host:", Error::BadPort),
            ("host:0", Error::BadPort),
            ("host:65536", Error::BadPort),
            ("host:x", Error::BadPort),
            ("::1", Error::NoBrackets),
            ("fe80::1:2:10001", Error::NoBrackets),
            ("fe80::1%eth0:10001", Error::NoBrackets),
            ("[::g]:10001", Error::BadIpv6),
            ("[::1:10001", Error::BadIpv6),
            ("[fe80::1%]:10001", Error::BadIpv6),
            ("[fe80::1%a b]:10001", Error::BadIpv6),
            (":10001", Error::BadHost),
            ("a b:10001", Error::BadHost),
        ];
        for (text, error) in cases {
            let error = error(text.to_owned());
            assert_eq!(GatewayAddress::parse(text), Err(error.clone()), "{text}");
            assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
        }
        assert_eq!(GatewayAddress::parse(""), Err(Error::Empty));
    }

    #[test]
    fn the_host_is_as_a_certificate_has_it() {
        for (text, host) in [
            ("localhost:1", "localhost"),
            ("a.example.:10001", "a.example"),
            ("127.0.0.1:65535", "127.0.0.1"),
            ("[::1]:10001", "::1"),
            ("[fe80::1%eth0]:10001", "fe80::1"),
        ] {
            assert_eq!(GatewayAddress::parse(text).unwrap().host(), host);
        }
    }

    #[test]
    fn describes_a_list_of_any_length() {
        let all: Vec<_> = (1..=5)
            .map(|port| GatewayAddress::parse(&format!("h:{port}")).unwrap())
            .collect();
        assert_eq!(GatewayAddress::list(&all[..1]), "h:1");
        assert_eq!(GatewayAddress::list(&all[..3]), "h:1 or h:2 or h:3");
        assert_eq!(GatewayAddress::list(&all), "h:1 or h:2 or h:3 or 2 others");
    }
}
