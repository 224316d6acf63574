//! The command line of the bots.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand, ValueEnum};
use client_core::protocol::car::{CarClass, Skill as AiSkill};
use client_core::protocol::limits::{
    LAPS_DEFAULT, LAPS_MAX, SEATS_MAX, TARGET_METRES_DEFAULT, TARGET_METRES_MAX,
};
use client_core::protocol::lobby::{Mode, RoomSettings};
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
    /// Race in many rooms at once, and tell how the servers bear it
    Load(LoadOptions),
}

/// How to load the servers.
#[derive(Args, Clone, Debug)]
pub struct LoadOptions {
    /// The race ports of gateways, as host and port; rooms take turns
    #[arg(
        long,
        value_name = "HOST:PORT,...",
        env = "SLIPSTREAM_GATEWAY",
        value_delimiter = ',',
        default_value = "127.0.0.1:10000"
    )]
    pub gateways: Vec<String>,

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

    /// For how long the rooms go on coming, 1 to 600; a quarter of a second a room by default
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

    /// Session tokens of the bots, read and written: the next time they need no password
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,

    /// For how long to measure once everybody races, 1 to 3,600
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

    /// Laps of a race, 1 to 99; the next one follows in the same room
    #[arg(
        long,
        value_name = "N",
        default_value_t = LAPS_MAX,
        value_parser = clap::value_parser!(u16).range(1..=LAPS_MAX as i64)
    )]
    pub laps: u16,

    /// Afterwards wait so long for the races that are on to end, 0 to 600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 0,
        value_parser = clap::value_parser!(u64).range(0..=600)
    )]
    pub finish: u64,

    /// Server processes whose processor time and memory is told
    #[arg(long, value_name = "NAME=PID,...", value_delimiter = ',', value_parser = process)]
    pub pids: Vec<Process>,

    /// Write what every bot saw in every second to this file, as JSON lines
    #[arg(long, value_name = "FILE")]
    pub samples: Option<PathBuf>,

    /// What the names of rooms and bots begin with; numbers follow
    #[arg(long, value_name = "TEXT", default_value = "load-", value_parser = prefix)]
    pub prefix: String,

    /// How well they drive
    #[arg(long, value_enum, default_value_t = SkillOption::Mixed)]
    pub skill: SkillOption,

    /// What they drive; thin ones all drive the same, and mixed means grip to them
    #[arg(long, value_enum, default_value_t = ClassOption::Mixed)]
    pub class: ClassOption,

    /// Print what was measured as one line of JSON
    #[arg(long)]
    pub json: bool,
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

    /// Fill the seats that no bot takes with the room's own AI drivers
    #[arg(long, requires = "create")]
    pub fill: bool,

    /// What is raced in the created room
    #[arg(long, value_enum, requires = "create", default_value_t = ModeOption::Circuit)]
    pub mode: ModeOption,

    /// Track of the created room, on a circuit
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

    /// Metres that win in the created room, on the highway: 1 to 200,000
    #[arg(
        long,
        value_name = "METRES",
        requires = "create",
        value_parser = clap::value_parser!(u32).range(1..=i64::from(TARGET_METRES_MAX))
    )]
    pub target: Option<u32>,

    /// What the bots' names begin with; a number follows
    #[arg(long, value_name = "TEXT", default_value = "bot-", value_parser = prefix)]
    pub prefix: String,

    /// How well they drive
    #[arg(long, value_enum, default_value_t = SkillOption::Mixed)]
    pub skill: SkillOption,

    /// What they drive
    #[arg(long, value_enum, default_value_t = ClassOption::Mixed)]
    pub class: ClassOption,

    /// Print the result as one line of JSON
    #[arg(long)]
    pub json: bool,
}

impl RaceOptions {
    /// The room to create.
    #[must_use]
    pub fn settings(&self) -> RoomSettings {
        RoomSettings {
            seats: self.seats.unwrap_or(self.count),
            mode: match self.mode {
                ModeOption::Circuit => Mode::Circuit,
                ModeOption::Highway => Mode::Highway,
            },
            track: self.track.clone().unwrap_or_default(),
            laps: self.laps.unwrap_or(LAPS_DEFAULT),
            target_metres: self.target.unwrap_or(TARGET_METRES_DEFAULT),
        }
    }
}

/// What is raced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ModeOption {
    /// Laps of a track.
    Circuit,
    /// Metres on the endless highway with its traffic.
    Highway,
}

/// What bots drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ClassOption {
    /// Corners and brakes best.
    Grip,
    /// Fastest on the straights.
    Power,
    /// Goes sideways.
    Drift,
    /// A bit of everything, so that there is something to see.
    Mixed,
}

impl ClassOption {
    /// The class of bot number `index`.
    #[must_use]
    pub fn of(self, index: usize) -> CarClass {
        match self {
            Self::Grip => CarClass::Grip,
            Self::Power => CarClass::Power,
            Self::Drift => CarClass::Drift,
            Self::Mixed => CarClass::ALL[index % CarClass::ALL.len()],
        }
    }
}

/// How much of a client a bot is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NetcodeOption {
    /// A whole one: it predicts the race, and an AI drives by what it sees.
    Full,
    /// It sends what an AI did in the same race before, reads the headers of
    /// snapshots, and does not look where it drives.
    Thin,
}

impl NetcodeOption {
    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Thin => "thin",
        }
    }

    /// How often a bot does something, a second.
    #[must_use]
    pub const fn frames_per_second(self) -> u32 {
        match self {
            Self::Full => simulation::TICK_RATE_HZ,
            Self::Thin => crate::load::THIN_INPUTS_PER_SECOND,
        }
    }
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

    /// The skill of the room's own AI drivers.
    #[must_use]
    pub fn of_room(self) -> AiSkill {
        match self {
            Self::Novice => AiSkill::Novice,
            Self::Club | Self::Mixed => AiSkill::Club,
            Self::Expert => AiSkill::Expert,
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

/// A process to be measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// What it is called in the report.
    pub name: String,
    /// Its id.
    pub pid: u32,
}

fn process(text: &str) -> Result<Process, String> {
    let allowed = || format!("{text:?} must be a name and a process id, as in gateway-1=4711");
    let (name, pid) = text.split_once('=').ok_or_else(allowed)?;
    let pid = pid.parse().ok().filter(|pid| *pid > 0);
    if name.is_empty() {
        return Err(allowed());
    }
    Ok(Process {
        name: name.to_owned(),
        pid: pid.ok_or_else(allowed)?,
    })
}

fn prefix(text: &str) -> Result<String, String> {
    PlayerName::parse_new(&format!("{text}16"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<RaceOptions, String> {
        let all = ["bots", "race", "--room", "r"].iter().chain(arguments);
        match Options::try_parse_from(all) {
            Ok(Options {
                command: Command::Race(options),
            }) => Ok(options),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn creates_the_room_that_was_asked_for() {
        let highway = parse(&["--create", "--mode", "highway", "--target", "1500"]).unwrap();
        let settings = highway.settings();
        assert_eq!(
            (settings.mode, settings.target_metres),
            (Mode::Highway, 1_500)
        );
        assert_eq!(settings.check(), Ok(()));
        let circuit = parse(&["--create", "--laps", "2", "--seats", "4", "--fill"]).unwrap();
        let settings = circuit.settings();
        assert_eq!(
            (settings.mode, settings.laps, settings.seats),
            (Mode::Circuit, 2, 4)
        );
        assert!(circuit.fill);
    }

    #[test]
    fn takes_processes_by_name_and_id() {
        let one = process("gateway-1=4711").unwrap();
        assert_eq!((one.name.as_str(), one.pid), ("gateway-1", 4711));
        for bad in ["gateway-1", "=4711", "gateway=x", "gateway=0"] {
            let error = process(bad).unwrap_err();
            assert!(error.contains("gateway-1=4711"), "{bad}: {error}");
        }
    }

    #[test]
    fn refuses_what_no_room_can_be_and_says_what_is_allowed() {
        let cases: [(&[&str], &str); 4] = [
            (&["--create", "--target", "0"], "1..=200000"),
            (&["--create", "--mode", "moon"], "circuit, highway"),
            (&["--prefix", "AI-"], "belong to the AI drivers"),
            (&["--fill"], "--create"),
        ];
        for (arguments, allowed) in cases {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(allowed), "{arguments:?}: {error}");
        }
    }
}
