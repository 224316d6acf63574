//! The operator's tool: lists rooms and inspects messages on the bus.
//!
//! [`rooms`] reads the lobby and the damaged checkpoints that were set aside, [`tap`] prints messages as JSON, [`decode`] converts
//! one message to JSON, [`keys`] lists a bucket, [`replay`] drives a finished race again, [`drain`] drains a
//! worker, [`sessions`] ends log-ins, [`persist`] decides about messages that did not get into the database,
//! [`nats_users`] makes the keys of the NATS users, [`certificate`] certificates for development, and
//! [`formats`] lists the versions that this release reads and writes.
//!
//! Invariant: no command changes the outcome of a race.

pub mod certificate;
pub mod decode;
pub mod drain;
pub mod formats;
pub mod keys;
pub mod nats_options;
pub mod nats_users;
pub mod options;
pub mod persist;
pub mod replay;
pub mod rooms;
pub mod sessions;
pub mod tap;
pub mod tracks;

pub use options::Options;

use futures::FutureExt;

use options::{Command, RoomsCommand};

/// Runs the command of the command line.
///
/// # Errors
/// When the command fails, with the reason for the operator.
pub fn run(options: Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match options.command {
        Command::Rooms { json, command } => runtime.block_on(match command {
            None => rooms::list(&options.nats, json).boxed(),
            Some(RoomsCommand::Quarantined { json }) => {
                rooms::quarantined(&options.nats, json).boxed()
            }
            Some(RoomsCommand::Drop { keys, all }) => {
                rooms::drop_quarantined(&options.nats, keys, all).boxed()
            }
        }),
        Command::Keys { bucket } => runtime.block_on(keys::list(&options.nats, &bucket)),
        Command::Tap { subject, count } => {
            runtime.block_on(tap::tap(&options.nats, &subject, count))
        }
        Command::Decode { kind } => decode::decode_stdin(kind),
        Command::Drain { worker } => runtime.block_on(drain::drain(&options.nats, worker)),
        Command::Replay(command) => runtime.block_on(replay::run(&options.nats, &command)),
        Command::Sessions(command) => runtime.block_on(sessions::run(&options.nats, command)),
        Command::Persist(command) => runtime.block_on(persist::run(&options.nats, &command)),
        Command::NatsUsers { folder } => {
            print!("{}", nats_users::make(&folder, &options.nats)?);
            Ok(())
        }
        Command::Formats => {
            print!("{}", formats::table());
            Ok(())
        }
        Command::Track(command) => tracks::run(&command),
        Command::Certificate(command) => certificate::run(&command),
    }
}
