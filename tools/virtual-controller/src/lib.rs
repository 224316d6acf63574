//! A game controller that exists in SDL only, for tests of what is done with one.
//!
//! This crate exists because SDL's virtual joysticks have no safe interface, which the
//! other crates need.
#![allow(unsafe_code)]

use std::ffi::c_int;

use sdl2::controller::{Axis, Button};
use sdl2::{JoystickSubsystem, get_error, sys};

/// Axes of a game controller: two sticks and two triggers.
const AXES: c_int = 6;
/// Buttons of a game controller, with those of the cross.
const BUTTONS: c_int = 15;
/// A trigger that is not pressed.
const TRIGGER_AT_REST: i16 = i16::MIN;

/// A controller that is plugged in until it is dropped.
pub struct VirtualController {
    joystick: *mut sys::SDL_Joystick,
    // Keeps SDL's joysticks alive.
    _subsystem: JoystickSubsystem,
}

impl VirtualController {
    /// Plugs a controller in. SDL reports it with its next events.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub fn plug_in(subsystem: &JoystickSubsystem) -> Result<Self, String> {
        let kind = sys::SDL_JoystickType::SDL_JOYSTICK_TYPE_GAMECONTROLLER;
        // SAFETY: the subsystem is initialised; the arguments are values.
        let index = unsafe { sys::SDL_JoystickAttachVirtual(kind, AXES, BUTTONS, 0) };
        if index < 0 {
            return Err(get_error());
        }
        // SAFETY: the index is that of the device that was attached above.
        let joystick = unsafe { sys::SDL_JoystickOpen(index) };
        if joystick.is_null() {
            return Err(get_error());
        }
        let mut controller = Self {
            joystick,
            _subsystem: subsystem.clone(),
        };
        for trigger in [Axis::TriggerLeft, Axis::TriggerRight] {
            controller.set_axis(trigger, TRIGGER_AT_REST);
        }
        Ok(controller)
    }

    /// Moves a stick or a trigger. A trigger at rest is at the minimum.
    pub fn set_axis(&mut self, axis: Axis, value: i16) {
        // SAFETY: the joystick is open until the drop; SDL checks the axis.
        unsafe { sys::SDL_JoystickSetVirtualAxis(self.joystick, axis as c_int, value) };
    }

    /// Presses or releases a button.
    pub fn set_button(&mut self, button: Button, is_down: bool) {
        let value = u8::from(is_down);
        // SAFETY: the joystick is open until the drop; SDL checks the button.
        unsafe { sys::SDL_JoystickSetVirtualButton(self.joystick, button as c_int, value) };
    }
}

impl Drop for VirtualController {
    fn drop(&mut self) {
        // SAFETY: the joystick is open and closed once. Its instance finds the index,
        // which changes as other devices come and go.
        unsafe {
            let instance = sys::SDL_JoystickInstanceID(self.joystick);
            let count = sys::SDL_NumJoysticks();
            let is_it = |index: &c_int| sys::SDL_JoystickGetDeviceInstanceID(*index) == instance;
            if let Some(index) = (0..count).find(is_it) {
                sys::SDL_JoystickDetachVirtual(index);
            }
            sys::SDL_JoystickClose(self.joystick);
        }
    }
}
