//! The values of settings.

use serde::{Deserialize, Serialize};

use crate::sound::Volumes;

/// A share in percent, 0 to 100.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u8")]
pub struct Percent(u8);

impl Percent {
    /// Nothing.
    pub const NONE: Self = Self(0);
    /// All.
    pub const FULL: Self = Self(100);

    /// Returns the number, 0 to 100.
    #[must_use]
    pub fn number(self) -> u8 {
        self.0
    }

    /// Returns the share, 0 to 1.
    #[must_use]
    pub fn share(self) -> f32 {
        f32::from(self.0) / 100.0
    }

    /// Returns the percentage that is this many points more or less, within bounds.
    #[must_use]
    pub fn plus(self, points: i8) -> Self {
        let sum = i16::from(self.0) + i16::from(points);
        Self(sum.clamp(0, 100) as u8)
    }
}

impl TryFrom<u8> for Percent {
    type Error = String;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0..=100 => Ok(Self(number)),
            _ => Err(format!("a percentage is 0 to 100, not {number}")),
        }
    }
}

/// The sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SoundSettings {
    /// Whether there is none, whatever the volumes are.
    pub is_muted: bool,
    /// The volume of everything.
    pub master: Percent,
    /// The volume of engines.
    pub engine: Percent,
    /// The volume of everything but engines.
    pub effects: Percent,
}

impl SoundSettings {
    /// Returns the volumes for the mixer.
    #[must_use]
    pub fn volumes(&self) -> Volumes {
        Volumes {
            master: self.master.share(),
            engine: self.engine.share(),
            effects: self.effects.share(),
            is_muted: self.is_muted,
        }
    }
}

impl Default for SoundSettings {
    fn default() -> Self {
        Self {
            is_muted: false,
            master: Percent(80),
            engine: Percent(80),
            effects: Percent(90),
        }
    }
}

/// The window.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct WindowSettings {
    /// The width, as the desktop measures it.
    pub width: u32,
    /// The height, as the desktop measures it.
    pub height: u32,
    /// Whether it fills the screen.
    pub is_full_screen: bool,
}

impl WindowSettings {
    /// The smallest size at which text is legible.
    pub const SIZE_MIN: (u32, u32) = (640, 360);
    /// The largest size: that of an 8K screen.
    pub const SIZE_MAX: (u32, u32) = (7_680, 4_320);

    /// Returns the size, within the bounds.
    #[must_use]
    pub fn size(&self) -> (u32, u32) {
        (
            self.width.clamp(Self::SIZE_MIN.0, Self::SIZE_MAX.0),
            self.height.clamp(Self::SIZE_MIN.1, Self::SIZE_MAX.1),
        )
    }
}

impl Default for WindowSettings {
    fn default() -> Self {
        Self {
            width: 1_280,
            height: 720,
            is_full_screen: false,
        }
    }
}

/// Defines a choice of named values, in the order in which they are shown.
macro_rules! choice {
    (
        $(#[$meta:meta])* $name:ident, default $default:ident;
        $($(#[$value_meta:meta])* $value:ident = $word:literal, $label:literal;)+
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$value_meta])* #[serde(rename = $word)] $value,)+
        }

        impl $name {
            /// All values, in the order in which they are shown.
            pub const ALL: &[Self] = &[$(Self::$value),+];

            /// Returns the value in words.
            #[must_use]
            pub fn label(self) -> &'static str {
                match self {
                    $(Self::$value => $label,)+
                }
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::$default
            }
        }
    };
}

choice! {
    /// The size of everything in the window: pixels of the screen to a pixel of the
    /// smallest interface.
    InterfaceScale, default Auto;
    /// As the window's size suggests.
    Auto = "auto", "automatic";
    /// 1.
    One = "1", "1";
    /// 1.5.
    OneAndHalf = "1.5", "1.5";
    /// 2.
    Two = "2", "2";
    /// 2.5.
    TwoAndHalf = "2.5", "2.5";
    /// 3.
    Three = "3", "3";
}

impl InterfaceScale {
    /// Returns the scale; `None` for an automatic one.
    #[must_use]
    pub fn factor(self) -> Option<f32> {
        match self {
            Self::Auto => None,
            Self::One => Some(1.0),
            Self::OneAndHalf => Some(1.5),
            Self::Two => Some(2.0),
            Self::TwoAndHalf => Some(2.5),
            Self::Three => Some(3.0),
        }
    }
}

choice! {
    /// The size of text.
    TextSize, default Normal;
    /// As designed.
    Normal = "normal", "normal";
    /// A seventh larger.
    Large = "large", "large";
    /// A third larger.
    Larger = "larger", "larger";
}

impl TextSize {
    /// Returns the factor of all sizes of text.
    #[must_use]
    pub fn factor(self) -> f32 {
        match self {
            Self::Normal => 1.0,
            Self::Large => 1.15,
            Self::Larger => 1.33,
        }
    }
}

choice! {
    /// The direction that is up in the race.
    Orientation, default North;
    /// North: the world stands still.
    North = "north", "north";
    /// That of the car: the world turns.
    Heading = "heading", "driving direction";
}

/// The camera of the race.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CameraSettings {
    /// The direction that is up.
    pub up: Orientation,
    /// How much contacts and kerbs shake it.
    pub shake: Percent,
}

impl Default for CameraSettings {
    fn default() -> Self {
        Self {
            up: Orientation::default(),
            shake: Percent::FULL,
        }
    }
}

/// The controller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ControllerSettings {
    /// How strongly it rumbles.
    pub rumble: Percent,
}

impl Default for ControllerSettings {
    fn default() -> Self {
        Self {
            rumble: Percent::FULL,
        }
    }
}

choice! {
    /// The colours of cars and signs.
    Palette, default Normal;
    /// As designed.
    Normal = "normal", "normal";
    /// Colours that differ in lightness too, and no red beside green.
    ColourBlindSafe = "colour_blind_safe", "colour-blind safe";
}

choice! {
    /// The units of speed.
    Units, default Metric;
    /// Kilometres an hour.
    Metric = "kmh", "km/h";
    /// Miles an hour.
    Imperial = "mph", "mph";
}

impl Units {
    /// Returns a speed in these units, and their name.
    #[must_use]
    pub fn speed(self, kmh: f64) -> (f64, &'static str) {
        /// Kilometres in a mile.
        const KM_PER_MILE: f64 = 1.609_344;
        match self {
            Self::Metric => (kmh, "km/h"),
            Self::Imperial => (kmh / KM_PER_MILE, "mph"),
        }
    }
}
