//! The bots, as child processes.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use bus::User;
use client_core::Security;
use fleet::{Fleet, Process, Programs};
use serde::de::DeserializeOwned;

use crate::floor::nats::connection;
use crate::relay_delay;
use crate::report::{Chat, Connect, Race};
use crate::scenario::{CHAT_RATE, CHAT_USERS, CONNECT_RATE, Lengths};

/// Rooms whose races begin in a second, once all bots are logged in.
const ROOMS_PER_SECOND: u16 = 20;

/// The longest wait for bots to end: far longer than any scenario takes.
const BOTS_TIMEOUT: Duration = Duration::from_secs(600);

/// The bots of a run.
#[derive(Debug)]
pub struct Tools<'a> {
    /// Where the programs are.
    pub programs: Programs,
    /// How clients connect.
    pub security: Security,
    /// The servers.
    pub fleet: &'a Fleet,
    /// For how long each scenario is measured.
    pub lengths: Lengths,
}

impl Tools<'_> {
    /// Measures full rooms of thin bots.
    ///
    /// # Errors
    /// When the bots fail.
    pub async fn race(&self, rooms: u16, seats: u8) -> Result<Race> {
        let ramp = rooms.div_ceil(ROOMS_PER_SECOND);
        let gateways = self.fleet.race_addresses()?;
        let gateway = gateways.first().context("there is no gateway")?;
        let relay_delay = relay_delay::Plan {
            nats: connection(self.fleet, User::Operator),
            gateway,
            security: &self.security,
            rooms,
            players: usize::from(rooms) * usize::from(seats),
            warm_up: self.lengths.warm_up,
            length: self.lengths.window,
        };
        let race = self.load(rooms, seats, ramp);
        let (race, relay_delay) = tokio::try_join!(race, relay_delay.measure())?;
        Ok(Race {
            relay_delay: Some(relay_delay),
            ..race
        })
    }

    async fn load(&self, rooms: u16, seats: u8, ramp: u16) -> Result<Race> {
        self.bots(
            &format!("load-{rooms}x{seats}"),
            &["load", "--json", "--netcode", "thin"],
            &[
                ("--gateways", self.fleet.race_addresses()?.join(",")),
                ("--rooms", rooms.to_string()),
                ("--seats", seats.to_string()),
                ("--ramp", ramp.to_string()),
                ("--warm-up", seconds(self.lengths.warm_up)),
                ("--seconds", seconds(self.lengths.window)),
                ("--tokens", self.file("race-tokens.json")),
                ("--pids", self.fleet.pids().join(",")),
            ],
        )
        .await
    }

    /// Measures the chat.
    ///
    /// # Errors
    /// When the bots fail.
    pub async fn chat(&self) -> Result<Chat> {
        self.bots(
            "chat",
            &["chat", "--json"],
            &[
                ("--gateways", self.fleet.chat_addresses()?.join(",")),
                ("--users", CHAT_USERS.to_string()),
                ("--rate", CHAT_RATE.to_string()),
                ("--seconds", seconds(self.lengths.window)),
                ("--pids", self.fleet.pids().join(",")),
            ],
        )
        .await
    }

    /// Measures sign-up, log-in and resume.
    ///
    /// # Errors
    /// When the bots fail.
    pub async fn connect(&self) -> Result<Connect> {
        self.bots(
            "connect",
            &["connect", "--json"],
            &[
                ("--gateways", self.fleet.race_addresses()?.join(",")),
                ("--rate", CONNECT_RATE.to_string()),
                ("--seconds", seconds(self.lengths.connect)),
            ],
        )
        .await
    }

    async fn bots<T: DeserializeOwned>(
        &self,
        name: &str,
        words: &[&str],
        values: &[(&str, String)],
    ) -> Result<T> {
        let mut command = self.programs.command("bots")?;
        command.args(words);
        for (flag, value) in values {
            command.arg(flag).arg(value);
        }
        match self.security {
            Security::Plain => {}
            Security::Tls(_) => {
                command.arg("--ca").arg(self.fleet.run_dir().ca());
            }
        }
        let mut bots = Process::start(command, name, self.fleet.run_dir())?;
        let status = bots.ended_within(BOTS_TIMEOUT).await?;
        if !status.success() {
            let log = bots.log();
            bail!("the bots of {name} ended with {status}: {}", log.trim());
        }
        serde_json::from_str(&bots.stdout())
            .with_context(|| format!("the report of {name} cannot be read"))
    }

    fn file(&self, name: &str) -> String {
        self.fleet.run_dir().path().join(name).display().to_string()
    }
}

fn seconds(length: Duration) -> String {
    length.as_secs().to_string()
}
