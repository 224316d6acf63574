//! What the integration tests stand on.
//!
//! The tests in `tests/` start the real programs on free ports and talk to
//! them as clients, operators and strangers do:
//!
//! - [`cluster`] is a whole Slipstream: a [`fleet`] of servers from
//!   [`programs`], in a [`scratch_dir`].
//! - [`live`] is a client that lives by itself; [`racer`] and [`chatter`] are
//!   its two kinds, over `client_core`. [`tcp_proxy`] is a connection to cut.
//! - [`network_namespace`] is a network of a server's own, to be partitioned.
//! - [`raw_client`] and [`raw_nats`] speak both protocols over a plain socket,
//!   without any code of ours, as strangers and as standard tools would.
//! - [`flood`] is a client that sends as fast as it can.
//! - [`small_disk`] is a disk that can be full.
//! - [`racectl`] is the operator at the command line.
//! - [`containers`] are NATS and databases as they are in production.
//! - [`screen`], [`window`], [`race_window`] and [`chat_window`] are a person
//!   at the keyboard; [`frames`] is what they saw of a car.
//!
//! Invariants: nothing sleeps to let a state settle, everything waits for an
//! event with a deadline ([`fleet::wait`]). Every process dies with its owner,
//! and its log is printed then, which a test runner shows when a test has failed.

pub mod chat_window;
pub mod chatter;
pub mod cluster;
pub mod containers;
pub mod flood;
pub mod frames;
pub mod live;
pub mod network_namespace;
pub mod programs;
pub mod race_window;
pub mod racectl;
pub mod racer;
pub mod raw_client;
pub mod raw_nats;
pub mod scratch_dir;
pub mod screen;
pub mod small_disk;
pub mod tcp_proxy;
pub mod window;
