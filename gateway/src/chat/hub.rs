//! Which listener gets which message of the chat: a state machine without I/O.
//!
//! A listener begins with its own notice, which it recognises by its message id, since
//! sequence numbers of a stream that was created again say nothing about those before.
//! What comes between the notice and the moment at which its client has been told that
//! it is in the chat is held back.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;

use crate::limits::{CHAT_HELD_BYTES_MAX, CHAT_IDS_MAX, CHAT_TIMEOUT};
use crate::send_queue;

/// A connection, as the chat knows it.
pub type ListenerId = u64;

/// The listeners of this gateway. `L` is the way to the client of one.
#[derive(Debug)]
pub(super) struct HubCore<L> {
    listeners: HashMap<ListenerId, Listener<L>>,
    read: ReadIds,
}

#[derive(Debug)]
struct Listener<L> {
    to: L,
    /// The message id of the own notice; `None` once it was read.
    expects: Option<String>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// The client does not know yet that it is in the chat.
    Joining(Held),
    /// The client was told then.
    Listening(Instant),
}

/// Frames from the own notice on.
#[derive(Debug, Default)]
struct Held {
    frames: Vec<Bytes>,
    bytes: usize,
    is_overfull: bool,
}

/// More was said than is held back for a client whose join takes long.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Overfull;

impl<L> Default for HubCore<L> {
    fn default() -> Self {
        Self {
            listeners: HashMap::new(),
            read: ReadIds::default(),
        }
    }
}

impl<L> HubCore<L> {
    /// Adds a listener that begins with the message `own_notice`, before that is asked
    /// for. A repeated attempt of the same listener goes on with what is held.
    pub(super) fn expect(&mut self, id: ListenerId, own_notice: String, to: L) {
        self.listeners.entry(id).or_insert_with(|| Listener {
            to,
            expects: Some(own_notice),
            stage: Stage::Joining(Held::default()),
        });
    }

    /// Notes that a listener's client has been told that it is in the chat; returns what
    /// was held back, which goes first.
    ///
    /// # Errors
    /// When that is not all.
    pub(super) fn begin(&mut self, id: ListenerId, now: Instant) -> Result<Vec<Bytes>, Overfull> {
        let Some(listener) = self.listeners.get_mut(&id) else {
            return Ok(Vec::new());
        };
        match std::mem::replace(&mut listener.stage, Stage::Listening(now)) {
            Stage::Joining(Held {
                is_overfull: true, ..
            }) => Err(Overfull),
            Stage::Joining(held) => Ok(held.frames),
            Stage::Listening(_) => Ok(Vec::new()),
        }
    }

    /// Removes a listener; returns whether its own notice was read.
    pub(super) fn remove(&mut self, id: ListenerId) -> bool {
        let removed = self.listeners.remove(&id);
        removed.is_some_and(|listener| listener.expects.is_none())
    }

    /// Takes a message of the stream; returns those who get it at once, or `None` for a
    /// repeat.
    pub(super) fn deliver(&mut self, id: &str, frame: &Bytes, now: Instant) -> Option<Vec<&L>> {
        if !self.read.insert(id) {
            return None;
        }
        let mut receivers = Vec::new();
        for listener in self.listeners.values_mut() {
            if listener.expects.as_deref() == Some(id) || listener.is_overdue(now) {
                listener.expects = None;
            }
            if listener.expects.is_some() {
                continue;
            }
            match &mut listener.stage {
                Stage::Joining(held) => held.push(frame),
                Stage::Listening(_) => receivers.push(&listener.to),
            }
        }
        Some(receivers)
    }

    /// Notes that the stream was created again. All that comes is later than what a
    /// listener waits for, which may have been lost.
    pub(super) fn replaced(&mut self) {
        for listener in self.listeners.values_mut() {
            listener.expects = None;
        }
    }

    /// Whether a message was read lately.
    pub(super) fn has_read(&self, id: &str) -> bool {
        self.read.known.contains(id)
    }
}

impl<L> Listener<L> {
    /// Whether the own notice is lost: it was acknowledged, and a server that lost its
    /// last writes does not have it.
    fn is_overdue(&self, now: Instant) -> bool {
        match self.stage {
            Stage::Joining(_) => false,
            Stage::Listening(since) => now.saturating_duration_since(since) >= CHAT_TIMEOUT,
        }
    }
}

impl Held {
    fn push(&mut self, frame: &Bytes) {
        let bytes = self.bytes + send_queue::cost(frame);
        if bytes <= CHAT_HELD_BYTES_MAX {
            self.bytes = bytes;
            self.frames.push(frame.clone());
        } else {
            self.is_overfull = true;
        }
    }
}

/// The ids of the latest messages.
#[derive(Debug, Default)]
struct ReadIds {
    known: HashSet<Arc<str>>,
    in_order: VecDeque<Arc<str>>,
}

impl ReadIds {
    /// Returns whether the id is new. Messages without one are.
    fn insert(&mut self, id: &str) -> bool {
        if id.is_empty() {
            return true;
        }
        if self.known.contains(id) {
            return false;
        }
        if self.in_order.len() == CHAT_IDS_MAX
            && let Some(oldest) = self.in_order.pop_front()
        {
            self.known.remove(&oldest);
        }
        let id: Arc<str> = id.into();
        self.known.insert(Arc::clone(&id));
        self.in_order.push_back(id);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        hub: HubCore<&'static str>,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            Self {
                hub: HubCore::default(),
                now: Instant::now(),
            }
        }

        fn expect(&mut self, id: ListenerId, own: &str, to: &'static str) {
            self.hub.expect(id, own.to_owned(), to);
        }

        /// Who gets a message at once.
        fn says(&mut self, id: &str) -> Option<Vec<&'static str>> {
            let frame = Bytes::copy_from_slice(id.as_bytes());
            let receivers = self.hub.deliver(id, &frame, self.now)?;
            Some(receivers.into_iter().copied().collect())
        }

        fn begins(&mut self, id: ListenerId) -> Vec<Bytes> {
            self.hub.begin(id, self.now).unwrap()
        }
    }

    #[test]
    fn a_listener_gets_everything_from_its_own_notice_on() {
        let mut world = World::new();
        world.expect(1, "joined:ada", "ada");
        for id in ["before", "joined:ada", "after"] {
            assert_eq!(world.says(id).unwrap(), [""; 0], "it is not told yet");
        }
        assert_eq!(world.begins(1), ["joined:ada", "after"]);
        assert_eq!(world.says("later").unwrap(), ["ada"]);
        assert!(world.begins(1).is_empty(), "once");
    }

    #[test]
    fn a_notice_that_is_read_after_the_client_was_told_begins_too() {
        let mut world = World::new();
        world.expect(1, "joined:ada", "ada");
        assert!(world.begins(1).is_empty());
        assert!(world.says("before").unwrap().is_empty());
        assert_eq!(world.says("joined:ada").unwrap(), ["ada"]);
    }

    #[test]
    fn a_repeated_join_goes_on_with_what_was_held() {
        let mut world = World::new();
        world.expect(1, "joined:ada", "ada");
        world.says("joined:ada");
        world.expect(1, "joined:ada", "ada");
        assert_eq!(world.begins(1), ["joined:ada"]);
    }

    #[test]
    fn a_repeat_is_delivered_once() {
        let mut world = World::new();
        world.expect(1, "joined:ada", "ada");
        world.begins(1);
        assert_eq!(world.says("joined:ada").unwrap(), ["ada"]);
        assert_eq!(world.says("said:1").unwrap(), ["ada"]);
        assert!(world.hub.has_read("said:1"));
        world.hub.replaced();
        assert_eq!(world.says("said:1"), None);
        for number in 0..CHAT_IDS_MAX {
            world.says(&number.to_string());
        }
        assert!(!world.hub.has_read("said:1"), "memory has a bound");
        assert_eq!(world.says("").unwrap(), ["ada"]);
        assert_eq!(world.says("").unwrap(), ["ada"], "without an id, no repeat");
    }

    #[test]
    fn a_stream_that_is_created_again_begins_for_all() {
        let mut world = World::new();
        world.expect(1, "joined:ada", "ada");
        world.hub.replaced();
        assert!(world.says("first").unwrap().is_empty());
        assert_eq!(world.begins(1), ["first"]);
        assert_eq!(world.says("second").unwrap(), ["ada"]);
    }

    #[test]
    fn a_notice_that_was_lost_makes_nobody_deaf() {
        let mut world = World::new();
        world.expect(1, "joined:ada", "ada");
        world.begins(1);
        assert!(world.says("soon").unwrap().is_empty());
        world.now += CHAT_TIMEOUT;
        assert_eq!(world.says("late").unwrap(), ["ada"]);
    }

    #[test]
    fn a_client_whose_join_takes_too_long_is_told() {
        let mut world = World::new();
        world.expect(1, "joined:ada", "ada");
        world.says("joined:ada");
        for number in 0..CHAT_HELD_BYTES_MAX / size_of::<Bytes>() {
            world.says(&number.to_string());
        }
        assert_eq!(world.hub.begin(1, world.now), Err(Overfull));
        assert!(world.hub.remove(1), "its notice was read");
        assert!(!world.hub.remove(1));
    }
}
