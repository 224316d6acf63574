//! Metrics of persistence.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_histogram, histogram};
use protocol::UnixMillis;
use protocol::persist::RecordStream;

const ROWS: &str = "persistence_rows_written_total";
const BATCH_SECONDS: &str = "persistence_batch_seconds";
const LAG_SECONDS: &str = "persistence_result_lag_seconds";
const FAILURES: &str = "persistence_failures_total";
const QUARANTINED: &str = "persistence_messages_quarantined_total";
const UNKNOWN_KINDS: &str = "persistence_messages_unknown_kind_total";
const REPLAYS_DISCARDED: &str = "persistence_replays_discarded_total";
const CALLS: &str = "persistence_calls_total";
const CALL_SECONDS: &str = "persistence_call_seconds";

/// Registers the help texts.
pub(crate) fn describe() {
    describe_counter!(ROWS, "rows given to the database, by table");
    describe_histogram!(BATCH_SECONDS, Unit::Seconds, "one transaction of a batch");
    describe_histogram!(
        LAG_SECONDS,
        Unit::Seconds,
        "from the end of a race to its commit"
    );
    describe_counter!(FAILURES, "what the database or the bus failed at, by kind");
    describe_counter!(QUARANTINED, "messages that were set aside, by stream");
    describe_counter!(
        UNKNOWN_KINDS,
        "deliveries of a kind that another release reads"
    );
    describe_counter!(
        REPLAYS_DISCARDED,
        "parts of replays that a full stream has discarded"
    );
    describe_counter!(CALLS, "calls, by endpoint and outcome");
    describe_histogram!(CALL_SECONDS, Unit::Seconds, "a call, by endpoint");
}

pub(crate) fn rows_written(table: &'static str, rows: usize) {
    counter!(ROWS, "table" => table).increment(rows.try_into().unwrap_or(u64::MAX));
}

pub(crate) fn batch_written(took: Duration) {
    histogram!(BATCH_SECONDS).record(took);
}

pub(crate) fn result_written(ended_at: UnixMillis, now: UnixMillis) {
    histogram!(LAG_SECONDS).record(Duration::from_millis(now.saturating_sub(ended_at)));
}

pub(crate) fn failed(kind: &'static str) {
    counter!(FAILURES, "kind" => kind).increment(1);
}

pub(crate) fn quarantined(stream: RecordStream) {
    counter!(QUARANTINED, "stream" => stream.name()).increment(1);
}

pub(crate) fn unknown_kind() {
    counter!(UNKNOWN_KINDS).increment(1);
}

pub(crate) fn replays_discarded(parts: u64) {
    counter!(REPLAYS_DISCARDED).increment(parts);
}

pub(crate) fn call(endpoint: &'static str, outcome: &'static str, took: Duration) {
    counter!(CALLS, "endpoint" => endpoint, "outcome" => outcome).increment(1);
    histogram!(CALL_SECONDS, "endpoint" => endpoint).record(took);
}
