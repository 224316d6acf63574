//! Lines and people as GObjects, in the list models that widgets show.

use std::ops::Range;

use client_core::chat::LINES_MAX;
use client_core::protocol::PlayerName;
use gtk4::gio;
use gtk4::prelude::*;

use crate::line::Line;

mod objects;

pub use objects::{LineObject, Person, PersonObject};

/// Makes a list model of [`LineObject`]s, oldest first.
#[must_use]
pub fn new_lines() -> gio::ListStore {
    gio::ListStore::new::<LineObject>()
}

/// Makes a list model of [`PersonObject`]s, ordered by name.
#[must_use]
pub fn new_people() -> gio::ListStore {
    gio::ListStore::new::<PersonObject>()
}

/// Returns the last line of a list model.
#[must_use]
pub fn last_line(lines: &gio::ListStore) -> Option<Line> {
    let last = lines.item(lines.n_items().checked_sub(1)?)?;
    Some(last.downcast::<LineObject>().ok()?.line().clone())
}

/// Appends lines and removes the oldest beyond [`LINES_MAX`].
pub fn append_lines(lines: &gio::ListStore, new: Vec<Line>) {
    let objects: Vec<LineObject> = new.into_iter().map(LineObject::new).collect();
    lines.extend_from_slice(&objects);
    let line_count_max = u32::try_from(LINES_MAX).unwrap_or(u32::MAX);
    let too_many = lines.n_items().saturating_sub(line_count_max);
    if too_many > 0 {
        lines.splice(0, too_many, &[] as &[LineObject]);
    }
}

/// Makes a list model hold these people. Only the entries that differ are
/// replaced, so that the rest of the list does not move.
pub fn update_people(people: &gio::ListStore, own: Option<&PlayerName>, present: &[PlayerName]) {
    let new: Vec<Person> = present
        .iter()
        .map(|name| Person {
            name: name.clone(),
            is_own: own.is_some_and(|own| own.id() == name.id()),
        })
        .collect();
    let old: Vec<Person> = people
        .iter::<PersonObject>()
        .flatten()
        .map(|object| object.person().clone())
        .collect();
    let (removed, added) = difference(&old, &new);
    if removed.is_empty() && added.is_empty() {
        return;
    }
    let objects: Vec<PersonObject> = new[added].iter().cloned().map(PersonObject::new).collect();
    // Both fit: a chat has fewer people than `u32::MAX`.
    people.splice(removed.start as u32, removed.len() as u32, &objects);
}

/// Returns the smallest range of `old` to replace, and the range of `new` that
/// replaces it.
fn difference<T: PartialEq>(old: &[T], new: &[T]) -> (Range<usize>, Range<usize>) {
    let shorter = old.len().min(new.len());
    let start = old
        .iter()
        .zip(new)
        .take_while(|(old, new)| old == new)
        .count();
    let same_ends = old
        .iter()
        .rev()
        .zip(new.iter().rev())
        .take_while(|(old, new)| old == new);
    let end = same_ends.count().min(shorter - start);
    (start..old.len() - end, start..new.len() - end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::line::Author;

    #[test]
    fn finds_the_smallest_difference() {
        for (old, new, expected) in [
            ("abc", "abc", (3..3, 3..3)),
            ("abc", "abxc", (2..2, 2..3)),
            ("abc", "ac", (1..2, 1..1)),
            ("aa", "aaa", (2..2, 2..3)),
            ("", "ab", (0..0, 0..2)),
            ("abc", "xyz", (0..3, 0..3)),
        ] {
            assert_eq!(
                difference(old.as_bytes(), new.as_bytes()),
                expected,
                "{old} {new}"
            );
        }
    }

    #[test]
    fn updates_the_list_of_people() {
        let name = |text| PlayerName::parse(text).unwrap();
        let (ada, bob, cyd) = (name("Ada"), name("Bob"), name("Cyd"));
        let people = new_people();
        let shown = |present: &[PlayerName]| -> Vec<Person> {
            update_people(&people, Some(&bob), present);
            people
                .iter::<PersonObject>()
                .flatten()
                .map(|o| o.person().clone())
                .collect()
        };
        let names: Vec<_> = shown(&[ada.clone(), cyd.clone()]);
        assert!(names.iter().all(|person| !person.is_own));
        let all = shown(&[ada.clone(), bob.clone(), cyd]);
        assert_eq!(
            all[1],
            Person {
                name: bob.clone(),
                is_own: true
            }
        );
        assert_eq!(shown(&[ada]).len(), 1);
    }

    #[test]
    fn keeps_the_newest_lines() {
        let lines = new_lines();
        let line = |number: usize| Line {
            at: number as u64,
            text: number.to_string(),
            author: Author::Notice,
            is_continued: false,
        };
        append_lines(&lines, (0..LINES_MAX).map(line).collect());
        append_lines(&lines, vec![line(LINES_MAX), line(LINES_MAX + 1)]);
        assert_eq!(lines.n_items() as usize, LINES_MAX);
        assert_eq!(last_line(&lines), Some(line(LINES_MAX + 1)));
    }
}
