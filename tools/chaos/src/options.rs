//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use fleet::{Plan, Program, Programs};

use crate::fault::FaultKind;

/// The exit status of a bad command line, as in `sysexits.h`.
const EXIT_USAGE: u8 = 64;

/// Kills and stops Slipstream's processes while bots race, and reports what they saw
#[derive(Clone, Debug, Parser)]
#[command(name = "chaos", version)]
pub struct Options {
    /// How many rooms, 1 to 1,000
    #[arg(
        long,
        value_name = "N",
        default_value_t = 10,
        value_parser = clap::value_parser!(u16).range(1..=1_000)
    )]
    pub rooms: u16,

    /// Bots in a room, 1 to 16
    #[arg(
        long,
        value_name = "N",
        default_value_t = 4,
        value_parser = clap::value_parser!(u8).range(1..=16)
    )]
    pub seats: u8,

    /// For how long faults happen, 10 to 3,600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 60,
        value_parser = clap::value_parser!(u64).range(10..=3_600)
    )]
    pub seconds: u64,

    /// What is killed (SIGKILL) and restarted; race-worker when --stop is not given either
    #[arg(long, value_enum, value_name = "PROGRAM,...", value_delimiter = ',')]
    pub kill: Vec<Program>,

    /// What is stopped (SIGSTOP) for two seconds and resumed; without names: those of --kill
    #[arg(
        long,
        value_enum,
        value_name = "PROGRAM,...",
        value_delimiter = ',',
        num_args = 0..,
        require_equals = true
    )]
    pub stop: Option<Vec<Program>>,

    /// Mean time between two faults, 2 to 600
    #[arg(
        long,
        value_name = "SECONDS",
        default_value_t = 8,
        value_parser = clap::value_parser!(u64).range(2..=600)
    )]
    pub every: u64,

    /// Determines the faults and their times; random by default
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Laps of a race, 1 to 99
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u16).range(1..=99)
    )]
    pub laps: u16,

    /// Race workers, 1 to 32
    #[arg(
        long,
        value_name = "N",
        default_value_t = 3,
        value_parser = clap::value_parser!(u8).range(1..=32)
    )]
    pub workers: u8,

    /// Gateways, 1 to 32
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2,
        value_parser = clap::value_parser!(u8).range(1..=32)
    )]
    pub gateways: u8,

    /// Write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,

    /// Where the servers, bots and racectl are
    #[arg(long, value_name = "FOLDER", env = "SLIPSTREAM_BIN_DIR")]
    pub bin_dir: PathBuf,

    /// The nats-server to start
    #[arg(long, value_name = "FILE", env = "SLIPSTREAM_NATS_SERVER")]
    pub nats_server: PathBuf,

    /// An empty folder for logs, the database and the samples
    #[arg(long, value_name = "FOLDER")]
    pub folder: PathBuf,
}

impl Options {
    /// Where the programs are.
    #[must_use]
    pub fn programs(&self) -> Programs {
        Programs {
            bin_dir: self.bin_dir.clone(),
            nats_server: self.nats_server.clone(),
        }
    }

    /// The servers to start.
    #[must_use]
    pub fn fleet(&self) -> Plan {
        Plan {
            race_workers: self.workers.into(),
            gateways: self.gateways.into(),
            ..Plan::default()
        }
    }

    /// The faults that may happen, each as likely as the others.
    #[must_use]
    pub fn fault_kinds(&self) -> Vec<(Program, FaultKind)> {
        let stopped = match &self.stop {
            Some(named) if named.is_empty() => self.killed(),
            Some(named) => named.clone(),
            None => Vec::new(),
        };
        let kills = self
            .killed()
            .into_iter()
            .map(|what| (what, FaultKind::Kill));
        let stops = stopped.into_iter().map(|what| (what, FaultKind::Stop));
        kills.chain(stops).collect()
    }

    fn killed(&self) -> Vec<Program> {
        let names_stopped = self.stop.as_ref().is_some_and(|named| !named.is_empty());
        if self.kill.is_empty() && !names_stopped {
            vec![Program::RaceWorker]
        } else {
            self.kill.clone()
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
    use FaultKind::{Kill, Stop};
    use Program::{Gateway, NatsServer, RaceWorker};

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        let always = [
            "chaos",
            "--bin-dir",
            "b",
            "--nats-server",
            "n",
            "--folder",
            "f",
        ];
        let all = always.iter().chain(arguments);
        Options::try_parse_from(all).map_err(|error| error.to_string())
    }

    #[test]
    fn injects_the_faults_that_were_named() {
        type Kinds<'a> = &'a [(Program, FaultKind)];
        let cases: [(&[&str], Kinds<'_>); 5] = [
            (&[], &[(RaceWorker, Kill)]),
            (
                &["--kill", "gateway,nats-server"],
                &[(Gateway, Kill), (NatsServer, Kill)],
            ),
            (
                &["--stop", "--seed", "3"],
                &[(RaceWorker, Kill), (RaceWorker, Stop)],
            ),
            (&["--stop=race-worker"], &[(RaceWorker, Stop)]),
            (
                &["--kill", "gateway", "--stop"],
                &[(Gateway, Kill), (Gateway, Stop)],
            ),
        ];
        for (arguments, kinds) in cases {
            assert_eq!(
                parse(arguments).unwrap().fault_kinds(),
                kinds,
                "{arguments:?}"
            );
        }
    }

    #[test]
    fn refuses_invalid_values_and_names_the_valid() {
        let cases: [(&[&str], &str); 3] = [
            (&["--kill", "mysql"], "nats-server"),
            (&["--seats", "17"], "1..=16"),
            (&["--every", "1"], "2..=600"),
        ];
        for (arguments, allowed) in cases {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(allowed), "{arguments:?}: {error}");
        }
    }
}
