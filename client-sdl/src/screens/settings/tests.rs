use super::*;
use crate::input::{Control, Function};
use crate::screens::tests::with_settings;
use crate::settings::Percent;

struct Desk {
    screen: SettingsScreen,
    settings: Settings,
}

impl Desk {
    fn at(row: Row) -> Self {
        let chosen = Row::ALL.iter().position(|it| *it == row).unwrap();
        Self {
            screen: SettingsScreen {
                chosen,
                ..SettingsScreen::default()
            },
            settings: Settings::default(),
        }
    }

    fn act(&mut self, event: &UiEvent) -> Option<Action> {
        let settings = self.settings.clone();
        let action = with_settings(&settings, |context| self.screen.handle(event, context));
        self.follow(action)
    }

    fn press(&mut self, key: Key) -> Option<Action> {
        self.act(&UiEvent::Key(key))
    }

    fn capture(&mut self, code: KeyCode, is_ctrl: bool) -> Option<Action> {
        let press = KeyPress {
            code,
            key: None,
            is_ctrl,
            is_system: false,
            is_repeat: false,
        };
        let action = self.screen.capture(&press, &self.settings);
        self.follow(action)
    }

    fn follow(&mut self, action: Option<Action>) -> Option<Action> {
        match action {
            Some(Action::ChangeSettings(settings)) => {
                self.settings = *settings;
                None
            }
            action => action,
        }
    }

    fn click(&mut self, target: Target, share: f32) {
        let settings = self.settings.clone();
        let page = with_settings(&settings, |context| self.screen.page(context));
        let area = page.area_of(target).unwrap();
        let (x, y) = (area.x + area.w * share, area.y + area.h / 2.0);
        self.act(&UiEvent::Click { x, y });
    }
}

const THROTTLE: Function = Function::Drive(Control::Throttle);
const MUTE: Function = Function::Command(Command::Mute);

#[test]
fn left_and_right_change_a_value() {
    let mut desk = Desk::at(Row::Master);
    desk.press(Key::Left);
    assert_eq!(desk.settings.sound.master.number(), 75);
    for _ in 0..9 {
        desk.press(Key::Right);
    }
    assert_eq!(desk.settings.sound.master, Percent::FULL);
}

#[test]
fn a_key_is_bound_by_pressing_it() {
    let mut desk = Desk::at(Row::Key(MUTE));
    desk.press(Key::Enter);
    assert!(desk.screen.is_capturing());
    assert_eq!(desk.capture(KeyCode::letter(b'u'), false), None);
    assert!(!desk.screen.is_capturing());
    let chord = desk.settings.keys.chord(MUTE, Slot::First);
    assert_eq!(chord, Some(Chord::key(KeyCode::letter(b'u'))));
}

#[test]
fn ctrl_waits_for_the_rest_of_the_chord() {
    let mut desk = Desk::at(Row::Key(MUTE));
    desk.press(Key::Enter);
    desk.capture(KeyCode(224), false);
    assert!(desk.screen.is_capturing());
    desk.capture(KeyCode::letter(b'm'), true);
    let chord = desk.settings.keys.chord(MUTE, Slot::First);
    assert_eq!(chord, Some(Chord::ctrl(KeyCode::letter(b'm'))));
}

#[test]
fn escape_keeps_the_key_and_then_closes() {
    let mut desk = Desk::at(Row::Key(MUTE));
    desk.press(Key::Enter);
    desk.capture(KeyCode::ESCAPE, false);
    assert_eq!(desk.settings, Settings::default());
    assert_eq!(desk.press(Key::Escape), Some(Action::CloseSettings));
}

#[test]
fn says_which_function_loses_a_key() {
    let mut desk = Desk::at(Row::Key(THROTTLE));
    desk.press(Key::Right);
    desk.press(Key::Enter);
    desk.capture(KeyCode::letter(b'm'), false);
    let text = desk.screen.outcome.as_ref().map(|it| it.text.as_str());
    assert_eq!(text, Some("M was Sound off and on, which lost it."));
    assert_eq!(desk.settings.keys.chord(MUTE, Slot::First), None);
    assert_eq!(
        desk.settings.keys.control(KeyCode::UP),
        Some(Control::Throttle)
    );
}

#[test]
fn a_button_goes_to_its_own_place() {
    let mut desk = Desk::at(Row::Key(MUTE));
    desk.press(Key::Enter);
    desk.capture(KeyCode::PAD_START, false);
    let chord = desk.settings.keys.chord(MUTE, Slot::Pad);
    assert_eq!(chord, Some(Chord::key(KeyCode::PAD_START)));
    assert!(desk.settings.keys.chord(MUTE, Slot::First).is_some());
}

#[test]
fn delete_takes_a_key_and_the_last_row_gives_all_back() {
    let mut desk = Desk::at(Row::Key(MUTE));
    desk.press(Key::Delete);
    assert_eq!(desk.settings.keys.chord(MUTE, Slot::First), None);
    desk.press(Key::End);
    desk.press(Key::Enter);
    assert_eq!(desk.settings, Settings::default());
}

#[test]
fn everything_is_done_with_the_mouse_too() {
    let mut desk = Desk::at(Row::Sound);
    desk.click(Target::Field(1), 0.9);
    assert_eq!(desk.settings.sound.master.number(), 85);
    desk.click(Target::Field(1), 0.1);
    assert_eq!(desk.settings.sound.master.number(), 80);
    for _ in 0..40 {
        desk.act(&UiEvent::Wheel {
            x: 640.0,
            y: 360.0,
            notches: 1.0,
        });
    }
    let last_key = Row::ALL.len() - 2;
    desk.click(Target::Button(last_key * Slot::ALL.len()), 0.5);
    assert!(desk.screen.is_capturing());
}
