//! Messages that were set aside, for a person.

use std::fmt::Write;

use protocol::UnixMillis;
use protocol::quarantine::{Origin, Quarantined};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Bytes on one line of a hex dump.
const HEX_BYTES_PER_LINE: usize = 32;

/// A message in the list, the oldest first.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Line {
    at: UnixMillis,
    key: String,
    subject: String,
    bytes: usize,
    reason: String,
}

impl Line {
    pub(super) fn new(key: String, message: &Quarantined) -> Self {
        Self {
            at: message.at,
            key,
            subject: origin(&message.origin).to_owned(),
            bytes: message.payload.0.len(),
            reason: message.reason.clone(),
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "key": self.key, "at": self.at, "subject": self.subject, "bytes": self.bytes,
            "reason": self.reason,
        })
    }
}

pub(super) fn table(lines: &[Line]) -> String {
    if lines.is_empty() {
        return "nothing was set aside\n".to_owned();
    }
    let mut text = format!(
        "{:<24} {:<20} {:<42} {:>7}  {}\n",
        "KEY", "WHEN", "SUBJECT", "BYTES", "REASON"
    );
    for line in lines {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<24} {:<20} {:<42} {:>7}  {}",
            line.key,
            when(line.at),
            line.subject,
            line.bytes,
            line.reason
        );
    }
    text
}

/// All about one message: its payload as text if it is text, else in hexadecimal digits.
pub(super) fn details(key: &str, message: &Quarantined) -> String {
    let payload = &message.payload.0;
    let mut text = format!(
        "key      {key}\nsubject  {}\nwhen     {}\nbytes    {}\nreason   {}\n",
        origin(&message.origin),
        when(message.at),
        payload.len(),
        message.reason
    );
    if let Origin::Record {
        message_id: Some(id),
        ..
    } = &message.origin
    {
        let _ = writeln!(text, "id       {id}");
    }
    text.push('\n');
    match std::str::from_utf8(payload) {
        Ok(readable) if readable.chars().all(is_printable) => {
            text.push_str(readable);
            text.push('\n');
        }
        Ok(_) | Err(_) => {
            for line in payload.chunks(HEX_BYTES_PER_LINE) {
                for byte in line {
                    let _ = write!(text, "{byte:02x}");
                }
                text.push('\n');
            }
        }
    }
    text
}

fn is_printable(letter: char) -> bool {
    !letter.is_control() || letter == '\n' || letter == '\t'
}

fn origin(origin: &Origin) -> &str {
    match origin {
        Origin::Record { subject, .. } => subject,
        Origin::Checkpoint { room } => room,
    }
}

/// In UTC, to the second.
fn when(at: UnixMillis) -> String {
    let seconds = i64::try_from(at / 1000).unwrap_or(i64::MAX);
    let time = OffsetDateTime::from_unix_timestamp(seconds).ok();
    let text = time.and_then(|time| time.format(&Rfc3339).ok());
    text.unwrap_or_else(|| at.to_string())
}

#[cfg(test)]
mod tests {
    use protocol::replay::Base64;

    use super::*;

    fn message(at: UnixMillis, payload: &[u8]) -> Quarantined {
        Quarantined {
            reason: "score is out of range: 9223372036854775807".to_owned(),
            at,
            origin: Origin::Record {
                subject: "record.result.01ARZ3NDEKTSV4RRFFQ69G5FAV".to_owned(),
                message_id: Some("result:1".to_owned()),
            },
            payload: Base64(payload.to_vec()),
        }
    }

    #[test]
    fn lists_the_oldest_first() {
        let mut lines = [
            Line::new(
                "record.results.9".to_owned(),
                &message(1_700_000_002_000, b"{}"),
            ),
            Line::new(
                "record.results.7".to_owned(),
                &message(1_700_000_001_000, b"{}"),
            ),
        ];
        lines.sort();
        let text = table(&lines);
        let words: Vec<Vec<&str>> = text
            .lines()
            .map(|line| line.split_whitespace().take(4).collect())
            .collect();
        let subject = "record.result.01ARZ3NDEKTSV4RRFFQ69G5FAV";
        assert_eq!(
            words,
            [
                ["KEY", "WHEN", "SUBJECT", "BYTES"],
                ["record.results.7", "2023-11-14T22:13:21Z", subject, "2"],
                ["record.results.9", "2023-11-14T22:13:22Z", subject, "2"],
            ]
        );
        assert!(text.contains("  score is out of range: 9223372036854775807\n"));
        assert_eq!(table(&[]), "nothing was set aside\n");
    }

    #[test]
    fn shows_text_as_it_is_and_everything_else_as_digits() {
        let shown = details("record.results.7", &message(1, "{\"räce\":1}".as_bytes()));
        assert!(shown.contains("subject  record.result.01ARZ3NDEKTSV4RRFFQ69G5FAV\n"));
        assert!(shown.contains("id       result:1\n"));
        assert!(shown.ends_with("\n\n{\"räce\":1}\n"), "{shown}");
        for payload in [&[0xff, 0x00][..], b"\x1b[2J"] {
            let digits: String = payload.iter().map(|byte| format!("{byte:02x}")).collect();
            let shown = details("record.results.7", &message(1, payload));
            assert!(shown.ends_with(&format!("\n\n{digits}\n")), "{shown}");
        }
    }
}
