//! The command line.

mod attack;
mod measure;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

pub use self::attack::AttackOptions;
pub use self::measure::{Flood, MeasureOptions, RUN_SECONDS_MAX};

/// The exit status of a bad command line, as in `sysexits.h`.
const EXIT_USAGE: u8 = 64;

/// Floods a gateway, and measures what other players see of it
#[derive(Clone, Debug, Parser)]
#[command(name = "flood", version)]
pub struct Options {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Start servers and bots, and measure before and during each flood
    Measure(MeasureOptions),
    /// Attack a gateway, as the process that `measure` starts
    #[command(hide = true)]
    Attack(AttackOptions),
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
            Command::Measure(options) => options.check(),
            Command::Attack(_) => Ok(()),
        };
        match checked {
            Ok(()) => Ok(options),
            Err(why) => Err(Self::command().error(ErrorKind::ValueValidation, why)),
        }
    }
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
    use super::*;
    use crate::kind::FloodKind;

    fn parse(arguments: &[&str]) -> Result<MeasureOptions, String> {
        let always = [
            "flood",
            "measure",
            "--bin-dir",
            "b",
            "--nats-server",
            "n",
            "--folder",
            "f",
        ];
        match Options::of(always.iter().chain(arguments)) {
            Ok(Options {
                command: Command::Measure(options),
            }) => Ok(options),
            Ok(options) => panic!("{options:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn every_flood_happens_from_one_address_and_from_fifty() {
        let options = parse(&[]).unwrap();
        let floods = options.floods();
        assert_eq!(floods.len(), 17);
        // Fifty to an address.
        assert_eq!((floods[16].addresses, floods[16].attackers), (200, 10_000));
        assert_eq!(
            (floods[0].kind, floods[0].attackers),
            (FloodKind::Control, 1)
        );
        // An address without an attacker is none.
        assert_eq!((floods[1].addresses, floods[1].attackers), (50, 50));
    }

    #[test]
    fn the_number_of_attackers_can_be_given_for_each_flood() {
        let options = parse(&["--floods", "chat,guesses", "--attackers", "guesses=9"]);
        let floods = options.unwrap().floods();
        let attackers: Vec<u32> = floods.iter().map(|flood| flood.attackers).collect();
        assert_eq!(attackers, [50, 50, 9, 50]);
    }

    #[test]
    fn refuses_invalid_values_and_names_the_valid() {
        let cases: [(&[&str], &str); 6] = [
            (&["--floods", "water"], "sign-ups"),
            (&["--addresses", "0"], "1..=250"),
            (&["--attackers", "chat=0"], "chat=50"),
            (&["--attackers", "50"], "chat=50"),
            (&["--seconds", "2"], "5..=300"),
            (&["--seconds", "300"], "at most 3600"),
        ];
        for (arguments, allowed) in cases {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(allowed), "{arguments:?}: {error}");
        }
    }
}
