//! The operator's tool: which rooms there are, and what goes over the bus.
//!
//! [`formats`] lists the versions that this release reads and writes. [`rooms`] reads the lobby, [`tap`] prints traffic as JSON, [`decode`] makes
//! JSON of one message, [`replay`] drives a finished race again, and [`drain`]
//! takes a worker out of service.
//!
//! Invariant: nothing it does changes what happens in a race.

pub mod decode;
pub mod drain;
pub mod formats;
pub mod options;
pub mod replay;
pub mod rooms;
pub mod tap;
pub mod tracks;

pub use options::Options;

use options::Command;

/// Does what the command line asks.
///
/// # Errors
/// With the reason for a person.
pub fn run(options: Options) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    match options.command {
        Command::Rooms { json } => runtime.block_on(rooms::list(&options.nats, json)),
        Command::Tap { subject, count } => {
            runtime.block_on(tap::tap(&options.nats, &subject, count))
        }
        Command::Decode { kind } => decode::decode_stdin(kind),
        Command::Drain { worker } => runtime.block_on(drain::drain(&options.nats, worker)),
        Command::Replay(command) => runtime.block_on(replay::run(&options.nats, &command)),
        Command::Formats => {
            print!("{}", formats::table());
            Ok(())
        }
        Command::Track(command) => tracks::run(&command),
    }
}
