//! Keyboard and mouse input, independent of SDL.

use domain::Controls;

/// An input event of the window.
#[derive(Clone, Debug, PartialEq)]
pub enum UiEvent {
    /// A key for editing or navigation was pressed, or repeats.
    Key(Key),
    /// Text was typed.
    Text(String),
    /// The left button was pressed at a point.
    Click {
        /// Distance from the left edge, points.
        x: f32,
        /// Distance from the top edge, points.
        y: f32,
    },
    /// A driving key went down or up.
    Drive(Control, bool),
    /// The window lost the keyboard focus.
    FocusLost,
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
    /// Backspace, which deletes before the cursor.
    Backspace,
    /// Delete, which deletes after the cursor.
    Delete,
    /// Home, which moves to the start.
    Home,
    /// End, which moves to the end.
    End,
}

/// A control of the car, with its keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control {
    /// Up or W.
    Throttle,
    /// Down or S.
    Brake,
    /// Left or A.
    Left,
    /// Right or D.
    Right,
    /// Space.
    Handbrake,
}

/// The driving keys that are held. Arrow and letter keys are counted, so that
/// releasing one of two held keys does not release the control.
#[derive(Clone, Debug, Default)]
pub struct Pedals {
    held: [u8; 5],
}

impl Pedals {
    /// Records that a driving key went down or up. The caller filters out the
    /// repeats of a held key.
    pub fn set(&mut self, control: Control, is_down: bool) {
        let count = &mut self.held[control as usize];
        *count = if is_down {
            count.saturating_add(1)
        } else {
            count.saturating_sub(1)
        };
    }

    /// Releases all keys.
    pub fn release(&mut self) {
        *self = Self::default();
    }

    /// Returns the controls. Steering is full left, full right or straight; the
    /// simulation limits how fast the wheels turn.
    #[must_use]
    pub fn input(&self) -> Controls {
        let is_held = |control: Control| self.held[control as usize] > 0;
        let pedal = |control| if is_held(control) { u8::MAX } else { 0 };
        let left = if is_held(Control::Left) { i8::MAX } else { 0 };
        let right = if is_held(Control::Right) { i8::MAX } else { 0 };
        Controls {
            throttle: pedal(Control::Throttle),
            brake: pedal(Control::Brake),
            steer: left - right,
            handbrake: is_held(Control::Handbrake),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn left_is_positive_and_both_are_straight() {
        let mut pedals = Pedals::default();
        pedals.set(Control::Left, true);
        assert_eq!(pedals.input().steer, 127);
        pedals.set(Control::Right, true);
        assert_eq!(pedals.input().steer, 0);
        pedals.set(Control::Left, false);
        assert_eq!(pedals.input().steer, -127);
    }

    #[test]
    fn a_pedal_stays_down_until_both_of_its_keys_are_up() {
        let mut pedals = Pedals::default();
        pedals.set(Control::Throttle, true);
        pedals.set(Control::Throttle, true);
        pedals.set(Control::Throttle, false);
        assert_eq!(pedals.input().throttle, 255);
        pedals.release();
        assert_eq!(pedals.input(), Controls::default());
    }
}
