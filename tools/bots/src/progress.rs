//! Progress bars for a person at a terminal.

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that counts up to `all`; hidden when standard error is no terminal.
pub(crate) fn bar(all: u64, what: &'static str) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} {msg} ({elapsed})");
    let bar = ProgressBar::new(all).with_message(what);
    match style {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
