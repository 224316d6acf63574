//! The bots, as processes of this one.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use fleet::{Fleet, detached};
use serde::de::DeserializeOwned;
use tokio::process::Command;

use crate::passage;
use crate::report::{Chat, Connect, Race};
use crate::scenario::{CHAT_RATE, CHAT_USERS, CONNECT_RATE, Lengths};

/// Rooms that begin in a second, once all bots are there.
const ROOMS_PER_SECOND: u16 = 20;

/// The bots of a run.
#[derive(Debug)]
pub struct Tools<'a> {
    /// Where they are.
    pub bin_dir: &'a Path,
    /// Where their logs and tokens are kept.
    pub folder: &'a Path,
    /// The servers.
    pub fleet: &'a Fleet,
    /// For how long.
    pub lengths: Lengths,
}

impl Tools<'_> {
    /// Full rooms of thin players.
    ///
    /// # Errors
    /// When the bots fail.
    pub async fn race(&self, rooms: u16, seats: u8) -> Result<Race> {
        let ramp = rooms.div_ceil(ROOMS_PER_SECOND);
        let gateways = self.fleet.gateways();
        let gateway = gateways.first().context("there is no gateway")?;
        let passage = passage::Plan {
            nats_url: &self.fleet.nats_url(),
            gateway,
            rooms,
            players: usize::from(rooms) * usize::from(seats),
            warm_up: self.lengths.warm_up,
            length: self.lengths.window,
        };
        let race = self.load(rooms, seats, ramp);
        let (race, passage) = tokio::try_join!(race, passage.measure())?;
        Ok(Race {
            passage: Some(passage),
            ..race
        })
    }

    async fn load(&self, rooms: u16, seats: u8, ramp: u16) -> Result<Race> {
        self.bots(
            &format!("load-{rooms}x{seats}"),
            &["load", "--json", "--netcode", "thin"],
            &[
                ("--gateways", self.fleet.gateways().join(",")),
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

    /// The chat.
    ///
    /// # Errors
    /// When the bots fail.
    pub async fn chat(&self) -> Result<Chat> {
        self.bots(
            "chat",
            &["chat", "--json"],
            &[
                ("--gateways", self.fleet.chat_gateways().join(",")),
                ("--users", CHAT_USERS.to_string()),
                ("--rate", CHAT_RATE.to_string()),
                ("--seconds", seconds(self.lengths.window)),
                ("--pids", self.fleet.pids().join(",")),
            ],
        )
        .await
    }

    /// People that come in.
    ///
    /// # Errors
    /// When the bots fail.
    pub async fn connect(&self) -> Result<Connect> {
        self.bots(
            "connect",
            &["connect", "--json"],
            &[
                ("--gateways", self.fleet.gateways().join(",")),
                ("--rate", CONNECT_RATE.to_string()),
                ("--seconds", seconds(self.lengths.way)),
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
        let (report, log) = (
            PathBuf::from(self.file(&format!("{name}.json"))),
            PathBuf::from(self.file(&format!("{name}.log"))),
        );
        let mut command = Command::new(self.bin_dir.join("bots"));
        command.kill_on_drop(true).args(words);
        for (flag, value) in values {
            command.arg(flag).arg(value);
        }
        let output = fs::File::create(&report)?;
        let status = detached(&mut command, &log)?.stdout(output).status().await;
        let status = status.context("cannot start the bots")?;
        if !status.success() {
            let said = fs::read_to_string(&log).unwrap_or_default();
            bail!("the bots of {name} ended with {status}: {}", said.trim());
        }
        serde_json::from_slice(&fs::read(&report)?)
            .with_context(|| format!("the report of {name} cannot be read"))
    }

    fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

fn seconds(length: Duration) -> String {
    length.as_secs().to_string()
}
