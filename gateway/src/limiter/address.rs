//! The key of a network address.

use std::net::IpAddr;

/// Bytes of an IPv6 address that count: a /64, which one customer of a provider has.
const V6_BYTES: usize = 8;

/// The part of an address that one customer of a provider does not choose: all of an
/// IPv4 address, the first 64 bits of an IPv6 address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressKey {
    /// An IPv4 address, also where a socket for both families shows it as IPv6.
    V4([u8; 4]),
    /// The network of an IPv6 address.
    V6([u8; V6_BYTES]),
}

impl From<IpAddr> for AddressKey {
    fn from(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(ip) => Self::V4(ip.octets()),
            IpAddr::V6(ip) => {
                let mut network = [0; V6_BYTES];
                network.copy_from_slice(&ip.octets()[..V6_BYTES]);
                Self::V6(network)
            }
        }
    }
}
