//! Errors of the bus.

use std::path::PathBuf;

use protocol::Rejection;

use crate::seed::SeedError;
use crate::user::User;

/// A failure of the connection or of the set-up.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No server answered.
    #[error("no NATS server at {url}: is it running, and is the address right?")]
    Connect {
        /// URL as configured.
        url: String,
        /// Error of the client library.
        #[source]
        source: async_nats::ConnectError,
    },
    /// The seed cannot be used.
    #[error(transparent)]
    Seed(#[from] SeedError),
    /// The server does not know the user.
    #[error(
        "the NATS server at {url} does not let the user `{user}` in, whose public key is \
         {public_key}: the server needs it as {} (`racectl nats-users DIR` lists all), and \
         this program the seed that belongs to it (--nats-seed)",
        user.variable()
    )]
    NotAuthorized {
        /// URL as configured.
        url: String,
        /// The user of this program.
        user: User,
        /// The key that the program offered.
        public_key: String,
        /// Error of the client library.
        #[source]
        source: async_nats::ConnectError,
    },
    /// The server and this program do not agree about TLS.
    #[error(
        "no TLS connection to the NATS server at {url}: has it TLS, is its certificate for \
         that name, and does --nats-ca name the authority that has signed it?{}",
        ca.as_ref().map(|ca| format!(" (it is {})", ca.display())).unwrap_or_default()
    )]
    Tls {
        /// URL as configured.
        url: String,
        /// The authority that was named.
        ca: Option<PathBuf>,
        /// Error of the client library.
        #[source]
        source: async_nats::ConnectError,
    },
    /// A stream or bucket that another program creates.
    #[error("{what} is missing, and persistence creates it: has it been started?")]
    Missing {
        /// Stream or bucket.
        what: String,
    },
    /// A server older than the features that are used.
    #[error("NATS server {found} is too old: 2.12 or newer is needed")]
    ServerTooOld {
        /// Version of the server.
        found: String,
    },
    /// A server that runs without JetStream, or refuses it.
    #[error("the NATS server cannot provide {what}: is JetStream on?")]
    JetStream {
        /// Stream, bucket or consumer.
        what: String,
        /// Error of the client library.
        #[source]
        source: async_nats::Error,
    },
    /// A subscription or service that was refused.
    #[error("the NATS server refused {what}")]
    Refused {
        /// Subject or service.
        what: String,
        /// Error of the client library.
        #[source]
        source: async_nats::Error,
    },
}

/// A request without a reply, or with an unexpected one.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The subject has no subscribers.
    #[error("nobody serves {subject}")]
    NoResponders {
        /// Subject of the request.
        subject: String,
    },
    /// There was no reply in time. The request may have been carried out.
    #[error("no answer on {subject} in time")]
    TimedOut {
        /// Subject of the request.
        subject: String,
    },
    /// The reply cannot be decoded.
    #[error("an unreadable answer on {subject}")]
    Unreadable {
        /// Subject of the request.
        subject: String,
        /// Error of the decoder.
        #[source]
        source: serde_json::Error,
    },
    /// The connection failed.
    #[error("the request on {subject} failed")]
    Failed {
        /// Subject of the request.
        subject: String,
        /// Error of the client library.
        #[source]
        source: async_nats::Error,
    },
    /// The service rejected the request.
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

/// A compare-and-set that failed, or whose outcome is unknown.
#[derive(Debug, thiserror::Error)]
pub enum CasError {
    /// Another process wrote in between, or the key exists already.
    #[error("{key} has another revision")]
    Conflict {
        /// Key of the write.
        key: String,
    },
    /// There was no reply: the write may have happened. Read back before deciding.
    #[error("NATS did not answer about {key}")]
    Unknown {
        /// Key of the write.
        key: String,
        /// Error of the client library.
        #[source]
        source: async_nats::Error,
    },
}
