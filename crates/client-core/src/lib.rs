//! A client without a face: connect, log in, race, chat.
//!
//! - [`link`] is the one part with sockets: frames out, [`LinkEvent`]s in, and
//!   patience with a connection that breaks.
//! - [`RaceClient`] and [`ChatClient`] are state machines without I/O. They
//!   take link events, what the person wants, and the time; they give frames
//!   to send and what there is to show.
//!
//! Both graphical clients and the bots are shells around these: each frame of
//! theirs hands over what the link has, says what the driver does, sends what
//! comes out, and draws.

pub mod chat;
pub mod link;
mod login;
pub mod notice;
pub mod race;
mod tracks;

pub use chat::ChatClient;
pub use link::{Link, LinkEvent};
pub use netcode;
pub use netcode::simulation;
pub use notice::Notice;
pub use protocol;
pub use race::{RaceClient, Stage};
