//! A network namespace for one server, joined to the rest of the machine by one
//! veth pair, in which packets can be dropped. It needs Linux and root.

use std::process::{self, Command, Stdio};

use anyhow::{Context, Result};

use fleet::command::stdout_of;

/// A network namespace. Dropping it removes it.
#[derive(Debug)]
pub struct NetworkNamespace {
    name: String,
    host_address: String,
    address: String,
}

impl NetworkNamespace {
    /// Makes a namespace with a veth pair to this one.
    ///
    /// # Errors
    /// When the system does not let this user do that, or lacks the tools.
    pub async fn new() -> Result<Self> {
        let pid = process::id();
        // A /30 network for each process of the tests.
        let subnet = pid % (1 << 14);
        let [third, fourth] = [subnet >> 6, (subnet & 63) << 2];
        let namespace = Self {
            name: format!("slipstream-{pid}"),
            host_address: format!("10.213.{third}.{}", fourth + 1),
            address: format!("10.213.{third}.{}", fourth + 2),
        };
        let Self {
            name,
            host_address,
            address,
        } = &namespace;
        let (here, there) = (format!("ss-here-{pid}"), format!("ss-there-{pid}"));
        for step in [
            format!("netns add {name}"),
            format!("link add {here} type veth peer name {there} netns {name}"),
            format!("address add {host_address}/30 dev {here}"),
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
        Ok(namespace)
    }

    /// The address outside the namespace at which a server is reached from both
    /// sides.
    #[must_use]
    pub fn host_address(&self) -> &str {
        &self.host_address
    }

    /// The address inside the namespace at which a server is reached from both
    /// sides.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The same command, run in the namespace.
    #[must_use]
    pub fn command(&self, command: &Command) -> Command {
        let mut inside = Command::new("ip");
        inside
            .args(["netns", "exec", &self.name])
            .arg(command.get_program())
            .args(command.get_args());
        for (key, value) in command.get_envs() {
            match value {
                Some(value) => inside.env(key, value),
                None => inside.env_remove(key),
            };
        }
        inside
    }

    /// Drops every packet to and from the namespace silently.
    ///
    /// # Errors
    /// When there is no iptables.
    pub async fn partition(&self) -> Result<()> {
        self.filter("-A").await
    }

    /// Lets packets pass again.
    ///
    /// # Errors
    /// When there was no partition.
    pub async fn heal(&self) -> Result<()> {
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

impl Drop for NetworkNamespace {
    fn drop(&mut self) {
        // The veth pair goes with its end. What cannot be removed disturbs nobody.
        let mut command = Command::new("ip");
        command.args(["netns", "delete", &self.name]);
        let _ = command.stderr(Stdio::null()).status();
    }
}
