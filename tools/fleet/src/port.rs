//! Ports for servers that keep them across restarts.

use std::net::TcpListener;
use std::ops::Range;

use anyhow::{Result, bail};

/// Below the ephemeral ports: an outgoing connection could take one of those while its
/// server is down.
const PORTS: Range<u16> = 20_000..32_000;

/// A port of `host` on which nothing listens.
///
/// # Errors
/// When there is no such port.
pub(crate) fn free_port(host: &str) -> Result<u16> {
    for _ in PORTS {
        let port = rand::random_range(PORTS);
        if TcpListener::bind((host, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!(
        "there is no free port of {host} from {} to {}",
        PORTS.start,
        PORTS.end - 1
    )
}
