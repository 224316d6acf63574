//! The widgets. They show a [`View`] and post messages; they decide nothing.

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

/// How the window looks, in GTK's own CSS. Colours are mixed with those of
/// the theme, so that one sheet is right in light and dark.
const STYLE: &str = include_str!("ui/style.css");

/// All that the window shows, apart from its list models.
#[derive(Clone, Debug)]
pub struct View {
    /// What fills the window.
    pub page: Page,
    /// The line at the bottom.
    pub status: Status,
    /// Whether the buttons of the log-in page work.
    pub can_log_in: bool,
    /// Whether what is said would be heard.
    pub is_in_chat: bool,
    /// Why what was said last did not get through.
    pub refusal: Option<String>,
}

/// What fills the window.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Page {
    /// Name and password are asked for.
    LogIn {
        /// What was wrong with the last try.
        problem: Option<String>,
    },
    /// The person need not do anything; what is being waited for.
    Waiting(String),
    /// The chat.
    Chat,
}

impl Page {
    /// Whether name and password are asked for.
    #[must_use]
    pub fn is_log_in(&self) -> bool {
        matches!(self, Self::LogIn { .. })
    }
}

/// Makes the style sheet known. Needs a display.
pub fn load_style() {
    let Some(display) = gdk::Display::default() else {
        return;
    };
    let provider = gtk::CssProvider::new();
    provider.load_from_data(STYLE);
    let priority = gtk::STYLE_PROVIDER_PRIORITY_APPLICATION;
    gtk::style_context_add_provider_for_display(&display, &provider, priority);
}

/// A name for assistive technology that nobody sees. As a mnemonic label of a
/// widget it names that widget; it has to stand somewhere in the window, since
/// the widget does not keep it. (GTK's direct way to set such a name has a
/// safe binding from 4.10 on.)
fn hidden_name(name: &str) -> gtk::Label {
    gtk::Label::builder().label(name).visible(false).build()
}

/// Lets the list item around a row go by a name: it is what assistive
/// technology visits. An item is there from the first bind on, and keeps its
/// row for good.
fn name_item_around(row: &impl IsA<gtk::Widget>, name: &gtk::Label) {
    let Some(item) = row.parent() else { return };
    if item.list_mnemonic_labels().is_empty() {
        item.add_mnemonic_label(name);
    }
}

/// A round picture of somebody: the initial on the colour of the name.
fn new_avatar() -> gtk::Label {
    gtk::Label::builder()
        .accessible_role(gtk::AccessibleRole::Presentation)
        .css_classes(["avatar"])
        .halign(gtk::Align::Center)
        .valign(gtk::Align::Start)
        .build()
}

/// Shows somebody in an avatar.
fn show_avatar(avatar: &gtk::Label, name: &client_core::protocol::PlayerName) {
    let initial = name
        .as_str()
        .chars()
        .next()
        .map(|first| first.to_ascii_uppercase());
    avatar.set_text(&initial.map(String::from).unwrap_or_default());
    avatar.set_css_classes(&["avatar", &crate::tint::tint_class(name)]);
}
