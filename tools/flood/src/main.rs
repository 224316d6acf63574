//! The flood program: see the crate's documentation.

use std::process::ExitCode;

use flood::{Options, run};

fn main() -> ExitCode {
    let options = match Options::of(std::env::args_os()) {
        Ok(options) => options,
        Err(problem) => return flood::options::explain(&problem),
    };
    match run(&options) {
        Ok(true) => ExitCode::SUCCESS,
        // The report says which bound was exceeded.
        Ok(false) => ExitCode::FAILURE,
        Err(problem) => {
            eprintln!("flood: {problem:#}");
            ExitCode::FAILURE
        }
    }
}
