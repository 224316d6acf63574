//! What becomes of a typed text: it stays in its entry until the gateway has
//! confirmed it, and one text is under way at a time, so that lines keep
//! their order.

use client_core::protocol::Rejection;
use client_core::protocol::chat::ChatText;
use client_core::protocol::limits::CHAT_TEXT_CHARS_MAX;

/// From here on the person is told how much fits: the last fifth.
const COUNTER_FROM_CHARS: usize = CHAT_TEXT_CHARS_MAX / 5 * 4;

/// The texts on their way from the entry to the gateway.
#[derive(Debug, Default)]
pub struct Composer {
    /// As it stands at the start of the entry.
    in_flight: Option<String>,
    /// What was typed behind it and already sent off by the person.
    next: Option<String>,
}

/// What to do once a text is confirmed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// Characters to take off the start of the entry.
    pub remove_chars: usize,
    /// What to say next.
    pub say: Option<ChatText>,
}

impl Composer {
    /// The person wants to say what the entry holds. Gives what to say now;
    /// `None` when it has to wait for the text before it, or is blank.
    ///
    /// # Errors
    /// Says what is allowed. A text is checked here as well as by the chat
    /// worker, since one too long for a frame would end the connection.
    pub fn submit(&mut self, entry: &str) -> Result<Option<ChatText>, Rejection> {
        let sent = self.in_flight.as_deref().unwrap_or_default();
        let rest = entry.strip_prefix(sent).unwrap_or(entry);
        if rest.trim().is_empty() {
            return Ok(None);
        }
        let text = ChatText::parse(rest)?;
        if self.in_flight.is_some() {
            self.next = Some(rest.to_owned());
            return Ok(None);
        }
        self.in_flight = Some(rest.to_owned());
        Ok(Some(text))
    }

    /// The gateway has confirmed the text under way.
    pub fn confirmed(&mut self, entry: &str) -> Confirmed {
        let Some(sent) = self.in_flight.take() else {
            return Confirmed::default();
        };
        // Whoever changed the text meanwhile wants to keep the change.
        let remove_chars = if entry.starts_with(&sent) {
            sent.chars().count()
        } else {
            0
        };
        self.in_flight = self.next.take();
        let say = self
            .in_flight
            .as_deref()
            .and_then(|text| ChatText::parse(text).ok());
        Confirmed { remove_chars, say }
    }

    /// The gateway refused the text under way, or the connection broke: the
    /// text stays where it is. Whether there was one.
    pub fn failed(&mut self) -> bool {
        self.next = None;
        self.in_flight.take().is_some()
    }
}

/// What the counter beside the entry shows.
#[derive(Debug, PartialEq, Eq)]
pub struct Counter {
    /// "412 / 500".
    pub text: String,
    /// Whether the text is too long to be sent.
    pub is_over: bool,
}

/// Counts a text as the chat worker does; `None` while there is plenty of room.
#[must_use]
pub fn counter(entry: &str) -> Option<Counter> {
    let chars = entry.trim().chars().count();
    (chars >= COUNTER_FROM_CHARS).then(|| Counter {
        text: format!("{chars} / {CHAT_TEXT_CHARS_MAX}"),
        is_over: chars > CHAT_TEXT_CHARS_MAX,
    })
}

/// Whether the send button makes sense.
#[must_use]
pub fn can_send(is_in_chat: bool, entry: &str) -> bool {
    is_in_chat && ChatText::parse(entry).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> ChatText {
        ChatText::parse(text).unwrap()
    }

    #[test]
    fn a_text_leaves_the_entry_once_it_is_confirmed() {
        let mut composer = Composer::default();
        assert_eq!(composer.submit(" hello ").unwrap(), Some(text("hello")));
        let expected = Confirmed {
            remove_chars: 7,
            say: None,
        };
        assert_eq!(composer.confirmed(" hello "), expected);
        assert_eq!(composer.confirmed(""), Confirmed::default());
    }

    #[test]
    fn what_is_typed_behind_a_text_under_way_waits_its_turn() {
        let mut composer = Composer::default();
        composer.submit("one").unwrap();
        assert_eq!(
            composer.submit("one").unwrap(),
            None,
            "Enter twice says it once"
        );
        assert_eq!(composer.submit("onetwo").unwrap(), None);
        let confirmed = composer.confirmed("onetwo th");
        assert_eq!(
            confirmed,
            Confirmed {
                remove_chars: 3,
                say: Some(text("two"))
            }
        );
        assert_eq!(
            composer.confirmed("two th"),
            Confirmed {
                remove_chars: 3,
                say: None
            }
        );
    }

    #[test]
    fn a_changed_text_is_kept() {
        let mut composer = Composer::default();
        composer.submit("hello").unwrap();
        assert_eq!(composer.confirmed("hallo"), Confirmed::default());
    }

    #[test]
    fn a_refused_text_is_kept_and_can_be_sent_again() {
        let mut composer = Composer::default();
        composer.submit("hello").unwrap();
        assert!(composer.failed());
        assert!(!composer.failed());
        assert_eq!(composer.submit("hello").unwrap(), Some(text("hello")));
    }

    #[test]
    fn blank_and_bad_texts_are_not_sent() {
        let mut composer = Composer::default();
        assert_eq!(composer.submit("  ").unwrap(), None);
        assert!(composer.submit(&"x".repeat(501)).is_err());
        assert!(composer.submit("two\nlines").is_err());
        assert!(!can_send(true, " ") && !can_send(false, "hi") && can_send(true, "hi"));
    }

    #[test]
    fn counts_characters_near_the_limit() {
        assert_eq!(counter(&"x".repeat(399)), None);
        let at = counter(&"ö".repeat(500)).unwrap();
        assert_eq!(
            at,
            Counter {
                text: "500 / 500".into(),
                is_over: false
            }
        );
        assert!(counter(&"x".repeat(501)).unwrap().is_over);
    }
}
