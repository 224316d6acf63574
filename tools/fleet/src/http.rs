//! A client of the servers' monitoring ports.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use anyhow::{Context, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Status and body of a page.
///
/// # Errors
/// When nothing answers in HTTP.
pub async fn get(address: SocketAddr, path: &str) -> Result<(u16, String)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: fleet\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    let (head, body) = text.split_once("\r\n\r\n").context("no HTTP response")?;
    let status = head.split(' ').nth(1).context("no HTTP status")?;
    Ok((status.parse()?, body.to_owned()))
}

/// The metrics of a server at one moment.
#[derive(Clone, Debug)]
pub struct Metrics(String);

/// Reads `/metrics`.
///
/// # Errors
/// When nothing answers.
pub async fn metrics(address: SocketAddr) -> Result<Metrics> {
    let (_status, text) = get(address, "/metrics").await?;
    Ok(Metrics(text))
}

impl Metrics {
    /// The value of a series, such as `goodbyes_total{code="idle"}`; 0 unless it exists.
    #[must_use]
    pub fn value(&self, series: &str) -> f64 {
        self.0
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .find(|(name, _)| *name == series)
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(0.0)
    }

    /// The series of a metric by the value of their only label.
    #[must_use]
    pub fn by_label(&self, metric: &str) -> BTreeMap<String, f64> {
        let series = self.0.lines().filter_map(|line| {
            let (name, value) = line.rsplit_once(' ')?;
            let label = name.strip_prefix(metric)?.strip_prefix('{')?;
            let label = label.split('"').nth(1)?;
            Some((label.to_owned(), value.parse().ok()?))
        });
        series.collect()
    }

    /// The sum of all series of a metric, whatever their labels.
    #[must_use]
    pub fn sum(&self, metric: &str) -> f64 {
        self.0
            .lines()
            .filter_map(|line| line.rsplit_once(' '))
            .filter(|(name, _)| name.split('{').next() == Some(metric))
            .filter_map(|(_, value)| value.parse::<f64>().ok())
            .sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_series_by_its_whole_name() {
        let metrics = Metrics("rooms 3\ngoodbyes_total{code=\"idle\"} 2\n".to_owned());
        assert_eq!(metrics.value("rooms"), 3.0);
        assert_eq!(metrics.value("goodbyes_total{code=\"idle\"}"), 2.0);
        assert_eq!(metrics.value("goodbyes_total"), 0.0);
    }

    #[test]
    fn adds_up_the_series_of_a_metric() {
        let text = "seen_total{a=\"b c\"} 2\nseen_total{a=\"d\"} 3\nseen_total_more 9\n";
        let metrics = Metrics(text.to_owned());
        assert_eq!(metrics.sum("seen_total"), 5.0);
        let labels = metrics.by_label("seen_total");
        assert_eq!((labels.len(), labels["b c"], labels["d"]), (2, 2.0, 3.0));
        assert_eq!(metrics.sum("unseen_total"), 0.0);
    }
}
