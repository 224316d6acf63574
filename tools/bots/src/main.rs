//! The bots program: see the crate's documentation.

use std::process::ExitCode;

use bots::{Options, run};

fn main() -> ExitCode {
    let options = match Options::of(std::env::args_os()) {
        Ok(options) => options,
        Err(problem) => return bots::options::explain(&problem),
    };
    match run(options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("bots: {problem:#}");
            ExitCode::FAILURE
        }
    }
}
