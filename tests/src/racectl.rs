//! The operator who listens: `racectl tap`.

use anyhow::Result;
use serde_json::Value;

use crate::cluster::Cluster;
use fleet::Process;
use fleet::wait::{TIMEOUT, eventually_within};

/// A running `racectl tap`.
#[derive(Debug)]
pub struct Tap {
    process: Process,
    probe: String,
}

impl Tap {
    /// Taps a subject with wildcards; it listens when this returns.
    ///
    /// # Errors
    /// When it does not print what is published.
    pub async fn start(cluster: &Cluster, name: &str, subject: &str) -> Result<Self> {
        let command = cluster.fleet.racectl(&["tap", subject])?;
        let process = Process::start(command, name, cluster.fleet.run_dir())?;
        let probe = subject.replace('*', "no-room");
        let tap = Self { process, probe };
        let mut nats = cluster.plain_nats_of("race-worker").await?;
        eventually_within(TIMEOUT, "racectl listens", async || {
            nats.publish(&tap.probe, "{}").await?;
            Ok(tap.process.stdout().contains(&tap.probe).then_some(()))
        })
        .await?;
        Ok(tap)
    }

    /// The messages so far, each as JSON, with their subjects.
    ///
    /// # Errors
    /// When a line is no JSON.
    pub fn messages(&self) -> Result<Vec<(String, Value)>> {
        let output = self.process.stdout();
        // The last line may be caught half written.
        let whole = output.rsplit_once('\n').map_or("", |(whole, _)| whole);
        let mut messages = Vec::new();
        for line in whole.lines() {
            let mut line: Value = serde_json::from_str(line)?;
            let subject = line["subject"].as_str().unwrap_or_default().to_owned();
            if subject != self.probe {
                messages.push((subject, line["message"].take()));
            }
        }
        Ok(messages)
    }
}
