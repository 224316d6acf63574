//! A network namespace of the test's own, joined to the rest by one wire, in
//! which packets can be dropped. It needs Linux and root.

use std::process::{self, Command, Stdio};

use anyhow::{Context, Result};

use crate::process::stdout_of;

/// What only root can make. Dropping it removes it.
#[derive(Debug)]
pub struct Island {
    name: String,
    mainland: String,
    address: String,
}

impl Island {
    /// Digs the channel: a namespace with a wire to this one.
    ///
    /// # Errors
    /// When the system does not let this user do that, or lacks the tools.
    pub async fn new() -> Result<Self> {
        let pid = process::id();
        // A /30 network for each process of the tests.
        let place = pid % (1 << 14);
        let [third, fourth] = [place >> 6, (place & 63) << 2];
        let island = Self {
            name: format!("island-{pid}"),
            mainland: format!("10.213.{third}.{}", fourth + 1),
            address: format!("10.213.{third}.{}", fourth + 2),
        };
        let Self {
            name,
            mainland,
            address,
        } = &island;
        let (here, there) = (format!("ss-here-{pid}"), format!("ss-there-{pid}"));
        for step in [
            format!("netns add {name}"),
            format!("link add {here} type veth peer name {there} netns {name}"),
            format!("address add {mainland}/30 dev {here}"),
            format!("link set {here} up"),
            format!("-netns {name} address add {address}/30 dev {there}"),
            format!("-netns {name} link set {there} up"),
            format!("-netns {name} link set lo up"),
        ] {
            let mut command = Command::new("ip");
            command.args(step.split(' '));
            stdout_of(command)
                .await
                .context("a network namespace needs root and Debian's package iproute2")?;
        }
        Ok(island)
    }

    /// Where a server on the mainland listens to be found from both.
    #[must_use]
    pub fn mainland(&self) -> &str {
        &self.mainland
    }

    /// Where a server on the island listens to be found from both.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The same command, on the island.
    #[must_use]
    pub fn command(&self, command: &Command) -> Command {
        let mut moved = Command::new("ip");
        moved
            .args(["netns", "exec", &self.name])
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => moved.env(key, value),
                None => moved.env_remove(key),
            };
        }
        moved
    }

    /// Drops every packet to and from the island, without a word to either side.
    ///
    /// # Errors
    /// When there is no iptables.
    pub async fn cut_off(&self) -> Result<()> {
        self.filter("-A").await
    }

    /// Lets packets pass again.
    ///
    /// # Errors
    /// When it was not cut off.
    pub async fn rejoin(&self) -> Result<()> {
        self.filter("-D").await
    }

    async fn filter(&self, action: &str) -> Result<()> {
        for (chain, way) in [("INPUT", "-i"), ("OUTPUT", "-o")] {
            let mut rule = Command::new("iptables");
            rule.args(["--wait", action, chain, "!", way, "lo", "-j", "DROP"]);
            let output = stdout_of(self.command(&rule)).await;
            output.context("dropping packets needs Debian's package iptables")?;
        }
        Ok(())
    }
}

impl Drop for Island {
    fn drop(&mut self) {
        // The wire goes with its end. What cannot be removed disturbs nobody.
        let mut command = Command::new("ip");
        command.args(["netns", "delete", &self.name]);
        let _ = command.stderr(Stdio::null()).status();
    }
}
