//! Fuzzing: what reads bytes of others, with bytes that an adversary would choose.
//!
//! A [`Target`] is a function of any bytes that panics when a property does not hold.
//! Those of decoders are in [`binary`], [`json`], [`names`], [`replay`] and [`stream`]:
//! what is read is written so that it is read the same, and memory is bounded by what
//! came. Those of state machines read a sequence of events from the bytes
//! ([`source::Source`]) and compare with a model: [`conversation`], [`relay`], [`room`]
//! and [`client`].
//!
//! `deploy/fuzz` runs them with libFuzzer, guided by coverage; the tests of this crate
//! run what is in `corpus/`, and [`seeds`] makes the first inputs of each target.
//!
//! Invariant: a target is a function of its bytes alone, so that every failure happens
//! again.

pub mod binary;
pub mod checks;
pub mod client;
pub mod conversation;
pub mod json;
pub mod names;
pub mod relay;
pub mod replay;
pub mod room;
pub mod sample;
pub mod seeds;
pub mod source;
pub mod stream;
mod tracks;

/// Something to fuzz.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name, which is that of its folder in `corpus/`.
    pub name: &'static str,
    /// Takes any bytes, and panics when a property does not hold.
    pub run: fn(&[u8]),
}

macro_rules! targets {
    ($($name:literal => $run:path,)*) => {
        &[$(Target { name: $name, run: $run }),*]
    };
}

/// All targets: a decoder or a state machine each.
pub const TARGETS: &[Target] = targets! {
    "catch_up_answer" => binary::catch_up_answer,
    "catch_up_request" => binary::catch_up_request,
    "chat_client" => client::chat::chat_client,
    "checkpoint" => binary::checkpoint,
    "client_message" => json::client_message,
    "conversation" => conversation::conversation,
    "frame_stream" => stream::frame_stream,
    "hello" => stream::hello,
    "input_batch" => binary::input_batch,
    "input_frame" => binary::input_frame,
    "names" => names::names,
    "race_client" => client::race::race_client,
    "relay" => relay::relay,
    "relayed_snapshot" => binary::relayed_snapshot,
    "replay" => replay::replay,
    "replay_chunk" => replay::chunk,
    "replay_header" => replay::header,
    "room" => room::room,
    "room_state" => room::state::room_state,
    "server_message" => json::server_message,
    "service_message" => json::service_message,
    "snapshot" => binary::snapshot,
    "stored_value" => json::stored_value,
};
