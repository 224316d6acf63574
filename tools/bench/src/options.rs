//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, Parser, Subcommand};
use fleet::{Plan, Programs};

use crate::scenario::Scenario;

/// The exit status of a bad command line, as in `sysexits.h`.
const EXIT_USAGE: u8 = 64;

/// Measures Slipstream on this machine
#[derive(Clone, Debug, Parser)]
#[command(name = "bench", version)]
pub struct Options {
    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// Run scenarios and report what they cost
    Run(RunOptions),
    /// Make benchmarks.md and its picture again from the newest file in performance/
    Report {
        /// The folder with benchmarks.md and performance/
        #[arg(value_name = "DOCS_FOLDER")]
        docs: PathBuf,
    },
    /// Write to sockets, in a process of its own whose processor time is measured
    #[command(hide = true)]
    TcpWriter(TcpWriterOptions),
}

/// The options of a run.
#[derive(Args, Clone, Debug)]
pub struct RunOptions {
    /// Measure each scenario for a short time only
    #[arg(long)]
    pub quick: bool,

    /// What to run: idle, ROOMSxSEATS, chat, connect
    #[arg(
        long,
        value_name = "NAME,...",
        value_delimiter = ',',
        default_value = "idle,1x4,25x4,100x4,250x4,60x16,chat,connect"
    )]
    pub scenarios: Vec<Scenario>,

    /// Race workers, 1 to 32
    #[arg(
        long,
        value_name = "N",
        default_value_t = 2,
        value_parser = clap::value_parser!(u8).range(1..=32)
    )]
    pub workers: u8,

    /// Gateways, 1 to 32
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1,
        value_parser = clap::value_parser!(u8).range(1..=32)
    )]
    pub gateways: u8,

    /// Connect with TLS, by a CA of the run
    #[arg(long)]
    pub tls: bool,

    /// After each race, give the Colyseus server in this folder the same load
    #[arg(long, value_name = "FOLDER")]
    pub colyseus: Option<PathBuf>,

    /// Write the report to this file, as JSON
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,

    /// Write a CSV file into performance/ of this folder, and make benchmarks.md from it
    #[arg(long, value_name = "FOLDER")]
    pub docs: Option<PathBuf>,

    /// The commit of the programs, for the report
    #[arg(long, value_name = "COMMIT")]
    pub commit: Option<String>,

    /// Where the servers and the bots are
    #[arg(long, value_name = "FOLDER", env = "SLIPSTREAM_BIN_DIR")]
    pub bin_dir: PathBuf,

    /// The nats-server to start
    #[arg(long, value_name = "FILE", env = "SLIPSTREAM_NATS_SERVER")]
    pub nats_server: PathBuf,

    /// An empty folder for logs, the database and the tokens
    #[arg(long, value_name = "FOLDER")]
    pub folder: PathBuf,
}

/// The options of the writer of raw TCP.
#[derive(Args, Clone, Copy, Debug)]
pub struct TcpWriterOptions {
    /// How many connections to accept before it begins
    #[arg(long, value_name = "N")]
    pub sockets: usize,

    /// Sockets that are written to together, like those of the players of a room
    #[arg(long, value_name = "N")]
    pub together: usize,

    /// Bytes of a write
    #[arg(long, value_name = "N")]
    pub bytes: usize,

    /// For how long
    #[arg(long, value_name = "SECONDS")]
    pub seconds: u64,
}

impl RunOptions {
    /// The command that repeats the measurement.
    #[must_use]
    pub fn command(&self) -> String {
        let scenarios: Vec<_> = self.scenarios.iter().map(ToString::to_string).collect();
        format!(
            "deploy/bench{}{} --scenarios {} --workers {} --gateways {}{}",
            if self.quick { " --quick" } else { "" },
            if self.tls { " --tls" } else { "" },
            scenarios.join(","),
            self.workers,
            self.gateways,
            if self.colyseus.is_some() {
                " --colyseus"
            } else {
                ""
            }
        )
    }

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
            tls: self.tls,
            ..Plan::default()
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

    fn parse(arguments: &[&str]) -> Result<RunOptions, String> {
        let always = ["bench", "run", "--bin-dir", "b", "--nats-server", "n"];
        let all = always.iter().chain(&["--folder", "f"]).chain(arguments);
        match Options::try_parse_from(all) {
            Ok(Options {
                command: Command::Run(options),
            }) => Ok(options),
            Ok(other) => Err(format!("{other:?}")),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn takes_scenarios_by_name() {
        let options = parse(&["--scenarios", "500x4,chat"]).unwrap();
        let expected = [
            Scenario::Race {
                rooms: 500,
                seats: 4,
            },
            Scenario::Chat,
        ];
        assert_eq!(options.scenarios, expected);
        assert_eq!(parse(&[]).unwrap().scenarios.len(), 8);
        let command = "deploy/bench --scenarios 500x4,chat --workers 2 --gateways 1";
        assert_eq!(options.command(), command);
        let options = parse(&["--scenarios", "idle", "--colyseus", "c"]).unwrap();
        assert!(options.command().ends_with(" --gateways 1 --colyseus"));
    }

    #[test]
    fn refuses_unknown_scenarios_and_names_the_known() {
        for bad in ["4", "0x4", "4x17", "10000x4", "moon"] {
            let error = parse(&["--scenarios", bad]).unwrap_err();
            assert!(error.contains("ROOMSxSEATS"), "{bad}: {error}");
        }
    }
}
