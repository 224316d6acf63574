//! Draws a form: fields, buttons, the cursor, and an error message.

use super::painter::{Painter, Style};
use super::panel::{self, ROUND};
use crate::area::Area;
use crate::form::{Field, FieldKind, Form, FormLayout};
use crate::theme::{self, Rgba};

/// Distance from the edge of a box to its text, points.
const INSET: f32 = 14.0;

/// Draws a form and, below its fields, a message.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    form: &Form,
    layout: &FormLayout,
    message: Option<(&str, Rgba)>,
) -> Result<(), String> {
    painter.rounded(layout.panel, ROUND + 4.0, theme::PANEL)?;
    for (index, (field, area)) in form.fields.iter().zip(&layout.fields).enumerate() {
        draw_field(painter, field, *area, form.focus == index)?;
    }
    for (index, (button, area)) in form.buttons.iter().zip(&layout.buttons).enumerate() {
        let is_focused = form.focus == form.fields.len() + index;
        draw_button(painter, button, *area, index == 0, is_focused)?;
    }
    if let Some((text, colour)) = message {
        panel::wrapped(
            painter,
            layout.message,
            Style::new(theme::SMALL + 1, colour),
            text,
        )?;
    }
    Ok(())
}

fn draw_field(
    painter: &mut Painter<'_>,
    field: &Field,
    area: Area,
    is_focused: bool,
) -> Result<(), String> {
    let label = Style::new(theme::SMALL, theme::TEXT).bold();
    painter.text(area.x, area.y - 13.0, label, field.label)?;
    let hint = Style::new(theme::SMALL - 1, theme::TEXT_DIM);
    painter.text(area.right(), area.y - 13.0, hint.right(), &field.hint)?;
    if is_focused {
        outline(painter, area)?;
    }
    let fill = if is_focused {
        theme::FIELD_CHOSEN
    } else {
        theme::FIELD
    };
    painter.rounded(area, 7.0, fill)?;
    let middle = area.y + area.h / 2.0;
    let style = Style::new(theme::BODY + 1, theme::TEXT);
    if matches!(field.kind, FieldKind::Choice(_)) {
        painter.text(area.middle(), middle, style.centred(), &field.shown())?;
        let arrow = |x: f32, direction: f32| {
            let (tip, base) = (x + 5.0 * direction, x - 4.0 * direction);
            let below = (base, middle + 7.0);
            (
                [(base, middle - 7.0), (tip, middle), below, below],
                theme::ACCENT,
            )
        };
        painter.quads(&[arrow(area.x + 20.0, -1.0), arrow(area.right() - 20.0, 1.0)])?;
        return Ok(());
    }
    painter.text(area.x + INSET, middle, style, &field.shown())?;
    if is_focused {
        let before = painter.text_width(style, &field.shown_before_cursor())?;
        let cursor = Area::new(
            area.x + INSET + before + 1.0,
            area.y + 9.0,
            2.0,
            area.h - 18.0,
        );
        painter.fill(cursor, theme::ACCENT)?;
    }
    Ok(())
}

fn draw_button(
    painter: &mut Painter<'_>,
    text: &str,
    area: Area,
    is_first: bool,
    is_focused: bool,
) -> Result<(), String> {
    if is_focused {
        outline(painter, area)?;
    }
    let (fill, colour) = if is_first {
        (theme::ACCENT, theme::ON_ACCENT)
    } else {
        (theme::FIELD, theme::TEXT)
    };
    painter.rounded(area, 7.0, fill)?;
    let style = Style::new(theme::BODY, colour).bold().centred();
    painter.text(area.middle(), area.y + area.h / 2.0, style, text)?;
    Ok(())
}

/// Draws the outline of what has the focus: a line, and a gap that sets it off
/// from the accent colour.
fn outline(painter: &mut Painter<'_>, area: Area) -> Result<(), String> {
    painter.rounded(area.inset(-4.0), 10.0, theme::TEXT)?;
    painter.rounded(area.inset(-2.0), 8.5, theme::PANEL)
}
