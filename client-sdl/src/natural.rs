//! The order in which people look for names: numbers by their value, letters
//! without regard to case.

use std::cmp::Ordering;

/// Compares two names: `race-3` comes before `race-12`. Names that differ are never
/// equal.
#[must_use]
pub fn compare(left: &str, right: &str) -> Ordering {
    let (mut one, mut other) = (parts(left), parts(right));
    loop {
        let order = match (one.next(), other.next()) {
            (None, None) => return left.cmp(right),
            (None, Some(_)) => Ordering::Less,
            (Some(_), None) => Ordering::Greater,
            (Some(Part::Number(one)), Some(Part::Number(other))) => {
                one.len().cmp(&other.len()).then_with(|| one.cmp(other))
            }
            (Some(Part::Letter(one)), Some(Part::Letter(other))) => one.cmp(&other),
            (Some(Part::Number(_)), Some(Part::Letter(letter))) => '0'.cmp(&letter),
            (Some(Part::Letter(letter)), Some(Part::Number(_))) => letter.cmp(&'0'),
        };
        if order != Ordering::Equal {
            return order;
        }
    }
}

/// A part of a name.
#[derive(Clone, Copy)]
enum Part<'a> {
    /// Digits, without leading zeros: of two numbers, the longer one is larger.
    Number(&'a str),
    /// Any other character, in lower case.
    Letter(char),
}

fn parts(name: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = name;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        if !first.is_ascii_digit() {
            rest = &rest[first.len_utf8()..];
            return Some(Part::Letter(first.to_ascii_lowercase()));
        }
        let end = rest.find(|letter: char| !letter.is_ascii_digit());
        let (digits, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(Part::Number(digits.trim_start_matches('0')))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_names_count_by_their_value() {
        let mut names = [
            "race-12", "Race-3", "race-03", "race", "a-2-b", "a-10", "zoo", "race-x",
        ];
        names.sort_by(|left, right| compare(left, right));
        assert_eq!(
            names,
            [
                "a-2-b", "a-10", "race", "Race-3", "race-03", "race-12", "race-x", "zoo"
            ]
        );
    }

    #[test]
    fn numbers_of_any_length_have_an_order() {
        let long = "9".repeat(50);
        assert_eq!(compare(&long, &format!("1{long}")), Ordering::Less);
        assert_eq!(compare("r1", "r01"), compare("r1", "r01"));
        assert_ne!(compare("r1", "r01"), Ordering::Equal);
    }
}
