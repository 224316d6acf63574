//! The list of messages, which follows its end until the user scrolls up.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use gtk4 as gtk;
use gtk4::prelude::*;
use gtk4::{gio, glib};

use super::message_row::MessageRow;
use super::{hidden_name, name_item_around};
use crate::auto_scroll::{AutoScroll, Extent};
use crate::model::LineObject;

/// The list of messages.
#[derive(Clone, Debug)]
pub(super) struct MessageList {
    overlay: gtk::Overlay,
    list: gtk::ListView,
    end: Rc<EndFollower>,
}

/// Keeps the list at its end.
///
/// A list view learns the heights of its rows during layout and scrolls
/// meanwhile. Such scrolls are not the user's: they are ignored between a change
/// of size and the next idle callback, which scrolls to the end.
#[derive(Debug)]
struct EndFollower {
    auto_scroll: RefCell<AutoScroll>,
    is_scheduled: Cell<bool>,
    list: glib::WeakRef<gtk::ListView>,
    button: gtk::Button,
}

impl MessageList {
    pub(super) fn new() -> Self {
        let list = gtk::ListView::builder()
            .factory(&factory())
            .css_classes(["messages"])
            .build();
        let scrolled = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .vexpand(true)
            .hexpand(true)
            .child(&list)
            .build();
        let button = gtk::Button::builder()
            .visible(false)
            .halign(gtk::Align::Center)
            .valign(gtk::Align::End)
            .css_classes(["to-end", "suggested-action"])
            .build();
        let overlay = gtk::Overlay::builder().child(&scrolled).build();
        overlay.add_overlay(&button);
        let name = hidden_name("Messages");
        overlay.add_overlay(&name);
        list.add_mnemonic_label(&name);
        let end = Rc::new(EndFollower {
            auto_scroll: RefCell::default(),
            is_scheduled: Cell::default(),
            list: list.downgrade(),
            button,
        });
        end.follow(&scrolled.vadjustment());
        Self { overlay, list, end }
    }

    pub(super) fn widget(&self) -> &gtk::Overlay {
        &self.overlay
    }

    pub(super) fn set_model(&self, lines: &gio::ListStore) {
        self.list
            .set_model(Some(&gtk::NoSelection::new(Some(lines.clone()))));
        let end = Rc::clone(&self.end);
        // Connected after the list itself, which has to know a line to scroll
        // to it.
        lines.connect_items_changed(move |_, _, _, added| end.arrived(added));
    }
}

impl EndFollower {
    fn follow(self: &Rc<Self>, adjustment: &gtk::Adjustment) {
        let end = Rc::clone(self);
        adjustment.connect_changed(move |_| end.schedule_scroll());
        let end = Rc::clone(self);
        adjustment.connect_value_changed(move |adjustment| {
            if end.is_scheduled.get() {
                return;
            }
            end.auto_scroll.borrow_mut().scrolled(Extent {
                value: adjustment.value(),
                page_size: adjustment.page_size(),
                upper: adjustment.upper(),
            });
            end.show_button();
        });
        let end = Rc::downgrade(self);
        self.button.connect_clicked(move |_| {
            let Some(end) = end.upgrade() else { return };
            end.auto_scroll.borrow_mut().release();
            end.show_button();
            end.schedule_scroll();
        });
    }

    fn arrived(self: &Rc<Self>, messages: u32) {
        if self.auto_scroll.borrow_mut().arrived(messages) {
            self.schedule_scroll();
        }
        self.show_button();
    }

    /// Scrolls to the end in the next idle callback, since a layout must not
    /// request another one.
    fn schedule_scroll(self: &Rc<Self>) {
        if self.is_scheduled.replace(true) {
            return;
        }
        let end = Rc::downgrade(self);
        glib::idle_add_local_once(move || {
            let Some(end) = end.upgrade() else { return };
            end.is_scheduled.set(false);
            if end.auto_scroll.borrow().follows() {
                end.scroll_to_end();
            }
        });
    }

    /// Anchors the list at its last row. Unlike a value set on the adjustment, the
    /// anchor holds while the heights of rows change.
    fn scroll_to_end(&self) {
        let Some(list) = self.list.upgrade() else {
            return;
        };
        let rows = list.model().map_or(0, |model| model.n_items());
        let Some(last) = rows.checked_sub(1) else {
            return;
        };
        if let Err(error) = list.activate_action("list.scroll-to-item", Some(&last.to_variant())) {
            tracing::warn!(%error, "the list cannot be scrolled");
        }
    }

    fn show_button(&self) {
        let label = self.auto_scroll.borrow().button_label();
        self.button.set_visible(label.is_some());
        if let Some(label) = label {
            self.button.set_label(&label);
        }
    }
}

fn factory() -> gtk::SignalListItemFactory {
    let factory = gtk::SignalListItemFactory::new();
    factory.connect_setup(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else {
            return;
        };
        item.set_activatable(false);
        item.set_selectable(false);
        item.set_child(Some(&MessageRow::new()));
    });
    factory.connect_bind(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else {
            return;
        };
        let row = item.child().and_downcast::<MessageRow>();
        let object = item.item().and_downcast::<LineObject>();
        let (Some(row), Some(object)) = (row, object) else {
            return;
        };
        row.show(object.line());
        name_item_around(&row, row.spoken());
    });
    factory
}
