//! Enums whose variants each have a name on the wire.

/// Implements `ALL`, `name`, `from_name` and `Display` for an enum from one list of
/// variants and names. A variant missing from the list does not compile.
macro_rules! words {
    ($type:ident { $($variant:ident => $word:literal),+ $(,)? }) => {
        impl $type {
            /// All variants, in the order of their declaration.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// Name on the wire and on command lines.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            /// Returns the variant with this name.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|it| it.name() == name)
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.name())
            }
        }
    };
}

pub(crate) use words;

/// Asserts the name of every variant in JSON, and its number in a checkpoint.
#[cfg(test)]
pub(crate) fn check<T, const N: usize>(all: [T; N], name: fn(T) -> &'static str, words: [&str; N])
where
    T: Copy + std::fmt::Debug + PartialEq + serde::Serialize + serde::de::DeserializeOwned,
{
    for (number, (value, word)) in all.into_iter().zip(words).enumerate() {
        assert_eq!(name(value), word);
        let json = format!("{word:?}");
        assert_eq!(serde_json::to_string(&value).unwrap(), json);
        assert_eq!(serde_json::from_str::<T>(&json).unwrap(), value);
        let bytes = postcard::to_stdvec(&value).unwrap();
        assert_eq!(bytes, [number as u8]);
        assert_eq!(postcard::from_bytes::<T>(&bytes).unwrap(), value);
    }
}
