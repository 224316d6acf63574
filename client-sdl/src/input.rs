//! Keyboard, mouse, [`controllers`] and their meaning, independent of SDL.
//!
//! The shell passes on what the devices did as [`InputEvent`]s. The application
//! owns what is held and turns them into [`UiEvent`]s for the screen that is
//! shown:
//!
//! - A key is known by its position ([`KeyCode`]), so every layout works.
//!   [`Bindings`] say what a position means: a control of the car, or a
//!   [`Command`]. Only text depends on the layout.
//! - A command, Enter and Escape fire on the first press only. The repeats of a
//!   held key edit text and move in lists.
//! - A press belongs to the screen on which it began: another screen gets neither
//!   its repeats nor its text.
//! - A screen that takes text gets the text of the keys that type, and no
//!   commands or controls from them.
//! - The car's controls belong to no screen: a key that is held when the race
//!   begins drives.

mod bindings;
pub mod controllers;
mod key_code;
mod keyboard;

pub use self::bindings::{Bindings, Chord, Command, Context, Control, Function, Slot};
use self::controllers::ControllerEvent;
pub use self::key_code::KeyCode;
pub use self::keyboard::{Focus, Keyboard};

/// An event of a device.
#[derive(Clone, Debug, PartialEq)]
pub enum InputEvent {
    /// A key went down, or repeats.
    KeyDown(KeyPress),
    /// A key went up.
    KeyUp(KeyCode),
    /// Text was typed with the key that went down before.
    Text(String),
    /// Text from the clipboard was asked for.
    Paste(String),
    /// The left button was pressed.
    MouseDown {
        /// Distance from the left edge, points.
        x: f32,
        /// Distance from the top edge, points.
        y: f32,
        /// The number of presses in quick succession: 2 is a double click.
        clicks: u8,
    },
    /// The mouse moved.
    MouseMove {
        /// Distance from the left edge, points.
        x: f32,
        /// Distance from the top edge, points.
        y: f32,
    },
    /// The wheel turned.
    Wheel {
        /// Distance of the mouse from the left edge, points.
        x: f32,
        /// Distance of the mouse from the top edge, points.
        y: f32,
        /// Notches, positive for towards the end of a list.
        notches: f32,
    },
    /// A controller was plugged in or did something.
    Controller(ControllerEvent),
    /// The window lost the keyboard focus.
    FocusLost,
}

/// A key that goes down, or repeats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyPress {
    /// The position.
    pub code: KeyCode,
    /// The meaning in a list or a text, if it has one.
    pub key: Option<Key>,
    /// Whether Ctrl is held.
    pub is_ctrl: bool,
    /// Whether Alt or the system's key is held: such a press is the desktop's.
    pub is_system: bool,
    /// Whether this is the repeat of a held key.
    pub is_repeat: bool,
}

/// An event for a screen.
#[derive(Clone, Debug, PartialEq)]
pub enum UiEvent {
    /// A key for editing or navigation was pressed or, see [`Key::repeats`],
    /// repeats.
    Key(Key),
    /// A key or a button with this meaning was pressed.
    Command(Command),
    /// Text was typed. Only a screen that takes text gets it.
    Text(String),
    /// Text was pasted. Only a screen that takes text gets it.
    Paste(String),
    /// The left button was pressed at a point.
    Click {
        /// Distance from the left edge, points.
        x: f32,
        /// Distance from the top edge, points.
        y: f32,
    },
    /// The left button was pressed again at a point. A [`UiEvent::Click`] came
    /// before, for this press as well.
    DoubleClick {
        /// Distance from the left edge, points.
        x: f32,
        /// Distance from the top edge, points.
        y: f32,
    },
    /// The mouse moved to a point.
    Hover {
        /// Distance from the left edge, points.
        x: f32,
        /// Distance from the top edge, points.
        y: f32,
    },
    /// The wheel turned with the mouse at a point.
    Wheel {
        /// Distance from the left edge, points.
        x: f32,
        /// Distance from the top edge, points.
        y: f32,
        /// Notches, positive for towards the end of a list.
        notches: f32,
    },
}

impl UiEvent {
    /// Returns whether the event shows that a person is there.
    #[must_use]
    pub fn is_sign_of_life(&self) -> bool {
        match self {
            Self::Key(_)
            | Self::Command(_)
            | Self::Text(_)
            | Self::Paste(_)
            | Self::Click { .. }
            | Self::DoubleClick { .. }
            | Self::Wheel { .. } => true,
            // A table that is pushed moves the mouse.
            Self::Hover { .. } => false,
        }
    }
}

/// A key for editing or navigation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// Return or the keypad's Enter.
    Enter,
    /// Tab.
    Tab,
    /// Tab with Shift.
    BackTab,
    /// Escape.
    Escape,
    /// Up arrow.
    Up,
    /// Down arrow.
    Down,
    /// Left arrow.
    Left,
    /// Right arrow.
    Right,
    /// Left arrow with Ctrl, which moves by a word.
    WordLeft,
    /// Right arrow with Ctrl, which moves by a word.
    WordRight,
    /// Page Up.
    PageUp,
    /// Page Down.
    PageDown,
    /// Backspace, which deletes before the cursor.
    Backspace,
    /// Backspace with Ctrl, which deletes the word before the cursor.
    WordBackspace,
    /// Delete, which deletes after the cursor.
    Delete,
    /// Delete with Ctrl, which deletes the word after the cursor.
    WordDelete,
    /// Home, which moves to the start.
    Home,
    /// End, which moves to the end.
    End,
    /// Ctrl+A, which selects all text of a field.
    SelectAll,
    /// Ctrl+C, which copies the selected text.
    Copy,
    /// Ctrl+X, which moves the selected text to the clipboard.
    Cut,
}

impl Key {
    /// Returns whether a held key repeats.
    #[must_use]
    pub fn repeats(self) -> bool {
        match self {
            Self::Tab
            | Self::BackTab
            | Self::Up
            | Self::Down
            | Self::Left
            | Self::Right
            | Self::WordLeft
            | Self::WordRight
            | Self::PageUp
            | Self::PageDown
            | Self::Backspace
            | Self::WordBackspace
            | Self::Delete
            | Self::WordDelete => true,
            Self::Enter
            | Self::Escape
            | Self::Home
            | Self::End
            | Self::SelectAll
            | Self::Copy
            | Self::Cut => false,
        }
    }
}
