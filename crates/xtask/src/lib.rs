//! Checks of the repository that neither the compiler nor clippy can make.
//!
//! - [`workspace`]: what `cargo metadata` says, reduced to what the checks need.
//! - [`arrows`]: which crate may depend on which (`docs/design.md`, Workspace).
//! - [`mains`]: every program's `main.rs` stays a thin shell over its library.
//!
//! The checks are pure: they take a description and return what breaks a rule.

pub mod arrows;
pub mod mains;
pub mod workspace;
