//! Sending typed text: a text stays in its entry until the gateway has confirmed
//! it, and one text is in flight at a time, so that lines keep their order.

use client_core::protocol::Rejection;
use client_core::protocol::chat::ChatText;
use client_core::protocol::limits::CHAT_TEXT_CHARS_MAX;

/// The length from which the counter is shown: the last fifth.
const COUNTER_FROM_CHARS: usize = CHAT_TEXT_CHARS_MAX / 5 * 4;

/// The texts that are submitted and not yet confirmed.
#[derive(Debug, Default)]
pub struct Composer {
    /// The text that was sent, as at the start of the entry.
    in_flight: Option<String>,
    /// The text after it that the user has submitted, and that waits for the
    /// confirmation of the first.
    next: Option<String>,
}

/// What to do after a text is confirmed.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Confirmed {
    /// The number of characters to remove from the start of the entry.
    pub remove_chars: usize,
    /// The next text to send.
    pub say: Option<ChatText>,
}

impl Composer {
    /// Submits the text in the entry and returns the text to send. `None` if it
    /// has to wait for the text before it, or is blank.
    ///
    /// # Errors
    /// Returns a rejection if the text is not allowed. The chat worker checks too,
    /// but a text too long for a frame would end the connection.
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

    /// Handles the gateway's confirmation of the text in flight.
    pub fn confirmed(&mut self, entry: &str) -> Confirmed {
        let Some(sent) = self.in_flight.take() else {
            return Confirmed::default();
        };
        // A text that was edited in the meantime stays in the entry.
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

    /// Handles a rejection or a broken connection: the text stays in the entry.
    /// Returns whether a text was in flight.
    pub fn failed(&mut self) -> bool {
        self.next = None;
        self.in_flight.take().is_some()
    }
}

/// The counter beside the entry.
#[derive(Debug, PartialEq, Eq)]
pub struct Counter {
    /// The text, such as "412 / 500".
    pub text: String,
    /// Whether the text is too long to be sent.
    pub is_over: bool,
}

/// Counts the characters of a text as the chat worker does. `None` while the
/// text is far from the limit.
#[must_use]
pub fn counter(entry: &str) -> Option<Counter> {
    let chars = entry.trim().chars().count();
    (chars >= COUNTER_FROM_CHARS).then(|| Counter {
        text: format!("{chars} / {CHAT_TEXT_CHARS_MAX}"),
        is_over: chars > CHAT_TEXT_CHARS_MAX,
    })
}

/// Returns whether the send button is enabled.
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
    fn a_second_text_waits_for_the_confirmation_of_the_first() {
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
