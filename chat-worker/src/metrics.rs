//! What the chat worker counts.

use std::time::Duration;

use metrics::{counter, histogram};

/// A request was answered.
pub fn served(what: &'static str, took: Duration) {
    counter!("chat_requests_total", "what" => what).increment(1);
    histogram!("chat_request_seconds").record(took.as_secs_f64());
}

/// A request was refused.
pub fn refused(what: &'static str) {
    counter!("chat_refused_total", "what" => what).increment(1);
}
