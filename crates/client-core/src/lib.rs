//! The clients without their user interfaces: connect, log in, race, chat.
//!
//! - [`link`] is the only part with sockets: frames out, [`LinkEvent`]s in, and
//!   a connection that reconnects after it breaks, to the first of several
//!   gateways that answers, in plain text or with TLS ([`Security`]).
//! - [`RaceClient`] and [`ChatClient`] are state machines without I/O. They
//!   take link events, the player's actions, and the time; they return frames
//!   to send and the state to show.
//!
//! Both graphical clients and the bots are shells around these: in each frame
//! they hand over the link's events and the driver's controls, send the frames
//! that result, and draw.

pub mod account;
pub mod address;
pub mod chat;
pub mod link;
mod login;
pub mod notice;
pub mod race;
mod request;
pub mod security;
mod tracks;

pub use address::{GatewayAddress, GatewayAddressError};
pub use chat::{ChatClient, ChatClientState};
pub use link::{Link, LinkEvent};
pub use netcode;
pub use netcode::simulation;
pub use notice::Notice;
pub use protocol;
pub use race::{RaceClient, RaceClientState};
pub use security::{Security, TlsOptions};
