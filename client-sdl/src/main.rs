//! The race client program: see the crate's documentation.

use std::process::ExitCode;

fn main() -> ExitCode {
    client_sdl::main()
}
