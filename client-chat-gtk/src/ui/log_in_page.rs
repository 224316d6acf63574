//! The page that asks for name and password.

use client_core::protocol::account::Password;
use gtk4 as gtk;
use gtk4::prelude::*;

use crate::message::{Credentials, Message, MessageSender};

/// Width of the card in pixels: the longest sentence fits in two lines.
const CARD_WIDTH: i32 = 360;

/// The page that asks for name and password.
#[derive(Clone, Debug)]
pub(super) struct LogInPage {
    page: gtk::Box,
    fields: Fields,
    problem: gtk::Label,
    log_in: gtk::Button,
    sign_up: gtk::Button,
}

#[derive(Clone, Debug)]
struct Fields {
    name: gtk::Entry,
    password: gtk::PasswordEntry,
}

impl Fields {
    fn new() -> Self {
        let name = gtk::Entry::new();
        let password = gtk::PasswordEntry::builder().show_peek_icon(true).build();
        Self { name, password }
    }

    fn credentials(&self) -> Credentials {
        Credentials {
            name: self.name.text().trim().to_owned(),
            password: Password::new(self.password.text()),
        }
    }
}

impl LogInPage {
    pub(super) fn new(sender: &MessageSender) -> Self {
        let fields = Fields::new();
        let problem = gtk::Label::builder()
            .wrap(true)
            .xalign(0.0)
            // Keeps a long sentence from widening the card.
            .max_width_chars(1)
            .visible(false)
            .css_classes(["problem"])
            .build();
        let log_in = gtk::Button::builder()
            .label("Log in")
            .hexpand(true)
            .css_classes(["suggested-action"])
            .build();
        let sign_up = gtk::Button::builder()
            .label("Sign up")
            .hexpand(true)
            .build();
        connect(&fields, &log_in, &sign_up, sender);

        let page = gtk::Box::builder()
            .halign(gtk::Align::Center)
            .valign(gtk::Align::Center)
            .orientation(gtk::Orientation::Vertical)
            .build();
        page.append(&card(&fields, &problem, &log_in, &sign_up));
        Self {
            page,
            fields,
            problem,
            log_in,
            sign_up,
        }
    }

    pub(super) fn widget(&self) -> &gtk::Box {
        &self.page
    }

    pub(super) fn show(&self, can_log_in: bool, problem: Option<&str>) {
        self.log_in.set_sensitive(can_log_in);
        self.sign_up.set_sensitive(can_log_in);
        self.problem.set_text(problem.unwrap_or_default());
        self.problem.set_visible(problem.is_some());
    }

    pub(super) fn grab_focus(&self) {
        self.fields.name.grab_focus();
    }

    pub(super) fn forget_password(&self) {
        self.fields.password.set_text("");
    }
}

/// Connects the buttons and the Enter key, which moves to the empty field if
/// there is one and logs in otherwise.
fn connect(fields: &Fields, log_in: &gtk::Button, sign_up: &gtk::Button, sender: &MessageSender) {
    let (form, on_log_in) = (fields.clone(), sender.clone());
    log_in.connect_clicked(move |_| on_log_in.post(Message::LogIn(form.credentials())));
    let (form, on_sign_up) = (fields.clone(), sender.clone());
    sign_up.connect_clicked(move |_| on_sign_up.post(Message::SignUp(form.credentials())));

    let (form, button) = (fields.clone(), log_in.clone());
    fields.name.connect_activate(move |_| {
        if form.password.text().is_empty() {
            form.password.grab_focus();
        } else {
            button.emit_clicked();
        }
    });
    let (form, button) = (fields.clone(), log_in.clone());
    fields.password.connect_activate(move |_| {
        if form.name.text().is_empty() {
            form.name.grab_focus();
        } else {
            button.emit_clicked();
        }
    });
}

fn card(
    fields: &Fields,
    problem: &gtk::Label,
    log_in: &gtk::Button,
    sign_up: &gtk::Button,
) -> gtk::Box {
    let card = gtk::Box::builder()
        .orientation(gtk::Orientation::Vertical)
        .width_request(CARD_WIDTH)
        .css_classes(["card"])
        .build();
    let flag = gtk::Box::builder()
        .accessible_role(gtk::AccessibleRole::Presentation)
        .css_classes(["flag"])
        .build();
    let buttons = gtk::Box::builder().spacing(12).homogeneous(true).build();
    buttons.add_css_class("buttons");
    buttons.append(sign_up);
    buttons.append(log_in);

    card.append(&flag);
    card.append(&text("Slipstream", "headline"));
    card.append(&text(
        "Log in to talk to everybody on the track.",
        "subtitle",
    ));
    card.append(&field_name("Name", &fields.name));
    card.append(&fields.name);
    card.append(&field_name("Password", &fields.password));
    card.append(&fields.password);
    card.append(problem);
    card.append(&buttons);
    card
}

fn text(text: &str, class: &str) -> gtk::Label {
    gtk::Label::builder()
        .label(text)
        .xalign(0.0)
        .css_classes([class])
        .build()
}

/// Makes the label of a field, which also names it for assistive technology.
fn field_name(name: &str, field: &impl IsA<gtk::Widget>) -> gtk::Label {
    let label = text(name, "field");
    label.set_mnemonic_widget(Some(field));
    label
}
