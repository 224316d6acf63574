//! The window: a page above, the status bar below.

use gtk4 as gtk;
use gtk4::gio;
use gtk4::prelude::*;

use super::chat_page::ChatPage;
use super::log_in_page::LogInPage;
use super::status_bar::StatusBar;
use super::waiting_page::WaitingPage;
use super::{Page, View};
use crate::message::MessageSender;

/// The title. Tests find the window by it.
const TITLE: &str = "Slipstream chat";

/// Width and height in pixels: room for some twenty lines beside the list of
/// people, on a screen shared with the race client.
const DEFAULT_SIZE: (i32, i32) = (900, 600);

/// The window and its widgets.
#[derive(Clone, Debug)]
pub struct Window {
    window: gtk::ApplicationWindow,
    /// The pages, of which one is visible. A stack would expose the others to
    /// assistive technology.
    pages: [gtk::Widget; 3],
    log_in: LogInPage,
    waiting: WaitingPage,
    chat: ChatPage,
    status: StatusBar,
}

impl Window {
    /// Makes a window that posts the user's actions to `sender`.
    #[must_use]
    pub fn new(application: &gtk::Application, sender: &MessageSender) -> Self {
        let log_in = LogInPage::new(sender);
        let waiting = WaitingPage::new();
        let chat = ChatPage::new(sender);
        let status = StatusBar::new(sender);
        let content = gtk::Box::new(gtk::Orientation::Vertical, 0);
        let pages: [gtk::Widget; 3] = [
            log_in.widget().clone().upcast(),
            waiting.widget().clone().upcast(),
            chat.widget().clone().upcast(),
        ];
        for page in &pages {
            page.set_vexpand(true);
            page.set_visible(false);
            content.append(page);
        }
        content.append(status.widget());
        let window = gtk::ApplicationWindow::builder()
            .application(application)
            .title(TITLE)
            .titlebar(&gtk::HeaderBar::new())
            .default_width(DEFAULT_SIZE.0)
            .default_height(DEFAULT_SIZE.1)
            .child(&content)
            .build();
        // Added rather than set, so that the theme's classes stay.
        window.add_css_class("slipstream");
        Self {
            window,
            pages,
            log_in,
            waiting,
            chat,
            status,
        }
    }

    /// Brings the window to the front.
    pub fn present(&self) {
        self.window.present();
    }

    /// Sets the list models of lines and people.
    pub fn set_models(&self, lines: &gio::ListStore, people: &gio::ListStore) {
        self.chat.set_models(lines, people);
    }

    /// Shows a view. Widgets that already show it are not touched.
    pub fn show(&self, view: &View) {
        self.status.show(&view.status);
        self.chat.show(view.is_in_chat, view.refusal.as_deref());
        match &view.page {
            Page::LogIn { problem } => {
                self.log_in.show(view.can_log_in, problem.as_deref());
                if self.switch_to(self.log_in.widget()) {
                    self.log_in.grab_focus();
                }
            }
            Page::Waiting(what) => {
                self.waiting.show(what);
                self.switch_to(self.waiting.widget());
            }
            Page::Chat => {
                if self.switch_to(self.chat.widget()) {
                    self.chat.grab_focus();
                }
            }
        }
    }

    /// Returns the text in the entry.
    #[must_use]
    pub fn entry_text(&self) -> String {
        self.chat.entry_text()
    }

    /// Removes characters from the start of the entry.
    pub fn remove_from_entry(&self, chars: usize) {
        self.chat.remove_from_entry(chars);
    }

    /// Clears the password entry.
    pub fn forget_password(&self) {
        self.log_in.forget_password();
    }

    /// Makes one page visible. Returns whether it was hidden before.
    fn switch_to(&self, page: &impl IsA<gtk::Widget>) -> bool {
        let page = page.upcast_ref();
        if page.is_visible() {
            return false;
        }
        for other in &self.pages {
            other.set_visible(other == page);
        }
        true
    }
}
