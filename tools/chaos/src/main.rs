//! The chaos program: see the crate's documentation.

use std::process::ExitCode;

use chaos::{Options, run};
use clap::Parser;

fn main() -> ExitCode {
    let options = match Options::try_parse() {
        Ok(options) => options,
        Err(problem) => return chaos::options::explain(&problem),
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("chaos: {problem:#}");
            ExitCode::FAILURE
        }
    }
}
