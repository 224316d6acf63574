//! What the player has set, and its file.
//!
//! [`Settings`] are values; each has a default, so a file may lack any of them.
//! [`Document`] is the file's content: it keeps what a later version has written
//! and this one does not know. The shell reads and writes it.
//!
//! Invariants: a value that is read is allowed, or the whole file is refused with a
//! sentence; a file that was not understood is never overwritten.

mod document;
mod values;

use serde::{Deserialize, Serialize};

pub use self::document::Document;
pub use self::values::{
    CameraSettings, ControllerSettings, InterfaceScale, Orientation, Palette, Percent,
    SoundSettings, TextSize, Units, WindowSettings,
};
use crate::input::Bindings;

/// What the player has set.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// The sound.
    pub sound: SoundSettings,
    /// The window.
    pub window: WindowSettings,
    /// The size of everything in it.
    pub interface_scale: InterfaceScale,
    /// The size of text.
    pub text_size: TextSize,
    /// The camera of the race.
    pub camera: CameraSettings,
    /// The colours.
    pub palette: Palette,
    /// Whether nothing flashes or pulses.
    pub reduced_flashing: bool,
    /// The units of speed and distance.
    pub units: Units,
    /// The controller.
    pub controller: ControllerSettings,
    /// The keys.
    pub keys: Bindings,
}
