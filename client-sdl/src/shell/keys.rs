//! Translation of SDL's events.

use sdl2::clipboard::ClipboardUtil;
use sdl2::event::{Event, WindowEvent};
use sdl2::keyboard::{Keycode, Mod, Scancode};
use sdl2::mouse::MouseButton;

use crate::input::{InputEvent, Key, KeyCode, KeyPress};

/// The longest text that is taken from the clipboard, in characters: more than any
/// field holds.
const PASTE_CHARS_MAX: usize = 4_096;

/// The size of the window, in the units of mouse positions, which may differ from
/// pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Points {
    /// Points in a unit.
    scale: f32,
}

impl Points {
    /// Makes the conversion for a window `width` points wide.
    pub(super) fn new(window: (u32, u32), width: f32) -> Self {
        Self {
            scale: width / window.0.max(1) as f32,
        }
    }

    fn of(self, x: i32, y: i32) -> (f32, f32) {
        (x as f32 * self.scale, y as f32 * self.scale)
    }
}

/// Translates an event.
pub(super) fn translate(
    event: &Event,
    points: Points,
    clipboard: &ClipboardUtil,
) -> Option<InputEvent> {
    Some(match event {
        Event::KeyDown {
            keycode,
            scancode: Some(scancode),
            keymod,
            repeat,
            ..
        } => {
            let press = key_press(*keycode, *scancode, *keymod, *repeat);
            if is_paste(*keycode, *scancode, *keymod) {
                if *repeat {
                    return None;
                }
                let text = clipboard.clipboard_text().ok()?;
                return Some(InputEvent::Paste(
                    text.chars().take(PASTE_CHARS_MAX).collect(),
                ));
            }
            InputEvent::KeyDown(press)
        }
        Event::KeyUp {
            scancode: Some(scancode),
            ..
        } => InputEvent::KeyUp(code(*scancode)),
        Event::TextInput { text, .. } => InputEvent::Text(text.clone()),
        Event::MouseButtonDown {
            mouse_btn: MouseButton::Left,
            x,
            y,
            clicks,
            ..
        } => {
            let (x, y) = points.of(*x, *y);
            InputEvent::MouseDown {
                x,
                y,
                clicks: *clicks,
            }
        }
        Event::MouseMotion { x, y, .. } => {
            let (x, y) = points.of(*x, *y);
            InputEvent::MouseMove { x, y }
        }
        Event::MouseWheel {
            precise_y,
            mouse_x,
            mouse_y,
            ..
        } => {
            let (x, y) = points.of(*mouse_x, *mouse_y);
            InputEvent::Wheel {
                x,
                y,
                // The desktop's own direction, natural or not.
                notches: -precise_y,
            }
        }
        Event::Window {
            win_event: WindowEvent::FocusLost,
            ..
        } => InputEvent::FocusLost,
        _ => return None,
    })
}

fn code(scancode: Scancode) -> KeyCode {
    KeyCode(scancode as u16)
}

fn key_press(keycode: Option<Keycode>, scancode: Scancode, keymod: Mod, repeat: bool) -> KeyPress {
    let is_ctrl = keymod.intersects(Mod::LCTRLMOD | Mod::RCTRLMOD);
    let is_shifted = keymod.intersects(Mod::LSHIFTMOD | Mod::RSHIFTMOD);
    KeyPress {
        code: code(scancode),
        key: key(scancode, is_shifted, is_ctrl)
            .or_else(|| shortcut(keycode, scancode).filter(|_| is_ctrl)),
        is_ctrl,
        is_system: keymod.intersects(Mod::LALTMOD | Mod::LGUIMOD | Mod::RGUIMOD),
        is_repeat: repeat,
    }
}

/// Maps a key by its position. A keypad without Num Lock types nothing, and its
/// Enter is always one.
fn key(scancode: Scancode, is_shifted: bool, is_ctrl: bool) -> Option<Key> {
    Some(match scancode {
        Scancode::Return | Scancode::KpEnter => Key::Enter,
        Scancode::Tab if is_shifted => Key::BackTab,
        Scancode::Tab => Key::Tab,
        Scancode::Escape => Key::Escape,
        Scancode::Up => Key::Up,
        Scancode::Down => Key::Down,
        Scancode::Left if is_ctrl => Key::WordLeft,
        Scancode::Left => Key::Left,
        Scancode::Right if is_ctrl => Key::WordRight,
        Scancode::Right => Key::Right,
        Scancode::PageUp => Key::PageUp,
        Scancode::PageDown => Key::PageDown,
        Scancode::Backspace if is_ctrl => Key::WordBackspace,
        Scancode::Backspace => Key::Backspace,
        Scancode::Delete if is_ctrl => Key::WordDelete,
        Scancode::Delete => Key::Delete,
        Scancode::Home => Key::Home,
        Scancode::End => Key::End,
        _ => return None,
    })
}

/// Maps a letter with Ctrl. The letter of the layout counts, as in every program;
/// a layout without Latin letters has those of the position.
fn shortcut(keycode: Option<Keycode>, scancode: Scancode) -> Option<Key> {
    Some(match latin(keycode, scancode)? {
        'a' => Key::SelectAll,
        'c' => Key::Copy,
        'x' => Key::Cut,
        _ => return None,
    })
}

fn is_paste(keycode: Option<Keycode>, scancode: Scancode, keymod: Mod) -> bool {
    let is_ctrl = keymod.intersects(Mod::LCTRLMOD | Mod::RCTRLMOD);
    let is_shifted = keymod.intersects(Mod::LSHIFTMOD | Mod::RSHIFTMOD);
    (is_ctrl && latin(keycode, scancode) == Some('v'))
        || (is_shifted && scancode == Scancode::Insert)
}

fn latin(keycode: Option<Keycode>, scancode: Scancode) -> Option<char> {
    let of_layout = keycode.and_then(|keycode| char::from_u32(keycode.into_i32() as u32));
    let of_position = || {
        let index = code(scancode).0.checked_sub(KeyCode::letter(b'a').0)?;
        u8::try_from(index)
            .ok()
            .filter(|index| *index < 26)
            .map(|index| char::from(b'a' + index))
    };
    of_layout
        .filter(char::is_ascii_lowercase)
        .or_else(of_position)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(keycode: Keycode, scancode: Scancode, keymod: Mod) -> KeyPress {
        key_press(Some(keycode), scancode, keymod, false)
    }

    #[test]
    fn scan_codes_are_positions() {
        for (scancode, expected) in [
            (Scancode::A, KeyCode::letter(b'a')),
            (Scancode::Z, KeyCode::letter(b'z')),
            (Scancode::Return, KeyCode::RETURN),
            (Scancode::Escape, KeyCode::ESCAPE),
            (Scancode::Tab, KeyCode::TAB),
            (Scancode::Space, KeyCode::SPACE),
            (Scancode::Slash, KeyCode::SLASH),
            (Scancode::F2, KeyCode::F2),
            (Scancode::F10, KeyCode::F10),
            (Scancode::F11, KeyCode::F11),
            (Scancode::F12, KeyCode::F12),
            (Scancode::Up, KeyCode::UP),
            (Scancode::Down, KeyCode::DOWN),
            (Scancode::Left, KeyCode::LEFT),
            (Scancode::Right, KeyCode::RIGHT),
        ] {
            assert_eq!(code(scancode), expected);
        }
    }

    #[test]
    fn a_russian_layout_has_the_same_keys() {
        // The Cyrillic letter at the place of C is U+0441.
        let cyrillic = Keycode::from_i32(0x441).expect("SDL has it as a code");
        let plain = press(cyrillic, Scancode::C, Mod::empty());
        assert_eq!((plain.code, plain.key), (KeyCode::letter(b'c'), None));
        let copy = press(cyrillic, Scancode::C, Mod::LCTRLMOD);
        assert_eq!(copy.key, Some(Key::Copy));
    }

    #[test]
    fn shortcuts_follow_a_latin_layout() {
        // On a French keyboard A is at the place of Q.
        let select = press(Keycode::A, Scancode::Q, Mod::LCTRLMOD);
        assert_eq!(select.key, Some(Key::SelectAll));
        assert!(is_paste(Some(Keycode::V), Scancode::V, Mod::RCTRLMOD));
        assert!(is_paste(
            Some(Keycode::INSERT),
            Scancode::Insert,
            Mod::LSHIFTMOD
        ));
        assert!(!is_paste(Some(Keycode::V), Scancode::V, Mod::empty()));
    }

    #[test]
    fn ctrl_moves_and_deletes_by_words() {
        let with = |scancode, keymod| key_press(None, scancode, keymod, false).key;
        assert_eq!(with(Scancode::Left, Mod::LCTRLMOD), Some(Key::WordLeft));
        assert_eq!(
            with(Scancode::Backspace, Mod::RCTRLMOD),
            Some(Key::WordBackspace)
        );
        assert_eq!(with(Scancode::Tab, Mod::LSHIFTMOD), Some(Key::BackTab));
        assert_eq!(with(Scancode::Left, Mod::empty()), Some(Key::Left));
    }

    #[test]
    fn a_click_is_measured_in_points() {
        let points = Points::new((1_280, 720), 640.0);
        assert_eq!(points.of(640, 360), (320.0, 180.0));
    }
}
