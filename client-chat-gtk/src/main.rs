//! The chat window's program: see the crate's documentation.

use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use client_chat_gtk::Options;

/// The exit status of a bad command line, as in `sysexits.h`.
const EXIT_USAGE: u8 = 64;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(problem) => return explain(&problem),
    };
    match client_chat_gtk::run(options) {
        Ok(code) => code,
        Err(problem) => {
            eprintln!("client-chat-gtk: {problem:#}");
            ExitCode::FAILURE
        }
    }
}

/// Help and version go to standard output with status 0; a mistake goes to
/// standard error with status 64.
fn explain(problem: &clap::Error) -> ExitCode {
    // A closed terminal leaves no way to report the error.
    let _ = problem.print();
    match problem.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_USAGE),
    }
}
