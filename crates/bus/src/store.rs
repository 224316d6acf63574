//! The streams and buckets of Slipstream: how each is configured, and how it is
//! created when it is missing.

use std::time::Duration;

use async_nats::jetstream::kv;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use protocol::limits::SESSION_LIFETIME_MS;
use protocol::persist::RecordStream;
use protocol::subject;
use tokio::time::Instant;

use crate::connection::{Bus, SETUP_TIMEOUT};
use crate::error::BusError;
use crate::status::Identity;

/// Period in which a stream recognises a repeated message id.
const DUPLICATE_WINDOW: Duration = Duration::from_secs(120);
/// Age at which chat messages are removed: they are read on the same day.
const CHAT_AGE_MAX: Duration = Duration::from_secs(24 * 3600);
/// Size of a busy day of chat.
const CHAT_BYTES_MAX: i64 = 256 << 20;
/// Size of the latest record of each room and player: 500,000 of them.
const RECORDS_BYTES_MAX: i64 = 256 << 20;
/// Size of half an hour of a thousand rooms' replays without a database; the oldest
/// are discarded then.
const REPLAYS_BYTES_MAX: i64 = 512 << 20;
/// No limit.
const UNLIMITED: i64 = -1;
/// Expiry of what is known of a player's seats: longer than any race.
const SEATS_EXPIRY: Duration = Duration::from_secs(24 * 3600);
/// Expiry of a presence: three of the intervals in which its gateway renews it. The
/// players of a gateway that died are reported gone after so long. The renewals of
/// 4,000 connections cost NATS a tenth of a core, and each gateway a fortieth.
const PRESENCE_EXPIRY: Duration = Duration::from_secs(15);
/// How long the server remembers that a key of a bucket with expiry is gone.
const EXPIRY_MARKER: Duration = Duration::from_secs(60);
/// A key that no program reads. Deleting it shows whether a bucket takes writes.
const PROBE_KEY: &str = "_probe";

/// The lobby.
pub const ROOMS: Store = Store::bucket(subject::BUCKET_ROOMS, "the lobby");
/// The chain of ownership.
pub const CHECKPOINTS: Store = Store::bucket(subject::BUCKET_CHECKPOINTS, "who owns which room");
/// In which rooms a player has a seat.
pub const SEATS: Store = Store {
    expiry: Some(SEATS_EXPIRY),
    // Gateways write it: what they read of it must not come as they wrote it, since
    // they can name any subject to answer on (ADR 029).
    is_read_raw: false,
    ..Store::bucket(subject::BUCKET_SEATS, "in which rooms a player has a seat")
};
/// The log-ins of players.
pub const SESSIONS: Store = Store {
    expiry: Some(Duration::from_millis(SESSION_LIFETIME_MS)),
    // As of the seats.
    is_read_raw: false,
    ..Store::bucket(subject::BUCKET_SESSIONS, "the log-ins of players")
};
/// The connections to the chat.
pub const PRESENCE: Store = Store {
    expiry: Some(PRESENCE_EXPIRY),
    ..Store::bucket(subject::BUCKET_PRESENCE, "who is in the chat")
};
/// The chat.
pub const CHAT: Store = Store::stream(subject::STREAM_CHAT, Some(subject::CHAT_PROBE), |config| {
    Config {
        subjects: vec![subject::CHAT_CHANNELS.to_owned()],
        max_age: CHAT_AGE_MAX,
        max_bytes: CHAT_BYTES_MAX,
        discard: DiscardPolicy::Old,
        ..config
    }
});

/// Results of races: a result that is refused may be lost, so none is.
pub const RESULTS: Store = Store::stream(subject::STREAM_RESULTS, None, |config| Config {
    max_bytes: UNLIMITED,
    discard: DiscardPolicy::New,
    ..record_stream(RecordStream::Results, config)
});
/// The latest records of rooms and of players in them.
pub const RECORDS: Store = Store::stream(subject::STREAM_RECORDS, None, |config| Config {
    max_messages_per_subject: 1,
    max_bytes: RECORDS_BYTES_MAX,
    discard: DiscardPolicy::Old,
    ..record_stream(RecordStream::Records, config)
});
/// Replays of races.
pub const REPLAYS: Store = Store::stream(subject::STREAM_REPLAYS, None, |config| Config {
    max_bytes: REPLAYS_BYTES_MAX,
    discard: DiscardPolicy::Old,
    ..record_stream(RecordStream::Replays, config)
});
/// Results that their stream has not taken.
pub const HELD_RESULTS: Store = Store::bucket(
    subject::BUCKET_RESULTS,
    "results that their stream has not taken",
);
/// What could not be read or stored.
pub const QUARANTINE: Store = Store::bucket(
    subject::BUCKET_QUARANTINE,
    "what could not be read or stored",
);

/// All buckets.
pub const BUCKETS: [Store; 7] = [
    ROOMS,
    CHECKPOINTS,
    SEATS,
    SESSIONS,
    PRESENCE,
    HELD_RESULTS,
    QUARANTINE,
];

/// The stream that takes such records.
#[must_use]
pub const fn store_of(stream: RecordStream) -> &'static Store {
    match stream {
        RecordStream::Results => &RESULTS,
        RecordStream::Records => &RECORDS,
        RecordStream::Replays => &REPLAYS,
    }
}

fn record_stream(stream: RecordStream, config: Config) -> Config {
    let subjects = stream.subjects().iter().map(|&subject| subject.to_owned());
    Config {
        subjects: subjects.collect(),
        retention: RetentionPolicy::WorkQueue,
        ..config
    }
}

/// A stream or a bucket, which is a stream too.
#[derive(Clone, Copy, Debug)]
pub struct Store {
    /// The name of the stream or bucket.
    name: &'static str,
    kind: Kind,
    /// Age at which keys of a bucket expire unless they are written again.
    expiry: Option<Duration>,
    /// Whether the server answers with values as they were written (`DIRECT.GET`), or
    /// wrapped in JSON.
    is_read_raw: bool,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Bucket {
        description: &'static str,
    },
    Stream {
        /// A subject whose messages no program reads.
        probe: Option<&'static str>,
        set: fn(Config) -> Config,
    },
}

impl Store {
    /// A bucket whose keys do not expire.
    #[must_use]
    pub const fn bucket(name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            kind: Kind::Bucket { description },
            expiry: None,
            is_read_raw: true,
        }
    }

    /// A stream with the options of `set`; all others are the server's. A message to
    /// `probe` shows whether it takes writes.
    pub(crate) const fn stream(
        name: &'static str,
        probe: Option<&'static str>,
        set: fn(Config) -> Config,
    ) -> Self {
        Self {
            name,
            kind: Kind::Stream { probe, set },
            expiry: None,
            is_read_raw: true,
        }
    }

    /// The name of the stream or bucket.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The name of the stream, for a bucket that of the one it is kept in.
    pub(crate) fn stream_name(&self) -> String {
        match self.kind {
            Kind::Bucket { .. } => format!("KV_{}", self.name),
            Kind::Stream { .. } => self.name.to_owned(),
        }
    }

    /// What it is, for a person.
    pub(crate) fn what(&self) -> String {
        match self.kind {
            Kind::Bucket { .. } => format!("the bucket {}", self.name),
            Kind::Stream { .. } => format!("the stream {}", self.name),
        }
    }

    /// The options of this program, in the configuration that the server has.
    fn set(&self, found: Config) -> Config {
        match self.kind {
            Kind::Bucket { description } => Config {
                description: Some(description.to_owned()),
                max_messages_per_subject: 1,
                // Files, not memory: a bucket must outlive its server.
                storage: StorageType::File,
                max_age: self.expiry.unwrap_or_default(),
                allow_direct: self.is_read_raw,
                subject_delete_marker_ttl: self.expiry.map(|_| EXPIRY_MARKER),
                ..found
            },
            Kind::Stream { set, .. } => Config {
                storage: StorageType::File,
                duplicate_window: DUPLICATE_WINDOW,
                ..set(found)
            },
        }
    }
}

impl Bus {
    /// Creates a stream or bucket that is missing, and changes one that is configured
    /// otherwise, if this program's user may; else waits for one. Returns which life of it
    /// there is.
    ///
    /// # Errors
    /// When JetStream is off or refuses, or no other program has created it.
    pub(crate) async fn provide(&self, store: &Store) -> Result<Identity, BusError> {
        let deadline = Instant::now() + SETUP_TIMEOUT;
        loop {
            match self.provide_once(store).await {
                // Another program creates it at this moment, or the server is busy
                // creating files for all of them.
                Err(error) if Instant::now() < deadline && self.is_connected() => {
                    tracing::debug!(%error, store = store.name, "providing it again");
                    tokio::time::sleep(PROVIDE_PAUSE).await;
                }
                outcome => return outcome,
            }
        }
    }

    pub(crate) async fn provide_once(&self, store: &Store) -> Result<Identity, BusError> {
        let failed = |source: async_nats::Error| BusError::JetStream {
            what: store.what(),
            source,
        };
        if let Ok(found) = self.setup().get_stream(store.stream_name()).await {
            let info = found.cached_info();
            // One that is as it should be is left alone: the server replaces the files
            // of a stream that is updated, and until a busy disk has done so, up to a
            // second, writes to it fail.
            let is_right = store.set(info.config.clone()) == info.config;
            if is_right || !self.user().creates_stores() {
                return Ok(identity(&found));
            }
        }
        if !self.user().creates_stores() {
            return Err(BusError::Missing { what: store.what() });
        }
        match store.kind {
            Kind::Bucket { description } => {
                let config = kv::Config {
                    bucket: store.name.to_owned(),
                    description: description.to_owned(),
                    history: 1,
                    storage: StorageType::File,
                    max_age: store.expiry.unwrap_or_default(),
                    limit_markers: store.expiry.map(|_| EXPIRY_MARKER),
                    ..Default::default()
                };
                let created = self.setup().create_or_update_key_value(config).await;
                let created = created.map_err(|error| failed(error.into()))?;
                // The library makes all buckets in one way.
                let found = created.stream.cached_info().config.clone();
                let config = store.set(found.clone());
                if config != found {
                    let updated = self.setup().update_stream(config).await;
                    updated.map_err(|error| failed(error.into()))?;
                }
            }
            Kind::Stream { .. } => {
                let config = store.set(Config {
                    name: store.name.to_owned(),
                    ..Default::default()
                });
                let created = self.setup().create_or_update_stream(config).await;
                created.map_err(|error| failed(error.into()))?;
            }
        }
        let found = self.setup().get_stream(store.stream_name()).await;
        let found = found.map_err(|error| failed(error.into()))?;
        Ok(identity(&found))
    }

    /// The life of a stream or bucket that exists.
    ///
    /// # Errors
    /// When there is none, or the server does not answer.
    pub(crate) async fn identity(&self, store: &Store) -> Result<Identity, BusError> {
        let found = self.jetstream().get_stream(store.stream_name()).await;
        let found = found.map_err(|error| BusError::JetStream {
            what: store.what(),
            source: error.into(),
        })?;
        Ok(identity(&found))
    }

    /// Writes something that no program reads; returns whether it was stored, or `None`
    /// for a stream that has nothing of the kind.
    pub(crate) async fn probe(&self, store: &Store) -> Option<bool> {
        match store.kind {
            Kind::Bucket { .. } => {
                let bucket = self.jetstream().get_key_value(store.name).await.ok()?;
                Some(bucket.delete(PROBE_KEY).await.is_ok())
            }
            Kind::Stream { probe, .. } => {
                let sent = self.jetstream().publish(probe?, "".into()).await.ok()?;
                Some(sent.await.is_ok())
            }
        }
    }
}

/// Between two attempts to create a stream or bucket.
const PROVIDE_PAUSE: Duration = Duration::from_millis(50);

pub(crate) fn identity(stream: &Stream) -> Identity {
    stream.cached_info().created.unix_timestamp_nanos()
}
