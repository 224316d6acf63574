//! The widgets. They show a [`View`] and post messages, and hold no logic.

mod chat_page;
mod log_in_page;
mod message_list;
mod message_row;
mod people_list;
mod person_row;
mod status_bar;
mod waiting_page;
mod window;

use gtk4 as gtk;
use gtk4::gdk;
use gtk4::prelude::*;

pub use window::Window;

use crate::status::Status;

/// The style sheet, in GTK's CSS. Its colours are mixed with those of the theme,
/// so that one sheet serves light and dark.
const STYLE: &str = include_str!("ui/style.css");

/// Everything that the window shows, apart from its list models.
#[derive(Clone, Debug)]
pub struct View {
    /// The page.
    pub page: Page,
    /// The status line at the bottom.
    pub status: Status,
    /// Whether the buttons of the log-in page are enabled.
    pub can_log_in: bool,
    /// Whether a chat line can be sent.
    pub is_in_chat: bool,
    /// The reason for which the latest chat line was not delivered.
    pub refusal: Option<String>,
}

/// The page that fills the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// The form for name and password.
    LogIn {
        /// The reason for which the last attempt failed.
        problem: Option<String>,
    },
    /// A log-in without the user's help; says what it waits for.
    Waiting(String),
    /// The chat.
    Chat,
}

impl Page {
    /// Returns whether it is the form for name and password.
    #[must_use]
    pub fn is_log_in(&self) -> bool {
        matches!(self, Self::LogIn { .. })
    }
}

/// Loads the style sheet. Needs a display.
pub fn load_style() {
    let Some(display) = gdk::Display::default() else {
        return;
    };
    let provider = gtk::CssProvider::new();
    provider.load_from_data(STYLE);
    let priority = gtk::STYLE_PROVIDER_PRIORITY_APPLICATION;
    gtk::style_context_add_provider_for_display(&display, &provider, priority);
}

/// Makes an invisible label that names a widget for assistive technology, as
/// its mnemonic label. The caller adds it to the window, since the widget holds
/// no reference to it. (The direct way to set such a name has a safe binding
/// from GTK 4.10 on.)
fn hidden_name(name: &str) -> gtk::Label {
    gtk::Label::builder().label(name).visible(false).build()
}

/// Names the list item around a row for assistive technology, which visits items
/// rather than rows. An item exists from the first bind on and keeps its row.
fn name_item_around(row: &impl IsA<gtk::Widget>, name: &gtk::Label) {
    let Some(item) = row.parent() else { return };
    if item.list_mnemonic_labels().is_empty() {
        item.add_mnemonic_label(name);
    }
}

/// Makes an avatar: a disc in the colour of a name, with its initial.
fn new_avatar() -> gtk::Label {
    gtk::Label::builder()
        .accessible_role(gtk::AccessibleRole::Presentation)
        .css_classes(["avatar"])
        .halign(gtk::Align::Center)
        .valign(gtk::Align::Start)
        .build()
}

/// Shows a player in an avatar.
fn show_avatar(avatar: &gtk::Label, name: &client_core::protocol::PlayerName) {
    let initial = name
        .as_str()
        .chars()
        .next()
        .map(|first| first.to_ascii_uppercase());
    avatar.set_text(&initial.map(String::from).unwrap_or_default());
    avatar.set_css_classes(&["avatar", &crate::tint::tint_class(name)]);
}
