//! What a person is told in passing.

/// One line for a person, and how urgent it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// How it should look.
    pub kind: NoticeKind,
    /// A sentence.
    pub text: String,
}

/// How a notice should look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Good to know.
    Info,
    /// Something went well: a lap, a win.
    Success,
    /// Something is wrong, here or with somebody else.
    Warning,
}

impl Notice {
    /// Good to know.
    pub fn info(text: impl Into<String>) -> Self {
        Self {
            kind: NoticeKind::Info,
            text: text.into(),
        }
    }

    /// Something went well.
    pub fn success(text: impl Into<String>) -> Self {
        Self {
            kind: NoticeKind::Success,
            text: text.into(),
        }
    }

    /// Something is wrong.
    pub fn warning(text: impl Into<String>) -> Self {
        Self {
            kind: NoticeKind::Warning,
            text: text.into(),
        }
    }
}
