//! The command line of the bots.

mod chat;
mod choice;
mod connect;
mod load;
mod race;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand, ValueEnum};
use client_core::protocol::PlayerName;
use domain::Mode;

pub use self::chat::ChatOptions;
pub use self::choice::Choice;
pub use self::connect::ConnectOptions;
pub use self::load::LoadOptions;
pub use self::race::RaceOptions;

use crate::process::Process;

/// The exit status of a bad command line, as in `sysexits.h`.
const EXIT_USAGE: u8 = 64;

/// Slipstream's bots: AI drivers that log in like any player
#[derive(Clone, Debug, Parser)]
#[command(name = "bots", version)]
pub struct Options {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Race in one room until it closes
    Race(RaceOptions),
    /// Race in many rooms at once, and measure the servers
    Load(LoadOptions),
    /// Chat with many users at once, and measure how long messages take
    Chat(ChatOptions),
    /// Sign up, log in and resume at a rate, and measure how long it takes
    Connect(ConnectOptions),
}

impl Options {
    /// Reads a command line.
    ///
    /// # Errors
    /// When it is invalid, with what is allowed.
    pub fn of(
        arguments: impl IntoIterator<Item: Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let options = Self::try_parse_from(arguments)?;
        let checked = match &options.command {
            Command::Load(options) => options.check(),
            Command::Chat(options) => options.check(),
            Command::Race(_) | Command::Connect(_) => Ok(()),
        };
        match checked {
            Ok(()) => Ok(options),
            Err(why) => Err(Self::command().error(ErrorKind::ValueValidation, why)),
        }
    }
}

/// How much of a client a bot has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum NetcodeOption {
    /// All of it: it predicts the race, in which an AI drives.
    Full,
    /// Only the headers of snapshots: it sends the inputs that an AI recorded in
    /// the same race.
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
}

/// A parser of modes by name.
fn mode() -> impl TypedValueParser<Value = Mode> {
    PossibleValuesParser::new(Mode::ALL.map(Mode::name))
        .map(|word| Mode::from_name(&word).expect("clap passes on only these words"))
}

fn track(name: &str) -> Result<String, String> {
    let known = simulation::Track::names();
    if known.contains(&name) {
        return Ok(name.to_owned());
    }
    Err(format!("tracks are: {}", known.join(", ")))
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
    numbered(text, 16).map(|_| text.to_owned())
}

/// The name of a bot. A number can make it too long.
fn numbered(prefix: &str, number: u32) -> Result<PlayerName, String> {
    PlayerName::parse_new(&format!("{prefix}{number}"))
        .map_err(|error| format!("with its number, {error}"))
}

/// Help and version go to standard output with status 0; a mistake goes to
/// standard error with status 64.
#[must_use]
pub fn explain(problem: &clap::Error) -> ExitCode {
    // A closed terminal is no reason to fail.
    let _ = problem.print();
    match problem.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_USAGE),
    }
}

#[cfg(test)]
mod tests {
    use domain::{CarClass, Skill};

    use super::*;

    fn parse(arguments: &[&str]) -> Result<RaceOptions, String> {
        let all = ["bots", "race", "--room", "r"].iter().chain(arguments);
        match Options::of(all) {
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
    fn takes_every_class_skill_and_mode_by_name() {
        for class in CarClass::ALL {
            let options = parse(&["--class", class.name()]).unwrap();
            assert_eq!(options.class, Choice::All(class));
        }
        for skill in Skill::ALL {
            let options = parse(&["--skill", skill.name()]).unwrap();
            assert_eq!(options.skill, Choice::All(skill));
        }
        for mode in Mode::ALL {
            let options = parse(&["--create", "--mode", mode.name()]).unwrap();
            assert_eq!(options.mode, mode);
        }
        let usual = parse(&[]).unwrap();
        assert_eq!((usual.class, usual.skill), (Choice::Mixed, Choice::Mixed));
        assert_eq!(usual.mode, Mode::Circuit);
        let mixed = parse(&["--class", "mixed", "--skill", "mixed"]).unwrap();
        assert_eq!((mixed.class, mixed.skill), (usual.class, usual.skill));
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
    fn refuses_options_that_do_not_fit_together() {
        let cases: [(&[&str], &str); 7] = [
            (&["load", "--from", "127.3.0.1"], "--netcode thin"),
            (&["load", "--gateways", "127.0.0.1"], "has no port"),
            (&["chat", "--gateways", "a:1,b:0"], "\"b:0\" must end"),
            (
                &["race", "--room", "r", "--gateway", "a:1,:1"],
                "a host name",
            ),
            // The last of 40,000 has a number of five digits.
            (
                &["load", "--prefix", "twelve-chars", "--rooms", "9999"],
                "--prefix",
            ),
            (
                &["chat", "--prefix", "thirteen-char", "--users", "9999"],
                "--prefix",
            ),
            (&["chat", "--users", "4", "--rate", "5"], "4 messages"),
        ];
        for (arguments, allowed) in cases {
            let all = ["bots"].iter().chain(arguments);
            let error = Options::of(all).unwrap_err().to_string();
            assert!(error.contains(allowed), "{arguments:?}: {error}");
        }
        let most = ["bots", "load", "--prefix", "eleven-char", "--rooms", "9999"];
        assert!(Options::of(most).is_ok());
    }

    #[test]
    fn refuses_invalid_values_and_names_the_valid() {
        let classes = CarClass::ALL.map(CarClass::name).join(", ");
        let cases: [(&[&str], &str); 6] = [
            (&["--create", "--target", "0"], "1..=200000"),
            (&["--class", "tank"], &format!("{classes}, mixed")),
            (&["--skill", "Club"], "novice, club, expert, mixed"),
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
