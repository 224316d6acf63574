//! Checks of the repository that neither the compiler nor clippy can make.
//!
//! - [`workspace`]: the part of `cargo metadata` that the checks need.
//! - [`arrows`]: which crate may depend on which (`docs/design.md`, Workspace).
//! - [`loops`]: no modules of a crate import each other.
//! - [`mains`]: every program's `main.rs` stays a thin shell over its library.
//!
//! The checks are pure: they take a description and return violations.

pub mod arrows;
pub mod loops;
pub mod mains;
pub mod workspace;

use workspace::Package;

/// All violations, each as a sentence.
///
/// # Errors
/// When a source file cannot be read.
pub fn broken_rules(packages: &[Package]) -> anyhow::Result<Vec<String>> {
    let arrows = arrows::check(packages);
    let mains = mains::check(&mains::read(packages)?);
    let loops = loops::check(&loops::read(packages)?);
    let arrows = arrows.iter().map(ToString::to_string);
    let mains = mains.iter().map(ToString::to_string);
    let loops = loops.iter().map(ToString::to_string);
    Ok(arrows.chain(mains).chain(loops).collect())
}
