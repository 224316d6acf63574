//! The file of the keys that sign session tokens, the same for all gateways.
//!
//! A line for each key, newest first: its id, when it was made (Unix seconds), and the
//! key in base64. Gateways sign with the first and accept all, so that a new key takes
//! over while tokens of the one before are still in use.

use std::fmt::{self, Write};
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

use crate::limits::SESSION_LIFETIME_MS;

/// The length of a key: that of the hash's output.
pub const KEY_BYTES: usize = 32;

/// A key that signs tokens.
#[derive(Clone, PartialEq, Eq)]
pub struct SigningKey {
    /// Names the key in a token: 8 hexadecimal digits.
    pub id: u32,
    /// When it was made, in Unix seconds.
    pub made_at: u64,
    /// The secret.
    pub secret: [u8; KEY_BYTES],
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({:08x})", self.id)
    }
}

/// The keys of a file, newest first; at least one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SigningKeys(Vec<SigningKey>);

/// Why a file holds no keys.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SigningKeysError {
    /// No line has a key.
    #[error("there is no key in it")]
    Empty,
    /// A line is something else.
    #[error(
        "line {0} is not `ID SECONDS KEY`: 8 hexadecimal digits, Unix seconds, {KEY_BYTES} bytes in base64"
    )]
    Line(usize),
}

impl SigningKeys {
    /// One key.
    #[must_use]
    pub fn new(key: SigningKey) -> Self {
        Self(vec![key])
    }

    /// All keys, newest first.
    #[must_use]
    pub fn all(&self) -> &[SigningKey] {
        &self.0
    }

    /// The keys after `new` has taken over. Those that no living token can have been
    /// signed with go: the key before the last was in use until the last was made.
    #[must_use]
    pub fn rotated(&self, new: SigningKey) -> Self {
        let now = new.made_at;
        let mut keys = vec![new];
        let mut replaced_at = now;
        for key in &self.0 {
            if now.saturating_sub(replaced_at) < SESSION_LIFETIME_MS / 1_000 {
                keys.push(key.clone());
            }
            replaced_at = key.made_at;
        }
        Self(keys)
    }

    /// The text of the file.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text =
            "# Signs session tokens: secret, and the same for all gateways. The first key signs.\n"
                .to_owned();
        for key in &self.0 {
            let secret = STANDARD_NO_PAD.encode(key.secret);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{:08x} {} {secret}", key.id, key.made_at);
        }
        text
    }
}

impl FromStr for SigningKeys {
    type Err = SigningKeysError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut keys = Vec::new();
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.trim();
            if !line.is_empty() && !line.starts_with('#') {
                keys.push(read_key(line).ok_or(SigningKeysError::Line(number))?);
            }
        }
        if keys.is_empty() {
            return Err(SigningKeysError::Empty);
        }
        Ok(Self(keys))
    }
}

fn read_key(line: &str) -> Option<SigningKey> {
    let mut words = line.split_whitespace();
    let (id, made_at, secret) = (words.next()?, words.next()?, words.next()?);
    if id.len() != 8 || words.next().is_some() {
        return None;
    }
    Some(SigningKey {
        id: u32::from_str_radix(id, 16).ok()?,
        made_at: made_at.parse().ok()?,
        secret: STANDARD_NO_PAD.decode(secret).ok()?.try_into().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: u64 = 24 * 3600;

    fn key(id: u32, day: u64) -> SigningKey {
        SigningKey {
            id,
            made_at: day * DAY,
            secret: [id as u8; KEY_BYTES],
        }
    }

    fn ids(keys: &SigningKeys) -> Vec<u32> {
        keys.all().iter().map(|key| key.id).collect()
    }

    #[test]
    fn reads_what_it_writes() {
        let keys = SigningKeys::new(key(1, 1)).rotated(key(0xfeed_beef, 2));
        assert_eq!(keys.to_text().parse(), Ok(keys));
    }

    #[test]
    fn a_key_stays_while_tokens_of_it_live() {
        let mut keys = SigningKeys::new(key(1, 0));
        keys = keys.rotated(key(2, 100));
        assert_eq!(ids(&keys), [2, 1], "the first signed until this moment");
        keys = keys.rotated(key(3, 103));
        assert_eq!(ids(&keys), [3, 2, 1]);
        keys = keys.rotated(key(4, 107));
        assert_eq!(ids(&keys), [4, 3, 2], "the first was replaced a week ago");
        keys = keys.rotated(key(5, 200));
        assert_eq!(ids(&keys), [5, 4]);
    }

    #[test]
    fn says_which_line_is_wrong() {
        let read = |text: &str| text.parse::<SigningKeys>();
        assert_eq!(read("# nothing\n\n"), Err(SigningKeysError::Empty));
        let good = SigningKeys::new(key(1, 1)).to_text();
        for bad in [
            "x",
            "00000001 5",
            "1 5 AAAA",
            "0000000g 5 AAAA",
            "00000001 5 AAAA",
        ] {
            assert_eq!(
                read(&format!("{good}{bad}\n")),
                Err(SigningKeysError::Line(3)),
                "{bad}"
            );
        }
        assert!(!format!("{:?}", read(&good)).contains("secret"));
    }
}
