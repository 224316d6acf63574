//! How the settings look.

use super::{Row, ScreenContext, SettingsScreen};
use crate::area::Area;
use crate::input::{Function, Slot};
use crate::page::{Item, Page, Target, parts};
use crate::theme;
use crate::typeface::Style;

/// Widest list, points.
const WIDTH_MAX: f32 = 760.0;
/// Vertical distance between rows, points, and in a small window.
const PITCH: f32 = 38.0;
const PITCH_SMALL: f32 = 28.0;
/// Share of a row that the label has.
const LABEL_SHARE: f32 = 0.42;
/// Distance between a row's edges and its texts, points.
const INSET: f32 = 14.0;
/// Distance between the places of keys, points.
const GAP: f32 = 6.0;

const VALUE: Style = Style::new(theme::BODY, theme::TEXT).centred();

impl SettingsScreen {
    /// Makes the page.
    pub(in crate::screens) fn page(&self, context: &ScreenContext<'_>) -> Page {
        let (mut page, area) = context.frame("settings", &self.caps());
        let own = self.outcome.as_ref().map(|outcome| {
            let colour = if outcome.is_error {
                theme::ERROR
            } else {
                theme::WARNING
            };
            (outcome.text.as_str(), colour)
        });
        let area = parts::news(&mut page, area, &context.news(own));
        let width = area.w.min(WIDTH_MAX);
        let area = Area::new(area.x + (area.w - width) / 2.0, area.y, width, area.h);
        // An outline reaches beyond its row.
        let area = area.inset(3.0);
        let (pitch, gap) = if parts::is_roomy(context.window) {
            (PITCH, 4.0)
        } else {
            (PITCH_SMALL, 3.0)
        };
        let all = Row::ALL.len();
        let shown = ((area.h / pitch) as usize).clamp(1, all);
        let first = (self.scrolled as usize).min(all - shown);
        let list = Area {
            h: shown as f32 * pitch - gap,
            ..area
        };
        let list = parts::scrollbar(&mut page, list, first, shown, all);
        for (line, index) in (first..first + shown).enumerate() {
            let y = list.y + line as f32 * pitch;
            let row = Area::new(list.x, y, list.w, pitch - gap);
            self.add_row(&mut page, row, index, context);
        }
        page
    }

    fn add_row(&self, page: &mut Page, area: Area, index: usize, context: &ScreenContext<'_>) {
        let row = Row::ALL[index];
        let is_chosen = index == self.chosen;
        // What can be clicked lies beside each other: the label, and the value.
        let (left, right) = match row {
            Row::UsualKeys => area.split_left(area.w),
            _ => area.split_left(area.w * LABEL_SHARE),
        };
        let mut is_hovered = page.target(left, Target::Row(index));
        let has_value = !matches!(row, Row::Key(_) | Row::UsualKeys);
        if has_value {
            is_hovered |= page.target(right, Target::Field(index));
        }
        if is_chosen {
            page.fill(area.inset(-2.0), parts::ROUND, theme::ACCENT);
        }
        let fill = match (is_chosen, is_hovered) {
            (true, _) => theme::FIELD_CHOSEN,
            (false, true) => theme::FIELD,
            (false, false) => theme::PANEL,
        };
        page.fill(area, parts::ROUND - 2.0, fill);
        let label = left.trim_left(INSET);
        page.text(label, Style::new(theme::BODY, theme::TEXT), row.label());
        let (value, _) = right.split_right(INSET);
        match row {
            Row::Key(function) => self.add_keys(page, value, index, function, context),
            Row::UsualKeys => {}
            _ => add_value(page, value, &row.value(context.settings)),
        }
    }

    fn add_keys(
        &self,
        page: &mut Page,
        area: Area,
        index: usize,
        function: Function,
        context: &ScreenContext<'_>,
    ) {
        let count = Slot::ALL.len();
        let width = (area.w - GAP * (count - 1) as f32) / count as f32;
        for (place, slot) in Slot::ALL.into_iter().enumerate() {
            let x = area.x + place as f32 * (width + GAP);
            let cell = Area::new(x, area.y + 2.0, width, area.h - 4.0);
            let is_chosen = index == self.chosen && slot == self.slot;
            let is_hovered = page.target(cell, Target::Button(index * count + place));
            if is_chosen {
                page.fill(cell.inset(-2.0), 7.0, theme::TEXT);
            }
            let fill = if is_hovered {
                theme::FIELD_CHOSEN
            } else {
                theme::FIELD
            };
            page.fill(cell, 6.0, fill);
            let chord = context.settings.keys.chord(function, slot);
            let text = match chord {
                _ if is_chosen && self.is_capturing => "press a key".to_owned(),
                Some(chord) => chord.to_string(),
                None => "–".to_owned(),
            };
            let size = theme::SMALL;
            page.text(cell.inset(3.0), Style { size, ..VALUE }, &text);
        }
    }
}

fn add_value(page: &mut Page, area: Area, value: &str) {
    let middle = area.y + area.h / 2.0;
    for (x, is_left) in [(area.x, true), (area.right() - 9.0, false)] {
        let area = Area::new(x, middle - 7.0, 9.0, 14.0);
        let fill = theme::ACCENT;
        page.items.push(Item::Arrow {
            area,
            is_left,
            fill,
        });
    }
    let text = Area::new(area.x + 18.0, area.y, area.w - 36.0, area.h);
    page.text(text, VALUE, value);
}
