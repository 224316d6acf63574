//! One person in the chat, as a widget that the list reuses for others.

use gtk4 as gtk;
use gtk4::glib;
use gtk4::prelude::*;
use gtk4::subclass::prelude::*;

use super::show_avatar;
use crate::model::Person;

mod imp {
    use gtk4 as gtk;
    use gtk4::glib;
    use gtk4::pango;
    use gtk4::prelude::*;
    use gtk4::subclass::prelude::*;

    use super::super::new_avatar;

    #[derive(Debug)]
    pub struct PersonRow {
        pub(super) avatar: gtk::Label,
        pub(super) name: gtk::Label,
        pub(super) own: gtk::Label,
    }

    impl Default for PersonRow {
        fn default() -> Self {
            let name = gtk::Label::builder()
                .xalign(0.0)
                .ellipsize(pango::EllipsizeMode::End)
                .build();
            let own = gtk::Label::builder()
                .label("you")
                .css_classes(["own-mark"])
                .build();
            Self {
                avatar: new_avatar(),
                name,
                own,
            }
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PersonRow {
        const NAME: &'static str = "SlipstreamPersonRow";
        type Type = super::PersonRow;
        type ParentType = gtk::Box;
    }

    impl ObjectImpl for PersonRow {
        fn constructed(&self) {
            self.parent_constructed();
            let row = self.obj();
            row.set_spacing(10);
            row.add_css_class("person");
            row.append(&self.avatar);
            row.append(&self.name);
            row.append(&self.own);
        }
    }

    impl WidgetImpl for PersonRow {}
    impl BoxImpl for PersonRow {}
}

glib::wrapper! {
    /// A row of the list of people.
    pub struct PersonRow(ObjectSubclass<imp::PersonRow>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl PersonRow {
    /// Makes a row without a person.
    #[must_use]
    pub fn new() -> Self {
        glib::Object::new()
    }

    /// Returns the label of the name.
    #[must_use]
    pub fn name(&self) -> &gtk::Label {
        &self.imp().name
    }

    /// Shows a person.
    pub fn show(&self, person: &Person) {
        let parts = self.imp();
        show_avatar(&parts.avatar, &person.name);
        parts.name.set_text(person.name.as_str());
        parts.own.set_visible(person.is_own);
    }
}

impl Default for PersonRow {
    fn default() -> Self {
        Self::new()
    }
}
