//! The chat worker: appends messages and notices to the stream CHAT.
//!
//! A stateless queue-group subscriber: it validates and cleans messages, keeps
//! presence in the bucket `presence`, and appends messages and notices to the
//! stream, whose order is the same for all clients. Any worker may serve any
//! request.
//!
//! Invariants:
//! - A message has the id (sender, session, sequence): a retry does not add a
//!   second message, and a message of a restarted client is not taken for a repeat.
//! - A notice has the id (player, session, kind), so that it appears once, however
//!   often and by however many gateways it is requested. The session of a departure
//!   is the one of the player that went last.

pub mod chat_service;
mod departure;
pub mod limits;
pub mod message;
pub mod metrics;
pub mod options;
pub mod run;

pub use options::Options;
pub use run::run;
