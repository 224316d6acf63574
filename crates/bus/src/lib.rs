//! The connection to NATS; the only user of async-nats.
//!
//! All use of NATS goes through [`Bus`]: publishing that never waits
//! ([`Bus::publish`]), requests with a deadline ([`Bus::request`]), services that
//! `nats micro ls` lists ([`service`]), buckets with compare-and-set ([`bucket`])
//! and streams ([`stream`]). [`store`] has the configuration of all of them,
//! [`follow`] reads them without a gap, [`Bus::keep`] creates what is missing and
//! [`Bus::problems`] says what a program lacks. [`user`] names the NATS users, one for
//! each program, and [`seed`] is the secret by which a program proves to be its user.
//!
//! Invariants:
//! - Every option whose default would delay a failover is set here: short
//!   reconnect delays, bounded request times, frequent pings.
//! - Nothing is queued while the connection is down: messages published then are
//!   dropped and counted, since they would be stale.
//! - No program sees a type of async-nats.

pub mod bucket;
pub mod connection;
pub mod error;
pub mod follow;
mod keeper;
mod last_writes;
pub mod seed;
pub mod service;
mod status;
pub mod store;
mod stores;
pub mod stream;
pub mod subject;
pub mod user;

pub use bucket::{Bucket, Listing};
pub use connection::{Answers, Bus, Connection, Inbound, Subscription};
pub use error::{BusError, CasError, RequestError};
pub use follow::{
    BucketFollower, BucketUpdate, Change, StreamFollower, StreamMessage, StreamUpdate,
};
pub use keeper::Keeper;
pub use seed::{Seed, SeedError};
pub use service::{Call, Endpoint, Service};
pub use store::Store;
pub use stream::{Delivery, QueuePosition, WorkQueue};
pub use subject::Subject;
pub use user::User;
