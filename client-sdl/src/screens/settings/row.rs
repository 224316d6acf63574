//! The rows of the settings: what each shows and how it changes.

use crate::input::Function;
use crate::settings::{InterfaceScale, Orientation, Palette, Percent, Settings, TextSize, Units};

/// A step of a percentage.
const STEP: i8 = 5;

/// A row of the settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// Whether there is sound.
    Sound,
    /// The volume of everything.
    Master,
    /// The volume of engines.
    Engine,
    /// The volume of everything but engines.
    Effects,
    /// Whether the window fills the screen.
    FullScreen,
    /// The size of everything.
    InterfaceScale,
    /// The size of text.
    TextSize,
    /// The colours.
    Palette,
    /// Whether nothing flashes.
    ReducedFlashing,
    /// The units.
    Units,
    /// The direction that is up.
    CameraUp,
    /// How much the camera shakes.
    CameraShake,
    /// How strongly a controller rumbles.
    Rumble,
    /// The keys of a function.
    Key(Function),
    /// All keys as a new player finds them.
    UsualKeys,
}

/// Rows before those of keys.
const VALUES: [Row; 13] = [
    Row::Sound,
    Row::Master,
    Row::Engine,
    Row::Effects,
    Row::FullScreen,
    Row::InterfaceScale,
    Row::TextSize,
    Row::Palette,
    Row::ReducedFlashing,
    Row::Units,
    Row::CameraUp,
    Row::CameraShake,
    Row::Rumble,
];

impl Row {
    /// All rows, in their order.
    pub const ALL: [Self; VALUES.len() + Function::ALL.len() + 1] = {
        let mut rows = [Self::UsualKeys; VALUES.len() + Function::ALL.len() + 1];
        let mut index = 0;
        while index < VALUES.len() {
            rows[index] = VALUES[index];
            index += 1;
        }
        while index < VALUES.len() + Function::ALL.len() {
            rows[index] = Self::Key(Function::ALL[index - VALUES.len()]);
            index += 1;
        }
        rows
    };

    /// Returns what the row is about.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::Sound => "Sound",
            Self::Master => "Volume",
            Self::Engine => "Volume of engines",
            Self::Effects => "Volume of everything else",
            Self::FullScreen => "Full screen",
            Self::InterfaceScale => "Size of the interface",
            Self::TextSize => "Size of text",
            Self::Palette => "Colours",
            Self::ReducedFlashing => "Flashing",
            Self::Units => "Speed",
            Self::CameraUp => "Up in the race",
            Self::CameraShake => "Shaking of the camera",
            Self::Rumble => "Rumble of a controller",
            Self::Key(function) => function.names().1,
            Self::UsualKeys => "All keys as at first",
        }
    }

    /// Returns the value in words; nothing for keys.
    #[must_use]
    pub fn value(self, settings: &Settings) -> String {
        let switch = |is_on: bool| if is_on { "on" } else { "off" }.to_owned();
        let percent = |percent: Percent| format!("{} %", percent.number());
        match self {
            Self::Sound => switch(!settings.sound.is_muted),
            Self::Master => percent(settings.sound.master),
            Self::Engine => percent(settings.sound.engine),
            Self::Effects => percent(settings.sound.effects),
            Self::FullScreen => switch(settings.window.is_full_screen),
            Self::InterfaceScale => settings.interface_scale.label().to_owned(),
            Self::TextSize => settings.text_size.label().to_owned(),
            Self::Palette => settings.palette.label().to_owned(),
            Self::ReducedFlashing if settings.reduced_flashing => "reduced".to_owned(),
            Self::ReducedFlashing => "normal".to_owned(),
            Self::Units => settings.units.label().to_owned(),
            Self::CameraUp => settings.camera.up.label().to_owned(),
            Self::CameraShake => percent(settings.camera.shake),
            Self::Rumble => percent(settings.controller.rumble),
            Self::Key(_) | Self::UsualKeys => String::new(),
        }
    }

    /// Changes the value to the next one, or to the one before.
    pub fn change(self, settings: &mut Settings, is_forth: bool) {
        let step = if is_forth { STEP } else { -STEP };
        let more = |percent: &mut Percent| *percent = percent.plus(step);
        match self {
            Self::Sound => settings.sound.is_muted = !settings.sound.is_muted,
            Self::Master => more(&mut settings.sound.master),
            Self::Engine => more(&mut settings.sound.engine),
            Self::Effects => more(&mut settings.sound.effects),
            Self::FullScreen => {
                settings.window.is_full_screen = !settings.window.is_full_screen;
            }
            Self::InterfaceScale => {
                turn(&mut settings.interface_scale, InterfaceScale::ALL, is_forth);
            }
            Self::TextSize => turn(&mut settings.text_size, TextSize::ALL, is_forth),
            Self::Palette => turn(&mut settings.palette, Palette::ALL, is_forth),
            Self::ReducedFlashing => settings.reduced_flashing = !settings.reduced_flashing,
            Self::Units => turn(&mut settings.units, Units::ALL, is_forth),
            Self::CameraUp => turn(&mut settings.camera.up, Orientation::ALL, is_forth),
            Self::CameraShake => more(&mut settings.camera.shake),
            Self::Rumble => more(&mut settings.controller.rumble),
            Self::Key(_) | Self::UsualKeys => {}
        }
    }
}

/// Changes a value to the next one of all, or to the one before; the last is
/// followed by the first.
fn turn<V: Copy + PartialEq>(value: &mut V, all: &[V], is_forth: bool) {
    let at = all.iter().position(|it| it == value).unwrap_or(0);
    let step = if is_forth { 1 } else { all.len() - 1 };
    *value = all[(at + step) % all.len()];
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_changes_and_comes_back() {
        for row in VALUES {
            let mut settings = Settings::default();
            let before = row.value(&settings);
            row.change(&mut settings, false);
            assert_ne!(row.value(&settings), before, "{row:?}");
            row.change(&mut settings, true);
            assert_eq!(settings, Settings::default(), "{row:?}");
        }
    }

    #[test]
    fn every_function_has_a_row() {
        let keys = Row::ALL.iter().filter(|row| matches!(row, Row::Key(_)));
        assert_eq!(keys.count(), Function::ALL.len());
        assert_eq!(Row::ALL.last(), Some(&Row::UsualKeys));
    }
}
