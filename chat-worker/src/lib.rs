//! The chat worker: decides what comes into the stream CHAT.
//!
//! A queue-group subscriber without state of its own: what is said is checked
//! and cleaned, who comes and goes is noted in the bucket `presence`, and both
//! go into the stream, whose order is everybody's order. Any worker may serve
//! any request.
//!
//! Invariants:
//! - A message has the id (sender, session, sequence): a retry is not a second
//!   message, a restarted client not a repeat.
//! - A notice has the id (player, session, kind), so that it appears once,
//!   whoever asks for it and however often.

pub mod chat_service;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod options;
pub mod run;

pub use options::Options;
pub use run::run;
