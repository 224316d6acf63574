//! The command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, ValueEnum};
use fleet::{Plan, Program, Programs};

use crate::database::DatabaseKind;
use crate::fault::{FaultKind, StorageFault};

/// The programs that can be cut off from NATS.
const CUTTABLE: [Program; 4] = [
    Program::RaceWorker,
    Program::Gateway,
    Program::ChatWorker,
    Program::Persistence,
];

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

    /// What is cut off from NATS by dropping packets, for some seconds; without names: all
    /// that can be. It needs root
    #[arg(
        long,
        value_enum,
        value_name = "PROGRAM,...",
        value_delimiter = ',',
        num_args = 0..,
        require_equals = true
    )]
    pub cut: Option<Vec<Program>>,

    /// What happens to what the servers store. A disk that is full needs root
    #[arg(long, value_enum, value_name = "FAULT,...", value_delimiter = ',')]
    pub storage: Vec<StorageFault>,

    /// Every fault: kill, stop and cut all programs, and all faults of storage that the
    /// database can have
    #[arg(long, conflicts_with_all = ["kill", "stop", "cut", "storage"])]
    pub all: bool,

    /// The database; the servers run in Docker
    #[arg(long, value_enum, value_name = "DATABASE", default_value = "sqlite")]
    pub database: DatabaseKind,

    /// Chat lines a second from all bots together, 0 to 1,000; 0: nobody is in the chat
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        value_parser = clap::value_parser!(u32).range(0..=1_000)
    )]
    pub chat: u32,

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
    /// Reads a command line.
    ///
    /// # Errors
    /// When it is invalid, with what is allowed.
    pub fn of(
        arguments: impl IntoIterator<Item: Into<OsString> + Clone>,
    ) -> Result<Self, clap::Error> {
        let options = Self::try_parse_from(arguments)?;
        match options.check() {
            Ok(()) => Ok(options),
            Err(why) => Err(Self::command().error(ErrorKind::ValueValidation, why)),
        }
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
            ..Plan::default()
        }
    }

    /// The faults that may happen, each as likely as the others.
    #[must_use]
    pub fn fault_kinds(&self) -> Vec<FaultKind> {
        if self.all {
            return self.all_kinds();
        }
        let stopped = match &self.stop {
            Some(named) if named.is_empty() => self.killed(),
            Some(named) => named.clone(),
            None => Vec::new(),
        };
        let cut = match &self.cut {
            Some(named) if named.is_empty() => CUTTABLE.to_vec(),
            Some(named) => named.clone(),
            None => Vec::new(),
        };
        let kills = self.killed().into_iter().map(FaultKind::Kill);
        let stops = stopped.into_iter().map(FaultKind::Stop);
        let cuts = cut.into_iter().map(FaultKind::Cut);
        let storage = self.storage.iter().copied().map(FaultKind::Storage);
        kills.chain(stops).chain(cuts).chain(storage).collect()
    }

    fn all_kinds(&self) -> Vec<FaultKind> {
        let programs = Program::value_variants().iter().copied();
        let storage = StorageFault::value_variants().iter().copied();
        let has_server = self.database != DatabaseKind::Sqlite;
        let possible = storage.filter(|fault| has_server || *fault != StorageFault::DatabaseKill);
        programs
            .clone()
            .map(FaultKind::Kill)
            .chain(programs.map(FaultKind::Stop))
            .chain(CUTTABLE.map(FaultKind::Cut))
            .chain(possible.map(FaultKind::Storage))
            .collect()
    }

    /// Checks what no single option shows.
    ///
    /// # Errors
    /// Says which options do not fit together.
    pub fn check(&self) -> Result<(), String> {
        let kinds = self.fault_kinds();
        if kinds.contains(&FaultKind::Cut(Program::NatsServer)) {
            return Err("--cut nats-server: NATS is what the others are cut off from".to_owned());
        }
        let kill = FaultKind::Storage(StorageFault::DatabaseKill);
        if self.database == DatabaseKind::Sqlite && kinds.contains(&kill) {
            return Err(
                "--storage database-kill: SQLite has no server; take --database mariadb or mysql"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn killed(&self) -> Vec<Program> {
        let names_stopped = self.stop.as_ref().is_some_and(|named| !named.is_empty());
        let names_others = names_stopped || self.cut.is_some() || !self.storage.is_empty();
        if self.kill.is_empty() && !names_others {
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
    use FaultKind::{Cut, Kill, Stop, Storage};
    use Program::{Gateway, NatsServer, RaceWorker};
    use StorageFault::{DatabaseFull, DatabaseKill, DiskFull, NatsEmpty};

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
        Options::of(all).map_err(|error| error.to_string())
    }

    #[test]
    fn injects_the_faults_that_were_named() {
        let cases: [(&[&str], &[FaultKind]); 8] = [
            (&[], &[Kill(RaceWorker)]),
            (
                &["--kill", "gateway,nats-server"],
                &[Kill(Gateway), Kill(NatsServer)],
            ),
            (
                &["--stop", "--seed", "3"],
                &[Kill(RaceWorker), Stop(RaceWorker)],
            ),
            (&["--stop=race-worker"], &[Stop(RaceWorker)]),
            (
                &["--kill", "gateway", "--stop"],
                &[Kill(Gateway), Stop(Gateway)],
            ),
            (&["--cut=gateway"], &[Cut(Gateway)]),
            (&["--cut"], &CUTTABLE.map(Cut)),
            (
                &["--storage", "disk-full,nats-empty"],
                &[Storage(DiskFull), Storage(NatsEmpty)],
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
    fn all_faults_are_those_that_the_database_can_have() {
        let sqlite = parse(&["--all"]).unwrap().fault_kinds();
        assert_eq!(sqlite.len(), 5 + 5 + 4 + 3);
        assert!(sqlite.contains(&Storage(DatabaseFull)));
        let mysql = parse(&["--all", "--database", "mysql"]).unwrap();
        assert!(mysql.fault_kinds().contains(&Storage(DatabaseKill)));
    }

    #[test]
    fn refuses_invalid_values_and_names_the_valid() {
        let cases: [(&[&str], &str); 6] = [
            (&["--kill", "mysql"], "nats-server"),
            (&["--cut=nats-server"], "cut off from"),
            (&["--storage", "database-kill"], "--database mariadb"),
            (&["--all", "--kill", "gateway"], "--kill"),
            (&["--seats", "17"], "1..=16"),
            (&["--every", "1"], "2..=600"),
        ];
        for (arguments, allowed) in cases {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(allowed), "{arguments:?}: {error}");
        }
    }
}
