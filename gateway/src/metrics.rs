//! What the gateway counts.

use std::sync::LazyLock;

use metrics::{Counter, counter, gauge};
use protocol::RejectionCode;
use protocol::client::GoodbyeCode;
use relay::flush_schedule::FlushOptions;

use crate::token::Port;

/// A client connected (`1.0`) or is gone (`-1.0`).
pub fn connections(port: Port, change: f64) {
    gauge!("gateway_connections", "port" => port.name()).increment(change);
}

/// A client connected.
pub fn accepted(port: Port) {
    counter!("gateway_accepted_total", "port" => port.name()).increment(1);
}

/// A TLS handshake ended, or a client spoke TLS where there is none.
pub fn handshake(outcome: &'static str) {
    counter!("gateway_tls_handshakes_total", "outcome" => outcome).increment(1);
}

/// The certificate was read again.
pub fn certificate_reloaded(outcome: &'static str) {
    counter!("gateway_tls_reloads_total", "outcome" => outcome).increment(1);
}

/// A request of a client was refused.
pub fn rejected(code: RejectionCode) {
    counter!("gateway_rejected_total", "code" => label(&code)).increment(1);
}

/// A session was ended since a token of it was used again.
pub fn session_revoked() {
    counter!("gateway_sessions_revoked_total").increment(1);
}

/// Something was refused because there was too much of it.
pub fn limited(limit: &'static str) {
    counter!("gateway_limited_total", "limit" => limit).increment(1);
}

/// A connection was closed by the gateway.
pub fn goodbye(code: GoodbyeCode) {
    counter!("gateway_goodbyes_total", "code" => label(&code)).increment(1);
}

/// A frame could not be used although its connection lives on.
pub fn frame_ignored(reason: &'static str) {
    counter!("gateway_frames_ignored_total", "reason" => reason).increment(1);
}

/// What is counted with each frame and snapshot: looked up once, after the
/// program has set its recorder.
struct Hot {
    frames_sent: Counter,
    bytes_sent: Counter,
    frames_received: Counter,
    bytes_received: Counter,
    input_flushes: Counter,
}

static HOT: LazyLock<Hot> = LazyLock::new(|| Hot {
    frames_sent: counter!("gateway_frames_sent_total"),
    bytes_sent: counter!("gateway_bytes_sent_total"),
    frames_received: counter!("gateway_frames_received_total"),
    bytes_received: counter!("gateway_bytes_received_total"),
    input_flushes: counter!("gateway_input_flushes_total"),
});

/// Frames were written to a client.
pub fn frames_sent(frames: u64, bytes: u64) {
    HOT.frames_sent.increment(frames);
    HOT.bytes_sent.increment(bytes);
}

/// A frame came from a client.
pub fn frame_received(bytes: u64) {
    HOT.frames_received.increment(1);
    HOT.bytes_received.increment(bytes);
}

/// A client sent faster than it is read, and waits for the first time in a row.
pub fn client_throttled() {
    counter!("gateway_clients_throttled_total").increment(1);
}

/// A client was too slow for a snapshot and got the next one instead.
pub fn snapshot_skipped() {
    counter!("gateway_snapshots_skipped_total").increment(1);
}

/// A worker was asked whether it lives.
pub fn probed(answer: &'static str) {
    counter!("gateway_probes_total", "answer" => answer).increment(1);
}

/// A room was claimed.
pub fn claimed(result: &'static str) {
    counter!("gateway_claims_total", "result" => result).increment(1);
}

/// The parameters of flush schedules.
pub fn flush(options: FlushOptions) {
    gauge!("gateway_flush_lead_seconds").set(options.lead.as_secs_f64());
    gauge!("gateway_flush_grid_seconds").set(options.grid.as_secs_f64());
}

/// A message with inputs of a room has left.
pub fn inputs_flushed() {
    HOT.input_flushes.increment(1);
}

/// Rooms with players here: one more or one fewer.
pub fn rooms(change: f64) {
    gauge!("gateway_rooms").increment(change);
}

/// A chat message was handed to those who are here.
pub fn chat_delivered(receivers: u64) {
    counter!("gateway_chat_delivered_total").increment(receivers);
}

/// A chat message came again: a stream that was created anew has taken a repeat.
pub fn chat_repeated() {
    counter!("gateway_chat_repeated_total").increment(1);
}

/// A notice that somebody joined or left was missing and has been asked for.
pub fn notice_missing(kind: &'static str) {
    counter!("gateway_notices_missing_total", "kind" => kind).increment(1);
}

/// A frame for a client was larger than frames may be, and was not sent.
pub fn frame_too_large() {
    counter!("gateway_frames_too_large_total").increment(1);
}

/// The name that JSON gives a code, so that a log, a counter and a client
/// speak of the same thing.
fn label(code: &impl serde::Serialize) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        Ok(_) | Err(_) => "other".to_owned(),
    }
}
