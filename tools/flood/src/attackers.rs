//! The process of the attackers, as seen from the measurement.

use std::fs::File;
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use fleet::Fleet;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::attack::{READY, Tally};
use crate::options::{Flood, MeasureOptions};

/// A running `flood attack`. Dropping it kills it.
#[derive(Debug)]
pub struct Attackers {
    // Held for its drop, which ends the process.
    _child: Child,
    input: ChildStdin,
    output: Lines<BufReader<ChildStdout>>,
    name: String,
}

impl Attackers {
    /// Starts attackers of the fleet's first gateway.
    ///
    /// # Errors
    /// When they cannot be started.
    pub fn start(
        options: &MeasureOptions,
        fleet: &Fleet,
        flood: Flood,
        victims: &[String],
        rooms: &[String],
    ) -> Result<Self> {
        let name = format!("{}-{}", flood.kind.name(), flood.addresses);
        let log = options.folder.join(format!("{name}.log"));
        let gateway = fleet.gateways.first().context("there is a gateway")?;
        let mut command = Command::from(options.programs().command("flood")?);
        command.arg("attack").arg("--kind").arg(flood.kind.name());
        for (flag, value) in [
            ("--race", gateway.address("race")?.to_string()),
            ("--chat", gateway.address("chat")?.to_string()),
            ("--attackers", flood.attackers.to_string()),
            ("--addresses", flood.addresses.to_string()),
            ("--seconds", flood.seconds.to_string()),
            ("--victims", victims.join(",")),
            ("--rooms", rooms.join(",")),
            ("--nats", fleet.nats_url().to_owned()),
        ] {
            command.arg(flag).arg(value);
        }
        let run_dir = fleet.run_dir();
        command
            .arg("--nats-seed")
            .arg(fleet.nats_users().operator())
            .arg("--session-keys")
            .arg(run_dir.session_key());
        if options.tls {
            command.arg("--ca").arg(run_dir.ca());
        }
        let mut child = command
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(&log)?)
            .spawn()
            .context("cannot start the attackers")?;
        let input = child.stdin.take().context("its input is a pipe")?;
        let output = child.stdout.take().context("its output is a pipe")?;
        Ok(Self {
            _child: child,
            input,
            output: BufReader::new(output).lines(),
            name,
        })
    }

    /// Waits until they are logged in.
    ///
    /// # Errors
    /// When they end before that.
    pub async fn ready(&mut self) -> Result<()> {
        let line = self.line().await?;
        if line != READY {
            bail!("the attackers {} say {line:?}", self.name);
        }
        Ok(())
    }

    /// Begins the flood.
    ///
    /// # Errors
    /// When they have ended.
    pub async fn begin(&mut self) -> Result<()> {
        Ok(self.input.write_all(b"begin\n").await?)
    }

    /// Waits until the flood has ended. Returns what became of it.
    ///
    /// # Errors
    /// When they fail.
    pub async fn ended(&mut self) -> Result<Tally> {
        Ok(serde_json::from_str(&self.line().await?)?)
    }

    async fn line(&mut self) -> Result<String> {
        let line = self.output.next_line().await?;
        line.with_context(|| format!("the attackers have ended: see {}.log", self.name))
    }
}
