//! The command line of the bots.

use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use client_core::protocol::limits::{LAPS_MAX, SEATS_MAX};
use client_core::protocol::{PlayerName, RoomName};
use simulation::Skill;

/// The exit status of a bad command line, as in `sysexits.h`.
const EXIT_USAGE: u8 = 64;

/// Slipstream's bots: AI drivers that log in like anybody else
#[derive(Clone, Debug, Parser)]
#[command(name = "bots", version)]
pub struct Options {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// What bots can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Race in one room until it closes
    Race(RaceOptions),
}

/// How to race.
#[derive(Args, Clone, Debug)]
pub struct RaceOptions {
    /// The race port of a gateway, as host and port
    #[arg(
        long,
        value_name = "HOST:PORT",
        env = "SLIPSTREAM_GATEWAY",
        default_value = "127.0.0.1:10000"
    )]
    pub gateway: String,

    /// The room to race in
    #[arg(long, value_name = "ROOM")]
    pub room: RoomName,

    /// How many bots, 1 to 16
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=SEATS_MAX as i64)
    )]
    pub count: u8,

    /// Create the room; otherwise wait until somebody does
    #[arg(long)]
    pub create: bool,

    /// Seats of the created room, 1 to 16; by default one per bot
    #[arg(
        long,
        value_name = "N",
        requires = "create",
        value_parser = clap::value_parser!(u8).range(1..=SEATS_MAX as i64)
    )]
    pub seats: Option<u8>,

    /// Track of the created room
    #[arg(long, value_name = "TRACK", requires = "create", value_parser = track)]
    pub track: Option<String>,

    /// Laps of the created room, 1 to 99
    #[arg(
        long,
        value_name = "N",
        requires = "create",
        value_parser = clap::value_parser!(u16).range(1..=LAPS_MAX as i64)
    )]
    pub laps: Option<u16>,

    /// What the bots' names begin with; a number follows
    #[arg(long, value_name = "TEXT", default_value = "bot-", value_parser = prefix)]
    pub prefix: String,

    /// How well they drive
    #[arg(long, value_enum, default_value_t = SkillOption::Mixed)]
    pub skill: SkillOption,

    /// Print the result as one line of JSON
    #[arg(long)]
    pub json: bool,
}

/// How well bots drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SkillOption {
    /// Careful.
    Novice,
    /// Good.
    Club,
    /// As fast as the car allows.
    Expert,
    /// A bit of everything, so that there is a race.
    Mixed,
}

impl SkillOption {
    /// The skill of bot number `index`.
    #[must_use]
    pub fn of(self, index: usize) -> Skill {
        match self {
            Self::Novice => Skill::Novice,
            Self::Club => Skill::Club,
            Self::Expert => Skill::Expert,
            // The fastest first, as on any grid.
            Self::Mixed => [Skill::Expert, Skill::Club, Skill::Club, Skill::Novice][index % 4],
        }
    }
}

fn track(name: &str) -> Result<String, String> {
    let known = simulation::Track::names();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("there are: {}", known.join(", ")))
}

fn prefix(text: &str) -> Result<String, String> {
    PlayerName::parse(&format!("{text}16"))
        .map(|_| text.to_owned())
        .map_err(|error| format!("with its number, {error}"))
}

/// Help and version go to standard output with status 0; a mistake goes to
/// standard error with status 64.
#[must_use]
pub fn explain(problem: &clap::Error) -> ExitCode {
    // Nobody reads the terminal any more: nothing is left to tell.
    let _ = problem.print();
    match problem.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_USAGE),
    }
}
