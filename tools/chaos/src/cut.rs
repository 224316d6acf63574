//! A cut between one server and NATS: packets of both ways are dropped silently.
//!
//! All servers share the loopback interface. What one sends is recognised by its
//! group, so that its attempts to connect again are dropped too; what NATS sends to
//! it, by the ports of the connections that it has when it is cut.

use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use fleet::Process;
use fleet::command::stdout_of;

/// The rules that cut one server off. Dropping it removes them.
#[derive(Debug)]
pub struct Cut {
    rules: Vec<Vec<String>>,
}

impl Cut {
    /// Cuts a server off from the NATS server at `nats_port`.
    ///
    /// # Errors
    /// When this user may not change the firewall.
    pub async fn between(server: &Process, nats_port: u16) -> Result<Self> {
        let group = server.group()?.to_string();
        let nats_port = nats_port.to_string();
        let mut matches = vec![vec![
            "--dport",
            &nats_port,
            "-m",
            "owner",
            "--gid-owner",
            &group,
        ]];
        let ports = connections(server, &nats_port).await?;
        for port in &ports {
            matches.push(vec!["--sport", &nats_port, "--dport", port]);
        }
        let mut cut = Self { rules: Vec::new() };
        for rule in matches {
            let fixed = ["OUTPUT", "-o", "lo", "-p", "tcp"];
            let rule = fixed.into_iter().chain(rule).chain(["-j", "DROP"]);
            let rule: Vec<String> = rule.map(str::to_owned).collect();
            let added = stdout_of(iptables("-I", &rule)).await;
            added.context("dropping packets needs root and Debian's package iptables")?;
            cut.rules.push(rule);
        }
        Ok(cut)
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        for rule in &self.rules {
            // What cannot be removed concerns a group and ports that nothing uses.
            let _ = iptables("-D", rule).stderr(Stdio::null()).status();
        }
    }
}

fn iptables(action: &str, rule: &[String]) -> Command {
    let mut command = Command::new("iptables");
    command.args(["--wait", action]).args(rule);
    command
}

/// The server's own ports of its connections to NATS.
async fn connections(server: &Process, nats_port: &str) -> Result<Vec<String>> {
    let mut command = Command::new("ss");
    command.args(["-Htnp", "state", "established", "dport", "=", nats_port]);
    let lines = stdout_of(command).await;
    let lines = lines.context("finding connections needs Debian's package iproute2")?;
    Ok(ports_of(&lines, server.id()?))
}

fn ports_of(lines: &str, pid: u32) -> Vec<String> {
    let owner = format!("pid={pid},");
    let own = lines.lines().filter(|line| line.contains(&owner));
    // The columns are two queues, the local address and the peer's.
    let ports = own.filter_map(|line| line.split_whitespace().nth(2)?.rsplit_once(':'));
    ports.map(|(_, port)| port.to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_ports_of_a_process() {
        let lines = "\
0      0          127.0.0.1:41000      127.0.0.1:4222 users:((\"gateway\",pid=12,fd=9))\n\
0      0          127.0.0.1:41002      127.0.0.1:4222 users:((\"gateway\",pid=123,fd=9))\n\
0      36         127.0.0.1:41004      127.0.0.1:4222 users:((\"gateway\",pid=12,fd=11))\n";
        assert_eq!(ports_of(lines, 12), ["41000", "41004"]);
        assert_eq!(ports_of(lines, 1), [""; 0]);
    }
}
