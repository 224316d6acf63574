//! Translation of SDL's events.

use sdl2::event::Event;
use sdl2::keyboard::{Keycode, Mod, Scancode};

use crate::input::{Control, Key, UiEvent};

/// Translates a key or text event. A key may both navigate and drive.
pub(super) fn translate(event: &Event) -> Vec<UiEvent> {
    match event {
        Event::KeyDown {
            keycode,
            scancode,
            keymod,
            repeat,
            ..
        } => {
            let is_shifted = keymod.intersects(Mod::LSHIFTMOD | Mod::RSHIFTMOD);
            let edit = keycode
                .and_then(|code| key(code, is_shifted))
                .map(UiEvent::Key);
            let drive = scancode.and_then(control).filter(|_| !repeat);
            let drive = drive.map(|control| UiEvent::Drive(control, true));
            edit.into_iter().chain(drive).collect()
        }
        Event::KeyUp { scancode, .. } => {
            let control = scancode.and_then(control);
            control
                .map(|control| UiEvent::Drive(control, false))
                .into_iter()
                .collect()
        }
        Event::TextInput { text, .. } => vec![UiEvent::Text(text.clone())],
        _ => Vec::new(),
    }
}

/// Makes a click in a window `width` points wide. SDL gives the mouse position in
/// the units of the window's size, which may differ from pixels.
pub(super) fn click((x, y): (i32, i32), window: (u32, u32), width: f32) -> Vec<UiEvent> {
    let points = width / window.0.max(1) as f32;
    vec![UiEvent::Click {
        x: x as f32 * points,
        y: y as f32 * points,
    }]
}

fn key(code: Keycode, is_shifted: bool) -> Option<Key> {
    Some(match code {
        Keycode::RETURN | Keycode::KP_ENTER => Key::Enter,
        Keycode::TAB if is_shifted => Key::BackTab,
        Keycode::TAB => Key::Tab,
        Keycode::ESCAPE => Key::Escape,
        Keycode::UP => Key::Up,
        Keycode::DOWN => Key::Down,
        Keycode::LEFT => Key::Left,
        Keycode::RIGHT => Key::Right,
        Keycode::BACKSPACE => Key::Backspace,
        Keycode::DELETE => Key::Delete,
        Keycode::HOME => Key::Home,
        Keycode::END => Key::End,
        _ => return None,
    })
}

/// Maps a key by its position on the keyboard, so that WASD is in the same place
/// on every layout.
fn control(code: Scancode) -> Option<Control> {
    Some(match code {
        Scancode::Up | Scancode::W => Control::Throttle,
        Scancode::Down | Scancode::S => Control::Brake,
        Scancode::Left | Scancode::A => Control::Left,
        Scancode::Right | Scancode::D => Control::Right,
        Scancode::Space => Control::Handbrake,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key_down(keycode: Keycode, scancode: Scancode, repeat: bool) -> Event {
        Event::KeyDown {
            timestamp: 0,
            window_id: 0,
            keycode: Some(keycode),
            scancode: Some(scancode),
            keymod: Mod::empty(),
            repeat,
        }
    }

    #[test]
    fn an_arrow_navigates_and_drives_but_repeats_only_navigate() {
        let first = translate(&key_down(Keycode::UP, Scancode::Up, false));
        assert_eq!(
            first,
            [
                UiEvent::Key(Key::Up),
                UiEvent::Drive(Control::Throttle, true)
            ]
        );
        let repeated = translate(&key_down(Keycode::UP, Scancode::Up, true));
        assert_eq!(repeated, [UiEvent::Key(Key::Up)]);
    }

    #[test]
    fn a_click_is_measured_in_points() {
        let click = click((1_280, 720), (2_560, 1_440), 1_280.0);
        assert_eq!(click, [UiEvent::Click { x: 640.0, y: 360.0 }]);
    }
}
