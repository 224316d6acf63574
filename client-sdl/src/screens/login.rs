//! The log-in form.

use client_core::protocol::PlayerName;
use client_core::protocol::account::Password;
use client_core::protocol::client::player_name;
use client_core::protocol::limits::{
    PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PLAYER_NAME_CHARS_MAX,
};

use super::{Action, ScreenContext};
use crate::form::{Field, Form, FormOutcome, layout};
use crate::input::{Command, Key, UiEvent};
use crate::page::Page;
use crate::page::cap::{self, Cap};
use crate::theme;

const NAME: usize = 0;
const PASSWORD: usize = 1;
/// More characters than a name may have, so that the form can explain a name
/// that is too long.
const NAME_CHARS_TYPED_MAX: usize = 2 * PLAYER_NAME_CHARS_MAX;

/// What a key of the form does.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Deed {
    /// Move the focus.
    Next,
    /// Press the button with this index.
    Submit(usize),
    /// Show the settings.
    Settings,
    /// Quit the program.
    Quit,
}

const BUTTONS: [&str; 2] = ["Log in", "Sign up"];

/// The log-in form.
#[derive(Debug)]
pub struct LoginScreen {
    /// Fields: name, password. Buttons: continue, if there is an earlier session; log
    /// in, sign up.
    pub form: Form,
    /// The reason for which the latest log-in failed.
    pub error: Option<String>,
    /// Whether a log-in is in flight.
    pub is_busy: bool,
    /// The player under whose name the client may go on.
    offered: Option<PlayerName>,
}

impl LoginScreen {
    /// Makes a form that starts with a name, which may be empty.
    #[must_use]
    pub fn new(user: &str) -> Self {
        let name_hint = format!("1 to {PLAYER_NAME_CHARS_MAX} of A-Z a-z 0-9 _ -");
        let password_hint = format!("at least {PASSWORD_CHARS_MIN} characters");
        let fields = vec![
            Field::text("Name", name_hint, user, NAME_CHARS_TYPED_MAX),
            Field::secret("Password", password_hint, PASSWORD_CHARS_MAX),
        ];
        let form = Form::new(fields, BUTTONS.to_vec());
        Self {
            form,
            error: None,
            is_busy: false,
            offered: None,
        }
    }

    /// Offers to go on under a name, or no longer does: the first button then is the
    /// one that Enter presses.
    pub(super) fn follow(&mut self, offered: Option<&PlayerName>) {
        if self.offered.as_ref() == offered {
            return;
        }
        self.offered = offered.cloned();
        let go_on = offered.map(|player| format!("Continue as {player}"));
        let others = BUTTONS.map(str::to_owned);
        self.form.buttons = go_on.into_iter().chain(others).collect();
        self.form.focus = match offered {
            Some(_) => self.form.fields.len(),
            None => NAME,
        };
    }

    /// Returns the index of the button that logs in.
    fn log_in(&self) -> usize {
        usize::from(self.offered.is_some())
    }

    /// Returns the button that Enter presses: the one with the focus, or the one that
    /// logs in.
    fn entered(&self) -> usize {
        let button = self.form.focus.checked_sub(self.form.fields.len());
        button.unwrap_or_else(|| self.log_in())
    }

    /// Returns the keys.
    pub(super) fn caps(&self) -> Vec<Cap<Deed>> {
        let button = self.entered();
        let label = match (button, self.log_in()) {
            (0, 1) => "continue",
            (button, log_in) if button == log_in => "log in",
            _ => "sign up",
        };
        vec![
            Cap::key(Key::Tab, "next field", Deed::Next),
            Cap::key(Key::Enter, label, Deed::Submit(button)),
            Cap::command(Command::Settings, "settings", Deed::Settings),
            Cap::key(Key::Escape, "quit", Deed::Quit),
        ]
    }

    /// Makes the page.
    pub(super) fn page(&self, context: &ScreenContext<'_>) -> Page {
        let subtitle = "log in, or sign up with a new name";
        let (mut page, area) = context.frame(subtitle, &self.caps());
        let error = self.error.as_deref().map(|text| (text, theme::ERROR));
        let busy = self.is_busy.then_some(("one moment …", theme::TEXT_DIM));
        let news = context.news(error.or(busy));
        layout::add_with_news(&mut page, area, &self.form, 1, &news);
        page
    }

    pub(super) fn handle(
        &mut self,
        event: &UiEvent,
        context: &ScreenContext<'_>,
    ) -> Option<Action> {
        let page = self.page(context);
        match cap::deed(self.caps(), &page, event) {
            Some(Deed::Next) => {
                self.form.next();
                return None;
            }
            Some(Deed::Submit(button)) => return self.submit(button),
            Some(Deed::Settings) => return Some(Action::OpenSettings),
            Some(Deed::Quit) => return Some(Action::Quit),
            None => {}
        }
        // A name may be typed at once, though a button has the focus.
        if matches!(event, UiEvent::Text(_)) && self.form.focus >= self.form.fields.len() {
            self.form.focus = NAME;
        }
        match self.form.handle(event, &page) {
            FormOutcome::Nothing => None,
            FormOutcome::Copied(text) => Some(Action::Copy(text)),
            FormOutcome::Edited => {
                self.error = None;
                None
            }
            FormOutcome::Pressed(button) => self.submit(button),
        }
    }

    /// Checks the fields and returns the log-in, unless they are invalid.
    fn submit(&mut self, button: usize) -> Option<Action> {
        if button < self.log_in() {
            self.error = None;
            self.is_busy = true;
            return Some(Action::GoOn);
        }
        let name = self.form.value(NAME).to_owned();
        // A password may begin with a space.
        let password = Password::new(self.form.fields[PASSWORD].value.as_str());
        let check = player_name(&name).map(drop).and_then(|()| password.check());
        if let Err(rejection) = check {
            self.error = Some(rejection.message);
            return None;
        }
        self.error = None;
        self.is_busy = true;
        Some(match button {
            button if button == self.log_in() => Action::LogIn(name, password),
            _ => Action::SignUp(name, password),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screens::tests::with_context;

    fn act(screen: &mut LoginScreen, event: &UiEvent) -> Option<Action> {
        with_context(|context| screen.handle(event, context))
    }

    fn fill(name: &str, password: &str) -> LoginScreen {
        let mut screen = LoginScreen::new("");
        act(&mut screen, &UiEvent::Text(name.into()));
        act(&mut screen, &UiEvent::Key(Key::Tab));
        act(&mut screen, &UiEvent::Text(password.into()));
        screen
    }

    #[test]
    fn enter_logs_in_and_the_second_button_signs_up() {
        let mut screen = fill("Ada", "secret1");
        let action = act(&mut screen, &UiEvent::Key(Key::Enter));
        assert_eq!(
            action,
            Some(Action::LogIn("Ada".into(), Password::new("secret1")))
        );
        screen.form.focus = 3;
        let action = act(&mut screen, &UiEvent::Key(Key::Enter));
        assert!(matches!(action, Some(Action::SignUp(..))));
    }

    #[test]
    fn explains_a_bad_name_until_something_is_typed() {
        let mut screen = fill("two words", "secret1");
        assert_eq!(act(&mut screen, &UiEvent::Key(Key::Enter)), None);
        assert!(
            screen
                .error
                .as_deref()
                .is_some_and(|text| text.contains("this one has ' '"))
        );
        act(&mut screen, &UiEvent::Text("x".into()));
        assert_eq!(screen.error, None);
    }

    #[test]
    fn explains_a_short_password() {
        let mut screen = fill("Ada", "short");
        assert_eq!(act(&mut screen, &UiEvent::Key(Key::Enter)), None);
        assert!(
            screen
                .error
                .as_deref()
                .is_some_and(|text| text.contains("6 to 128"))
        );
    }

    #[test]
    fn continues_as_the_player_of_an_earlier_session() {
        let ada = PlayerName::parse("Ada").unwrap();
        let mut screen = LoginScreen::new("Ada");
        screen.follow(Some(&ada));
        assert_eq!(screen.form.buttons[0], "Continue as Ada");
        let enter = UiEvent::Key(Key::Enter);
        let press =
            |screen: &mut LoginScreen| with_context(|context| screen.handle(&enter, context));
        assert_eq!(press(&mut screen), Some(Action::GoOn));
        // Enter in a field logs in with what is typed.
        screen.form.focus = PASSWORD;
        screen.form.fields[PASSWORD].value = "secret1".into();
        let log_in = Action::LogIn("Ada".into(), Password::new("secret1"));
        assert_eq!(press(&mut screen), Some(log_in));
        screen.follow(None);
        assert_eq!(screen.form.buttons, ["Log in", "Sign up"]);
    }
}
