//! `cargo xtask arrows`: fails when the workspace violates a rule of its structure.

use std::process::ExitCode;

use xtask::workspace;

/// The exit code of a wrong command line (sysexits.h, `EX_USAGE`).
const EXIT_USAGE: u8 = 64;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments != ["arrows"] {
        eprintln!("usage: cargo xtask arrows");
        return Ok(ExitCode::from(EXIT_USAGE));
    }
    let packages = workspace::read()?;
    let broken = xtask::broken_rules(&packages)?;
    for rule in &broken {
        eprintln!("error: {rule}");
    }
    if !broken.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    println!(
        "{} packages: every arrow and every main.rs is as docs/design.md has it, no import loops",
        packages.len()
    );
    Ok(ExitCode::SUCCESS)
}
