//! Metrics of the chat worker.

use std::time::Duration;

use metrics::{counter, histogram};

/// Records an answered request.
pub fn served(what: &'static str, took: Duration) {
    counter!("chat_requests_total", "what" => what).increment(1);
    histogram!("chat_request_seconds").record(took.as_secs_f64());
}

/// Records a refused request.
pub fn refused(what: &'static str) {
    counter!("chat_refused_total", "what" => what).increment(1);
}
