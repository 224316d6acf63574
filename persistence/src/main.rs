//! The persistence program.

use std::process::ExitCode;

use clap::Parser;
use persistence::{Options, PROGRAM, report};

/// A password hash needs 19 MiB for a moment. The system's allocator does not return
/// them: 850 MiB after a thousand sign-ups, compared with 45.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Options::try_parse() {
        Ok(Options {
            command: Some(command),
            database,
            ..
        }) => report::main(&command, &database),
        // Without a subcommand it serves; `service::main` prints help and mistakes.
        Ok(_) | Err(_) => service::main(
            PROGRAM,
            |options: &Options| &options.service,
            persistence::run,
        ),
    }
}
