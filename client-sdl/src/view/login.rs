//! Draws the log-in form.

use super::painter::Painter;
use super::{form, panel};
use crate::screens::login::LoginScreen;
use crate::theme;

/// Draws the log-in form. `status` is what the plan of the command line waits
/// for.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    screen: &LoginScreen,
    status: Option<&str>,
) -> Result<(), String> {
    panel::heading(painter, 110.0, "log in, or sign up with a new name")?;
    let error = screen.error.as_deref().map(|text| (text, theme::ERROR));
    let busy = screen.is_busy.then_some(("one moment …", theme::TEXT_DIM));
    let waiting = status.map(|text| (text, theme::WARNING));
    let layout = screen.layout(painter.width());
    form::draw(painter, &screen.form, &layout, error.or(busy).or(waiting))?;
    panel::keys(painter, &[("Tab", "next field"), ("Enter", "log in")])
}
