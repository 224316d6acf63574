//! What the integration tests stand on.
//!
//! The tests in `tests/` start the real programs on free ports and talk to
//! them as clients, operators and strangers do:
//!
//! - [`cluster`] is a whole Slipstream: [`nats`], gateway, workers,
//!   persistence, each a [`process`] from [`programs`].
//! - [`live`] is a client that lives by itself; [`racer`] and [`chatter`] are
//!   its two kinds, over `client_core`. [`cable`] is a wire to cut.
//! - [`island`] is a machine of its own for a server, to be cut off.
//! - [`raw_client`] and [`raw_nats`] speak both protocols over a plain socket,
//!   without any code of ours, as strangers and as standard tools would.
//! - [`racectl`] is the operator at the command line, [`http`] the monitoring.
//! - [`containers`] are NATS and databases as they are in production.
//! - [`screen`], [`window`], [`race_window`] and [`chat_window`] are a person
//!   at the keyboard; [`frames`] is what they saw of a car.
//!
//! Invariants: nothing sleeps to let something settle, everything waits for an
//! event with a deadline ([`wait`]). Every process dies with its owner, and
//! its log is printed then, which a test runner shows when a test has failed.

pub mod cable;
pub mod chat_window;
pub mod chatter;
pub mod cluster;
pub mod containers;
pub mod frames;
pub mod http;
pub mod island;
pub mod live;
pub mod nats;
pub mod process;
pub mod programs;
pub mod race_window;
pub mod racectl;
pub mod racer;
pub mod raw_client;
pub mod raw_nats;
pub mod screen;
pub mod wait;
pub mod window;
