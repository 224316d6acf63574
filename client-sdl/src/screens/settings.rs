//! The settings: a list of rows, each changed with Left and Right, and keys that are
//! bound anew.

mod page;
mod row;
#[cfg(test)]
mod tests;

pub use self::row::Row;
use super::{Action, ScreenContext};
use crate::input::{Bindings, Chord, Command, Key, KeyCode, KeyPress, Slot, UiEvent};
use crate::page::cap::{self, Cap};
use crate::page::{Page, Target, parts};
use crate::settings::Settings;

/// Rows that a notch of the wheel scrolls.
const NOTCH_ROWS: f32 = 2.0;

/// What a key of the settings does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Deed {
    /// Change the value, or choose the place of a key.
    Back,
    /// Likewise.
    Forth,
    /// Change the value, or bind a key.
    Enter,
    /// Take the key in the place from the function.
    Clear,
    /// Close the settings.
    Close,
}

/// A line about a key that was bound.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Outcome {
    text: String,
    is_error: bool,
}

/// The settings.
#[derive(Clone, Debug, Default)]
pub struct SettingsScreen {
    /// The index of the chosen row. The list never changes.
    chosen: usize,
    /// The chosen place of a key.
    slot: Slot,
    /// The first row that is shown, with the fraction that a wheel has turned.
    scrolled: f32,
    /// Whether the next key is bound.
    is_capturing: bool,
    outcome: Option<Outcome>,
}

impl SettingsScreen {
    /// Returns whether the next key is bound, whatever it means otherwise.
    #[must_use]
    pub fn is_capturing(&self) -> bool {
        self.is_capturing
    }

    /// Binds the key that was pressed, unless it is Escape or a repeat. Returns the
    /// changed settings.
    pub fn capture(&mut self, press: &KeyPress, settings: &Settings) -> Option<Action> {
        let Row::Key(function) = self.row() else {
            self.is_capturing = false;
            return None;
        };
        // Ctrl may be the first half of a chord.
        let is_half = press.code.is_ctrl() && !function.is_control();
        if press.is_repeat || is_half {
            return None;
        }
        self.is_capturing = false;
        self.outcome = None;
        if matches!(press.code, KeyCode::ESCAPE | KeyCode::PAD_B) {
            return None;
        }
        let chord = Chord {
            is_ctrl: press.is_ctrl && !press.code.is_ctrl(),
            code: press.code,
        };
        // A button of a controller has a place of its own.
        let slot = match (press.code.is_pad(), self.slot) {
            (true, _) => Slot::Pad,
            (false, Slot::Pad) => Slot::First,
            (false, slot) => slot,
        };
        let mut changed = settings.clone();
        match changed.keys.bind(function, slot, chord) {
            Ok(loser) => {
                self.slot = slot;
                self.outcome = loser.map(|loser| Outcome {
                    text: format!("{chord} was {}, which lost it.", loser.names().1),
                    is_error: false,
                });
                Some(Action::ChangeSettings(Box::new(changed)))
            }
            Err(text) => {
                self.outcome = Some(Outcome {
                    text,
                    is_error: true,
                });
                None
            }
        }
    }

    /// Returns the keys.
    pub(super) fn caps(&self) -> Vec<Cap<Deed>> {
        if self.is_capturing {
            return vec![Cap::key(Key::Escape, "keep the key", Deed::Close)];
        }
        let mut caps = match self.row() {
            Row::Key(_) => vec![
                Cap::key(Key::Left, "", Deed::Back),
                Cap::key(Key::Right, "place", Deed::Forth),
                Cap::key(Key::Enter, "another key", Deed::Enter),
                Cap::key(Key::Delete, "no key", Deed::Clear),
            ],
            Row::UsualKeys => vec![Cap::key(Key::Enter, "as at first", Deed::Enter)],
            _ => vec![
                Cap::key(Key::Left, "", Deed::Back),
                Cap::key(Key::Right, "change", Deed::Forth),
            ],
        };
        caps.push(Cap::key(Key::Escape, "back", Deed::Close));
        caps
    }

    pub(super) fn handle(
        &mut self,
        event: &UiEvent,
        context: &ScreenContext<'_>,
    ) -> Option<Action> {
        let page = self.page(context);
        if self.is_capturing {
            // Keys arrive through `capture`; a click ends it.
            self.is_capturing = matches!(event, UiEvent::Hover { .. });
            return None;
        }
        if let Some(deed) = cap::deed(self.caps(), &page, event) {
            return self.perform(deed, context.settings);
        }
        match event {
            UiEvent::Key(key) => self.key(*key, context.settings, &page),
            UiEvent::Command(Command::Settings) => Some(Action::CloseSettings),
            UiEvent::Click { x, y } => self.click(*x, *y, context.settings, &page),
            UiEvent::Wheel { notches, .. } => {
                let most = Row::ALL.len().saturating_sub(shown_rows(&page)) as f32;
                self.scrolled = (self.scrolled + notches * NOTCH_ROWS).clamp(0.0, most);
                None
            }
            UiEvent::Command(_)
            | UiEvent::Text(_)
            | UiEvent::Paste(_)
            | UiEvent::DoubleClick { .. }
            | UiEvent::Hover { .. } => None,
        }
    }

    fn row(&self) -> Row {
        Row::ALL[self.chosen.min(Row::ALL.len() - 1)]
    }

    fn perform(&mut self, deed: Deed, settings: &Settings) -> Option<Action> {
        self.outcome = None;
        let row = self.row();
        let mut changed = settings.clone();
        match (deed, row) {
            (Deed::Close, _) => return Some(Action::CloseSettings),
            (Deed::Back, Row::Key(_)) => self.slot = self.slot.previous(),
            (Deed::Forth, Row::Key(_)) => self.slot = self.slot.next(),
            (Deed::Enter, Row::Key(_)) => self.is_capturing = true,
            (Deed::Clear, Row::Key(function)) => changed.keys.unbind(function, self.slot),
            (Deed::Enter, Row::UsualKeys) => {
                changed.keys = Bindings::default();
                self.outcome = Some(Outcome {
                    text: "All keys are as at first.".to_owned(),
                    is_error: false,
                });
            }
            (Deed::Back, row) => row.change(&mut changed, false),
            (Deed::Forth | Deed::Enter, row) => row.change(&mut changed, true),
            (Deed::Clear, _) => {}
        }
        (changed != *settings).then(|| Action::ChangeSettings(Box::new(changed)))
    }

    fn key(&mut self, key: Key, settings: &Settings, page: &Page) -> Option<Action> {
        let rows = shown_rows(page).max(1) as isize;
        match key {
            Key::Up | Key::BackTab => self.step(-1, page),
            Key::Down | Key::Tab => self.step(1, page),
            Key::PageUp => self.step(-rows, page),
            Key::PageDown => self.step(rows, page),
            Key::Home => self.step(isize::MIN, page),
            Key::End => self.step(isize::MAX, page),
            Key::Enter => return self.perform(Deed::Enter, settings),
            Key::Backspace => return self.perform(Deed::Clear, settings),
            Key::Escape
            | Key::Left
            | Key::Right
            | Key::WordLeft
            | Key::WordRight
            | Key::WordBackspace
            | Key::Delete
            | Key::WordDelete
            | Key::SelectAll
            | Key::Copy
            | Key::Cut => {}
        }
        None
    }

    fn step(&mut self, steps: isize, page: &Page) {
        self.outcome = None;
        let last = Row::ALL.len() - 1;
        self.chosen = self.chosen.saturating_add_signed(steps).min(last);
        let shown = shown_rows(page).max(1);
        let first = (self.scrolled as usize).min(self.chosen);
        self.scrolled = first.max((self.chosen + 1).saturating_sub(shown)) as f32;
    }

    fn click(&mut self, x: f32, y: f32, settings: &Settings, page: &Page) -> Option<Action> {
        match page.target_at(x, y)? {
            (_, Target::Row(index)) => {
                self.chosen = index;
                self.outcome = None;
                None
            }
            (area, Target::Field(index)) => {
                self.chosen = index;
                let deed = if x < area.middle() {
                    Deed::Back
                } else {
                    Deed::Forth
                };
                self.perform(deed, settings)
            }
            (_, Target::Button(index)) => {
                self.chosen = index / Slot::ALL.len();
                self.slot = Slot::ALL[index % Slot::ALL.len()];
                self.perform(Deed::Enter, settings)
            }
            (bar, Target::Scrollbar) => {
                let (shown, all) = (shown_rows(page), Row::ALL.len());
                self.scrolled = parts::scrolled_to(bar, y, shown, all) as f32;
                None
            }
            (_, Target::Cap(_)) => None,
        }
    }
}

/// Returns the number of rows on a page.
fn shown_rows(page: &Page) -> usize {
    let is_row = |(_, target): &&(_, Target)| matches!(target, Target::Row(_));
    page.targets.iter().filter(is_row).count()
}
