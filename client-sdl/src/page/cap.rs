//! The keys that a page advertises. A screen has one table of them: the page shows
//! it, and the screen acts on it, whether a key is pressed or its cap is clicked.

use super::{Page, Target};
use crate::area::Area;
use crate::input::{Bindings, Command, Key, UiEvent};
use crate::theme;
use crate::typeface::Style;

/// What makes a key act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trigger {
    /// A key for editing or navigation.
    Key(Key),
    /// A command, on the key to which it is bound.
    Command(Command),
}

impl Trigger {
    /// Returns the event that a press of the key is for a screen.
    #[must_use]
    pub fn event(self) -> UiEvent {
        match self {
            Self::Key(key) => UiEvent::Key(key),
            Self::Command(command) => UiEvent::Command(command),
        }
    }

    /// Returns the name of the key.
    fn label(self, bindings: &Bindings) -> String {
        let key = match self {
            Self::Command(command) => return bindings.label(command),
            Self::Key(key) => key,
        };
        let name = match key {
            Key::Enter => "Enter",
            Key::Tab => "Tab",
            Key::BackTab => "Shift+Tab",
            Key::Escape => "Esc",
            Key::Up => "Up",
            Key::Down => "Down",
            Key::Left => "Left",
            Key::Right => "Right",
            Key::WordLeft => "Ctrl+Left",
            Key::WordRight => "Ctrl+Right",
            Key::PageUp => "PgUp",
            Key::PageDown => "PgDn",
            Key::Backspace => "Backspace",
            Key::WordBackspace => "Ctrl+Backspace",
            Key::Delete => "Del",
            Key::WordDelete => "Ctrl+Del",
            Key::Home => "Home",
            Key::End => "End",
            Key::SelectAll => "Ctrl+A",
            Key::Copy => "Ctrl+C",
            Key::Cut => "Ctrl+X",
        };
        name.to_owned()
    }
}

/// A key that a screen advertises, and what it does there.
#[derive(Clone, Debug, PartialEq)]
pub struct Cap<D> {
    /// The key.
    pub trigger: Trigger,
    /// What it does, in words.
    pub label: String,
    /// What it does.
    pub deed: D,
}

impl<D> Cap<D> {
    /// Makes the cap of a key.
    pub fn key(key: Key, label: impl Into<String>, deed: D) -> Self {
        Self {
            trigger: Trigger::Key(key),
            label: label.into(),
            deed,
        }
    }

    /// Makes the cap of a command.
    pub fn command(command: Command, label: impl Into<String>, deed: D) -> Self {
        Self {
            trigger: Trigger::Command(command),
            label: label.into(),
            deed,
        }
    }
}

/// Returns what an event does by the table of a screen: a press of a key, or a
/// click on its cap.
pub fn deed<D>(caps: Vec<Cap<D>>, page: &Page, event: &UiEvent) -> Option<D> {
    let clicked = match event {
        UiEvent::Click { x, y } => match page.target_at(*x, *y) {
            Some((_, Target::Cap(index))) => Some(index),
            Some(_) | None => None,
        },
        UiEvent::Key(_)
        | UiEvent::Command(_)
        | UiEvent::Text(_)
        | UiEvent::Paste(_)
        | UiEvent::DoubleClick { .. }
        | UiEvent::Hover { .. }
        | UiEvent::Wheel { .. } => None,
    };
    let mut caps = caps.into_iter().enumerate();
    let met = caps.find(|(index, cap)| Some(*index) == clicked || cap.trigger.event() == *event);
    met.map(|(_, cap)| cap.deed)
}

/// Height of a cap, points: a finger hits it.
const HEIGHT: f32 = 26.0;
/// Distance between caps and between rows of them, points.
const GAP: f32 = 6.0;
/// Distance of a cap's text from its edges, points.
const INSET: f32 = 9.0;
/// Distance between the key and its label, points.
const LABEL_GAP: f32 = 3.0;
const KEY: Style = Style::new(theme::SMALL, theme::TEXT).bold();
const LABEL: Style = Style::new(theme::SMALL, theme::TEXT_DIM);

/// A cap on its way to its place: the widths of its key and of its label.
struct Measured {
    key: String,
    key_width: f32,
    label_width: f32,
}

impl Measured {
    fn width(&self) -> f32 {
        let label = if self.label_width > 0.0 {
            self.label_width + INSET + LABEL_GAP
        } else {
            0.0
        };
        self.key_width + 2.0 * INSET + label
    }
}

/// Adds the caps at the lower edge of an area, in as many rows as they need. Returns
/// what is left of the area.
pub fn add<D>(page: &mut Page, area: Area, caps: &[Cap<D>], bindings: &Bindings) -> Area {
    if caps.is_empty() {
        return area;
    }
    let measured: Vec<Measured> = caps
        .iter()
        .map(|cap| {
            let key = cap.trigger.label(bindings);
            let key_width = KEY.width(&key);
            let room = area.w - key_width - 3.0 * INSET - LABEL_GAP;
            Measured {
                key,
                key_width,
                label_width: LABEL.width(&cap.label).min(room),
            }
        })
        .collect();
    let rows = rows(&measured, area.w);
    let height = rows.len() as f32 * (HEIGHT + GAP) - GAP;
    let top = area.bottom() - height;
    for (line, row) in rows.iter().enumerate() {
        let total: f32 = row.iter().map(|index| measured[*index].width() + GAP).sum();
        let mut x = area.x + (area.w - total + GAP) / 2.0;
        for index in row {
            let cap = &measured[*index];
            let place = Area::new(x, top + line as f32 * (HEIGHT + GAP), cap.width(), HEIGHT);
            draw(page, place, *index, cap, &caps[*index].label);
            x += cap.width() + GAP;
        }
    }
    Area {
        h: (area.h - height).max(0.0),
        ..area
    }
}

fn draw(page: &mut Page, place: Area, index: usize, cap: &Measured, label: &str) {
    let is_hovered = page.target(place, Target::Cap(index));
    let (back, front) = if is_hovered {
        (theme::FIELD_CHOSEN, theme::TEXT)
    } else {
        (theme::PANEL, theme::TEXT_DIM)
    };
    page.fill(place, 6.0, back);
    let key = Area {
        w: cap.key_width + 2.0 * INSET - 4.0,
        ..place.inset(2.0)
    };
    page.fill(key, 5.0, theme::FIELD);
    page.text(key, KEY.centred(), &cap.key);
    let label_area = Area {
        x: place.x + cap.key_width + 2.0 * INSET + LABEL_GAP,
        w: cap.label_width,
        ..place
    };
    page.text(label_area, LABEL.in_colour(front), label);
}

/// Distributes caps over rows of a width.
fn rows(caps: &[Measured], width: f32) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new()];
    let mut used = 0.0;
    for (index, cap) in caps.iter().enumerate() {
        if used > 0.0 && used + cap.width() > width {
            rows.push(Vec::new());
            used = 0.0;
        }
        used += cap.width() + GAP;
        if let Some(row) = rows.last_mut() {
            row.push(index);
        }
    }
    rows
}
