//! The race worker program: see the crate's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(
        "race-worker",
        |options: &race_worker::Options| &options.service,
        race_worker::run,
    )
}
