//! The GObject types. They are immutable: a change makes another object.

use std::cell::OnceCell;

use client_core::protocol::PlayerName;
use gtk4::glib;
use gtk4::subclass::prelude::*;

use crate::line::Line;

/// A player in the chat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The player's name.
    pub name: PlayerName,
    /// Whether it is the user of this window.
    pub is_own: bool,
}

mod imp {
    use super::{Line, OnceCell, Person, glib};
    use gtk4::subclass::prelude::*;

    #[derive(Default)]
    pub struct LineObject {
        pub(super) line: OnceCell<Line>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for LineObject {
        const NAME: &'static str = "SlipstreamChatLine";
        type Type = super::LineObject;
    }

    impl ObjectImpl for LineObject {}

    #[derive(Default)]
    pub struct PersonObject {
        pub(super) person: OnceCell<Person>,
    }

    #[glib::object_subclass]
    impl ObjectSubclass for PersonObject {
        const NAME: &'static str = "SlipstreamChatPerson";
        type Type = super::PersonObject;
    }

    impl ObjectImpl for PersonObject {}
}

glib::wrapper! {
    /// A [`Line`] in a list model.
    pub struct LineObject(ObjectSubclass<imp::LineObject>);
}

glib::wrapper! {
    /// A [`Person`] in a list model.
    pub struct PersonObject(ObjectSubclass<imp::PersonObject>);
}

impl LineObject {
    /// Wraps a line.
    #[must_use]
    pub fn new(line: Line) -> Self {
        let object: Self = glib::Object::new();
        object.imp().line.get_or_init(|| line);
        object
    }

    /// Returns the line.
    #[must_use]
    pub fn line(&self) -> &Line {
        self.imp().line.get().expect("set by the only constructor")
    }
}

impl PersonObject {
    /// Wraps a person.
    #[must_use]
    pub fn new(person: Person) -> Self {
        let object: Self = glib::Object::new();
        object.imp().person.get_or_init(|| person);
        object
    }

    /// Returns the person.
    #[must_use]
    pub fn person(&self) -> &Person {
        self.imp()
            .person
            .get()
            .expect("set by the only constructor")
    }
}
