//! From what a device does to what the client does.

use super::*;
use crate::input::controllers::{Axis, ControllerEvent};
use crate::input::{Control, InputEvent, KeyCode, KeyPress};

/// A client with its devices.
struct Desk {
    app: App,
}

impl Desk {
    fn act(&mut self, event: &InputEvent) {
        self.app.input(event, WINDOW, Instant::now());
    }

    fn key(&mut self, code: KeyCode, key: Option<Key>, is_repeat: bool) {
        self.act(&InputEvent::KeyDown(KeyPress {
            code,
            key,
            is_ctrl: false,
            is_system: false,
            is_repeat,
        }));
    }

    fn hold(&mut self, code: KeyCode, key: Option<Key>) {
        self.key(code, key, false);
    }

    fn repeat(&mut self, code: KeyCode, key: Option<Key>) {
        self.key(code, key, true);
    }

    /// Presses and releases the key at a position, which types this text.
    fn types(&mut self, code: KeyCode, text: &str) {
        self.hold(code, None);
        self.act(&InputEvent::Text(text.to_owned()));
        self.act(&InputEvent::KeyUp(code));
    }

    fn throttle(&self) -> u8 {
        self.app.controls().throttle
    }

    fn room_name(&self) -> &str {
        match self.app.screen() {
            Screen::Create(screen) => screen.form.value(0),
            screen => panic!("{screen:?}"),
        }
    }
}

fn letter(letter: u8) -> KeyCode {
    KeyCode::letter(letter)
}

#[test]
fn the_lobby_has_its_keys_on_a_russian_layout() {
    let mut desk = Desk { app: in_lobby() };
    desk.types(letter(b'k'), "л");
    assert_eq!(desk.app.class(), CarClass::Power);
    desk.types(letter(b'c'), "с");
    assert_eq!(desk.room_name(), "race", "the key is not typed");
    desk.types(letter(b'c'), "с");
    assert_eq!(desk.room_name(), "raceс");
}

#[test]
fn escape_held_down_asks_and_does_not_leave_the_race() {
    let mut app = in_lobby();
    receive(&mut app, room("racing"));
    sent(&mut app);
    let mut desk = Desk { app };
    desk.hold(KeyCode::ESCAPE, Some(Key::Escape));
    for _ in 0..20 {
        desk.repeat(KeyCode::ESCAPE, Some(Key::Escape));
    }
    assert_eq!(sent(&mut desk.app), "");
    desk.act(&InputEvent::KeyUp(KeyCode::ESCAPE));
    desk.hold(KeyCode::ESCAPE, Some(Key::Escape));
    assert!(sent(&mut desk.app).contains("leave_room"));
}

#[test]
fn enter_held_down_logs_in_once_and_joins_no_room() {
    let mut app = connected();
    type_text(&mut app, "Ada");
    press(&mut app, Key::Tab);
    type_text(&mut app, "secret1");
    let mut desk = Desk { app };
    desk.hold(KeyCode::RETURN, Some(Key::Enter));
    for _ in 0..5 {
        desk.repeat(KeyCode::RETURN, Some(Key::Enter));
    }
    assert_eq!(sent(&mut desk.app).matches("log_in").count(), 1);
    receive(
        &mut desk.app,
        json!({"type": "welcome", "player": "Ada", "token": "t"}),
    );
    receive(
        &mut desk.app,
        json!({"type": "rooms", "rooms": [{"race": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
            "name": "friday", "phase": "waiting", "players": [], "owner": "00000001",
            "epoch": 1}]}),
    );
    desk.repeat(KeyCode::RETURN, Some(Key::Enter));
    assert_eq!(sent(&mut desk.app), "");
}

#[test]
fn a_key_held_since_the_waiting_room_drives() {
    let mut app = in_lobby();
    receive(&mut app, room("waiting"));
    let mut desk = Desk { app };
    desk.hold(KeyCode::UP, Some(Key::Up));
    assert_eq!(desk.throttle(), 0, "there is no car to drive");
    receive(&mut desk.app, room("racing"));
    assert_eq!(desk.throttle(), 255);
    desk.act(&InputEvent::KeyUp(KeyCode::UP));
    assert_eq!(desk.throttle(), 0);
}

#[test]
fn a_window_that_loses_focus_releases_the_pedals() {
    let mut app = in_lobby();
    receive(&mut app, room("racing"));
    let mut desk = Desk { app };
    desk.hold(letter(b'w'), None);
    assert_eq!(desk.throttle(), 255);
    desk.act(&InputEvent::FocusLost);
    desk.repeat(letter(b'w'), None);
    assert_eq!(desk.throttle(), 0);
}

#[test]
fn any_key_answers_an_idle_warning_and_a_moved_mouse_does_not() {
    let mut app = in_lobby();
    receive(&mut app, room("waiting"));
    room_event(
        &mut app,
        &json!({"event": "idle_warning", "player": "Ada", "seat": 0, "seconds": 60}),
    );
    sent(&mut app);
    let mut desk = Desk { app };
    desk.act(&InputEvent::MouseMove { x: 1.0, y: 1.0 });
    assert_eq!(sent(&mut desk.app), "");
    desk.hold(letter(b'q'), None);
    assert_eq!(sent(&mut desk.app), r#"{"type":"stay"}"#);
}

#[test]
fn text_is_pasted_into_a_form_only() {
    let mut desk = Desk { app: in_lobby() };
    desk.act(&InputEvent::Paste("c".into()));
    assert_eq!(kind(&desk.app), "lobby");
    desk.types(letter(b'c'), "c");
    desk.act(&InputEvent::Paste("-2".into()));
    assert_eq!(desk.room_name(), "race-2");
}

#[test]
fn the_second_half_of_a_double_click_stays_on_its_screen() {
    let mut app = in_lobby();
    let (x, y) = (1.0, 1.0);
    let down = |clicks| InputEvent::MouseDown { x, y, clicks };
    let click = UiEvent::Click { x, y };
    assert_eq!(app.translate(&down(1)).len(), 1);
    let double = UiEvent::DoubleClick { x, y };
    assert_eq!(app.translate(&down(2)), [click.clone(), double]);
    app.translate(&down(1));
    command(&mut app, Command::Create);
    assert_eq!(app.translate(&down(2)), []);
    assert_eq!(app.translate(&down(1)), [click]);
}

#[test]
fn a_controller_unplugged_in_a_race_is_announced_and_the_keys_go_on() {
    let mut app = in_lobby();
    receive(&mut app, room("racing"));
    let mut desk = Desk { app };
    let pad = |event| InputEvent::Controller(event);
    desk.act(&pad(ControllerEvent::Added {
        id: 3,
        name: "Pad".into(),
    }));
    desk.act(&pad(ControllerEvent::Axis {
        id: 3,
        axis: Axis::RightTrigger,
        value: 0.5,
    }));
    assert!((100..150).contains(&desk.throttle()));
    desk.act(&pad(ControllerEvent::Removed(3)));
    assert_eq!(desk.throttle(), 0);
    let history: Vec<_> = desk.app.notices().history().collect();
    let expected = [
        "Controller connected: Pad",
        "Controller lost: Pad. The keys drive.",
    ];
    assert!(history.ends_with(&expected), "{history:?}");
    desk.hold(KeyCode::UP, Some(Key::Up));
    assert_eq!(desk.throttle(), 255);
}

#[test]
fn a_controller_moves_in_a_list_and_answers_it() {
    let mut desk = Desk { app: in_lobby() };
    let press = |desk: &mut Desk, button| {
        for is_down in [true, false] {
            let id = 3;
            let event = ControllerEvent::Button {
                id,
                button,
                is_down,
            };
            desk.act(&InputEvent::Controller(event));
        }
    };
    let (id, name) = (3, "Pad".to_owned());
    desk.act(&InputEvent::Controller(ControllerEvent::Added { id, name }));
    press(&mut desk, KeyCode::PAD_X);
    assert_eq!(kind(&desk.app), "create");
    press(&mut desk, KeyCode::PAD_B);
    assert_eq!(kind(&desk.app), "lobby");
}

#[test]
fn commands_of_every_screen_change_the_settings() {
    let mut desk = Desk { app: in_lobby() };
    desk.types(letter(b'm'), "m");
    desk.hold(KeyCode::F11, None);
    let settings = desk.app.take_changed_settings().expect("it has changed");
    assert!(settings.sound.is_muted && settings.window.is_full_screen);
    assert_eq!(desk.app.take_changed_settings(), None);
    desk.hold(KeyCode::F12, None);
    assert!(desk.app.take_picture_request() && !desk.app.take_picture_request());
    desk.types(letter(b'c'), "c");
    desk.types(letter(b'm'), "m");
    assert_eq!(desk.room_name(), "racem", "a text field takes the letter");
}

#[test]
fn the_settings_bind_a_key_and_return_to_where_they_were_opened() {
    let mut desk = Desk { app: in_lobby() };
    desk.types(letter(b'c'), "c");
    desk.act(&InputEvent::Text("-7".into()));
    desk.hold(KeyCode::F2, None);
    assert_eq!(kind(&desk.app), "settings");
    desk.hold(KeyCode::LEFT, Some(Key::Left));
    assert!(
        desk.app.settings().sound.is_muted,
        "the first row is the sound"
    );
    // The rows of keys come after those of values.
    for _ in 0..13 {
        desk.hold(KeyCode::DOWN, Some(Key::Down));
        desk.act(&InputEvent::KeyUp(KeyCode::DOWN));
    }
    desk.hold(KeyCode::RETURN, Some(Key::Enter));
    desk.hold(letter(b'i'), None);
    let settings = desk.app.take_changed_settings().expect("it has changed");
    assert_eq!(settings.keys.control(letter(b'i')), Some(Control::Throttle));
    desk.hold(KeyCode::ESCAPE, Some(Key::Escape));
    assert_eq!(desk.room_name(), "race-7");
    receive(&mut desk.app, room("racing"));
    desk.act(&InputEvent::KeyUp(letter(b'i')));
    desk.hold(letter(b'i'), None);
    assert_eq!(desk.throttle(), 255);
}

#[test]
fn a_race_that_begins_closes_the_settings() {
    let mut app = in_lobby();
    receive(&mut app, room("waiting"));
    command(&mut app, Command::Settings);
    assert_eq!(kind(&app), "settings");
    receive(&mut app, room("racing"));
    assert_eq!(kind(&app), "race");
}
