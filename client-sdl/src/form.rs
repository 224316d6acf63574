//! Forms: text fields, choices, buttons and the focus. A form keeps text as
//! typed; the screen parses it.

use crate::area::Area;
use crate::input::{Key, UiEvent};
use crate::theme;

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
    /// The maximum length in characters.
    pub chars_max: usize,
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

    /// Returns the text as it is shown.
    #[must_use]
    pub fn shown(&self) -> String {
        match self.kind {
            FieldKind::Text | FieldKind::Choice(_) => self.value.clone(),
            FieldKind::Secret => "•".repeat(self.value.chars().count()),
        }
    }

    /// Returns the part of the shown text before the cursor.
    #[must_use]
    pub fn shown_before_cursor(&self) -> String {
        self.shown().chars().take(self.cursor).collect()
    }

    fn insert(&mut self, text: &str) {
        if matches!(self.kind, FieldKind::Choice(_)) {
            return;
        }
        let room = self.chars_max.saturating_sub(self.value.chars().count());
        for character in text.chars().filter(|c| !c.is_control()).take(room) {
            self.value.insert(self.byte_at(self.cursor), character);
            self.cursor += 1;
        }
    }

    fn remove(&mut self, index: usize) {
        let at = self.byte_at(index);
        if at < self.value.len() {
            self.value.remove(at);
            self.cursor = self.cursor.min(index);
        }
    }

    fn byte_at(&self, index: usize) -> usize {
        self.value
            .char_indices()
            .nth(index)
            .map_or(self.value.len(), |(at, _)| at)
    }

    fn key(&mut self, key: Key) {
        if let FieldKind::Choice(values) = &self.kind {
            let at = values
                .iter()
                .position(|value| *value == self.value)
                .unwrap_or(0);
            let to = match key {
                Key::Left => (at + values.len() - 1) % values.len(),
                Key::Right => (at + 1) % values.len(),
                _ => at,
            };
            self.value = values[to].clone();
            return;
        }
        let chars = self.value.chars().count();
        match key {
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(chars),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = chars,
            Key::Backspace if self.cursor > 0 => self.remove(self.cursor - 1),
            Key::Delete => self.remove(self.cursor),
            Key::Backspace
            | Key::Enter
            | Key::Tab
            | Key::BackTab
            | Key::Escape
            | Key::Up
            | Key::Down
            | Key::PageUp
            | Key::PageDown
            | Key::WordLeft
            | Key::WordRight
            | Key::WordBackspace
            | Key::WordDelete
            | Key::SelectAll
            | Key::Copy
            | Key::Cut => {}
        }
    }
}

/// The effect of an event on a form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FormOutcome {
    /// No effect outside the form.
    Nothing,
    /// A field was edited.
    Edited,
    /// The button with this index was pressed.
    Pressed(usize),
}

/// A form: fields above a row of buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The fields.
    pub fields: Vec<Field>,
    /// The buttons. Enter in a field presses the first.
    pub buttons: Vec<&'static str>,
    /// The index of what has the focus: fields first, then buttons.
    pub focus: usize,
}

impl Form {
    /// Makes a form with the focus in the first empty field.
    #[must_use]
    pub fn new(fields: Vec<Field>, buttons: Vec<&'static str>) -> Self {
        let focus = fields
            .iter()
            .position(|field| field.value.is_empty())
            .unwrap_or(0);
        Self {
            fields,
            buttons,
            focus,
        }
    }

    /// Returns the value of a field without surrounding spaces.
    #[must_use]
    pub fn value(&self, field: usize) -> &str {
        self.fields[field].value.trim()
    }

    /// Handles an event. `layout` gives the areas for clicks.
    pub fn handle(&mut self, event: &UiEvent, layout: &FormLayout) -> FormOutcome {
        match event {
            UiEvent::Key(key) => self.key(*key),
            UiEvent::Text(text) | UiEvent::Paste(text) => match self.fields.get_mut(self.focus) {
                Some(field) => {
                    field.insert(text);
                    FormOutcome::Edited
                }
                None => FormOutcome::Nothing,
            },
            UiEvent::Click { x, y } => self.click(*x, *y, layout),
            UiEvent::Command(_)
            | UiEvent::DoubleClick { .. }
            | UiEvent::Hover { .. }
            | UiEvent::Wheel { .. } => FormOutcome::Nothing,
        }
    }

    fn key(&mut self, key: Key) -> FormOutcome {
        let stops = self.fields.len() + self.buttons.len();
        match key {
            Key::Tab | Key::Down => self.focus = (self.focus + 1) % stops,
            Key::BackTab | Key::Up => self.focus = (self.focus + stops - 1) % stops,
            Key::Enter => {
                return FormOutcome::Pressed(self.focus.saturating_sub(self.fields.len()));
            }
            Key::Left | Key::Right if self.focus >= self.fields.len() => {
                let step = if key == Key::Right {
                    1
                } else {
                    self.buttons.len() - 1
                };
                let button = (self.focus - self.fields.len() + step) % self.buttons.len();
                self.focus = self.fields.len() + button;
            }
            Key::Escape => {}
            Key::PageUp | Key::PageDown | Key::SelectAll | Key::Copy | Key::Cut => {}
            Key::Left
            | Key::Right
            | Key::WordLeft
            | Key::WordRight
            | Key::Backspace
            | Key::WordBackspace
            | Key::Delete
            | Key::WordDelete
            | Key::Home
            | Key::End => {
                if let Some(field) = self.fields.get_mut(self.focus) {
                    field.key(key);
                    return FormOutcome::Edited;
                }
            }
        }
        FormOutcome::Nothing
    }

    fn click(&mut self, x: f32, y: f32, layout: &FormLayout) -> FormOutcome {
        if let Some(button) = layout.buttons.iter().position(|area| area.contains(x, y)) {
            self.focus = self.fields.len() + button;
            return FormOutcome::Pressed(button);
        }
        let Some(index) = layout.fields.iter().position(|area| area.contains(x, y)) else {
            return FormOutcome::Nothing;
        };
        self.focus = index;
        let field = &mut self.fields[index];
        if matches!(field.kind, FieldKind::Choice(_)) {
            let area = layout.fields[index];
            field.key(if x < area.middle() {
                Key::Left
            } else {
                Key::Right
            });
            return FormOutcome::Edited;
        }
        FormOutcome::Nothing
    }
}

/// The layout of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct FormLayout {
    /// The area of the form.
    pub panel: Area,
    /// The boxes of the fields. Labels and hints are above them.
    pub fields: Vec<Area>,
    /// The buttons.
    pub buttons: Vec<Area>,
    /// The area for an error message.
    pub message: Area,
}

/// Width of a column of fields, points.
const COLUMN_WIDTH: f32 = 400.0;
/// Gap between columns, points.
const COLUMN_GAP: f32 = 28.0;
/// Padding of the panel, points.
const PADDING: f32 = 30.0;
/// Vertical distance between fields: label line and box, points.
const FIELD_PITCH: f32 = 88.0;
/// Height of a box and of a button, points.
const BOX_HEIGHT: f32 = 40.0;
/// Height of two lines of error message, points.
const MESSAGE_HEIGHT: f32 = 48.0;
/// Height of the label and the hint above a box, points.
const LABEL_HEIGHT: f32 = 24.0;

impl FormLayout {
    /// Makes the layout for a window `width` points wide, with the panel's top at
    /// `top` and the fields in one column.
    #[must_use]
    pub fn new(width: f32, top: f32, form: &Form) -> Self {
        Self::in_columns(width, top, form, 1)
    }

    /// Like [`FormLayout::new`] with the fields in `columns` columns, row by row.
    #[must_use]
    pub fn in_columns(width: f32, top: f32, form: &Form, columns: usize) -> Self {
        let fields = form.fields.len();
        let lines = fields.div_ceil(columns) as f32;
        let height = 2.0 * PADDING + lines * FIELD_PITCH + BOX_HEIGHT + MESSAGE_HEIGHT;
        let gaps = (columns - 1) as f32 * COLUMN_GAP;
        let panel_width = 2.0 * PADDING + columns as f32 * COLUMN_WIDTH + gaps;
        let panel = Area::new((width - panel_width) / 2.0, top, panel_width, height);
        let inner = panel.inset(PADDING);
        let field = |index: usize| {
            let x = inner.x + (index % columns) as f32 * (COLUMN_WIDTH + COLUMN_GAP);
            let y = inner.y + (index / columns) as f32 * FIELD_PITCH + LABEL_HEIGHT;
            Area::new(x, y, COLUMN_WIDTH, BOX_HEIGHT)
        };
        let buttons_top = inner.bottom() - BOX_HEIGHT;
        let count = form.buttons.len() as f32;
        let button_width = (inner.w - theme::MARGIN * (count - 1.0)) / count;
        let button = |index: usize| {
            let x = inner.x + index as f32 * (button_width + theme::MARGIN);
            Area::new(x, buttons_top, button_width, BOX_HEIGHT)
        };
        Self {
            panel,
            fields: (0..fields).map(field).collect(),
            buttons: (0..form.buttons.len()).map(button).collect(),
            message: Area::new(
                inner.x,
                buttons_top - MESSAGE_HEIGHT,
                inner.w,
                MESSAGE_HEIGHT,
            ),
        }
    }
}

#[cfg(test)]
mod tests;
