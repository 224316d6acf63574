//! What many bots need before the first one starts: gateways that answer, and
//! descriptors.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use client_core::GatewayAddress;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::TcpStream;

/// The longest wait for a gateway to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Descriptors besides the sockets of bots: files, timers, the terminal.
const DESCRIPTORS_BESIDES: u64 = 64;

/// Makes sure that each gateway answers: thousands of bots would only retry.
///
/// # Errors
/// When one does not answer, with its address.
pub(crate) async fn expect_gateways(gateways: &[GatewayAddress]) -> Result<()> {
    for gateway in gateways {
        let address = gateway.as_str();
        let connected = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(address)).await;
        connected
            .with_context(|| format!("{address} has not answered for {CONNECT_TIMEOUT:?}"))?
            .with_context(|| format!("no gateway is at {address}"))?;
    }
    Ok(())
}

/// Raises the limit of descriptors for a number of sockets: many systems begin with
/// 1,024 and allow more.
///
/// # Errors
/// When the system allows fewer, with how many.
pub(crate) fn expect_sockets(sockets: u32) -> Result<()> {
    match raised(getrlimit(Resource::Nofile), sockets)? {
        Some(raised) => {
            setrlimit(Resource::Nofile, raised).context("the limit of open files cannot be raised")
        }
        None => Ok(()),
    }
}

/// The limit to set, unless the present one is enough.
fn raised(limit: Rlimit, sockets: u32) -> Result<Option<Rlimit>> {
    let needed = u64::from(sockets) + DESCRIPTORS_BESIDES;
    if limit.current.is_none_or(|current| current >= needed) {
        return Ok(None);
    }
    if let Some(maximum) = limit.maximum
        && maximum < needed
    {
        bail!(
            "{sockets} sockets need {needed} descriptors and this system allows {maximum}: \
             raise the hard limit of open files, or take fewer bots"
        );
    }
    Ok(Some(Rlimit {
        current: limit.maximum,
        ..limit
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(listener: &tokio::net::TcpListener) -> GatewayAddress {
        let address = listener.local_addr().unwrap();
        GatewayAddress::parse(&address.to_string()).unwrap()
    }

    #[tokio::test]
    async fn names_the_gateway_that_does_not_answer() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let here = address(&listener);
        assert!(expect_gateways(std::slice::from_ref(&here)).await.is_ok());
        let gone = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let there = address(&gone);
        drop(gone);
        let error = expect_gateways(&[here, there.clone()]).await.unwrap_err();
        assert!(format!("{error:#}").contains(there.as_str()), "{error:#}");
    }

    #[test]
    fn raises_the_limit_and_says_when_it_is_too_low() {
        let limit = |current, maximum| Rlimit { current, maximum };
        assert!(expect_sockets(1).is_ok());
        let many = limit(Some(1_024), Some(20_000));
        assert_eq!(raised(many, 900).unwrap(), None);
        let all = limit(Some(20_000), Some(20_000));
        assert_eq!(raised(many, 2_000).unwrap(), Some(all));
        let error = raised(many, 20_000).unwrap_err().to_string();
        assert!(error.contains("this system allows 20000"), "{error}");
        assert_eq!(raised(limit(None, None), u32::MAX).unwrap(), None);
    }
}
