//! Game controllers, independent of SDL: sticks and triggers drive, buttons are keys.
//!
//! A button is a [`KeyCode`] from [`KeyCode::PAD_FIRST`] on, so bindings and the
//! rules of presses are those of the keyboard. The cross and the left stick move in
//! lists, and repeat there as a held key does. Analogue values are added to the keys:
//! a controller that is unplugged leaves the keys as they are.

mod rumble;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use domain::Controls;

pub use self::rumble::{Rumble, RumbleTrigger};
use crate::input::{InputEvent, Key, KeyCode, KeyPress};

/// Deflections of a stick below this are its play.
const STICK_PLAY: f32 = 0.12;
/// Deflections of a trigger below this are its play.
const TRIGGER_PLAY: f32 = 0.04;
/// The exponent of steering: small corrections are finer than the stick.
const STEER_EXPONENT: f32 = 1.5;
/// The deflection from which the stick moves in a list.
const STEP_ON: f32 = 0.6;
/// The deflection below which it may do so again.
const STEP_OFF: f32 = 0.4;
/// Time from a step to its first repeat.
const REPEAT_DELAY: Duration = Duration::from_millis(400);
/// Time between repeats.
const REPEAT_INTERVAL: Duration = Duration::from_millis(90);

/// The left stick's directions as keys, which no one can bind.
const STICK_UP: KeyCode = KeyCode::pad(32);
const STICK_DOWN: KeyCode = KeyCode::pad(33);
const STICK_LEFT: KeyCode = KeyCode::pad(34);
const STICK_RIGHT: KeyCode = KeyCode::pad(35);

/// A controller, by a number that no other one has during a run.
pub type ControllerId = u32;

/// An event of a controller.
#[derive(Clone, Debug, PartialEq)]
pub enum ControllerEvent {
    /// It was plugged in.
    Added {
        /// The controller.
        id: ControllerId,
        /// Its name.
        name: String,
    },
    /// It was unplugged, or its battery is empty.
    Removed(ControllerId),
    /// A button went down or up.
    Button {
        /// The controller.
        id: ControllerId,
        /// The button.
        button: KeyCode,
        /// Whether it is down.
        is_down: bool,
    },
    /// A stick or trigger moved.
    Axis {
        /// The controller.
        id: ControllerId,
        /// The axis.
        axis: Axis,
        /// The deflection: -1 to 1, positive for right, down and pressed.
        value: f32,
    },
}

/// The axes that have a meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// The left stick, sideways: steers.
    LeftX,
    /// The left stick, lengthways: moves in lists.
    LeftY,
    /// The left trigger: brakes.
    LeftTrigger,
    /// The right trigger: accelerates.
    RightTrigger,
}

/// One controller.
#[derive(Clone, Debug, Default)]
struct Controller {
    name: String,
    x: f32,
    y: f32,
    brake: f32,
    throttle: f32,
    held: BTreeSet<KeyCode>,
}

/// A step in a list that repeats.
#[derive(Clone, Copy, Debug)]
struct Repeat {
    code: KeyCode,
    key: Key,
    due: Instant,
}

/// The controllers that are plugged in.
#[derive(Clone, Debug, Default)]
pub struct Controllers {
    controllers: BTreeMap<ControllerId, Controller>,
    repeat: Option<Repeat>,
}

impl Controllers {
    /// Returns the name of a controller.
    #[must_use]
    pub fn name(&self, id: ControllerId) -> Option<&str> {
        Some(self.controllers.get(&id)?.name.as_str())
    }

    /// Handles an event. Returns the keys that go down or up.
    pub fn handle(&mut self, event: &ControllerEvent, now: Instant) -> Vec<InputEvent> {
        match event {
            ControllerEvent::Added { id, name } => {
                self.controllers
                    .entry(*id)
                    .or_default()
                    .name
                    .clone_from(name);
                Vec::new()
            }
            ControllerEvent::Removed(id) => {
                let gone = self.controllers.remove(id).unwrap_or_default();
                self.repeat = None;
                gone.held.into_iter().map(InputEvent::KeyUp).collect()
            }
            ControllerEvent::Button {
                id,
                button,
                is_down,
            } => self
                .button(*id, *button, *is_down, now)
                .into_iter()
                .collect(),
            ControllerEvent::Axis { id, axis, value } => self.axis(*id, *axis, *value, now),
        }
    }

    /// Returns the repeat of a held direction, if it is due.
    pub fn repeat(&mut self, now: Instant) -> Option<InputEvent> {
        let repeat = self.repeat.as_mut().filter(|repeat| repeat.due <= now)?;
        repeat.due = now + REPEAT_INTERVAL;
        Some(InputEvent::KeyDown(press(
            repeat.code,
            Some(repeat.key),
            true,
        )))
    }

    /// Releases everything: the window has lost the focus.
    pub fn release_all(&mut self) {
        self.repeat = None;
        for controller in self.controllers.values_mut() {
            let name = std::mem::take(&mut controller.name);
            *controller = Controller {
                name,
                ..Controller::default()
            };
        }
    }

    /// Adds the sticks and triggers to the controls of the keys. A key steers as long
    /// as it is held, whatever the stick does.
    #[must_use]
    pub fn add_to(&self, keys: Controls) -> Controls {
        let most = |of: fn(&Controller) -> f32| {
            let values = self.controllers.values().map(of);
            values.fold(
                0.0_f32,
                |one, other| if other.abs() > one.abs() { other } else { one },
            )
        };
        let pedal = |value: f32| (without_play(value, TRIGGER_PLAY).max(0.0) * 255.0).round() as u8;
        let stick = without_play(most(|it| it.x), STICK_PLAY);
        let steer = stick.abs().powf(STEER_EXPONENT).copysign(-stick);
        let steer = (steer * f32::from(i8::MAX)).round() as i8;
        Controls {
            throttle: keys.throttle.max(pedal(most(|it| it.throttle))),
            brake: keys.brake.max(pedal(most(|it| it.brake))),
            steer: if keys.steer == 0 { steer } else { keys.steer },
            handbrake: keys.handbrake,
        }
    }

    fn button(
        &mut self,
        id: ControllerId,
        button: KeyCode,
        is_down: bool,
        now: Instant,
    ) -> Option<InputEvent> {
        let controller = self.controllers.get_mut(&id)?;
        if !is_down {
            self.repeat = self.repeat.filter(|repeat| repeat.code != button);
            return controller
                .held
                .remove(&button)
                .then_some(InputEvent::KeyUp(button));
        }
        if !controller.held.insert(button) {
            return None;
        }
        let key = key(button);
        self.repeat = key.filter(|key| key.repeats()).map(|key| Repeat {
            code: button,
            key,
            due: now + REPEAT_DELAY,
        });
        Some(InputEvent::KeyDown(press(button, key, false)))
    }

    fn axis(&mut self, id: ControllerId, axis: Axis, value: f32, now: Instant) -> Vec<InputEvent> {
        let Some(controller) = self.controllers.get_mut(&id) else {
            return Vec::new();
        };
        let value = if value.is_finite() {
            value.clamp(-1.0, 1.0)
        } else {
            0.0
        };
        let (field, directions) = match axis {
            Axis::LeftX => (&mut controller.x, Some((STICK_LEFT, STICK_RIGHT))),
            Axis::LeftY => (&mut controller.y, Some((STICK_UP, STICK_DOWN))),
            Axis::LeftTrigger => (&mut controller.brake, None),
            Axis::RightTrigger => (&mut controller.throttle, None),
        };
        *field = value;
        let Some((back, forth)) = directions else {
            return Vec::new();
        };
        let mut events = Vec::new();
        for (direction, deflection) in [(back, -value), (forth, value)] {
            let is_held = self.controllers[&id].held.contains(&direction);
            let threshold = if is_held { STEP_OFF } else { STEP_ON };
            events.extend(self.button(id, direction, deflection >= threshold, now));
        }
        events
    }
}

/// Returns what a button means in a list or a form.
fn key(button: KeyCode) -> Option<Key> {
    Some(match button {
        KeyCode::PAD_A => Key::Enter,
        KeyCode::PAD_B => Key::Escape,
        KeyCode::PAD_UP | STICK_UP => Key::Up,
        KeyCode::PAD_DOWN | STICK_DOWN => Key::Down,
        KeyCode::PAD_LEFT | STICK_LEFT => Key::Left,
        KeyCode::PAD_RIGHT | STICK_RIGHT => Key::Right,
        _ => return None,
    })
}

fn press(code: KeyCode, key: Option<Key>, is_repeat: bool) -> KeyPress {
    KeyPress {
        code,
        key,
        is_ctrl: false,
        is_system: false,
        is_repeat,
    }
}

/// Returns a deflection without the play around the middle, stretched to the ends.
fn without_play(value: f32, play: f32) -> f32 {
    let beyond = (value.abs() - play).max(0.0) / (1.0 - play);
    beyond.copysign(value)
}

#[cfg(test)]
mod tests;
