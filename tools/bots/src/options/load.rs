//! The command line of `bots load`.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use clap::Args;
use client_core::protocol::limits::LAPS_MAX;
use client_core::{GatewayAddress, TlsOptions};
use domain::{CarClass, SEATS_MAX, Skill};

use super::chat::RATE_PER_USER_MAX;
use super::choice::{self, Choice, MIXED};
use super::{NetcodeOption, numbered, prefix, process, track};
use crate::process::Process;

/// Bots with one address, with `--from`: fewer than the accounts that a gateway lets an
/// address make in ten minutes.
const BOTS_PER_ADDRESS: u32 = 16;

/// Options of the race load.
#[derive(Args, Clone, Debug)]
pub struct LoadOptions {
    /// The race ports of gateways, as host and port; rooms are spread over them
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        env = "SLIPSTREAM_GATEWAY",
        value_delimiter = ',',
        default_value = "127.0.0.1:10000"
    )]
    pub gateways: Vec<GatewayAddress>,

    /// Whether connections are encrypted.
    #[command(flatten)]
    pub tls: TlsOptions,

    /// The chat ports of gateways, as host and port, for --chat
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        env = "SLIPSTREAM_CHAT_GATEWAY",
        value_delimiter = ',',
        default_value = "127.0.0.1:10001"
    )]
    pub chat_gateways: Vec<GatewayAddress>,

    /// Chat lines a second from all bots together, 0 to 1,000; 0: no bot is in the chat
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=1_000)
    )]
    pub chat: u32,

    /// How many rooms, 1 to 9,999
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..=9_999)
    )]
    pub rooms: u16,

    /// Bots in a room, 1 to 16
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(1..=SEATS_MAX as i64)
    )]
    pub seats: u8,

    /// How the bots play: full, or thin for thousands of them on one thread
    #[arg(long, value_enum, default_value_t = NetcodeOption::Full)]
    pub netcode: NetcodeOption,

    /// The first local address of thin bots; each 16 bots have the next one. By default the
    /// system chooses
    #[arg(long, value_name = "ADDRESS")]
    pub from: Option<Ipv4Addr>,

    /// Time over which the rooms start, 1 to 600; by default a quarter of a second per room
    #[arg(
        long,
        value_name = "SECONDS",
        value_parser = clap::value_parser!(u64).range(1..=600)
    )]
    pub ramp: Option<u64>,

    /// Between the start of the last race and the measurement, 0 to 600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 5,
        value_parser = clap::value_parser!(u64).range(0..=600)
    )]
    pub warm_up: u64,

    /// Session tokens of the bots, read and written: the next run needs no password
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,

    /// For how long to measure once all bots race, 1 to 3,600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=3_600)
    )]
    pub seconds: u64,

    /// How many threads the bots may use, 1 to 64
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=64)
    )]
    pub threads: u8,

    /// Track of the rooms
    #[arg(long, value_name = "TRACK", value_parser = track)]
    pub track: Option<String>,

    /// Laps of a race, 1 to 99; the next race follows in the same room
    #[arg(
        long,
        value_name = "N",
        default_value_t = LAPS_MAX,
        value_parser = clap::value_parser!(u16).range(1..=LAPS_MAX as i64)
    )]
    pub laps: u16,

    /// Longest wait afterwards for the races to end, 0 to 600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(0..=600)
    )]
    pub finish: u64,

    /// Server processes whose processor time and memory to report
    #[arg(long, value_name = "NAME=PID,...", value_delimiter = ',', value_parser = process)]
    pub pids: Vec<Process>,

    /// Write the measurements of every bot in every second to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub samples: Option<PathBuf>,

    /// Write how long snapshots took to follow each other, and what was lost, twice a second
    /// to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub intervals: Option<PathBuf>,

    /// Prefix of the room and bot names; a number follows
    #[arg(long, value_name = "TEXT", default_value = "load-", value_parser = prefix)]
    pub prefix: String,

    /// Skill of the bots
    #[arg(long, value_name = "SKILL", default_value = MIXED, value_parser = choice::skill())]
    pub skill: Choice<Skill>,

    /// Car class of the bots; thin bots all drive the same, and mixed is grip for them
    #[arg(long, value_name = "CLASS", default_value = MIXED, value_parser = choice::class())]
    pub class: Choice<CarClass>,

    /// Print what was measured as one line of JSON
    #[arg(long)]
    pub json: bool,
}

impl LoadOptions {
    /// The number of bots.
    #[must_use]
    pub fn bots(&self) -> u32 {
        u32::from(self.rooms) * u32::from(self.seats)
    }

    /// The local address of a bot, by its number.
    #[must_use]
    pub fn address_of(&self, bot: u32) -> Option<Ipv4Addr> {
        let first = self.from?.to_bits();
        Some(first.wrapping_add(bot / BOTS_PER_ADDRESS).into())
    }

    /// Checks what no single option shows: the last bot has the longest name.
    pub(super) fn check(&self) -> Result<(), String> {
        let allowed = self.bots() * RATE_PER_USER_MAX;
        if self.chat > allowed {
            return Err(format!(
                "--chat {}: {} bots may send {allowed} messages a second at the most",
                self.chat,
                self.bots()
            ));
        }
        if self.from.is_some() && self.netcode == NetcodeOption::Full {
            return Err("--from needs --netcode thin".to_owned());
        }
        numbered(&self.prefix, self.bots() - 1)
            .map_err(|error| format!("--prefix {:?}: {error}", self.prefix))?;
        Ok(())
    }
}
