//! The chaos program: see the crate's documentation.

use std::process::ExitCode;

use chaos::{Options, run};

fn main() -> ExitCode {
    let options = match Options::of(std::env::args_os()) {
        Ok(options) => options,
        Err(problem) => return chaos::options::explain(&problem),
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        // The report says what was lost, doubled or left behind.
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("chaos: {problem:#}");
            ExitCode::FAILURE
        }
    }
}
