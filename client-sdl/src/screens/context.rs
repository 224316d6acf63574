//! What a screen sees of the rest of the client.

use std::time::Instant;

use client_core::RaceClient;
use client_core::notice::NoticeKind;
use client_core::protocol::PlayerName;
use domain::CarClass;

use crate::area::Area;
use crate::input::Bindings;
use crate::notices::NoticeBoard;
use crate::page::cap::{self, Cap};
use crate::page::{Page, parts};
use crate::settings::Settings;
use crate::theme::{self, Rgba};

/// What a screen sees of the rest of the client, to handle an event or to make its
/// page.
#[derive(Clone, Copy, Debug)]
pub struct ScreenContext<'a> {
    /// The client of the protocol.
    pub client: &'a RaceClient,
    /// What keys mean.
    pub bindings: &'a Bindings,
    /// What the player has set.
    pub settings: &'a Settings,
    /// The player under whose name the client may go on without a password.
    pub offered: Option<&'a PlayerName>,
    /// The lines for the player.
    pub notices: &'a NoticeBoard,
    /// The gateways' addresses, for display.
    pub gateway: &'a str,
    /// What the plan of the command line waits for.
    pub status: Option<&'a str>,
    /// The class of the player's car in this room or, outside a room, in the next.
    pub class: CarClass,
    /// The area of the window, points.
    pub window: Area,
    /// Where the mouse is, points.
    pub pointer: Option<(f32, f32)>,
    /// The time.
    pub now: Instant,
}

impl ScreenContext<'_> {
    /// Makes a page with a heading above and caps below. Returns it with the area
    /// between them.
    pub(super) fn frame<D>(&self, subtitle: &str, caps: &[Cap<D>]) -> (Page, Area) {
        let mut page = Page::new(self.window, self.pointer);
        let area = parts::margins(self.window);
        let area = cap::add(&mut page, area, caps, self.bindings);
        let area = parts::heading(&mut page, area, subtitle);
        (page, area)
    }

    /// Returns the lines of news: those of the screen first, then what the plan of
    /// the command line waits for and the latest notices, newest first.
    pub(super) fn news(&self, own: Option<(&str, Rgba)>) -> Vec<(String, Rgba)> {
        let own = own.map(|(text, colour)| (text.to_owned(), colour));
        let status = self
            .status
            .map(|text| (format!("{text} …"), theme::WARNING));
        let mut lines: Vec<_> = own.into_iter().chain(status).collect();
        let notices: Vec<_> = self.notices.lines(self.now).collect();
        lines.extend(notices.into_iter().rev().map(|(notice, opacity)| {
            let colour = match notice.kind {
                NoticeKind::Info => theme::TEXT,
                NoticeKind::Success => theme::SUCCESS,
                NoticeKind::Warning => theme::WARNING,
            };
            (notice.text.clone(), colour.fade(opacity))
        }));
        lines
    }
}
