//! Events read from the bytes of a fuzzer.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use arbitrary::{Arbitrary, Unstructured};

/// When every state machine begins: no target asks for the time.
static BEGIN: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Most events of one input: more would only be slow.
const EVENTS_MAX: u32 = 400;

/// The bytes that are left. Numbers are little-endian; a run of bytes has its length, of
/// two bytes, before it.
#[derive(Debug)]
pub struct Source<'a> {
    bytes: Unstructured<'a>,
    events_left: u32,
}

impl<'a> Source<'a> {
    /// All bytes of an input.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self {
            bytes: Unstructured::new(bytes),
            events_left: EVENTS_MAX,
        }
    }

    /// The next number; `None` after the last byte.
    pub fn number<T: Arbitrary<'a>>(&mut self) -> Option<T> {
        if self.bytes.is_empty() {
            return None;
        }
        self.bytes.arbitrary().ok()
    }

    /// One of `choices` by the next byte; `None` after the last byte.
    pub fn choose<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let byte: u8 = self.number()?;
        Some(choices[usize::from(byte) % choices.len()])
    }

    /// The next event, one of `events`; `None` after the last.
    pub fn event<T: Copy>(&mut self, events: &[T]) -> Option<T> {
        self.events_left = self.events_left.checked_sub(1)?;
        self.choose(events)
    }

    /// A run of bytes: as many as are left, if it says that it has more.
    pub fn run(&mut self) -> Option<&'a [u8]> {
        let length: u16 = self.number()?;
        self.bytes
            .bytes(usize::from(length).min(self.bytes.len()))
            .ok()
    }
}

/// A clock that only goes on when it is told.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Default for Clock {
    fn default() -> Self {
        Self(*BEGIN)
    }
}

impl Clock {
    /// The time.
    #[must_use]
    pub fn now(self) -> Instant {
        self.0
    }

    /// The time since the beginning.
    #[must_use]
    pub fn elapsed(self) -> Duration {
        self.0.saturating_duration_since(*BEGIN)
    }

    /// Goes on.
    pub fn advance(&mut self, by: Duration) {
        self.0 += by;
    }
}
