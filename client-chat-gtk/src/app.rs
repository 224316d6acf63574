//! The application state: messages and link events in, a view out.

use std::future;
use std::time::Duration;

use client_core::chat::ChatClientState;
use client_core::protocol::account::Password;
use client_core::protocol::{PlayerName, Rejection, RejectionCode};
use client_core::{ChatClient, GatewayAddress, Link, LinkEvent, Security};
use gtk4::prelude::*;
use gtk4::{Application, gio, glib};
use tokio::runtime::Handle;

use crate::composer::Composer;
use crate::line::Line;
use crate::login_method::LoginMethod;
use crate::message::{Credentials, Message, MessageReceiver, MessageSender};
use crate::model;
use crate::status::{sentence, status};
use crate::ui::{Page, View, Window};

/// The program's name in its hello to the gateway.
const CLIENT_NAME: &str = "client-chat-gtk";

/// Delay before a log-in that was refused as unavailable is repeated. A chat
/// worker restarts within a second or two.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The state of the window, and the only code that changes it.
pub struct App {
    application: Application,
    window: Window,
    runtime: Handle,
    gateways: Vec<GatewayAddress>,
    security: Security,
    sender: MessageSender,
    link: Option<Link>,
    client: ChatClient,
    composer: Composer,
    lines: gio::ListStore,
    people: gio::ListStore,
    page: Page,
    /// Whether a log-in is in flight, or is sent as soon as there is a connection.
    is_logging_in: bool,
    /// The account to log in to if the sign-up is refused because the name exists.
    fallback: Option<Credentials>,
    /// The reason for which the latest chat line was not delivered.
    refusal: Option<String>,
}

impl App {
    /// Starts connecting, and logs in if `login_method` has credentials.
    #[must_use]
    pub fn new(
        application: &Application,
        window: Window,
        runtime: Handle,
        gateways: Vec<GatewayAddress>,
        security: Security,
        login_method: LoginMethod,
        sender: MessageSender,
    ) -> Self {
        let link = Link::open(&runtime, &gateways, &security, CLIENT_NAME);
        let (lines, people) = (model::new_lines(), model::new_people());
        window.set_models(&lines, &people);
        let mut app = Self {
            application: application.clone(),
            window,
            runtime,
            gateways,
            security,
            sender,
            link: Some(link),
            client: ChatClient::default(),
            composer: Composer::default(),
            lines,
            people,
            page: Page::LogIn { problem: None },
            is_logging_in: false,
            fallback: None,
            refusal: None,
        };
        app.begin(login_method);
        app
    }

    /// Handles messages and link events until the window is closed.
    pub async fn run(mut self, mut receiver: MessageReceiver) {
        self.render();
        loop {
            tokio::select! {
                message = receiver.recv() => {
                    let Some(message) = message else { return };
                    self.update(message);
                }
                event = next_event(&mut self.link) => self.link_event(event),
            }
            // A burst of events costs one layout only.
            while let Some(event) = self.link.as_mut().and_then(Link::poll) {
                self.link_event(event);
            }
            self.render();
        }
    }

    fn begin(&mut self, login_method: LoginMethod) {
        match login_method {
            LoginMethod::Prompt => {}
            LoginMethod::Account {
                credentials,
                sign_up,
            } => {
                self.page = Page::Waiting(format!("Logging in as {} …", credentials.name));
                if sign_up {
                    self.fallback = Some(credentials.clone());
                    self.sign_up(&credentials);
                } else {
                    self.log_in(&credentials);
                }
            }
            LoginMethod::Token => {
                self.page = Page::Waiting("Waiting for the race client to log in …".to_owned());
            }
        }
    }

    fn update(&mut self, message: Message) {
        match message {
            Message::LogIn(credentials) => match PlayerName::parse(&credentials.name) {
                Ok(_) => self.log_in(&credentials),
                Err(error) => self.show_log_in_page(&error.to_string()),
            },
            Message::SignUp(credentials) => match check_new(&credentials) {
                Ok(()) => self.sign_up(&credentials),
                Err(rejection) => self.show_log_in_page(&rejection.message),
            },
            Message::Token(Ok(token)) => {
                self.page = Page::Waiting("Logging in …".to_owned());
                self.is_logging_in = true;
                self.client.resume(&token);
            }
            Message::Token(Err(reason)) => self.show_log_in_page(&reason),
            Message::Retry => self.client.retry(),
            Message::Say(entry) => self.say(&entry),
            Message::Reconnect => self.connect(),
            Message::Quit => self.application.quit(),
        }
    }

    fn link_event(&mut self, event: LinkEvent) {
        let was_in_chat = *self.client.state() == ChatClientState::Joined;
        let is_gone = matches!(event, LinkEvent::Lost { .. } | LinkEvent::Ended { .. });
        self.client.handle(event);
        if is_gone && was_in_chat {
            let reason = "the connection broke before this was confirmed; send it again if needed";
            self.refusal = self.composer.failed().then(|| sentence(reason));
        }
        if let Some(rejection) = self.client.take_rejection() {
            self.rejected(&rejection);
        }
        if self.client.take_said().is_some() {
            let confirmed = self.composer.confirmed(&self.window.entry_text());
            self.window.remove_from_entry(confirmed.remove_chars);
            self.refusal = None;
            if let Some(text) = confirmed.say {
                self.client.say(text.as_str());
            }
        }
        match self.client.state() {
            ChatClientState::Joined => self.arrived(),
            // Without a log-in, nothing is left to wait for: show the log-in page.
            ChatClientState::Ended(reason) if self.page != Page::Chat => {
                self.show_log_in_page(&reason.clone());
            }
            ChatClientState::Ended(_)
            | ChatClientState::Offline(_)
            | ChatClientState::Unauthenticated => {}
        }
        self.take_lines();
    }

    fn arrived(&mut self) {
        self.is_logging_in = false;
        self.fallback = None;
        if self.page != Page::Chat {
            self.page = Page::Chat;
            self.window.forget_password();
        }
    }

    fn rejected(&mut self, rejection: &Rejection) {
        if *self.client.state() == ChatClientState::Joined {
            self.composer.failed();
            self.refusal = Some(sentence(&rejection.message));
            return;
        }
        match (rejection.code, self.fallback.take()) {
            (RejectionCode::NameTaken, Some(credentials)) => self.log_in(&credentials),
            // Without the log-in page, or after a session, the log-in is repeated.
            (RejectionCode::Unavailable | RejectionCode::TooFast, fallback)
                if !self.page.is_log_in() =>
            {
                self.fallback = fallback;
                let sender = self.sender.clone();
                let delay = rejection.retry_after().unwrap_or(RETRY_DELAY);
                glib::timeout_add_local_once(delay, move || sender.post(Message::Retry));
            }
            _ => self.show_log_in_page(&rejection.message),
        }
    }

    /// Shows the log-in page with a problem.
    fn show_log_in_page(&mut self, problem: &str) {
        self.is_logging_in = false;
        self.page = Page::LogIn {
            problem: Some(sentence(problem)),
        };
    }

    fn log_in(&mut self, credentials: &Credentials) {
        self.logging_in();
        self.client
            .log_in(&credentials.name, credentials.password.expose());
    }

    fn sign_up(&mut self, credentials: &Credentials) {
        self.logging_in();
        self.client
            .sign_up(&credentials.name, credentials.password.expose());
    }

    fn logging_in(&mut self) {
        self.is_logging_in = true;
        if self.page.is_log_in() {
            self.page = Page::LogIn { problem: None };
        }
        if self.link.is_none() {
            self.connect();
        }
    }

    fn connect(&mut self) {
        let (runtime, gateways) = (&self.runtime, &self.gateways);
        self.link = Some(Link::open(runtime, gateways, &self.security, CLIENT_NAME));
    }

    fn say(&mut self, entry: &str) {
        if *self.client.state() != ChatClientState::Joined {
            let reason =
                "this was not sent, since there was no connection; your text is still here";
            self.refusal = Some(sentence(reason));
            return;
        }
        self.refusal = None;
        match self.composer.submit(entry) {
            Ok(Some(text)) => self.client.say(text.as_str()),
            Ok(None) => {}
            Err(rejection) => self.refusal = Some(sentence(&rejection.message)),
        }
    }

    fn take_lines(&mut self) {
        let messages = self.client.take_lines();
        let mut previous = model::last_line(&self.lines);
        let mut lines = Vec::with_capacity(messages.len());
        for message in &messages {
            let line = Line::new(message, self.client.player(), previous.as_ref());
            previous = Some(line.clone());
            lines.push(line);
        }
        if !lines.is_empty() {
            model::append_lines(&self.lines, lines);
        }
    }

    /// Sends the client's frames and shows the state.
    fn render(&mut self) {
        for frame in self.client.take_outgoing() {
            if let Some(link) = &self.link {
                link.send(frame);
            }
        }
        let is_in_chat = *self.client.state() == ChatClientState::Joined;
        let present: Vec<PlayerName> = if is_in_chat {
            self.client.present().cloned().collect()
        } else {
            Vec::new()
        };
        model::update_people(&self.people, self.client.player(), &present);
        let state = self.client.state();
        self.window.show(&View {
            page: self.page.clone(),
            status: status(
                state,
                self.client.player(),
                &GatewayAddress::list(&self.gateways),
                self.is_logging_in,
            ),
            can_log_in: !(self.is_logging_in && *state == ChatClientState::Unauthenticated),
            is_in_chat,
            refusal: self.refusal.clone(),
        });
    }
}

/// Checks name and password before they are sent, as the gateway would.
fn check_new(credentials: &Credentials) -> Result<(), Rejection> {
    PlayerName::parse(&credentials.name)?;
    Password::check(&credentials.password)
}

/// Waits for the next event of the link; for ever if there is no link.
async fn next_event(link: &mut Option<Link>) -> LinkEvent {
    if let Some(open) = link {
        if let Some(event) = open.next().await {
            return event;
        }
        *link = None;
    }
    future::pending().await
}
