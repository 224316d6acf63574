//! SDL's game controllers.

use std::collections::HashMap;

use sdl2::GameControllerSubsystem;
use sdl2::controller::{Axis as SdlAxis, Button, GameController};
use sdl2::event::Event;

use crate::input::KeyCode;
use crate::input::controllers::{Axis, ControllerEvent, Rumble};

/// The controllers that are open. Without SDL's subsystem there are none, which is
/// no error.
pub struct OpenControllers {
    subsystem: Option<GameControllerSubsystem>,
    open: HashMap<u32, GameController>,
}

impl OpenControllers {
    /// Starts listening for controllers. Those that are plugged in already arrive as
    /// events too.
    #[must_use]
    pub fn start(sdl: &sdl2::Sdl) -> Self {
        let subsystem = sdl.game_controller();
        if let Err(problem) = &subsystem {
            tracing::warn!(problem, "cannot use controllers");
        }
        Self {
            subsystem: subsystem.ok(),
            open: HashMap::new(),
        }
    }

    /// Translates an event, and opens a controller that was plugged in.
    pub fn translate(&mut self, event: &Event) -> Option<ControllerEvent> {
        Some(match event {
            Event::ControllerDeviceAdded { which, .. } => return self.added(*which),
            Event::ControllerDeviceRemoved { which, .. } => {
                self.open.remove(which)?;
                ControllerEvent::Removed(*which)
            }
            Event::ControllerButtonDown { which, button, .. } => ControllerEvent::Button {
                id: *which,
                button: code(*button),
                is_down: true,
            },
            Event::ControllerButtonUp { which, button, .. } => ControllerEvent::Button {
                id: *which,
                button: code(*button),
                is_down: false,
            },
            Event::ControllerAxisMotion {
                which, axis, value, ..
            } => ControllerEvent::Axis {
                id: *which,
                axis: match axis {
                    SdlAxis::LeftX => Axis::LeftX,
                    SdlAxis::LeftY => Axis::LeftY,
                    SdlAxis::TriggerLeft => Axis::LeftTrigger,
                    SdlAxis::TriggerRight => Axis::RightTrigger,
                    SdlAxis::RightX | SdlAxis::RightY => return None,
                },
                value: f32::from(*value) / f32::from(i16::MAX),
            },
            _ => return None,
        })
    }

    /// Rumbles, where a controller can.
    pub fn rumble(&mut self, rumble: Rumble) {
        let strength = (rumble.strength.clamp(0.0, 1.0) * f32::from(u16::MAX)) as u16;
        let duration_ms = u32::try_from(rumble.duration.as_millis()).unwrap_or(u32::MAX);
        for controller in self.open.values_mut() {
            // A controller without motors refuses.
            let _ = controller.set_rumble(strength, strength / 2, duration_ms);
        }
    }

    fn added(&mut self, index: u32) -> Option<ControllerEvent> {
        match self.subsystem.as_ref()?.open(index) {
            Ok(controller) => {
                let (id, name) = (controller.instance_id(), controller.name());
                let is_new = self.open.insert(id, controller).is_none();
                is_new.then_some(ControllerEvent::Added { id, name })
            }
            Err(problem) => {
                tracing::warn!(%problem, "cannot open a controller");
                None
            }
        }
    }
}

fn code(button: Button) -> KeyCode {
    KeyCode::pad(button as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buttons_have_the_numbers_of_sdl() {
        for (button, expected) in [
            (Button::A, KeyCode::PAD_A),
            (Button::B, KeyCode::PAD_B),
            (Button::X, KeyCode::PAD_X),
            (Button::Y, KeyCode::PAD_Y),
            (Button::Back, KeyCode::PAD_BACK),
            (Button::Start, KeyCode::PAD_START),
            (Button::LeftShoulder, KeyCode::PAD_LEFT_SHOULDER),
            (Button::RightShoulder, KeyCode::PAD_RIGHT_SHOULDER),
            (Button::DPadUp, KeyCode::PAD_UP),
            (Button::DPadDown, KeyCode::PAD_DOWN),
            (Button::DPadLeft, KeyCode::PAD_LEFT),
            (Button::DPadRight, KeyCode::PAD_RIGHT),
        ] {
            assert_eq!(code(button), expected);
        }
    }
}
