//! The gateway program: see the crate's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(
        "gateway",
        |options: &gateway::Options| &options.service,
        gateway::run,
    )
}
