//! What a program's monitoring port says.

use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Status and body of a page.
///
/// # Errors
/// When nobody answers in HTTP.
pub async fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let (head, body) = text.split_once("\r\n\r\n").context("no HTTP answer")?;
    let status = head.split(' ').nth(1).context("no HTTP status")?;
    Ok((status.parse()?, body.to_owned()))
}

/// The counters of a program at one moment.
#[derive(Clone, Debug)]
pub struct Metrics(String);

/// Asks for `/metrics`.
///
/// # Errors
/// When nobody answers.
pub async fn metrics(address: SocketAddr) -> Result<Metrics> {
    let (_status, text) = get(address, "/metrics").await?;
    Ok(Metrics(text))
}

impl Metrics {
    /// The value of a series, such as `goodbyes_total{code="idle"}`; 0 as long
    /// as it does not exist.
    #[must_use]
    pub fn value(&self, series: &str) -> f64 {
        self.0
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .find(|(name, _)| *name == series)
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0.0)
    }
}
