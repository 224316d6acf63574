//! Versions that a program meets and does not read.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use domain::UnknownVersion;
use metrics::counter;

/// Reports something that was left alone because of its version: counts it, and
/// logs the first of each format and version, since a room may send thirty a
/// second.
pub fn report_unknown_version(unknown: &UnknownVersion) {
    static LOGGED: Mutex<BTreeSet<(&str, u8)>> = Mutex::new(BTreeSet::new());
    let (format, version) = (unknown.format.name(), unknown.found);
    counter!("unknown_versions_total", "format" => format, "version" => version.to_string())
        .increment(1);
    let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
    if logged.insert((format, version)) {
        tracing::warn!(%unknown, "left alone what another release wrote; see docs/compatibility.md");
    }
}

/// The setting with which a program of the next release writes what it reads.
#[cfg(feature = "next-version")]
const WRITE_NEXT_VERSION: &str = "SLIPSTREAM_WRITE_NEXT_VERSION";

#[cfg(feature = "next-version")]
pub(crate) fn write_next_if_asked() {
    if std::env::var_os(WRITE_NEXT_VERSION).is_some() {
        domain::next::write();
        tracing::info!("writing the next version of every format");
    }
}
