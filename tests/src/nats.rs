//! A NATS server of the test's own.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::process::Process;
use crate::programs;
use crate::wait::eventually;

/// A running NATS server with JetStream.
#[derive(Debug)]
pub struct NatsServer {
    process: Process,
    url: String,
}

impl NatsServer {
    /// Starts one on a free port of `host`, with its files in `folder`.
    ///
    /// # Errors
    /// When there is no NATS server to start, or it does not serve.
    pub async fn start(host: &str, folder: &Path) -> Result<Self> {
        Self::start_at(host, "-1", folder).await
    }

    /// Kills it, and after a while starts it again at its port, with what it
    /// had stored.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn crash(&mut self, away: Duration, folder: &Path) -> Result<()> {
        self.process.kill()?;
        self.process.ended().await?;
        tokio::time::sleep(away).await;
        let address = self.url.trim_start_matches("nats://");
        let parts = address.rsplit_once(':');
        let (host, port) = parts.context("an address has a port")?;
        *self = Self::start_at(host, port, folder).await?;
        Ok(())
    }

    async fn start_at(host: &str, port: &str, folder: &Path) -> Result<Self> {
        let program = programs::nats_server()?;
        let mut command = Command::new(&program);
        command
            .args(["--addr", host, "--port", port, "--jetstream"])
            .arg("--store_dir")
            .arg(folder.join("nats"))
            .arg("--ports_file_dir")
            .arg(folder);
        let process = Process::start(command, "nats-server", folder)?;
        let name = program.file_name().context("a program has a name")?;
        let name = format!("{}_{}.ports", name.to_string_lossy(), process.id());
        let file = folder.join(name);
        let url = eventually("nats-server says its port", async || {
            // It may be caught half written.
            let text = fs::read(&file).unwrap_or_default();
            let ports: Value = serde_json::from_slice(&text).unwrap_or_default();
            Ok(ports["nats"][0].as_str().map(str::to_owned))
        })
        .await?;
        Ok(Self { process, url })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The process.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }
}
