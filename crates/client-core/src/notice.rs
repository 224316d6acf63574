//! Notices: short lines that a client shows for a moment.

/// A short line for the player, and its kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The kind, which decides how it looks.
    pub kind: NoticeKind,
    /// The text.
    pub text: String,
}

/// The kind of a notice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// Information.
    Info,
    /// A success: a lap, a win.
    Success,
    /// A problem, of this player or another one.
    Warning,
}

impl Notice {
    /// Makes a notice of kind [`NoticeKind::Info`].
    pub fn info(text: impl Into<String>) -> Self {
        Self {
            kind: NoticeKind::Info,
            text: text.into(),
        }
    }

    /// Makes a notice of kind [`NoticeKind::Success`].
    pub fn success(text: impl Into<String>) -> Self {
        Self {
            kind: NoticeKind::Success,
            text: text.into(),
        }
    }

    /// Makes a notice of kind [`NoticeKind::Warning`].
    pub fn warning(text: impl Into<String>) -> Self {
        Self {
            kind: NoticeKind::Warning,
            text: text.into(),
        }
    }
}
