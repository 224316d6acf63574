//! The persistence program.

use std::process::ExitCode;

use clap::Parser;
use persistence::{Options, PROGRAM, report};

/// A password's hash takes 19 MiB for a moment. The system's allocator keeps
/// them: 850 MiB after a thousand sign-ups, against 45.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Options::try_parse() {
        Ok(Options {
            command: Some(command),
            database,
            ..
        }) => report::main(&command, &database),
        // Serving; help and mistakes are explained there as in every program.
        Ok(_) | Err(_) => service::main(
            PROGRAM,
            |options: &Options| &options.service,
            persistence::run,
        ),
    }
}
