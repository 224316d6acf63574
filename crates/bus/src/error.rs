//! What can go wrong on the bus.

use protocol::Rejection;

/// A failure of the connection or of the set-up.
#[derive(Debug, thiserror::Error)]
pub enum BusError {
    /// No server answered.
    #[error("no NATS server at {url}: is it running, and is the address right?")]
    Connect {
        /// As configured.
        url: String,
        /// What the client library says.
        #[source]
        source: async_nats::ConnectError,
    },
    /// A server older than the features that are used.
    #[error("NATS server {found} is too old: 2.12 or newer is needed")]
    ServerTooOld {
        /// Its version.
        found: String,
    },
    /// A server that runs without JetStream, or refuses it.
    #[error("the NATS server cannot provide {what}: is JetStream on?")]
    JetStream {
        /// Which stream, bucket or consumer.
        what: String,
        /// What the client library says.
        #[source]
        source: async_nats::Error,
    },
    /// A subscription or service that was refused.
    #[error("the NATS server refused {what}")]
    Refused {
        /// Which subject or service.
        what: String,
        /// What the client library says.
        #[source]
        source: async_nats::Error,
    },
}

/// A request that has no answer, or not the wanted one.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// Nobody serves the subject.
    #[error("nobody serves {subject}")]
    NoResponders {
        /// Which.
        subject: String,
    },
    /// The time is up. The request may have been carried out.
    #[error("no answer on {subject} in time")]
    TimedOut {
        /// Which.
        subject: String,
    },
    /// The answer is not what the subject promises.
    #[error("an unreadable answer on {subject}")]
    Unreadable {
        /// Which.
        subject: String,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The connection failed.
    #[error("the request on {subject} failed")]
    Failed {
        /// Which.
        subject: String,
        /// What the client library says.
        #[source]
        source: async_nats::Error,
    },
    /// The server refused, and says why.
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

/// A compare-and-set that did not happen, or of which that is not known.
#[derive(Debug, thiserror::Error)]
pub enum CasError {
    /// Somebody else wrote in between, or the key exists already.
    #[error("{key} has another revision")]
    Conflict {
        /// Which.
        key: String,
    },
    /// No answer: a write may have happened. Read back before deciding.
    #[error("NATS did not answer about {key}")]
    Unknown {
        /// Which.
        key: String,
        /// What the client library says.
        #[source]
        source: async_nats::Error,
    },
}
