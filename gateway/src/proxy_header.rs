//! The address of a client behind a load balancer: the PROXY protocol, versions 1 and 2.
//!
//! A balancer writes a header before the bytes of its client. It is believed only where it
//! comes from an address that an operator trusts; a connection from elsewhere is served
//! under its own address, and its header, if there is one, is no hello. From a trusted
//! address the header is demanded: without it all clients of a balancer would be one.
//!
//! Exactly the header is read, so that what follows (a TLS handshake or a hello) is read from
//! the socket itself.

use std::io;
use std::net::IpAddr;

use clap::Args;
use ipnet::IpNet;
use proxy_header::{ParseConfig, Protocol, ProxyHeader};
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::limits::{HELLO_TIMEOUT, PROXY_HEADER_BYTES_MAX};

/// The first bytes of a header of version 2.
const V2_SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// A header of version 2 up to its length.
const V2_FIXED_BYTES: usize = 16;
/// The first bytes of a header of version 1.
const V1_SIGNATURE: &[u8] = b"PROXY ";
/// The longest header of version 1, by its specification.
const V1_BYTES_MAX: usize = 107;

/// How addresses come through a load balancer.
#[derive(Args, Clone, Debug)]
pub struct ProxyOptions {
    /// Take the addresses of clients from the PROXY protocol of a load balancer
    #[arg(
        long,
        env = "SLIPSTREAM_PROXY_PROTOCOL",
        help_heading = "Load balancer"
    )]
    pub proxy_protocol: bool,

    /// Where the load balancers are; connections from elsewhere are clients' own
    #[arg(
        long,
        value_name = "CIDR,...",
        env = "SLIPSTREAM_PROXY_FROM",
        value_delimiter = ',',
        default_value = "127.0.0.0/8,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,::1/128,fc00::/7",
        help_heading = "Load balancer"
    )]
    pub proxy_from: Vec<IpNet>,
}

/// The load balancers that are believed.
#[derive(Debug)]
pub(crate) struct ProxyProtocol {
    trusted: Vec<IpNet>,
}

/// Why a header is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProxyHeaderError {
    /// The connection begins with something else.
    #[error("there is no header of the PROXY protocol")]
    Missing,
    /// The header is none of a stream's, or cannot be read.
    #[error("the header of the PROXY protocol cannot be read")]
    Unreadable,
    /// The header is too long.
    #[error("a header of the PROXY protocol has at most {PROXY_HEADER_BYTES_MAX} bytes")]
    TooLong,
    /// The header did not come in time.
    #[error("the header of the PROXY protocol did not come in time")]
    Late,
    /// The connection broke.
    #[error("the connection broke before the header of the PROXY protocol")]
    Broken(#[from] io::Error),
}

impl ProxyProtocol {
    /// `None` unless it is asked for.
    pub(crate) fn new(options: ProxyOptions) -> Option<Self> {
        options.proxy_protocol.then_some(Self {
            trusted: options.proxy_from,
        })
    }

    /// The address of the client: what a trusted peer says of it, else the peer itself,
    /// also for a connection that a balancer makes on its own behalf.
    ///
    /// # Errors
    /// When a trusted peer does not say it as it must.
    pub(crate) async fn client(
        &self,
        stream: &mut (impl AsyncRead + Unpin),
        peer: IpAddr,
    ) -> Result<IpAddr, ProxyHeaderError> {
        let peer = peer.to_canonical();
        if !self.trusted.iter().any(|net| net.contains(&peer)) {
            return Ok(peer);
        }
        let header = tokio::time::timeout(HELLO_TIMEOUT, read_header(stream)).await;
        let header = header.map_err(|_elapsed| ProxyHeaderError::Late)??;
        Ok(source(&header)?.unwrap_or(peer))
    }
}

/// Reads a header and nothing behind it.
async fn read_header(stream: &mut (impl AsyncRead + Unpin)) -> Result<Vec<u8>, ProxyHeaderError> {
    let mut header = vec![0; V1_SIGNATURE.len()];
    stream.read_exact(&mut header).await?;
    if header == V1_SIGNATURE {
        while !header.ends_with(b"\r\n") {
            if header.len() == V1_BYTES_MAX {
                return Err(ProxyHeaderError::TooLong);
            }
            header.push(stream.read_u8().await?);
        }
        return Ok(header);
    }
    if !V2_SIGNATURE.starts_with(&header) {
        return Err(ProxyHeaderError::Missing);
    }
    header.resize(V2_FIXED_BYTES, 0);
    stream.read_exact(&mut header[V1_SIGNATURE.len()..]).await?;
    if !header.starts_with(V2_SIGNATURE) {
        return Err(ProxyHeaderError::Missing);
    }
    let length = u16::from_be_bytes([header[V2_FIXED_BYTES - 2], header[V2_FIXED_BYTES - 1]]);
    let bytes = V2_FIXED_BYTES + usize::from(length);
    if bytes > PROXY_HEADER_BYTES_MAX {
        return Err(ProxyHeaderError::TooLong);
    }
    header.resize(bytes, 0);
    stream.read_exact(&mut header[V2_FIXED_BYTES..]).await?;
    Ok(header)
}

/// The address that a header states; `None` for a balancer's own connection, as for its
/// health checks, and for an address of another family.
fn source(header: &[u8]) -> Result<Option<IpAddr>, ProxyHeaderError> {
    let parsed = ProxyHeader::parse(header, ParseConfig::default());
    let (header, _) = parsed.map_err(|_error| ProxyHeaderError::Unreadable)?;
    match header.proxied_address() {
        None => Ok(None),
        Some(address) if address.protocol == Protocol::Stream => Ok(Some(address.source.ip())),
        Some(_) => Err(ProxyHeaderError::Unreadable),
    }
}

#[cfg(test)]
mod tests {
    use proxy_header::ProxiedAddress;

    use super::*;

    const BALANCER: &str = "10.1.2.3";

    fn proxy() -> ProxyProtocol {
        ProxyProtocol {
            trusted: vec!["10.0.0.0/8".parse().unwrap()],
        }
    }

    fn v2(source: &str) -> Vec<u8> {
        let (source, to) = (source.parse().unwrap(), "10.0.0.1:10000".parse().unwrap());
        encode(&ProxyHeader::with_address(ProxiedAddress::stream(
            source, to,
        )))
    }

    fn encode(header: &ProxyHeader) -> Vec<u8> {
        let mut bytes = vec![0; 1_024];
        let length = header.encode_to_slice_v2(&mut bytes).unwrap();
        bytes.truncate(length);
        bytes
    }

    /// The client of a connection, and what is left to read.
    async fn client(peer: &str, mut bytes: &[u8]) -> (Result<String, ProxyHeaderError>, Vec<u8>) {
        let peer = peer.parse().unwrap();
        let client = proxy().client(&mut bytes, peer).await;
        (client.map(|ip| ip.to_string()), bytes.to_vec())
    }

    #[tokio::test]
    async fn takes_the_address_from_a_trusted_peer_and_reads_nothing_behind_it() {
        let headers: [(&[u8], &str); 4] = [
            (&v2("203.0.113.9:1234"), "203.0.113.9"),
            (
                b"PROXY TCP4 203.0.113.9 10.0.0.1 1234 10000\r\n",
                "203.0.113.9",
            ),
            (
                b"PROXY TCP6 2001:db8::1 2001:db8::2 1234 10000\r\n",
                "2001:db8::1",
            ),
            (b"PROXY UNKNOWN\r\n", BALANCER),
        ];
        for (header, expected) in headers {
            let bytes = [header, b"hello"].concat();
            let (client, rest) = client(BALANCER, &bytes).await;
            assert_eq!(client.unwrap(), expected);
            assert_eq!(rest, b"hello");
        }
    }

    #[tokio::test]
    async fn a_health_check_of_the_balancer_is_its_own_connection() {
        let (client, _) = client(BALANCER, &encode(&ProxyHeader::with_local())).await;
        assert_eq!(client.unwrap(), BALANCER);
    }

    #[tokio::test]
    async fn a_stranger_cannot_choose_an_address() {
        let bytes = v2("203.0.113.9:1234");
        let (client, rest) = client("198.51.100.7", &bytes).await;
        assert_eq!(client.unwrap(), "198.51.100.7");
        assert_eq!(rest, bytes, "the header is left, and is no hello");
    }

    #[tokio::test]
    async fn refuses_a_trusted_peer_without_a_header_that_can_be_read() {
        let mut long = V2_SIGNATURE.to_vec();
        long.extend([0x21, 0x11, 0xff, 0xff]);
        let mut short = v2("203.0.113.9:1234");
        short[15] = 4;
        let (to, source) = ("10.0.0.1:1".parse().unwrap(), "10.0.0.2:1".parse().unwrap());
        let datagram = ProxiedAddress::datagram(source, to);
        let datagram = encode(&ProxyHeader::with_address(datagram));
        let endless = [V1_SIGNATURE, &[b'x'; 200]].concat();
        let cases: [(&[u8], &str); 7] = [
            (&[0, 30, 0, 4, b'{', b'}', 0, 0], "there is no header"),
            (b"\r\n\r\n\0\r\nQUIZ\n\x21\x11\0\x0c", "there is no header"),
            (&long, "at most 536 bytes"),
            (&endless, "at most 536 bytes"),
            (&short, "cannot be read"),
            (&datagram, "cannot be read"),
            (b"PROXY", "the connection broke"),
        ];
        for (bytes, expected) in cases {
            let (client, _) = client(BALANCER, bytes).await;
            let error = client.unwrap_err().to_string();
            assert!(error.contains(expected), "{bytes:?}: {error}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_header_must_come_within_the_hello_time() {
        let (mut near, _far) = tokio::io::duplex(64);
        let peer = BALANCER.parse().unwrap();
        let client = proxy().client(&mut near, peer).await;
        assert!(matches!(client, Err(ProxyHeaderError::Late)));
    }
}
