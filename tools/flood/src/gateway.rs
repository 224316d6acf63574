//! What the gateway uses and counts.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context, Result};
use fleet::{Fleet, Process};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::sleep;

/// Between two looks at its memory.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// The unit of processor times in `/proc`.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a gateway has counted.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Counts {
    /// Frames from clients.
    pub frames_received: f64,
    /// Goodbyes by code.
    pub goodbyes: BTreeMap<String, f64>,
}

impl Counts {
    /// Reads the metrics of the fleet's first gateway.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn read(fleet: &Fleet) -> Result<Self> {
        let metrics = gateway(fleet)?.metrics().await?;
        Ok(Self {
            frames_received: metrics.sum("gateway_frames_received_total"),
            goodbyes: metrics.by_label("gateway_goodbyes_total"),
        })
    }

    /// What has been counted since an earlier reading.
    #[must_use]
    pub fn since(mut self, before: &Self) -> Self {
        self.frames_received -= before.frames_received;
        for (code, count) in &mut self.goodbyes {
            *count -= before.goodbyes.get(code).copied().unwrap_or(0.0);
        }
        self.goodbyes.retain(|_, count| *count > 0.0);
        self
    }
}

/// The process of the fleet's first gateway.
///
/// # Errors
/// When there is none.
pub fn gateway(fleet: &Fleet) -> Result<&Process> {
    fleet.gateways.first().context("there is a gateway")
}

/// Follows the memory of a process. Dropping it ends that.
#[derive(Debug)]
pub struct MemoryWatch {
    looking: JoinSet<u64>,
    end: tokio::sync::oneshot::Sender<()>,
}

impl MemoryWatch {
    /// Begins.
    #[must_use]
    pub fn start(pid: u32) -> Self {
        let (end, mut ended) = tokio::sync::oneshot::channel();
        let mut looking = JoinSet::new();
        looking.spawn(async move {
            let mut largest = 0;
            loop {
                largest = largest.max(resident_bytes(pid).unwrap_or(0));
                tokio::select! {
                    _ = &mut ended => return largest,
                    () = sleep(LOOK_INTERVAL) => {}
                }
            }
        });
        Self { looking, end }
    }

    /// The largest size so far, bytes.
    pub async fn largest(mut self) -> u64 {
        // It waits for nothing else.
        let _ = self.end.send(());
        let largest = self.looking.join_next().await;
        largest.and_then(Result::ok).unwrap_or(0)
    }
}

/// The resident memory of a process, bytes; `None` when it has ended.
#[must_use]
pub fn resident_bytes(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1_024)
}

/// The processor time of a process so far, s; `None` when it has ended.
#[must_use]
pub fn processor_seconds(pid: u32) -> Option<f64> {
    used(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn used(stat: &str) -> Option<f64> {
    // The name may contain parentheses: the last one ends it.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn reads_what_linux_writes() {
        let stat = "42 (a) name) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 7";
        assert_eq!(used(stat), Some(2.0));
        let own = std::process::id();
        assert!(resident_bytes(own).unwrap() > 1 << 20);
        assert!(MemoryWatch::start(own).largest().await > 1 << 20);
        // No process has an id beyond the kernel's limit of 2^22.
        assert_eq!(
            (resident_bytes(1 << 23), processor_seconds(1 << 23)),
            (None, None)
        );
    }

    #[test]
    fn counts_what_has_been_since() {
        let counts = |frames, idle, version| Counts {
            frames_received: frames,
            goodbyes: [("idle".to_owned(), idle), ("version".to_owned(), version)].into(),
        };
        let since = counts(9.0, 3.0, 1.0).since(&counts(4.0, 1.0, 1.0));
        assert_eq!(since.frames_received, 5.0);
        assert_eq!(since.goodbyes, [("idle".to_owned(), 2.0)].into());
    }
}
