//! The gateway: where clients connect.
//!
//! It terminates TCP connections on two ports, race and chat, knows who is
//! speaking, and relays. What it decides about one client is a pure state
//! machine, [`conversation`]; around it:
//!
//! - [`connection`] reads the frames of one client from any byte stream; they go
//!   back through a [`send_queue`], where a slow reader holds nobody up,
//! - [`backend`] carries out what a conversation asks of the other programs,
//! - [`relays`] has one task per room: inputs up, snapshots and events down,
//! - [`chat`] reads the one stream of the chat and hands it to every listener;
//!   [`presence`] keeps who is there,
//! - [`limiter`] says how often people and addresses may do what, and [`proxy_header`]
//!   whose address it is behind a load balancer,
//! - [`sessions`] keeps each player in one place at each port, by [`token`]s that it can
//!   take back,
//! - [`lobby`] is the `rooms` bucket, followed; [`seats`] keeps each player in one room.
//!
//! Before the conversation come admission by the client's address and, where the gateway
//! has a certificate, TLS.
//!
//! Invariants:
//! - A client cannot speak for another: seat and player are the gateway's own
//!   knowledge, never a field of a client's frame.
//! - Of a race frame only the header is read; the rest is opaque.
//! - Whatever a client sends, the gateway lives, says why and counts it.

mod accept;
mod addresses;
pub mod backend;
pub mod chat;
pub mod connection;
pub mod conversation;
pub mod limiter;
pub mod limits;
pub mod lobby;
pub mod metrics;
mod one_room;
pub mod options;
mod paged_list;
pub mod presence;
pub mod proxy_header;
pub mod rate;
pub mod relays;
pub mod run;
pub mod seats;
pub mod send_queue;
pub mod sessions;
mod stored;
mod tls;
pub mod token;

pub use options::Options;
pub use run::run;
