//! Subjects of messages.

use std::fmt;
use std::ops::Deref;

/// A NATS subject. Clones share its bytes, so that a frequent publisher can keep
/// one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject(pub(crate) async_nats::Subject);

impl Deref for Subject {
    type Target = str;

    fn deref(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

impl From<String> for Subject {
    fn from(subject: String) -> Self {
        Self(subject.into())
    }
}

impl From<&str> for Subject {
    fn from(subject: &str) -> Self {
        Self(subject.into())
    }
}
