//! libFuzzer on one target, whose name is in the environment (`deploy/fuzz`).
#![no_main]

use std::sync::LazyLock;

use fuzz::{TARGETS, Target};
use libfuzzer_sys::fuzz_target;

/// The variable that names the target: the command line is libFuzzer's.
const VARIABLE: &str = "FUZZ_TARGET";

static TARGET: LazyLock<&Target> = LazyLock::new(|| {
    let name = std::env::var(VARIABLE).unwrap_or_default();
    let found = TARGETS.iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("{VARIABLE} '{name}': there is no such target"))
});

fuzz_target!(init: { LazyLock::force(&TARGET); }, |bytes: &[u8]| {
    (TARGET.run)(bytes);
});
