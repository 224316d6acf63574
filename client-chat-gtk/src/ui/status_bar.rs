//! The status bar at the bottom of the window.

use gtk4 as gtk;
use gtk4::pango;
use gtk4::prelude::*;

use crate::message::{Message, MessageSender};
use crate::status::{Status, Tone};

/// A dot, a sentence, and a button for a connection that is not retried.
#[derive(Clone, Debug)]
pub(super) struct StatusBar {
    bar: gtk::Box,
    dot: gtk::Box,
    sentence: gtk::Label,
    reconnect: gtk::Button,
}

impl StatusBar {
    pub(super) fn new(sender: &MessageSender) -> Self {
        let dot = gtk::Box::builder()
            .accessible_role(gtk::AccessibleRole::Presentation)
            .valign(gtk::Align::Center)
            .build();
        let sentence = gtk::Label::builder()
            .xalign(0.0)
            .hexpand(true)
            // A reason may be longer than the window is wide.
            .wrap(true)
            .wrap_mode(pango::WrapMode::WordChar)
            .build();
        let reconnect = gtk::Button::builder()
            .label("Connect again")
            .visible(false)
            .build();
        let sender = sender.clone();
        reconnect.connect_clicked(move |_| sender.post(Message::Reconnect));
        let bar = gtk::Box::builder()
            .spacing(8)
            .css_classes(["status-bar"])
            .build();
        bar.append(&dot);
        bar.append(&sentence);
        bar.append(&reconnect);
        Self {
            bar,
            dot,
            sentence,
            reconnect,
        }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.bar
    }

    pub(super) fn show(&self, status: &Status) {
        let tone = match status.tone {
            Tone::Good => "good",
            Tone::Busy => "busy",
            Tone::Bad => "bad",
        };
        self.dot.set_css_classes(&["dot", tone]);
        self.sentence.set_text(&status.text);
        self.reconnect.set_visible(status.can_reconnect);
    }
}
