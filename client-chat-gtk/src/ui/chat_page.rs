//! The chat page: messages, the list of people, and the entry.

use std::cell::Cell;
use std::rc::Rc;

use gtk4 as gtk;
use gtk4::gio;
use gtk4::prelude::*;

use super::hidden_name;
use super::message_list::MessageList;
use super::people_list::PeopleList;
use crate::composer::{can_send, counter};
use crate::message::{Message, MessageSender};

/// The chat page.
#[derive(Clone, Debug)]
pub(super) struct ChatPage {
    page: gtk::Box,
    messages: MessageList,
    people: PeopleList,
    composer: ComposerBar,
}

impl ChatPage {
    pub(super) fn new(sender: &MessageSender) -> Self {
        let messages = MessageList::new();
        let people = PeopleList::new();
        let composer = ComposerBar::new(sender);
        let talk = gtk::Box::new(gtk::Orientation::Vertical, 0);
        talk.append(messages.widget());
        talk.append(&composer.bar);
        let page = gtk::Box::new(gtk::Orientation::Horizontal, 0);
        page.append(&talk);
        page.append(people.widget());
        Self {
            page,
            messages,
            people,
            composer,
        }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.page
    }

    pub(super) fn set_models(&self, lines: &gio::ListStore, people: &gio::ListStore) {
        self.messages.set_model(lines);
        self.people.set_model(people);
    }

    pub(super) fn show(&self, is_in_chat: bool, refusal: Option<&str>) {
        self.composer.show(is_in_chat, refusal);
    }

    pub(super) fn grab_focus(&self) {
        self.composer.entry.grab_focus();
    }

    pub(super) fn entry_text(&self) -> String {
        self.composer.entry.text().into()
    }

    pub(super) fn remove_from_entry(&self, chars: usize) {
        // An entry holds fewer characters than `i32::MAX`.
        self.composer.entry.delete_text(0, chars as i32);
    }
}

/// The entry with its button, counter and refusal.
#[derive(Clone, Debug)]
struct ComposerBar {
    bar: gtk::Box,
    entry: gtk::Entry,
    send: gtk::Button,
    refusal: gtk::Label,
    /// Shared with the entry's change handler.
    is_in_chat: Rc<Cell<bool>>,
}

impl ComposerBar {
    fn new(sender: &MessageSender) -> Self {
        let entry = gtk::Entry::builder()
            .placeholder_text("Say something to everybody")
            .hexpand(true)
            .build();
        let name = hidden_name("Message");
        entry.add_mnemonic_label(&name);
        let send = gtk::Button::builder()
            .label("Send")
            .sensitive(false)
            .css_classes(["suggested-action"])
            .build();
        let counter = gtk::Label::builder()
            .visible(false)
            .css_classes(["counter"])
            .build();
        let refusal = gtk::Label::builder()
            .visible(false)
            .wrap(true)
            .xalign(0.0)
            .css_classes(["problem"])
            .build();

        let on_enter = sender.clone();
        entry.connect_activate(move |entry| on_enter.post(Message::Say(entry.text().into())));
        let (on_click, typed) = (sender.clone(), entry.clone());
        send.connect_clicked(move |_| {
            on_click.post(Message::Say(typed.text().into()));
            typed.grab_focus_without_selecting();
        });
        let is_in_chat = Rc::new(Cell::new(false));
        let (in_chat, label, button) = (Rc::clone(&is_in_chat), counter.clone(), send.clone());
        entry.connect_changed(move |entry| {
            show_counter(&label, &entry.text());
            button.set_sensitive(can_send(in_chat.get(), &entry.text()));
        });

        let row = gtk::Box::new(gtk::Orientation::Horizontal, 8);
        row.append(&name);
        row.append(&entry);
        row.append(&counter);
        row.append(&send);
        let bar = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .spacing(6)
            .css_classes(["composer"])
            .build();
        bar.append(&refusal);
        bar.append(&row);
        Self {
            bar,
            entry,
            send,
            refusal,
            is_in_chat,
        }
    }

    fn show(&self, is_in_chat: bool, refusal: Option<&str>) {
        self.is_in_chat.set(is_in_chat);
        self.send
            .set_sensitive(can_send(is_in_chat, &self.entry.text()));
        self.refusal.set_text(refusal.unwrap_or_default());
        self.refusal.set_visible(refusal.is_some());
    }
}

fn show_counter(label: &gtk::Label, entry: &str) {
    let counter = counter(entry);
    label.set_visible(counter.is_some());
    let Some(counter) = counter else { return };
    label.set_text(&counter.text);
    label.set_css_classes(if counter.is_over {
        &["counter", "over"]
    } else {
        &["counter"]
    });
}
