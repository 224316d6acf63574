//! A field of a form, and the editing of its text.

use crate::input::Key;
use crate::typeface::Style;

/// The kind of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Text.
    Text,
    /// Text that is shown as dots.
    Secret,
    /// One of these values, selected with the left and right arrows.
    Choice(Vec<String>),
}

/// One line of a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Field {
    /// The label.
    pub label: &'static str,
    /// The hint, which says what is allowed.
    pub hint: String,
    /// The kind.
    pub kind: FieldKind,
    /// The value.
    pub value: String,
    /// The position of the cursor, in characters.
    pub cursor: usize,
    /// The other end of the selected text, in characters.
    pub anchor: Option<usize>,
    /// The maximum length in characters.
    pub chars_max: usize,
}

/// The part of a field's text that is visible, and where the cursor is in it.
#[derive(Clone, Debug, PartialEq)]
pub struct VisibleText {
    /// The text.
    pub text: String,
    /// The first character of it.
    pub first: usize,
    /// Distance of the cursor from the start, points.
    pub cursor_x: f32,
    /// Distances of the ends of the selected text from the start, points.
    pub selected_x: Option<(f32, f32)>,
}

/// The effect of a key on a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldOutcome {
    /// None, or the cursor moved.
    Nothing,
    /// The value changed.
    Edited,
    /// Text is to be put into the clipboard; the value changed if it was cut.
    Copied(String),
}

impl Field {
    /// Makes a text field.
    #[must_use]
    pub fn text(
        label: &'static str,
        hint: impl Into<String>,
        value: &str,
        chars_max: usize,
    ) -> Self {
        Self {
            label,
            hint: hint.into(),
            kind: FieldKind::Text,
            value: value.to_owned(),
            cursor: value.chars().count(),
            anchor: None,
            chars_max,
        }
    }

    /// Makes a text field that shows dots.
    #[must_use]
    pub fn secret(label: &'static str, hint: impl Into<String>, chars_max: usize) -> Self {
        Self {
            kind: FieldKind::Secret,
            ..Self::text(label, hint, "", chars_max)
        }
    }

    /// Makes a choice of values, with the first one selected.
    #[must_use]
    pub fn choice(label: &'static str, hint: impl Into<String>, values: Vec<String>) -> Self {
        let first = values.first().cloned().unwrap_or_default();
        Self {
            kind: FieldKind::Choice(values),
            ..Self::text(label, hint, &first, 0)
        }
    }

    /// Returns whether the field takes text.
    #[must_use]
    pub fn takes_text(&self) -> bool {
        match self.kind {
            FieldKind::Text | FieldKind::Secret => true,
            FieldKind::Choice(_) => false,
        }
    }

    /// Returns the text as it is shown.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.kind {
            FieldKind::Text | FieldKind::Choice(_) => self.value.clone(),
            FieldKind::Secret => "•".repeat(self.chars()),
        }
    }

    /// Returns the part of the text around the cursor that a width shows.
    #[must_use]
    pub fn visible(&self, style: Style, width: f32) -> VisibleText {
        let shown: Vec<char> = self.shown().chars().collect();
        let part = |from: usize, to: usize| shown[from..to].iter().collect::<String>();
        let cursor = self.cursor.min(shown.len());
        let before = |first: &usize| style.width(&part(*first, cursor)) <= width;
        let first = (0..=cursor).find(before).unwrap_or(cursor);
        let fits = |end: &usize| style.width(&part(first, *end)) <= width;
        let end = (first..=shown.len()).rev().find(fits).unwrap_or(first);
        let x = |at: usize| style.advance(&part(first, at.clamp(first, end)));
        let selected_x = self.selection().map(|(from, to)| (x(from), x(to)));
        VisibleText {
            text: part(first, end),
            first,
            cursor_x: x(cursor),
            selected_x,
        }
    }

    /// Moves the cursor to a point `x` points from the start of the visible text.
    pub fn click(&mut self, style: Style, width: f32, x: f32) {
        let visible = self.visible(style, width);
        let letters: Vec<char> = visible.text.chars().collect();
        let middle = |end: usize| {
            let to = |end: usize| style.advance(&letters[..end].iter().collect::<String>());
            f32::midpoint(to(end), to(end + 1))
        };
        let before = (0..letters.len())
            .take_while(|end| middle(*end) < x)
            .count();
        self.cursor = visible.first + before;
        self.anchor = None;
    }

    /// Selects all text.
    pub fn select_all(&mut self) {
        self.anchor = (self.chars() > 0).then_some(0);
        self.cursor = self.chars();
    }

    /// Inserts text in the place of what is selected.
    pub fn insert(&mut self, text: &str) -> FieldOutcome {
        if !self.takes_text() {
            return FieldOutcome::Nothing;
        }
        self.remove_selected();
        let space = self.chars_max.saturating_sub(self.chars());
        for character in text.chars().filter(|c| !c.is_control()).take(space) {
            self.value.insert(self.byte_at(self.cursor), character);
            self.cursor += 1;
        }
        FieldOutcome::Edited
    }

    /// Handles a key.
    pub fn key(&mut self, key: Key) -> FieldOutcome {
        if let FieldKind::Choice(values) = &self.kind {
            let next = next_value(values, &self.value, key);
            return match next {
                Some(value) => {
                    self.value = value;
                    FieldOutcome::Edited
                }
                None => FieldOutcome::Nothing,
            };
        }
        match key {
            Key::Left => match self.selection() {
                Some((from, _)) => self.move_to(from),
                None => self.move_to(self.cursor.saturating_sub(1)),
            },
            Key::Right => match self.selection() {
                Some((_, to)) => self.move_to(to),
                None => self.move_to(self.cursor + 1),
            },
            Key::WordLeft => self.move_to(self.word_left()),
            Key::WordRight => self.move_to(self.word_right()),
            Key::Home => self.move_to(0),
            Key::End => self.move_to(self.chars()),
            Key::SelectAll => self.select_all(),
            Key::Backspace => return self.delete(self.cursor.saturating_sub(1), self.cursor),
            Key::Delete => return self.delete(self.cursor, self.cursor + 1),
            Key::WordBackspace => return self.delete(self.word_left(), self.cursor),
            Key::WordDelete => return self.delete(self.cursor, self.word_right()),
            Key::Copy | Key::Cut => return self.copy(key == Key::Cut),
            Key::Enter
            | Key::Tab
            | Key::BackTab
            | Key::Escape
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown => {}
        }
        FieldOutcome::Nothing
    }

    fn chars(&self) -> usize {
        self.value.chars().count()
    }

    fn move_to(&mut self, cursor: usize) {
        self.cursor = cursor.min(self.chars());
        self.anchor = None;
    }

    /// Returns the ends of the selected text, unless it is empty.
    fn selection(&self) -> Option<(usize, usize)> {
        let anchor = self.anchor?.min(self.chars());
        let ends = (anchor.min(self.cursor), anchor.max(self.cursor));
        (ends.0 < ends.1).then_some(ends)
    }

    fn remove_selected(&mut self) -> bool {
        let Some((from, to)) = self.selection() else {
            return false;
        };
        self.value.drain(self.byte_at(from)..self.byte_at(to));
        self.move_to(from);
        true
    }

    /// Deletes what is selected or, without a selection, the characters of a range.
    fn delete(&mut self, from: usize, to: usize) -> FieldOutcome {
        if !self.remove_selected() {
            self.value.drain(self.byte_at(from)..self.byte_at(to));
            self.move_to(from);
        }
        FieldOutcome::Edited
    }

    /// Returns the selected text. A password is not for the clipboard.
    fn copy(&mut self, is_cut: bool) -> FieldOutcome {
        let Some((from, to)) = self.selection().filter(|_| self.kind == FieldKind::Text) else {
            return FieldOutcome::Nothing;
        };
        let text = self.value[self.byte_at(from)..self.byte_at(to)].to_owned();
        if is_cut {
            self.remove_selected();
        }
        FieldOutcome::Copied(text)
    }

    /// Returns the start of the word before the cursor. A password is one word: dots
    /// must not show where its words end.
    fn word_left(&self) -> usize {
        if self.kind == FieldKind::Secret {
            return 0;
        }
        let letters: Vec<char> = self.value.chars().collect();
        let before = &letters[..self.cursor.min(letters.len())];
        let gap = before
            .iter()
            .rev()
            .take_while(|c| !c.is_alphanumeric())
            .count();
        let end = before.len() - gap;
        let word = before[..end]
            .iter()
            .rev()
            .take_while(|c| c.is_alphanumeric());
        end - word.count()
    }

    /// Returns the end of the word after the cursor.
    fn word_right(&self) -> usize {
        if self.kind == FieldKind::Secret {
            return self.chars();
        }
        let after = || self.value.chars().skip(self.cursor);
        let gap = after().take_while(|c| !c.is_alphanumeric()).count();
        let word = after().skip(gap).take_while(|c| c.is_alphanumeric());
        self.cursor + gap + word.count()
    }

    fn byte_at(&self, index: usize) -> usize {
        self.value
            .char_indices()
            .nth(index)
            .map_or(self.value.len(), |(at, _)| at)
    }
}

/// Returns the value to which a key changes a choice.
fn next_value(values: &[String], value: &String, key: Key) -> Option<String> {
    let at = values.iter().position(|other| other == value).unwrap_or(0);
    let last = values.len().checked_sub(1)?;
    let to = match key {
        Key::Left => at.checked_sub(1).unwrap_or(last),
        Key::Right if at == last => 0,
        Key::Right => at + 1,
        Key::Home | Key::PageUp => 0,
        Key::End | Key::PageDown => last,
        Key::Enter
        | Key::Tab
        | Key::BackTab
        | Key::Escape
        | Key::Up
        | Key::Down
        | Key::WordLeft
        | Key::WordRight
        | Key::Backspace
        | Key::WordBackspace
        | Key::Delete
        | Key::WordDelete
        | Key::SelectAll
        | Key::Copy
        | Key::Cut => return None,
    };
    values.get(to).cloned()
}
