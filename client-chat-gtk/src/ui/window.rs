//! The window: pages above, the status below.

use gtk4 as gtk;
use gtk4::gio;
use gtk4::prelude::*;

use super::chat_page::ChatPage;
use super::log_in_page::LogInPage;
use super::status_bar::StatusBar;
use super::waiting_page::WaitingPage;
use super::{Page, View};
use crate::message::Outbox;

/// The title, by which people and tests find the window.
const TITLE: &str = "Slipstream chat";

/// Room for some twenty lines beside the list of people, on a screen that the
/// race shares.
const DEFAULT_SIZE: (i32, i32) = (900, 600);

/// The window and what is in it.
#[derive(Clone, Debug)]
pub struct Window {
    window: gtk::ApplicationWindow,
    /// One of them is visible. They are not in a stack, which would leave the
    /// other pages to be found by assistive technology.
    pages: [gtk::Widget; 3],
    log_in: LogInPage,
    waiting: WaitingPage,
    chat: ChatPage,
    status: StatusBar,
}

impl Window {
    /// A window that posts to `outbox` what the person does.
    #[must_use]
    pub fn new(application: &gtk::Application, outbox: &Outbox) -> Self {
        let log_in = LogInPage::new(outbox);
        let waiting = WaitingPage::new();
        let chat = ChatPage::new(outbox);
        let status = StatusBar::new(outbox);
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
        // Added, so that the theme's own classes stay.
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

    /// Shows these lines and people from now on.
    pub fn set_models(&self, lines: &gio::ListStore, people: &gio::ListStore) {
        self.chat.set_models(lines, people);
    }

    /// Shows a view. What is so already is left alone.
    pub fn show(&self, view: &View) {
        self.status.show(&view.status);
        self.chat.show(view.is_in_chat, view.refusal.as_deref());
        match &view.page {
            Page::LogIn { problem } => {
                self.log_in.show(view.can_log_in, problem.as_deref());
                if self.turn_to(self.log_in.widget()) {
                    self.log_in.grab_focus();
                }
            }
            Page::Waiting(what) => {
                self.waiting.show(what);
                self.turn_to(self.waiting.widget());
            }
            Page::Chat => {
                if self.turn_to(self.chat.widget()) {
                    self.chat.grab_focus();
                }
            }
        }
    }

    /// What the person is about to say.
    #[must_use]
    pub fn entry_text(&self) -> String {
        self.chat.entry_text()
    }

    /// Takes characters off the start of what the person is about to say.
    pub fn remove_from_entry(&self, chars: usize) {
        self.chat.remove_from_entry(chars);
    }

    /// Empties the password's entry.
    pub fn forget_password(&self) {
        self.log_in.forget_password();
    }

    /// Makes one page visible. Whether it was not so before.
    fn turn_to(&self, page: &impl IsA<gtk::Widget>) -> bool {
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
