//! The command line of racectl.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Parser, Subcommand};

use protocol::WorkerId;

use crate::certificate::CertificateCommand;
use crate::decode::Kind;
use crate::nats_options::NatsOptions;
use crate::persist::PersistCommand;
use crate::replay::ReplayCommand;
use crate::sessions::SessionsCommand;
use crate::tracks::TrackCommand;

/// The exit status of a bad command line, as in `sysexits.h`.
const EXIT_USAGE: u8 = 64;

/// Slipstream's operator tool
#[derive(Clone, Debug, Parser)]
#[command(name = "racectl", version)]
pub struct Options {
    /// How to reach NATS
    #[command(flatten)]
    pub nats: NatsOptions,

    /// What to do
    #[command(subcommand)]
    pub command: Command,
}

/// The commands of racectl.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// List the rooms with phase, players, owner and epoch
    #[command(args_conflicts_with_subcommands = true)]
    Rooms {
        /// As one JSON array
        #[arg(long)]
        json: bool,
        /// Something else
        #[command(subcommand)]
        command: Option<RoomsCommand>,
    },
    /// List the keys of a bucket as one JSON array: rooms, checkpoints, presence, …
    Keys {
        /// The bucket
        bucket: String,
    },
    /// Print the messages of a subject as JSON, one line each
    ///
    /// Wildcards as in NATS: `race.room.*.event`, `race.>`. Snapshots and
    /// inputs are decoded.
    Tap {
        /// The subject to listen to
        #[arg(value_parser = subject)]
        subject: String,
        /// End after this many messages
        #[arg(long, value_name = "N")]
        count: Option<u64>,
    },
    /// Print one message from standard input as JSON
    ///
    /// For `nats sub 'race.room.*.snapshot' --translate 'racectl decode'`.
    Decode {
        /// What the message is
        #[arg(long, value_enum, default_value_t = Kind::Any)]
        kind: Kind,
    },
    /// Have a race worker hand its rooms over to the others and end
    Drain {
        /// The worker: an owner as `racectl rooms` lists it
        #[arg(value_parser = worker)]
        worker: WorkerId,
    },
    /// Drive a finished race again, from a file or from the database
    ///
    /// Prints track, rules, cars, length and the result.
    Replay(ReplayCommand),
    /// Look at messages that could not be read or stored in the database, and decide
    /// about them
    #[command(subcommand)]
    Persist(PersistCommand),
    /// Look at log-ins, end them, and change the key that signs their tokens
    #[command(subcommand)]
    Sessions(SessionsCommand),
    /// Make the keys of the NATS users, one for each program
    ///
    /// A seed that is there is kept. Prints the public keys in the form in which a
    /// nats-server takes them, as environment variables, and stores that in DIR/public.env.
    /// `XDG_CONFIG_HOME=DIR nats …` is the tool of NATS as the operator.
    NatsUsers {
        /// The folder of the seeds, one file for each user
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
    /// List the formats of all that is stored or sent, with the versions that
    /// programs of this release read and write
    Formats,
    /// Look at tracks
    #[command(subcommand)]
    Track(TrackCommand),
    /// Make a server certificate for gateways, and a development CA when there is none
    ///
    /// Writes ca.pem, for clients, and server.pem and server.key, for gateways, which
    /// read them again on SIGHUP. The certificate is for localhost, 127.0.0.1, ::1 and the
    /// given names, and good for a year.
    Certificate(CertificateCommand),
}

/// What there is to do with rooms that are lost.
#[derive(Clone, Debug, Subcommand)]
pub enum RoomsCommand {
    /// List the damaged checkpoints that were set aside: key, when, room, size and
    /// reason
    Quarantined {
        /// As one JSON array, with their bytes in base64
        #[arg(long)]
        json: bool,
    },
    /// Delete damaged checkpoints that were set aside
    Drop {
        /// Their keys, as `racectl rooms quarantined` lists them
        #[arg(value_name = "KEY", required_unless_present = "all")]
        keys: Vec<String>,
        /// All of them
        #[arg(long, conflicts_with = "keys")]
        all: bool,
    },
}

fn worker(text: &str) -> Result<WorkerId, String> {
    let is_id = text.len() == 8 && text.chars().all(|digit| digit.is_ascii_hexdigit());
    let number = u32::from_str_radix(text, 16).ok().filter(|_| is_id);
    number
        .map(WorkerId::new)
        .ok_or_else(|| "a worker is 8 hexadecimal digits, such as 0a1b2c3d".to_owned())
}

fn subject(text: &str) -> Result<String, String> {
    let is_bad =
        text.is_empty() || text.contains(char::is_whitespace) || text.split('.').any(str::is_empty);
    if is_bad {
        return Err("a subject is words with dots between them, such as race.room.*.event".into());
    }
    Ok(text.to_owned())
}

/// Prints help and version to standard output with status 0, a mistake to standard
/// error with status 64.
#[must_use]
pub fn explain(problem: &clap::Error) -> ExitCode {
    // An error means that the output is closed: there is nowhere to report it.
    let _ = problem.print();
    match problem.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_USAGE),
    }
}
