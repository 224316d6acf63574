//! Shows the window with made-up messages, without a server.
//!
//! `cargo run --example gallery -- [log-in|error|waiting|chat|refused|ended] [--dark]`

use client_chat_gtk::line::Line;
use client_chat_gtk::message::MessageSender;
use client_chat_gtk::model;
use client_chat_gtk::status::{Status, Tone};
use client_chat_gtk::ui::{self, Page, View, Window};
use client_core::protocol::chat::{ChatBody, ChatMessage, ChatText};
use client_core::protocol::{PlayerName, UnixMillis};
use gtk4 as gtk;
use gtk4::prelude::*;
use gtk4::{gio, glib};

/// The first message: an evening in 2026.
const START: UnixMillis = 1_795_370_400_000;

const LONG: &str = "Through the hairpin you want to brake late, turn in when the kerb ends, and \
    let the car run wide onto the straight; whoever lifts there loses three tenths every lap, \
    and that is a second and a half by the end of the race, which is more than the gap we had.";

const TALK: &[(&str, &str)] = &[
    ("+", "Ada"),
    ("Ada", "hello"),
    ("+", "Grace_H"),
    ("Grace_H", "hi Ada, are you in for *sunday-cup*?"),
    ("Ada", "sure! what is the track?"),
    ("Ada", "and how many laps?"),
    ("+", "Niki"),
    ("Niki", LONG),
    (
        "Grace_H",
        "<b>not bold</b> & <span foreground=\"red\">not red</span>",
    ),
    ("Alain-P", "Grüße aus Köln 👋 日本 العربية"),
    (
        "Ada",
        "a word without end: https://example.org/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ),
    ("-", "Niki"),
    ("Juan_Manuel-1957", "the longest name there is"),
    ("Ayrton", "ok"),
    ("Ayrton", "grid in two minutes"),
    ("Ada", LONG),
    ("+", "Niki"),
    ("Niki", "back again"),
];

const PEOPLE: &[&str] = &[
    "Ada",
    "Alain-P",
    "Ayrton",
    "Grace_H",
    "Juan_Manuel-1957",
    "Niki",
];

fn main() -> glib::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let application = gtk::Application::new(None::<&str>, gio::ApplicationFlags::NON_UNIQUE);
    application.connect_activate(move |application| open(application, &arguments));
    application.run_with_args::<&str>(&[])
}

fn open(application: &gtk::Application, arguments: &[String]) {
    let wants = |word: &str| arguments.iter().any(|argument| argument == word);
    if let Some(settings) = gtk::Settings::default() {
        settings.set_gtk_application_prefer_dark_theme(wants("--dark"));
    }
    ui::load_style();
    let (sender, mut receiver) = MessageSender::new();
    let window = Window::new(application, &sender);
    let (lines, people) = (model::new_lines(), model::new_people());
    window.set_models(&lines, &people);
    let own = PlayerName::parse("Ada").ok();
    let present: Vec<_> = PEOPLE
        .iter()
        .flat_map(|name| PlayerName::parse(name))
        .collect();
    model::update_people(&people, own.as_ref(), &present);
    model::append_lines(&lines, talk(own.as_ref()));
    window.show(&view(&wants));
    window.present();
    // Each message is printed and answered with the same talk.
    glib::spawn_future_local(async move {
        while let Some(message) = receiver.recv().await {
            println!("{message:?}");
            model::append_lines(&lines, talk(own.as_ref()));
        }
    });
}

fn talk(own: Option<&PlayerName>) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, (who, what)) in (0..).zip(TALK) {
        let Some(body) = body(who, what) else {
            continue;
        };
        let message = ChatMessage {
            at: START + number * 20_000,
            body,
        };
        lines.push(Line::new(&message, own, lines.last()));
    }
    lines
}

fn body(who: &str, what: &str) -> Option<ChatBody> {
    let player = |name| PlayerName::parse(name).ok();
    Some(match who {
        "+" => ChatBody::Joined {
            player: player(what)?,
        },
        "-" => ChatBody::Left {
            player: player(what)?,
        },
        from => ChatBody::Said {
            from: player(from)?,
            text: ChatText::parse(what).ok()?,
        },
    })
}

fn view(wants: &dyn Fn(&str) -> bool) -> View {
    let status = |tone, text: &str| Status {
        tone,
        text: text.to_owned(),
        can_reconnect: wants("ended"),
    };
    let connected = status(Tone::Good, "Connected");
    let refusal = wants("refused").then(|| "Too many messages, wait a moment.".to_owned());
    let (page, status) = if wants("log-in") {
        (Page::LogIn { problem: None }, connected)
    } else if wants("error") {
        let problem = "A player name is made of A-Z a-z 0-9 _ -, this one has 'ö'.";
        (
            Page::LogIn {
                problem: Some(problem.to_owned()),
            },
            connected,
        )
    } else if wants("waiting") {
        let what = "Waiting for the race client to log in …".to_owned();
        (
            Page::Waiting(what),
            status(Tone::Busy, "Connecting to 127.0.0.1:10001 …"),
        )
    } else if wants("ended") {
        let text = "Connection ended: you logged in elsewhere";
        (Page::Chat, status(Tone::Bad, text))
    } else {
        (Page::Chat, status(Tone::Good, "Connected as Ada"))
    };
    View {
        page,
        status,
        can_log_in: true,
        is_in_chat: !wants("ended"),
        refusal,
    }
}
