//! What a name looks like.

use std::fmt;

use crate::limits::PLAYER_NAME_CHARS_MAX;

/// Longest skeleton: one character of a name stands for at most two.
pub const SKELETON_CHARS_MAX: usize = 2 * PLAYER_NAME_CHARS_MAX;

/// The look of a name: two names with the same skeleton are hard to tell apart in a
/// chat line or above a car, so only one of them can have an account.
///
/// The method is that of Unicode's UTS #39: each character is replaced by what stands
/// for all that look like it, and the results are compared. The table is small, since
/// names have 64 characters and their case is folded anyway:
///
/// | typed | stands for it | why |
/// | --- | --- | --- |
/// | `0` `O` `o` | `o` | a ring |
/// | `1` `I` `i` `L` `l` | `l` | a stroke; `I` and `l` are one glyph in many sans-serif fonts |
/// | `5` `S` `s` | `s` | one curve, drawn with corners or without |
/// | `m` | `rn` | touch in proportional fonts |
/// | `w` | `vv` | the same |
/// | `_` `-`, and rows of them | `-` | a line whose height and length are hard to see |
///
/// A separator is kept as one, so that `bot-1-11` and `bot-11-1`, and `ada` and `ada-`,
/// are two names. Pairs that only a hasty reader confuses (`2` and `z`, `8` and `b`,
/// `cl` and `d`) are left alone: each rule costs names that people want.
///
/// Letters are expanded (`m` to `rn`) rather than joined: each character is replaced by
/// itself, so that the skeleton does not depend on where pairs are sought.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Skeleton(String);

impl Skeleton {
    /// The skeleton of a text of the names' alphabet.
    pub(super) fn of(name: &str) -> Self {
        let mut skeleton = String::with_capacity(SKELETON_CHARS_MAX);
        for character in name.chars() {
            match character.to_ascii_lowercase() {
                '0' | 'o' => skeleton.push('o'),
                '1' | 'i' | 'l' => skeleton.push('l'),
                '5' | 's' => skeleton.push('s'),
                'm' => skeleton.push_str("rn"),
                'w' => skeleton.push_str("vv"),
                '_' | '-' if skeleton.ends_with('-') => {}
                '_' | '-' => skeleton.push('-'),
                other => skeleton.push(other),
            }
        }
        Self(skeleton)
    }

    /// As it is stored and compared.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Skeleton {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Each row looks like one name.
    const ALIKE: [&[&str]; 6] = [
        &["0", "O", "o"],
        &["1", "I", "i", "L", "l"],
        &["5", "S", "s"],
        &["m", "M", "rn", "RN"],
        &["w", "W", "vv", "VV"],
        &["_", "-", "__", "-_-"],
    ];

    fn skeleton(name: &str) -> Skeleton {
        Skeleton::of(name)
    }

    #[test]
    fn is_the_same_for_names_that_look_alike() {
        for (name, other) in [
            ("AIice", "Alice"),
            ("A1ice", "Alice"),
            ("aIIce", "aLlCE"),
            ("ada_", "ada-"),
            ("Torn", "Tom"),
            ("B0b", "Bob"),
            ("vvendy", "Wendy"),
            ("max--5", "Max_S"),
        ] {
            assert_eq!(skeleton(name), skeleton(other), "{name} {other}");
        }
    }

    #[test]
    fn differs_for_names_that_people_tell_apart() {
        for (name, other) in [
            ("ada", "ada-"),
            ("bot-1-11", "bot-11-1"),
            ("Player2", "Playerz"),
            ("Dan", "Clan"),
            ("Ben", "8en"),
            ("Ada", "Adaa"),
        ] {
            assert_ne!(skeleton(name), skeleton(other), "{name} {other}");
        }
    }

    proptest! {
        #[test]
        fn its_own_skeleton_is_itself(name in "[A-Za-z0-9_-]{1,16}") {
            let once = skeleton(&name);
            prop_assert_eq!(&skeleton(once.as_str()), &once);
            prop_assert!(once.as_str().len() <= SKELETON_CHARS_MAX);
        }

        #[test]
        fn does_not_depend_on_case(name in "[A-Za-z0-9_-]{1,16}") {
            let expected = skeleton(&name);
            prop_assert_eq!(&skeleton(&name.to_ascii_lowercase()), &expected);
            prop_assert_eq!(&skeleton(&name.to_ascii_uppercase()), &expected);
        }

        /// Wherever it stands in a name, and whatever stands beside it.
        #[test]
        fn does_not_depend_on_which_of_those_alike_is_used(
            before in "[A-Za-z0-9_-]{0,7}",
            after in "[A-Za-z0-9_-]{0,7}",
            row in 0..ALIKE.len(),
        ) {
            let with = |part: &str| skeleton(&format!("{before}{part}{after}"));
            let expected = with(ALIKE[row][0]);
            for part in ALIKE[row] {
                prop_assert_eq!(&with(part), &expected);
            }
        }

        /// What is outside the table is never confused.
        #[test]
        fn keeps_names_of_other_characters_apart(
            one in "[a-hjkp-qt-uxyz2-46-9]{1,16}",
            other in "[a-hjkp-qt-uxyz2-46-9]{1,16}",
        ) {
            prop_assert_eq!(skeleton(&one) == skeleton(&other), one == other);
        }

        /// Numbered names, as of bots, stay apart.
        #[test]
        fn keeps_numbers_apart(one in 0..1_000_000_u32, other in 0..1_000_000_u32) {
            let of = |number: u32| skeleton(&format!("Bot-{number}"));
            prop_assert_eq!(of(one) == of(other), one == other);
        }
    }
}
