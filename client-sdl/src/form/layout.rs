//! Where the fields and buttons of a form are, and how they look.

use super::{Field, FieldKind, Form};
use crate::area::Area;
use crate::page::parts::{self, ROUND};
use crate::page::{Item, Page, Target};
use crate::theme::{self, Rgba};
use crate::typeface::Style;

/// Widest column of fields, points: a line that the eye takes in at once.
const COLUMN_WIDTH_MAX: f32 = 400.0;
/// Narrowest column beside another one, points: its hints are legible.
const COLUMN_WIDTH_MIN: f32 = 250.0;
/// Largest vertical distance between fields, label line and box, points.
const PITCH_MAX: f32 = 88.0;
/// Smallest distance, points.
const PITCH_MIN: f32 = 48.0;
/// Height of a button, and of a box where there is space, points.
const BOX_HEIGHT: f32 = 38.0;
/// Height of a label with the gap to its box, in which an outline has space, points.
const LABEL_HEIGHT: f32 = 22.0;
/// Distance from the edge of a box to its text, points.
const INSET: f32 = 14.0;

const LABEL: Style = Style::new(theme::SMALL, theme::TEXT).bold();
const HINT: Style = Style::new(theme::SMALL - 1, theme::TEXT_DIM).right();
const VALUE: Style = Style::new(theme::BODY + 1, theme::TEXT);

/// The layout of a form.
#[derive(Clone, Debug, PartialEq)]
pub struct FormLayout {
    /// The area of the form.
    pub panel: Area,
    /// The boxes of the fields. Labels and hints are above them.
    pub fields: Vec<Area>,
    /// The buttons.
    pub buttons: Vec<Area>,
}

impl FormLayout {
    /// Makes the layout in the middle of an area, with the fields row by row in at
    /// most `columns_max` columns.
    #[must_use]
    pub fn new(area: Area, form: &Form, columns_max: usize) -> Self {
        let gap = if area.w < 700.0 { 14.0 } else { 28.0 };
        let padding = if area.h < 330.0 || area.w < 400.0 {
            10.0
        } else {
            26.0
        };
        let inner_w = area.w - 2.0 * padding;
        let fits = |columns: &usize| {
            let gaps = (columns - 1) as f32 * gap;
            (inner_w - gaps) / *columns as f32 >= COLUMN_WIDTH_MIN
        };
        let columns = (1..=columns_max.max(1)).rev().find(fits).unwrap_or(1);
        let gaps = (columns - 1) as f32 * gap;
        let column = ((inner_w - gaps) / columns as f32).min(COLUMN_WIDTH_MAX);
        let lines = form.fields.len().div_ceil(columns) as f32;
        let button_h = if area.h < 330.0 { 32.0 } else { BOX_HEIGHT };
        let for_fields = area.h - 2.0 * padding - button_h;
        let pitch = (for_fields / lines.max(1.0)).clamp(PITCH_MIN, PITCH_MAX);
        let width = columns as f32 * column + gaps;
        let height = 2.0 * padding + lines * pitch + button_h;
        let panel = Area::centred(area, width + 2.0 * padding, height.min(area.h));
        let inner = panel.inset(padding);
        let box_h = (pitch - LABEL_HEIGHT - 6.0).min(BOX_HEIGHT);
        let field = |index: usize| {
            let x = inner.x + (index % columns) as f32 * (column + gap);
            let y = inner.y + (index / columns) as f32 * pitch + LABEL_HEIGHT;
            Area::new(x, y, column, box_h)
        };
        let count = form.buttons.len().max(1) as f32;
        let button_w = (inner.w - theme::MARGIN * (count - 1.0)) / count;
        let button = |index: usize| {
            let x = inner.x + index as f32 * (button_w + theme::MARGIN);
            Area::new(x, inner.bottom() - button_h, button_w, button_h)
        };
        Self {
            panel,
            fields: (0..form.fields.len()).map(field).collect(),
            buttons: (0..form.buttons.len()).map(button).collect(),
        }
    }
}

/// Adds a form to a page, in the middle of an area, with lines of news below it.
pub fn add_with_news(
    page: &mut Page,
    area: Area,
    form: &Form,
    columns_max: usize,
    news: &[(String, Rgba)],
) {
    let height = parts::news_height(page.window);
    let (upper, _) = area.split_bottom(height);
    let panel = add(page, upper, form, columns_max);
    let below = Area::new(
        area.x,
        panel.bottom(),
        area.w,
        area.bottom() - panel.bottom(),
    );
    let (place, _) = below.split_top(height + 8.0);
    parts::news(page, place, news);
}

/// Adds a form to a page, in the middle of an area. Returns the area of its panel.
pub fn add(page: &mut Page, area: Area, form: &Form, columns_max: usize) -> Area {
    let layout = FormLayout::new(area, form, columns_max);
    page.fill(layout.panel, ROUND + 4.0, theme::PANEL);
    for (index, (field, place)) in form.fields.iter().zip(&layout.fields).enumerate() {
        add_field(page, *place, field, index, form.focus == index);
    }
    for (index, (button, place)) in form.buttons.iter().zip(&layout.buttons).enumerate() {
        let is_focused = form.focus == form.fields.len() + index;
        add_button(page, *place, button, index, is_focused);
    }
    layout.panel
}

fn add_field(page: &mut Page, area: Area, field: &Field, index: usize, is_focused: bool) {
    let above = Area::new(area.x, area.y - LABEL_HEIGHT, area.w, LABEL_HEIGHT - 5.0);
    let (label, hint) = above.split_left(LABEL.width(field.label));
    page.text(label, LABEL, field.label);
    page.text(hint.trim_left(10.0), HINT, &field.hint);
    let is_hovered = page.target(area, Target::Field(index));
    add_box(page, area, field, is_focused, is_hovered);
}

/// Adds the box of a field with its text.
pub fn add_box(page: &mut Page, area: Area, field: &Field, is_focused: bool, is_hovered: bool) {
    if is_focused {
        outline(page, area);
    }
    let fill = if is_focused || is_hovered {
        theme::FIELD_CHOSEN
    } else {
        theme::FIELD
    };
    page.fill(area, 7.0, fill);
    if matches!(field.kind, FieldKind::Choice(_)) {
        let (middle, inner) = (area.y + area.h / 2.0, area.inset(INSET));
        for (x, is_left) in [(inner.x, true), (inner.right() - 9.0, false)] {
            let area = Area::new(x, middle - 7.0, 9.0, 14.0);
            let fill = theme::ACCENT;
            page.items.push(Item::Arrow {
                area,
                is_left,
                fill,
            });
        }
        let text = Area::new(inner.x + 18.0, area.y, inner.w - 36.0, area.h);
        page.text(text, VALUE.centred(), &field.value);
        return;
    }
    let text = text_area(area);
    let visible = field.visible(VALUE, text.w);
    if let Some((from, to)) = visible.selected_x.filter(|_| is_focused) {
        let marked = Area::new(text.x + from, area.y + 5.0, to - from, area.h - 10.0);
        page.fill(marked, 2.0, theme::ACCENT.alpha(90));
    }
    page.text(text, VALUE, &visible.text);
    if is_focused {
        let cursor = Area::new(text.x + visible.cursor_x, area.y + 7.0, 2.0, area.h - 14.0);
        page.fill(cursor, 0.0, theme::ACCENT);
    }
}

/// Moves the cursor of a field to a click into its box.
pub fn click(field: &mut Field, area: Area, x: f32) {
    let text = text_area(area);
    field.click(VALUE, text.w, x - text.x);
}

fn text_area(area: Area) -> Area {
    Area::new(area.x + INSET, area.y, area.w - 2.0 * INSET, area.h)
}

fn add_button(page: &mut Page, area: Area, text: &str, index: usize, is_focused: bool) {
    let is_hovered = page.target(area, Target::Button(index));
    if is_focused {
        outline(page, area);
    }
    let (fill, colour) = match (index, is_hovered) {
        (0, false) => (theme::ACCENT, theme::ON_ACCENT),
        (0, true) => (theme::ACCENT.mix(theme::TEXT, 0.3), theme::ON_ACCENT),
        (_, false) => (theme::FIELD, theme::TEXT),
        (_, true) => (theme::FIELD_CHOSEN, theme::TEXT),
    };
    page.fill(area, 7.0, fill);
    let style = Style::new(theme::BODY, colour).bold().centred();
    page.text(area.inset(4.0), style, text);
}

/// Adds the outline of what has the focus: a line, and a gap that sets it off from
/// the accent colour.
fn outline(page: &mut Page, area: Area) {
    page.fill(area.inset(-4.0), 10.0, theme::TEXT);
    page.fill(area.inset(-2.0), 8.5, theme::PANEL);
}
