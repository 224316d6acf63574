//! A TCP connection to the first gateway that answers.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::net::TcpStream;

use super::attempts::{Attempts, Step};
use crate::address::GatewayAddress;

/// Time that an address has to accept a connection, and a resolver to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Connects to one of the gateways, preferably to the one at `preferred` and then
/// in the order of the list. Returns the connection and the place of its gateway.
///
/// # Errors
/// Returns the last error when no address of any gateway can be reached.
pub(super) async fn connect(
    gateways: &[GatewayAddress],
    preferred: usize,
) -> io::Result<(TcpStream, usize)> {
    let place = |rank: usize| (preferred + rank) % gateways.len();
    let mut attempts = Attempts::new(gateways.len(), Instant::now());
    let mut last_error = io::Error::new(io::ErrorKind::NotFound, "there is no address");
    let mut lookups: FuturesUnordered<_> = (0..gateways.len())
        .map(async |rank| (rank, resolve(&gateways[place(rank)]).await))
        .collect();
    // All that are not the first are dropped, and with them their sockets.
    let mut connecting = FuturesUnordered::new();
    loop {
        let wake_at = match attempts.step(Instant::now()) {
            Step::Start(rank, address) => {
                connecting.push(async move { (rank, open(address).await) });
                continue;
            }
            Step::Sleep(until) => Some(until),
            Step::Wait => None,
            Step::GiveUp => return Err(last_error),
        };
        let wake = tokio::time::sleep_until(wake_at.unwrap_or_else(Instant::now).into());
        tokio::select! {
            Some((rank, opened)) = connecting.next() => match opened {
                Ok(stream) => return Ok((stream, place(rank))),
                Err(error) => {
                    attempts.failed(Instant::now());
                    last_error = error;
                }
            },
            Some((rank, found)) = lookups.next() => {
                let found = found.unwrap_or_else(|error| {
                    last_error = error;
                    Vec::new()
                });
                attempts.resolved(rank, found);
            }
            () = wake, if wake_at.is_some() => {}
        }
    }
}

async fn resolve(gateway: &GatewayAddress) -> io::Result<Vec<SocketAddr>> {
    Ok(in_time(tokio::net::lookup_host(gateway.as_str()))
        .await?
        .collect())
}

async fn open(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = in_time(TcpStream::connect(address)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

async fn in_time<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(CONNECT_TIMEOUT, work)
        .await
        .map_err(|_elapsed| io::Error::new(io::ErrorKind::TimedOut, "no answer"))?
}
