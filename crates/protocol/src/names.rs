//! Names that people choose, and the ids made of them.

mod reserved;
mod skeleton;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::limits::{PLAYER_NAME_CHARS_MAX, ROOM_NAME_CHARS_MAX};

pub use reserved::deleted_name;
pub use skeleton::{SKELETON_CHARS_MAX, Skeleton};

/// Why a name was refused. The text is meant for the person who typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Nothing was typed.
    #[error("a {kind} has 1 to {chars_max} characters, this one is empty")]
    Empty {
        /// What was being named.
        kind: &'static str,
        /// Most characters allowed.
        chars_max: usize,
    },
    /// Too many characters.
    #[error("a {kind} has 1 to {chars_max} characters, this one has {chars}")]
    TooLong {
        /// What was being named.
        kind: &'static str,
        /// Most characters allowed.
        chars_max: usize,
        /// Characters given.
        chars: usize,
    },
    /// A name of the AI drivers, or one that looks like it.
    #[error("names that begin with AI- belong to the AI drivers, choose another")]
    Reserved,
    /// A name by which people would take a player for someone who runs the service.
    #[error("the name {name} could be taken for someone who runs this service, choose another")]
    Official {
        /// As it was typed.
        name: String,
    },
    /// A name of the form that deleted accounts get.
    #[error("names that begin with deleted- stand for deleted accounts, choose another")]
    Deleted,
    /// A character outside the alphabet.
    #[error("a {kind} is made of A-Z a-z 0-9 _ -, this one has {character:?}")]
    Character {
        /// What was being named.
        kind: &'static str,
        /// The first offending character.
        character: char,
    },
}

fn check(text: &str, kind: &'static str, chars_max: usize) -> Result<(), NameError> {
    if text.is_empty() {
        return Err(NameError::Empty { kind, chars_max });
    }
    let allowed = |c: &char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if let Some(character) = text.chars().find(|c| !allowed(c)) {
        return Err(NameError::Character { kind, character });
    }
    let chars = text.chars().count();
    if chars > chars_max {
        return Err(NameError::TooLong {
            kind,
            chars_max,
            chars,
        });
    }
    Ok(())
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $id:ident, $(#[$id_doc:meta])*, $kind:literal, $max:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks length and alphabet.
            ///
            /// # Errors
            /// Says which rule the text breaks.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                check(text, $kind, $max)?;
                Ok(Self(text.into()))
            }

            /// As it was chosen, with its capitals.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// What makes it unique: the lower-case form.
            #[must_use]
            pub fn id(&self) -> $id {
                $id(self.0.to_ascii_lowercase())
            }
        }

        $(#[$id_doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $id(String);

        impl $id {
            /// Checks length and alphabet, and folds capitals.
            ///
            /// # Errors
            /// Says which rule the text breaks.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                $name::parse(text).map(|name| name.id())
            }

            /// The lower-case form: a subject token and a key.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        name!(@text $name);
        name!(@text $id);
    };
    (@text $type:ident) => {
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl FromStr for $type {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }
        impl TryFrom<String> for $type {
            type Error = NameError;
            fn try_from(text: String) -> Result<Self, NameError> {
                Self::parse(&text)
            }
        }
        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.as_str().to_owned()
            }
        }
    };
}

name!(
    /// The name a player chose: 1–16 of `A-Z a-z 0-9 _ -`.
    PlayerName,
    PlayerId,
    /// A player's identity: the lower-case form of the name.
    ,
    "player name",
    PLAYER_NAME_CHARS_MAX
);

/// What the names of AI drivers begin with, in lower case. Nobody can sign up
/// with such a name, so that a result never takes one for the other.
const RESERVED_PREFIX: &str = "ai-";

impl PlayerName {
    /// Checks the name of a new account: as [`PlayerName::parse`], and it must not be
    /// reserved.
    ///
    /// # Errors
    /// Says which rule the text breaks.
    pub fn parse_new(text: &str) -> Result<Self, NameError> {
        let name = Self::parse(text)?;
        name.expect_unreserved()?;
        Ok(name)
    }

    /// Refuses what nobody can sign up as: names of AI drivers, of those who run the
    /// service and of deleted accounts, and names that look like one of these.
    ///
    /// # Errors
    /// Says which kind of reserved name it is.
    pub fn expect_unreserved(&self) -> Result<(), NameError> {
        self.expect_person()?;
        reserved::check(self)
    }

    /// What the name looks like: names of one skeleton are hard to tell apart.
    #[must_use]
    pub fn skeleton(&self) -> Skeleton {
        Skeleton::of(&self.0)
    }

    /// Refuses the names of AI drivers.
    ///
    /// # Errors
    /// [`NameError::Reserved`].
    pub fn expect_person(&self) -> Result<(), NameError> {
        if self.id().as_str().starts_with(RESERVED_PREFIX) {
            return Err(NameError::Reserved);
        }
        Ok(())
    }
}

name!(
    /// The name of a room: 1–24 of `A-Z a-z 0-9 _ -`.
    RoomName,
    RoomId,
    /// A room's identity: the lower-case form of the name.
    ,
    "room name",
    ROOM_NAME_CHARS_MAX
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accepts_names_of_the_alphabet_and_keeps_their_capitals() {
        for text in ["a", "Ada_L-1815", "ABCDEFGHIJKLMNOP"] {
            let name = PlayerName::parse(text).unwrap();
            assert_eq!(name.as_str(), text);
            assert_eq!(name.id().as_str(), text.to_ascii_lowercase());
        }
    }

    #[test]
    fn rejects_what_could_break_a_subject_and_says_why() {
        let cases = [
            ("", "1 to 24 characters, this one is empty"),
            ("a.b", "this one has '.'"),
            ("a*", "this one has '*'"),
            (">", "this one has '>'"),
            ("two words", "this one has ' '"),
            ("schön", "this one has 'ö'"),
            (
                "abcdefghijklmnopqrstuvwxy",
                "1 to 24 characters, this one has 25",
            ),
        ];
        for (text, expected) in cases {
            let error = RoomName::parse(text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text:?}: {error}");
        }
    }

    #[test]
    fn keeps_the_names_of_ai_drivers_for_them() {
        for text in ["AI-Ada", "ai-bob", "Ai-"] {
            assert_eq!(PlayerName::parse_new(text), Err(NameError::Reserved));
            assert!(PlayerName::parse(text).is_ok());
        }
        for text in ["Aida", "ai", "AIAda", "x-AI-"] {
            assert!(PlayerName::parse_new(text).is_ok(), "{text}");
        }
    }

    #[test]
    fn refuses_a_bad_name_inside_json() {
        assert!(serde_json::from_str::<PlayerName>("\"a b\"").is_err());
        assert_eq!(
            serde_json::from_str::<PlayerId>("\"AdA\"")
                .unwrap()
                .as_str(),
            "ada"
        );
    }
}
