//! What a person does with keyboard and mouse, apart from SDL.

use domain::Controls;

/// Something the person did in this window.
#[derive(Clone, Debug, PartialEq)]
pub enum UiEvent {
    /// A key that edits or moves was pressed, or repeats.
    Key(Key),
    /// Text was typed.
    Text(String),
    /// The left button was pressed at a point.
    Click {
        /// From the left, points.
        x: f32,
        /// From the top, points.
        y: f32,
    },
    /// A driving key went down or up.
    Drive(Control, bool),
    /// Another window has the keyboard now.
    FocusLost,
}

/// A key that edits or moves.
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
    /// Arrow.
    Up,
    /// Arrow.
    Down,
    /// Arrow.
    Left,
    /// Arrow.
    Right,
    /// Deletes before the cursor.
    Backspace,
    /// Deletes behind the cursor.
    Delete,
    /// To the start.
    Home,
    /// To the end.
    End,
}

/// What a driving key does.
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

/// The driving keys that are held. Arrows and letters count apart, so that
/// letting go of one does not let go of the other.
#[derive(Clone, Debug, Default)]
pub struct Pedals {
    held: [u8; 5],
}

impl Pedals {
    /// A driving key went down or up. Repeats of a held key must not come here.
    pub fn set(&mut self, control: Control, is_down: bool) {
        let count = &mut self.held[control as usize];
        *count = if is_down {
            count.saturating_add(1)
        } else {
            count.saturating_sub(1)
        };
    }

    /// Lets go of everything.
    pub fn release(&mut self) {
        *self = Self::default();
    }

    /// What the car is told. The simulation turns the wheel as fast as a hand
    /// does; keys say only where to.
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
