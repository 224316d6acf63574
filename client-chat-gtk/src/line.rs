//! A chat line as it is shown.

use client_core::protocol::chat::{ChatBody, ChatMessage};
use client_core::protocol::{PlayerName, UnixMillis};
use gtk4::glib;

/// Time within which lines of one author are grouped under one name.
const GROUPING_MS: UnixMillis = 5 * 60 * 1_000;

/// A chat line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The time at which a chat worker accepted it.
    pub at: UnixMillis,
    /// The plain text.
    pub text: String,
    /// The author.
    pub author: Author,
    /// Whether it is grouped with the line before it, under the same name.
    pub is_continued: bool,
}

/// The author of a chat line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Author {
    /// The chat itself: a notice that a player joined or disconnected.
    Notice,
    /// Another player.
    Other(PlayerName),
    /// The user of this window.
    Own(PlayerName),
}

impl Author {
    /// Returns the name, unless it is the chat itself.
    #[must_use]
    pub fn name(&self) -> Option<&PlayerName> {
        match self {
            Self::Notice => None,
            Self::Other(name) | Self::Own(name) => Some(name),
        }
    }
}

impl Line {
    /// Makes the line that the player `own` sees below `previous`.
    #[must_use]
    pub fn new(message: &ChatMessage, own: Option<&PlayerName>, previous: Option<&Self>) -> Self {
        let at = message.at;
        let (author, text) = match &message.body {
            ChatBody::Said { from, text } => {
                let is_own = own.is_some_and(|own| own.id() == from.id());
                let author = if is_own { Author::Own } else { Author::Other };
                (author(from.clone()), text.as_str().to_owned())
            }
            ChatBody::Joined { .. } | ChatBody::Left { .. } => {
                (Author::Notice, message.body.notice().unwrap_or_default())
            }
        };
        let is_continued = previous.is_some_and(|previous| {
            author != Author::Notice
                && previous.author == author
                && at.saturating_sub(previous.at) < GROUPING_MS
        });
        Self {
            at,
            text,
            author,
            is_continued,
        }
    }

    /// Returns the line as one sentence for assistive technology: "Ada: hello",
    /// or the notice.
    #[must_use]
    pub fn spoken(&self) -> String {
        match self.author.name() {
            Some(name) => format!("{name}: {}", self.text),
            None => self.text.clone(),
        }
    }

    /// Returns the local time of day as HH:MM.
    #[must_use]
    pub fn clock(&self) -> String {
        clock(self.at, &glib::TimeZone::local())
    }
}

fn clock(at: UnixMillis, zone: &glib::TimeZone) -> String {
    let seconds = i64::try_from(at / 1_000).unwrap_or(i64::MAX);
    glib::DateTime::from_unix_utc(seconds)
        .and_then(|utc| utc.to_timezone(zone))
        .and_then(|local| local.format("%H:%M"))
        .map(Into::into)
        // The line is shown even if the worker's clock is beyond the year 9999.
        .unwrap_or_else(|_| "--:--".to_owned())
}

#[cfg(test)]
mod tests {
    use client_core::protocol::chat::ChatText;

    use super::*;

    fn name(text: &str) -> PlayerName {
        PlayerName::parse(text).unwrap()
    }

    fn said(at: UnixMillis, from: &str, text: &str) -> ChatMessage {
        let body = ChatBody::Said {
            from: name(from),
            text: ChatText::parse(text).unwrap(),
        };
        ChatMessage { at, body }
    }

    #[test]
    fn distinguishes_own_lines_from_those_of_others() {
        let own = name("ADA");
        let line = Line::new(&said(0, "Ada", "hi"), Some(&own), None);
        assert_eq!(line.author, Author::Own(name("Ada")));
        let line = Line::new(&said(0, "Bob", "<b>hi</b>"), Some(&own), None);
        assert_eq!(line.author, Author::Other(name("Bob")));
        assert_eq!(line.spoken(), "Bob: <b>hi</b>");
    }

    #[test]
    fn shows_notices_as_sentences() {
        let joined = ChatMessage {
            at: 0,
            body: ChatBody::Joined {
                player: name("Ada"),
            },
        };
        let left = ChatMessage {
            at: 0,
            body: ChatBody::Left {
                player: name("Ada"),
            },
        };
        assert_eq!(
            Line::new(&joined, None, None).spoken(),
            "Ada just joined the chat!"
        );
        let left = Line::new(&left, None, None);
        assert_eq!(
            (left.spoken().as_str(), &left.author),
            ("Ada disconnected", &Author::Notice)
        );
    }

    #[test]
    fn puts_lines_of_one_sender_together() {
        let first = Line::new(&said(0, "Ada", "one"), None, None);
        let continued =
            |at, from| Line::new(&said(at, from, "two"), None, Some(&first)).is_continued;
        assert!(continued(GROUPING_MS - 1, "Ada"));
        assert!(!continued(GROUPING_MS, "Ada"));
        assert!(!continued(1, "Bob"));
        let notice = ChatMessage {
            at: 0,
            body: ChatBody::Joined {
                player: name("Ada"),
            },
        };
        let notice = Line::new(&notice, None, Some(&first));
        assert!(!notice.is_continued);
        assert!(!Line::new(&notice_again(), None, Some(&notice)).is_continued);
    }

    fn notice_again() -> ChatMessage {
        ChatMessage {
            at: 0,
            body: ChatBody::Left {
                player: name("Ada"),
            },
        }
    }

    #[test]
    fn shows_the_time_of_day_of_its_zone() {
        let zone = glib::TimeZone::from_offset(2 * 3600);
        assert_eq!(clock(0, &zone), "02:00");
        assert_eq!(clock(86_399_000, &glib::TimeZone::utc()), "23:59");
        assert_eq!(clock(u64::MAX, &zone), "--:--");
    }
}
