//! The list of people in the chat, beside the messages.

use gtk4 as gtk;
use gtk4::gio;
use gtk4::prelude::*;

use super::name_item_around;
use super::person_row::PersonRow;
use crate::model::PersonObject;

/// Width in pixels: the longest name fits beside its avatar.
const WIDTH: i32 = 216;

/// The list of people in the chat.
#[derive(Clone, Debug)]
pub(super) struct PeopleList {
    sidebar: gtk::Box,
    list: gtk::ListView,
    count: gtk::Label,
}

impl PeopleList {
    pub(super) fn new() -> Self {
        let list = gtk::ListView::builder()
            .factory(&factory())
            .css_classes(["people"])
            .build();
        let scrolled = gtk::ScrolledWindow::builder()
            .hscrollbar_policy(gtk::PolicyType::Never)
            .vexpand(true)
            .child(&list)
            .build();
        let title = gtk::Label::builder()
            .label("Who is here")
            .xalign(0.0)
            .hexpand(true)
            .css_classes(["heading"])
            .build();
        list.add_mnemonic_label(&title);
        let count = gtk::Label::builder()
            .label("0")
            .css_classes(["count"])
            .build();
        let header = gtk::Box::builder()
            .spacing(8)
            .css_classes(["sidebar-header"])
            .build();
        header.append(&title);
        header.append(&count);
        let sidebar = gtk::Box::builder()
            .orientation(gtk::Orientation::Vertical)
            .width_request(WIDTH)
            // Set explicitly, or the sidebar would inherit the header's expand flag.
            .hexpand(false)
            .css_classes(["people-sidebar"])
            .build();
        sidebar.append(&header);
        sidebar.append(&scrolled);
        Self {
            sidebar,
            list,
            count,
        }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.sidebar
    }

    pub(super) fn set_model(&self, people: &gio::ListStore) {
        self.list
            .set_model(Some(&gtk::NoSelection::new(Some(people.clone()))));
        let count = self.count.clone();
        people.connect_items_changed(move |people, _, _, _| {
            count.set_text(&people.n_items().to_string());
        });
        self.count.set_text(&people.n_items().to_string());
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
        item.set_child(Some(&PersonRow::new()));
    });
    factory.connect_bind(|_, item| {
        let Some(item) = item.downcast_ref::<gtk::ListItem>() else {
            return;
        };
        let row = item.child().and_downcast::<PersonRow>();
        let object = item.item().and_downcast::<PersonObject>();
        let (Some(row), Some(object)) = (row, object) else {
            return;
        };
        row.show(object.person());
        name_item_around(&row, row.name());
    });
    factory
}
