//! The log-in form.

use client_core::protocol::account::Password;
use client_core::protocol::client::player_name;
use client_core::protocol::limits::{
    PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, PLAYER_NAME_CHARS_MAX,
};

use super::Action;
use crate::form::{Field, Form, FormLayout, FormOutcome};
use crate::input::UiEvent;

const NAME: usize = 0;
const PASSWORD: usize = 1;
const LOG_IN: usize = 0;
/// More characters than a name may have, so that the form can explain a name
/// that is too long.
const NAME_CHARS_TYPED_MAX: usize = 2 * PLAYER_NAME_CHARS_MAX;

/// The log-in form.
#[derive(Debug)]
pub struct LoginScreen {
    /// Fields: name, password. Buttons: log in, sign up.
    pub form: Form,
    /// The reason for which the latest log-in failed.
    pub error: Option<String>,
    /// Whether a log-in is in flight.
    pub is_busy: bool,
}

impl LoginScreen {
    /// Top of the panel, points.
    const TOP: f32 = 235.0;

    /// Makes a form that starts with a name, which may be empty.
    #[must_use]
    pub fn new(user: &str) -> Self {
        let name_hint = format!("1 to {PLAYER_NAME_CHARS_MAX} of A-Z a-z 0-9 _ -");
        let password_hint = format!("at least {PASSWORD_CHARS_MIN} characters");
        let fields = vec![
            Field::text("Name", name_hint, user, NAME_CHARS_TYPED_MAX),
            Field::secret("Password", password_hint, PASSWORD_CHARS_MAX),
        ];
        let form = Form::new(fields, vec!["Log in", "Sign up"]);
        Self {
            form,
            error: None,
            is_busy: false,
        }
    }

    /// Returns the layout.
    #[must_use]
    pub fn layout(&self, width: f32) -> FormLayout {
        FormLayout::new(width, Self::TOP, &self.form)
    }

    pub(super) fn handle(&mut self, event: &UiEvent, width: f32) -> Option<Action> {
        let layout = self.layout(width);
        match self.form.handle(event, &layout) {
            FormOutcome::Nothing => None,
            FormOutcome::Edited => {
                self.error = None;
                None
            }
            FormOutcome::Pressed(button) => self.submit(button),
        }
    }

    /// Checks the fields and returns the log-in, unless they are invalid.
    fn submit(&mut self, button: usize) -> Option<Action> {
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
            LOG_IN => Action::LogIn(name, password),
            _ => Action::SignUp(name, password),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::Key;

    fn fill(name: &str, password: &str) -> LoginScreen {
        let mut screen = LoginScreen::new("");
        screen.handle(&UiEvent::Text(name.into()), 1280.0);
        screen.handle(&UiEvent::Key(Key::Tab), 1280.0);
        screen.handle(&UiEvent::Text(password.into()), 1280.0);
        screen
    }

    #[test]
    fn enter_logs_in_and_the_second_button_signs_up() {
        let mut screen = fill("Ada", "secret1");
        let action = screen.handle(&UiEvent::Key(Key::Enter), 1280.0);
        assert_eq!(
            action,
            Some(Action::LogIn("Ada".into(), Password::new("secret1")))
        );
        screen.form.focus = 3;
        let action = screen.handle(&UiEvent::Key(Key::Enter), 1280.0);
        assert!(matches!(action, Some(Action::SignUp(..))));
    }

    #[test]
    fn explains_a_bad_name_until_something_is_typed() {
        let mut screen = fill("two words", "secret1");
        assert_eq!(screen.handle(&UiEvent::Key(Key::Enter), 1280.0), None);
        assert!(
            screen
                .error
                .as_deref()
                .is_some_and(|text| text.contains("this one has ' '"))
        );
        screen.handle(&UiEvent::Text("x".into()), 1280.0);
        assert_eq!(screen.error, None);
    }

    #[test]
    fn explains_a_short_password() {
        let mut screen = fill("Ada", "short");
        assert_eq!(screen.handle(&UiEvent::Key(Key::Enter), 1280.0), None);
        assert!(
            screen
                .error
                .as_deref()
                .is_some_and(|text| text.contains("6 to 128"))
        );
    }
}
