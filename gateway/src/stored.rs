//! Values of buckets that other programs have written.

use domain::Format;
use protocol::version;
use serde::de::DeserializeOwned;

/// A value; `None` for one that cannot be read. A version that this program does
/// not read is reported.
pub(crate) fn read_stored<T: DeserializeOwned>(format: &Format, bytes: &[u8]) -> Option<T> {
    let error = match version::from_json(format, bytes) {
        Ok(value) => return Some(value),
        Err(error) => error,
    };
    match error.unknown_version() {
        Some(unknown) => service::report_unknown_version(&unknown),
        None => tracing::warn!(%error, "cannot read a value of a bucket"),
    }
    None
}
