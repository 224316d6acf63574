//! One chat line, as a widget that the list reuses for other lines.

use gtk4 as gtk;
use gtk4::glib;
use gtk4::pango;
use gtk4::prelude::*;
use gtk4::subclass::prelude::*;

use super::{new_avatar, show_avatar};
use crate::line::{Author, Line};
use crate::tint::tint_class;

/// Width of a text in characters, for easy reading.
const TEXT_WIDTH_CHARS: i32 = 62;

mod imp {
    use super::{glib, gtk, new_avatar, pango};
    use gtk4::prelude::*;
    use gtk4::subclass::prelude::*;

    #[derive(Debug)]
    pub struct MessageRow {
        pub(super) avatar: gtk::Label,
        pub(super) bubble: gtk::Box,
        pub(super) name: gtk::Label,
        pub(super) text: gtk::Label,
        pub(super) time: gtk::Label,
        pub(super) spoken: gtk::Label,
    }

    impl Default for MessageRow {
        fn default() -> Self {
            let attributes = pango::AttrList::new();
            // An inserted hyphen would falsify a web address.
            attributes.insert(pango::AttrInt::new_insert_hyphens(false));
            let text = gtk::Label::builder()
                .attributes(&attributes)
                .xalign(0.0)
                .wrap(true)
                .wrap_mode(pango::WrapMode::WordChar)
                .natural_wrap_mode(gtk::NaturalWrapMode::None)
                .max_width_chars(super::TEXT_WIDTH_CHARS)
                .selectable(true)
                .css_classes(["text"])
                .build();
            let time = gtk::Label::builder()
                .valign(gtk::Align::End)
                .css_classes(["time"])
                .build();
            Self {
                avatar: new_avatar(),
                bubble: gtk::Box::new(gtk::Orientation::Vertical, 2),
                name: gtk::Label::builder()
                    .xalign(0.0)
                    .css_classes(["name"])
                    .build(),
                text,
                time,
                spoken: gtk::Label::builder().visible(false).build(),
            }
        }
    }

    #[glib::object_subclass]
    impl ObjectSubclass for MessageRow {
        const NAME: &'static str = "SlipstreamMessageRow";
        type Type = super::MessageRow;
        type ParentType = gtk::Box;
    }

    impl ObjectImpl for MessageRow {
        fn constructed(&self) {
            self.parent_constructed();
            let row = self.obj();
            row.set_spacing(10);
            let line = gtk::Box::new(gtk::Orientation::Horizontal, 10);
            line.append(&self.text);
            line.append(&self.time);
            self.bubble.append(&self.name);
            self.bubble.append(&line);
            row.append(&self.avatar);
            row.append(&self.bubble);
            row.append(&self.spoken);
        }
    }

    impl WidgetImpl for MessageRow {}
    impl BoxImpl for MessageRow {}
}

glib::wrapper! {
    /// One line of the chat.
    pub struct MessageRow(ObjectSubclass<imp::MessageRow>)
        @extends gtk::Box, gtk::Widget,
        @implements gtk::Buildable, gtk::ConstraintTarget, gtk::Orientable;
}

impl MessageRow {
    /// A row without a line yet.
    #[must_use]
    pub fn new() -> Self {
        glib::Object::new()
    }

    /// Shows a line.
    pub fn show(&self, line: &Line) {
        let parts = self.imp();
        parts.text.set_text(&line.text);
        parts.text.set_selectable(true);
        parts.time.set_text(&line.clock());
        parts.spoken.set_text(&line.spoken());
        match &line.author {
            Author::Notice => self.arrange("notice", line, gtk::Align::Center),
            Author::Own(_) => self.arrange("own", line, gtk::Align::End),
            Author::Other(name) => {
                self.arrange("other", line, gtk::Align::Start);
                parts.name.set_text(name.as_str());
                parts.name.set_css_classes(&["name", &tint_class(name)]);
                show_avatar(&parts.avatar, name);
            }
        }
    }

    /// Returns the hidden label with the whole line, which names the row.
    #[must_use]
    pub fn spoken(&self) -> &gtk::Label {
        &self.imp().spoken
    }

    fn arrange(&self, class: &str, line: &Line, side: gtk::Align) {
        let parts = self.imp();
        let is_other = matches!(line.author, Author::Other(_));
        let spacing = if line.is_continued {
            "continued"
        } else {
            "first"
        };
        self.set_css_classes(&["message", class, spacing]);
        self.set_halign(side);
        parts.bubble.set_css_classes(&["bubble"]);
        parts.name.set_visible(is_other && !line.is_continued);
        parts.avatar.set_visible(is_other);
        // A continued line keeps the space of the avatar, so that texts align.
        parts
            .avatar
            .set_opacity(if line.is_continued { 0.0 } else { 1.0 });
    }
}

impl Default for MessageRow {
    fn default() -> Self {
        Self::new()
    }
}
