//! The keys that are held, and what their presses mean to a screen.

use std::collections::BTreeMap;

use domain::Controls;

use super::{Bindings, Chord, Context, Control, KeyCode, KeyPress, UiEvent};

/// What the screen that is shown takes from the keyboard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Focus {
    /// The screen: a number that no earlier screen had.
    pub screen: u64,
    /// What keys mean there.
    pub context: Context,
    /// Whether keys that type text do so.
    pub takes_text: bool,
}

/// A key that is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Press {
    /// The screen on which it began.
    screen: u64,
    /// Whether it types text, and so does nothing else.
    is_typing: bool,
}

/// The state of the keyboard, which belongs to the application.
#[derive(Clone, Debug, Default)]
pub struct Keyboard {
    held: BTreeMap<KeyCode, Press>,
    /// The key to which text belongs: the last one that went down and types.
    typing: Option<KeyCode>,
}

impl Keyboard {
    /// Records that a key went down or repeats, and returns what it means to the
    /// screen.
    pub fn key_down(
        &mut self,
        press: &KeyPress,
        focus: Focus,
        bindings: &Bindings,
    ) -> Vec<UiEvent> {
        if press.is_repeat {
            let began = self.held.get(&press.code);
            let is_here = began.is_some_and(|began| began.screen == focus.screen);
            let key = press.key.filter(|key| is_here && key.repeats());
            return key.map(UiEvent::Key).into_iter().collect();
        }
        let is_typing = focus.takes_text && press.code.is_text() && !press.is_ctrl;
        let screen = focus.screen;
        self.held.insert(press.code, Press { screen, is_typing });
        if press.code.is_text() {
            self.typing = Some(press.code);
        }
        let chord = Chord {
            is_ctrl: press.is_ctrl,
            code: press.code,
        };
        let command = bindings
            .command(chord, focus.context)
            .filter(|_| !is_typing && !press.is_system);
        // Alt and Enter is the desktop's, and no Enter.
        let key = press.key.filter(|_| !press.is_system).map(UiEvent::Key);
        let command = command.map(UiEvent::Command);
        key.into_iter().chain(command).collect()
    }

    /// Records that a key went up.
    pub fn key_up(&mut self, code: KeyCode) {
        self.held.remove(&code);
        self.typing = self.typing.filter(|typing| *typing != code);
    }

    /// Returns whether typed text is for this screen. Text of a key that began on
    /// another screen is not, nor that of a key that opened the field.
    #[must_use]
    pub fn types_into(&self, focus: Focus) -> bool {
        let press = self.typing.and_then(|code| self.held.get(&code));
        // Text without a key comes from an input method.
        focus.takes_text
            && press.is_none_or(|press| press.is_typing && press.screen == focus.screen)
    }

    /// Records that all keys are up, as far as is known.
    pub fn release_all(&mut self) {
        *self = Self::default();
    }

    /// Returns the controls. Steering is full left, full right or straight; the
    /// simulation limits how fast the wheels turn.
    #[must_use]
    pub fn controls(&self, bindings: &Bindings) -> Controls {
        let driving = self.held.iter().filter(|(_, press)| !press.is_typing);
        let held: Vec<Control> = driving
            .filter_map(|(code, _)| bindings.control(*code))
            .collect();
        let pedal = |control| if held.contains(&control) { u8::MAX } else { 0 };
        let side = |control| if held.contains(&control) { i8::MAX } else { 0 };
        Controls {
            throttle: pedal(Control::Throttle),
            brake: pedal(Control::Brake),
            steer: side(Control::Left) - side(Control::Right),
            handbrake: held.contains(&Control::Handbrake),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::{Command, Key};

    const LOBBY: Focus = Focus {
        screen: 1,
        context: Context::Menu,
        takes_text: false,
    };
    const FORM: Focus = Focus {
        screen: 2,
        context: Context::Menu,
        takes_text: true,
    };
    const RACE: Focus = Focus {
        screen: 3,
        context: Context::Race,
        takes_text: false,
    };

    fn press(code: KeyCode, key: Option<Key>) -> KeyPress {
        KeyPress {
            code,
            key,
            is_ctrl: false,
            is_system: false,
            is_repeat: false,
        }
    }

    fn repeat(code: KeyCode, key: Option<Key>) -> KeyPress {
        KeyPress {
            is_repeat: true,
            ..press(code, key)
        }
    }

    fn down(keyboard: &mut Keyboard, press: KeyPress, focus: Focus) -> Vec<UiEvent> {
        keyboard.key_down(&press, focus, &Bindings::default())
    }

    #[test]
    fn a_held_key_repeats_in_lists_and_never_as_a_command() {
        let mut keyboard = Keyboard::default();
        let (up, escape) = (Some(Key::Up), Some(Key::Escape));
        let c = KeyCode::letter(b'c');
        for (code, key, first, again) in [
            (
                KeyCode::UP,
                up,
                UiEvent::Key(Key::Up),
                Some(UiEvent::Key(Key::Up)),
            ),
            (KeyCode::ESCAPE, escape, UiEvent::Key(Key::Escape), None),
            (c, None, UiEvent::Command(Command::Create), None),
        ] {
            assert_eq!(down(&mut keyboard, press(code, key), LOBBY), [first]);
            let repeated = down(&mut keyboard, repeat(code, key), LOBBY);
            assert_eq!(repeated, again.into_iter().collect::<Vec<_>>(), "{code}");
        }
    }

    #[test]
    fn the_repeats_of_a_press_stay_on_its_screen() {
        let mut keyboard = Keyboard::default();
        down(&mut keyboard, press(KeyCode::UP, Some(Key::Up)), LOBBY);
        assert_eq!(
            down(&mut keyboard, repeat(KeyCode::UP, Some(Key::Up)), FORM),
            []
        );
        // After the window had no focus, the press is unknown.
        keyboard.release_all();
        assert_eq!(
            down(&mut keyboard, repeat(KeyCode::UP, Some(Key::Up)), LOBBY),
            []
        );
    }

    #[test]
    fn the_key_that_opens_a_form_is_not_typed_into_it() {
        let mut keyboard = Keyboard::default();
        let c = KeyCode::letter(b'c');
        down(&mut keyboard, press(c, None), LOBBY);
        assert!(!keyboard.types_into(FORM));
        keyboard.key_up(c);
        assert!(keyboard.types_into(FORM), "an input method");
        assert_eq!(down(&mut keyboard, press(c, None), FORM), []);
        assert!(keyboard.types_into(FORM) && !keyboard.types_into(LOBBY));
    }

    #[test]
    fn the_key_that_opens_a_line_on_its_screen_is_not_typed_into_it() {
        let mut keyboard = Keyboard::default();
        let t = press(KeyCode::letter(b't'), None);
        assert_eq!(
            down(&mut keyboard, t, RACE),
            [UiEvent::Command(Command::Chat)]
        );
        let line = Focus {
            takes_text: true,
            ..RACE
        };
        assert!(!keyboard.types_into(line));
    }

    #[test]
    fn a_key_held_across_screens_drives_but_a_typed_one_does_not() {
        let bindings = Bindings::default();
        let mut keyboard = Keyboard::default();
        down(&mut keyboard, press(KeyCode::UP, Some(Key::Up)), LOBBY);
        assert_eq!(keyboard.controls(&bindings).throttle, 255);
        keyboard.key_up(KeyCode::UP);
        down(&mut keyboard, press(KeyCode::letter(b'w'), None), FORM);
        assert_eq!(keyboard.controls(&bindings), Controls::default());
    }

    #[test]
    fn left_is_positive_and_both_are_straight() {
        let bindings = Bindings::default();
        let mut keyboard = Keyboard::default();
        down(&mut keyboard, press(KeyCode::LEFT, None), RACE);
        assert_eq!(keyboard.controls(&bindings).steer, 127);
        down(&mut keyboard, press(KeyCode::letter(b'd'), None), RACE);
        assert_eq!(keyboard.controls(&bindings).steer, 0);
        keyboard.key_up(KeyCode::LEFT);
        assert_eq!(keyboard.controls(&bindings).steer, -127);
    }

    #[test]
    fn a_pedal_stays_down_until_both_of_its_keys_are_up() {
        let bindings = Bindings::default();
        let mut keyboard = Keyboard::default();
        let w = KeyCode::letter(b'w');
        down(&mut keyboard, press(KeyCode::UP, None), RACE);
        down(&mut keyboard, press(w, None), RACE);
        keyboard.key_up(w);
        assert_eq!(keyboard.controls(&bindings).throttle, 255);
        keyboard.release_all();
        assert_eq!(keyboard.controls(&bindings), Controls::default());
    }

    #[test]
    fn a_chord_of_the_desktop_means_nothing() {
        let mut keyboard = Keyboard::default();
        let alt_enter = KeyPress {
            is_system: true,
            ..press(KeyCode::RETURN, Some(Key::Enter))
        };
        assert_eq!(down(&mut keyboard, alt_enter, LOBBY), []);
    }
}
