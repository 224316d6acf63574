//! The chat worker program: see the crate's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    service::main(
        "chat-worker",
        |options: &chat_worker::Options| &options.service,
        chat_worker::run,
    )
}
