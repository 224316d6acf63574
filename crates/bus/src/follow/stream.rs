//! A follower of a stream.

use async_nats::header::NATS_MESSAGE_ID;
use async_nats::jetstream::Message;
use async_nats::jetstream::consumer::{DeliverPolicy, push};
use bytes::Bytes;

use super::Reading;
use crate::connection::Bus;
use crate::status::Identity;
use crate::store::{Store, identity};

/// A message of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamMessage {
    /// Its sequence number in this life of the stream.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Its message id; empty without one.
    pub id: String,
    /// Its payload.
    pub payload: Bytes,
}

/// What a follower of a stream yields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StreamUpdate {
    /// The stream was created again: whatever was expected of the one before does not
    /// come. All messages of the new one follow.
    Replaced,
    /// The next message.
    Message(StreamMessage),
}

/// A stream from its end on, in order and without a gap.
pub struct StreamFollower {
    reading: Reading,
    position: Option<Position>,
}

/// How far a stream was read.
#[derive(Clone, Copy, Debug)]
struct Position {
    identity: Identity,
    next_sequence: u64,
}

impl Position {
    /// Where to go on in the stream that is found, which begins after the end when
    /// nothing was read before.
    fn follow(before: Option<Self>, identity: Identity, last_sequence: u64) -> (Self, bool) {
        let end = last_sequence + 1;
        let (next_sequence, is_replaced) = match before {
            None => (end, false),
            Some(before) if before.identity != identity => (1, true),
            // A server that lost its last writes gives their sequences out again.
            Some(before) => (before.next_sequence.min(end), false),
        };
        let position = Self {
            identity,
            next_sequence,
        };
        (position, is_replaced)
    }
}

impl Bus {
    /// Follows a stream from its present end on.
    #[must_use]
    pub fn follow_stream(&self, store: &Store) -> StreamFollower {
        StreamFollower {
            reading: Reading::new(self, store),
            position: None,
        }
    }
}

impl StreamFollower {
    /// Waits for the next update. May be dropped and called again.
    pub async fn next(&mut self) -> StreamUpdate {
        loop {
            if !self.reading.is_open() {
                match self.open().await {
                    Ok(is_replaced) => {
                        self.reading.is_current();
                        if is_replaced {
                            return StreamUpdate::Replaced;
                        }
                    }
                    Err(error) => self.reading.failed(&error).await,
                }
                continue;
            }
            if let Some(message) = self.reading.next().await
                && let Some(message) = self.read(&message)
            {
                return StreamUpdate::Message(message);
            }
        }
    }

    /// Returns whether the stream is another than before.
    async fn open(&mut self) -> Result<bool, async_nats::Error> {
        // Before anything else: what happens from here on opens it again.
        self.reading.generations.mark_unchanged();
        let Reading { bus, store, .. } = &self.reading;
        bus.provide_once(store).await?;
        let stream = bus.setup().get_stream(store.stream_name()).await?;
        let last_sequence = stream.cached_info().state.last_sequence;
        let (position, is_replaced) =
            Position::follow(self.position, identity(&stream), last_sequence);
        let config = push::OrderedConfig {
            deliver_subject: bus.client().new_inbox(),
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: position.next_sequence,
            },
            ..Default::default()
        };
        let messages = stream.create_consumer(config).await?.messages().await?;
        self.reading.messages = Some(messages);
        self.position = Some(position);
        Ok(is_replaced)
    }

    fn read(&mut self, message: &Message) -> Option<StreamMessage> {
        let sequence = message.info().ok()?.stream_sequence;
        let position = self.position.as_mut()?;
        if sequence < position.next_sequence {
            return None;
        }
        position.next_sequence = sequence + 1;
        let headers = message.headers.as_ref();
        let id = headers.and_then(|headers| headers.get(NATS_MESSAGE_ID));
        Some(StreamMessage {
            sequence,
            subject: message.subject.to_string(),
            id: id.map(ToString::to_string).unwrap_or_default(),
            payload: message.payload.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(identity: Identity, next_sequence: u64) -> Position {
        Position {
            identity,
            next_sequence,
        }
    }

    #[test]
    fn goes_on_where_it_was_in_the_same_stream_only() {
        let follow = |before, last| {
            let (position, is_replaced) = Position::follow(before, 7, last);
            (position.next_sequence, is_replaced)
        };
        assert_eq!(follow(None, 41), (42, false));
        assert_eq!(follow(Some(at(7, 40)), 41), (40, false));
        assert_eq!(follow(Some(at(7, 42)), 41), (42, false));
        // The server has lost its last writes.
        assert_eq!(follow(Some(at(7, 42)), 30), (31, false));
        // It has lost its disk.
        assert_eq!(follow(Some(at(6, 42)), 3), (1, true));
    }
}
