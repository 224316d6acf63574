//! Forms: text fields, choices, buttons and the focus. A form keeps text as
//! typed; the screen parses it.

mod field;
pub mod layout;

pub use self::field::{Field, FieldKind, FieldOutcome, VisibleText};
pub use self::layout::FormLayout;
use crate::input::{Key, UiEvent};
use crate::page::{Page, Target};

/// The effect of an event on a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FormOutcome {
    /// No effect outside the form.
    Nothing,
    /// A field was edited.
    Edited,
    /// Text is to be put into the clipboard.
    Copied(String),
    /// The button with this index was pressed.
    Pressed(usize),
}

impl From<FieldOutcome> for FormOutcome {
    fn from(outcome: FieldOutcome) -> Self {
        match outcome {
            FieldOutcome::Nothing => Self::Nothing,
            FieldOutcome::Edited => Self::Edited,
            FieldOutcome::Copied(text) => Self::Copied(text),
        }
    }
}

/// A form: fields above a row of buttons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// The fields.
    pub fields: Vec<Field>,
    /// The buttons. Enter in a field presses the first.
    pub buttons: Vec<String>,
    /// The index of what has the focus: fields first, then buttons.
    pub focus: usize,
}

impl Form {
    /// Makes a form with the focus in the first empty field.
    #[must_use]
    pub fn new(fields: Vec<Field>, buttons: Vec<&str>) -> Self {
        let focus = fields
            .iter()
            .position(|field| field.value.is_empty())
            .unwrap_or(0);
        Self {
            fields,
            buttons: buttons.into_iter().map(str::to_owned).collect(),
            focus,
        }
    }

    /// Returns the value of a field without surrounding spaces.
    #[must_use]
    pub fn value(&self, field: usize) -> &str {
        self.fields[field].value.trim()
    }

    /// Moves the focus to the next field or button.
    pub fn next(&mut self) {
        self.focus = (self.focus + 1) % self.stops();
    }

    /// Returns the button that Enter presses: the one with the focus, or the first.
    #[must_use]
    pub fn entered(&self) -> usize {
        self.focus.saturating_sub(self.fields.len())
    }

    /// Handles an event on a page that has the form.
    pub fn handle(&mut self, event: &UiEvent, page: &Page) -> FormOutcome {
        match event {
            UiEvent::Key(key) => self.key(*key),
            UiEvent::Text(text) | UiEvent::Paste(text) => {
                let field = self.fields.get_mut(self.focus);
                field.map_or(FormOutcome::Nothing, |field| field.insert(text).into())
            }
            UiEvent::Click { x, y } => self.click(*x, *y, page),
            UiEvent::DoubleClick { x, y } => {
                if let Some((_, Target::Field(index))) = page.target_at(*x, *y) {
                    self.fields[index].select_all();
                }
                FormOutcome::Nothing
            }
            UiEvent::Wheel { x, y, notches } => match page.target_at(*x, *y) {
                Some((_, Target::Field(index))) if !self.fields[index].takes_text() => {
                    let key = if *notches > 0.0 {
                        Key::Right
                    } else {
                        Key::Left
                    };
                    self.fields[index].key(key).into()
                }
                Some(_) | None => FormOutcome::Nothing,
            },
            UiEvent::Command(_) | UiEvent::Hover { .. } => FormOutcome::Nothing,
        }
    }

    fn stops(&self) -> usize {
        self.fields.len() + self.buttons.len()
    }

    fn key(&mut self, key: Key) -> FormOutcome {
        let stops = self.stops();
        match key {
            Key::Tab | Key::Down => self.next(),
            Key::BackTab | Key::Up => self.focus = (self.focus + stops - 1) % stops,
            Key::PageUp => self.focus = 0,
            Key::PageDown => self.focus = stops - 1,
            Key::Enter => return FormOutcome::Pressed(self.entered()),
            Key::Escape => {}
            Key::Left
            | Key::Right
            | Key::WordLeft
            | Key::WordRight
            | Key::Backspace
            | Key::WordBackspace
            | Key::Delete
            | Key::WordDelete
            | Key::Home
            | Key::End
            | Key::SelectAll
            | Key::Copy
            | Key::Cut => match self.fields.get_mut(self.focus) {
                Some(field) => return field.key(key).into(),
                None => self.move_in_buttons(key),
            },
        }
        FormOutcome::Nothing
    }

    fn move_in_buttons(&mut self, key: Key) {
        let count = self.buttons.len();
        let at = self.entered();
        let to = if key == Key::Right {
            (at + 1) % count
        } else if key == Key::Left {
            (at + count - 1) % count
        } else {
            at
        };
        self.focus = self.fields.len() + to;
    }

    fn click(&mut self, x: f32, y: f32, page: &Page) -> FormOutcome {
        match page.target_at(x, y) {
            Some((_, Target::Button(button))) => {
                self.focus = self.fields.len() + button;
                FormOutcome::Pressed(button)
            }
            Some((area, Target::Field(index))) => {
                self.focus = index;
                let field = &mut self.fields[index];
                if field.takes_text() {
                    layout::click(field, area, x);
                    return FormOutcome::Nothing;
                }
                let key = if x < area.middle() {
                    Key::Left
                } else {
                    Key::Right
                };
                field.key(key).into()
            }
            Some((_, Target::Cap(_) | Target::Row(_) | Target::Scrollbar)) | None => {
                FormOutcome::Nothing
            }
        }
    }
}

#[cfg(test)]
mod tests;
