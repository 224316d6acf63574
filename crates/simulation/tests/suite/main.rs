//! Tests of the race through its public API.

// Clippy lets tests unwrap, but not the helpers beside them.
#![allow(clippy::unwrap_used)]

mod determinism;
mod driving;
mod gates;
mod highway;
mod hostile;
mod importer;
mod point_mass;
mod properties;
mod racing;
mod replay;
mod support;
mod track;
