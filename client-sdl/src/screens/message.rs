//! The screens with only a message: no connection, or none any more.

use client_core::RaceClientState;

use super::{Action, ScreenContext};
use crate::input::Key;
use crate::page::cap::Cap;
use crate::page::{Page, parts};
use crate::theme::{self, Rgba};
use crate::typeface::Style;

/// The keys without a connection, while the client tries to connect.
pub(super) fn offline_caps() -> Vec<Cap<Action>> {
    vec![Cap::key(Key::Escape, "quit", Action::Quit)]
}

/// The keys after the end of a connection that the client does not try again.
pub(super) fn ended_caps() -> Vec<Cap<Action>> {
    vec![
        Cap::key(Key::Enter, "back to the log-in", Action::Reconnect),
        Cap::key(Key::Escape, "quit", Action::Quit),
    ]
}

/// Makes the page without a connection.
pub(super) fn offline(context: &ScreenContext<'_>) -> Page {
    let reason = match context.client.state() {
        RaceClientState::Offline(Some(reason)) => reason.as_str(),
        RaceClientState::Offline(None)
        | RaceClientState::Unauthenticated
        | RaceClientState::Lobby
        | RaceClientState::Room(_)
        | RaceClientState::Result(_)
        | RaceClientState::Ended(_) => "",
    };
    let title = format!("Connecting to {} …", context.gateway);
    message(context, &offline_caps(), &title, (reason, theme::TEXT_DIM))
}

/// Makes the page after the end of the connection.
pub(super) fn ended(context: &ScreenContext<'_>) -> Page {
    let reason = match context.client.state() {
        RaceClientState::Ended(reason) => reason.as_str(),
        RaceClientState::Offline(_)
        | RaceClientState::Unauthenticated
        | RaceClientState::Lobby
        | RaceClientState::Room(_)
        | RaceClientState::Result(_) => "",
    };
    let title = "The server has ended the connection";
    message(context, &ended_caps(), title, (reason, theme::ERROR))
}

/// Makes a page with a title, and a detail below it.
pub(super) fn message(
    context: &ScreenContext<'_>,
    caps: &[Cap<Action>],
    title: &str,
    (detail, colour): (&str, Rgba),
) -> Page {
    let (mut page, area) = context.frame("", caps);
    let area = parts::news(&mut page, area, &context.news(None));
    let (upper, lower) = area.split_top(area.h / 2.0);
    let style = Style::new(theme::HEADING, theme::TEXT).centred();
    let (_, place) = upper.split_bottom(2.0 * style.pitch() + 8.0);
    page.wrapped(place, style, title);
    let style = Style::new(theme::BODY, colour).centred();
    let (place, _) = lower.split_top(3.0 * style.pitch() + 1.0);
    page.wrapped(place, style, detail);
    page
}
