//! The page that is shown while a log-in needs no action of the user.

use gtk4 as gtk;
use gtk4::prelude::*;

/// A spinner over a sentence.
#[derive(Clone, Debug)]
pub(super) struct WaitingPage {
    page: gtk::Box,
    sentence: gtk::Label,
}

impl WaitingPage {
    pub(super) fn new() -> Self {
        let spinner = gtk::Spinner::builder()
            .spinning(true)
            .css_classes(["waiting"])
            .build();
        let sentence = gtk::Label::builder()
            .wrap(true)
            .css_classes(["waiting"])
            .build();
        let page = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(18)
            .valign(gtk::Align::Center)
            .build();
        page.append(&spinner);
        page.append(&sentence);
        Self { page, sentence }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.page
    }

    pub(super) fn show(&self, what: &str) {
        self.sentence.set_text(what);
    }
}
