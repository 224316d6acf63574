//! The one supervisor of processes: the servers of a run, and the tools beside
//! them, as child processes on free ports with fresh data.
//!
//! `chaos`, `bench` and the integration tests use it. It shares no code
//! with the servers; it starts them as an operator does.
//!
//! - [`Fleet`] is a set of servers: a NATS server and any number of each of
//!   our [`Program`]s, started from [`Programs`] according to a [`Plan`].
//! - [`Process`] is one of them, or any other program: it is started,
//!   awaited, signalled, restarted and killed. [`RunDir`] is where it logs,
//!   announces itself and stores.
//! - [`NatsUsers`] are the keys by which NATS knows each of them.
//! - [`command`] runs commands to their end.
//! - [`wait`] awaits an event with a deadline, [`http`] reads a server's
//!   monitoring port.
//!
//! Invariants: only processes started here are signalled. A process dies with
//! its [`Process`], and shares the process group of this one: what ends the
//! group, such as Ctrl-C or a test runner's time limit, ends all.

pub mod command;
mod fleet;
pub mod http;
mod limits;
mod nats;
mod nats_users;
mod plan;
mod port;
mod process;
mod program;
mod programs;
mod rooms;
mod run_dir;
mod settings;
mod signals;
pub mod wait;

pub use self::fleet::Fleet;
pub use self::limits::WIDE_LIMITS;
pub use self::nats_users::NatsUsers;
pub use self::plan::{NatsSource, Plan};
pub use self::process::Process;
pub use self::program::Program;
pub use self::programs::Programs;
pub use self::run_dir::RunDir;

/// The address of servers that only this machine can reach.
pub const LOOPBACK: &str = "127.0.0.1";
