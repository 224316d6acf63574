//! The persistence program.

use std::process::ExitCode;

use clap::Parser;
use persistence::{Options, PROGRAM, report};

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
