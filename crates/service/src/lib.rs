//! The process frame shared by all programs of Slipstream.
//!
//! A program's `main` is [`main`] over its own options and its `run`: parse
//! the command line ([`options`]), start logs ([`telemetry`]), serve `/live`,
//! `/ready` and `/metrics` ([`health`]), announce the addresses ([`announce`]),
//! run until SIGTERM or Ctrl-C ([`shutdown`]), drain, end. Tasks wait for moving
//! times with a [`deadline`], which has a precision of a tenth of a millisecond.
//!
//! Invariant: a bad option ends the program with status 64 before anything has
//! been touched; a failure ends it with status 1 and one sentence per cause.

pub mod announce;
mod clock;
pub mod deadline;
pub mod health;
pub mod options;
mod program;
pub mod shutdown;
pub mod telemetry;
mod timer;
mod versions;

pub use announce::Announcement;
pub use clock::unix_ms;
pub use deadline::{Deadline, TimerQueue};
pub use health::{Condition, Health};
pub use options::ServiceOptions;
pub use program::{BoxError, Context, main};
pub use shutdown::Shutdown;
pub use versions::report_unknown_version;
