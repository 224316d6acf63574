//! Metrics of persistence.

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use protocol::UnixMillis;
use protocol::persist::RecordStream;

use crate::hash_queue::Lane;

const ROWS: &str = "persistence_rows_written_total";
const BATCH_SECONDS: &str = "persistence_batch_seconds";
const LAG_SECONDS: &str = "persistence_result_lag_seconds";
const FAILURES: &str = "persistence_failures_total";
const QUARANTINED: &str = "persistence_messages_quarantined_total";
const UNKNOWN_KINDS: &str = "persistence_messages_unknown_kind_total";
const REPLAYS_DISCARDED: &str = "persistence_replays_discarded_total";
const CALLS: &str = "persistence_calls_total";
const CALL_SECONDS: &str = "persistence_call_seconds";
const HASHES: &str = "persistence_hashes_total";
const HASH_SECONDS: &str = "persistence_hash_seconds";
const HASHES_WAITING: &str = "persistence_hashes_waiting";

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
    describe_counter!(
        HASHES,
        "password hashes by lane: computed, or refused as busy or stale"
    );
    describe_histogram!(
        HASH_SECONDS,
        Unit::Seconds,
        "a password hash, with what is looked up for it"
    );
    describe_gauge!(HASHES_WAITING, "requests that wait for a hash, by lane");
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

pub(crate) fn hash(lane: Lane, outcome: &'static str) {
    counter!(HASHES, "lane" => lane.name(), "outcome" => outcome).increment(1);
}

pub(crate) fn hashed(took: Duration) {
    histogram!(HASH_SECONDS).record(took);
}

pub(crate) fn hashes_waiting(lane: Lane, requests: usize) {
    let requests = u32::try_from(requests).unwrap_or(u32::MAX);
    gauge!(HASHES_WAITING, "lane" => lane.name()).set(requests);
}
