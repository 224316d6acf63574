//! Draws the form for a new room.

use super::painter::Painter;
use super::{form, panel};
use crate::screens::create::CreateScreen;
use crate::theme;

/// Draws the form for a new room.
pub(super) fn draw(painter: &mut Painter<'_>, screen: &CreateScreen) -> Result<(), String> {
    panel::heading(painter, 48.0, "a new room")?;
    let error = screen.error.as_deref().map(|text| (text, theme::ERROR));
    let layout = screen.layout(painter.width());
    form::draw(painter, &screen.form, &layout, error)?;
    panel::keys(
        painter,
        &[("Tab", "next field"), ("Enter", "create"), ("Esc", "back")],
    )
}
