//! The operator's tool: see the crate's documentation.

use std::process::ExitCode;

use clap::Parser;
use racectl::{Options, run};

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(problem) => return racectl::options::explain(&problem),
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("racectl: {problem:#}");
            ExitCode::FAILURE
        }
    }
}
