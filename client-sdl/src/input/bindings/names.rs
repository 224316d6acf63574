//! Bindings in the settings file: the names of keys under the names of functions.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{Bindings, Chord, Command, Control, Function, Slot, Slots, check, collide};
use crate::input::KeyCode;

impl Function {
    /// Returns the name in the settings file, and that on the screen.
    #[must_use]
    pub fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Drive(control) => match control {
                Control::Throttle => ("throttle", "Accelerate"),
                Control::Brake => ("brake", "Brake"),
                Control::Left => ("left", "Steer left"),
                Control::Right => ("right", "Steer right"),
                Control::Handbrake => ("handbrake", "Handbrake"),
            },
            Self::Command(command) => match command {
                Command::FullScreen => ("full_screen", "Full screen"),
                Command::Mute => ("mute", "Sound off and on"),
                Command::Screenshot => ("screenshot", "Save a picture"),
                Command::NetworkPanel => ("network_panel", "Network panel"),
                Command::Chat => ("chat", "Write in the chat"),
                Command::ChatClient => ("chat_client", "Open the chat client"),
                Command::Settings => ("settings", "Settings"),
                Command::RaceNow => ("race_now", "Race now"),
                Command::Create => ("create", "Create a room"),
                Command::Refresh => ("refresh", "Refresh the list"),
                Command::Filter => ("filter", "Filter the list"),
                Command::Watch => ("watch", "Watch a race"),
                Command::NextCar => ("next_car", "Another car"),
                Command::Fill => ("fill", "Fill with AI drivers"),
                Command::NextSkill => ("next_skill", "Strength of AI drivers"),
                Command::Return => ("return", "Back to the own race"),
                Command::GiveUp => ("give_up", "Give up the own race"),
                Command::LogOut => ("log_out", "Log out"),
                Command::Recover => ("recover", "Back onto the road"),
                Command::ShowAll => ("show_all", "Whole leaderboard"),
                Command::Place(_) => ("place", "Watch a place"),
            },
        }
    }
}

impl Chord {
    /// Returns the chord with a name, as it is displayed.
    fn from_name(name: &str) -> Option<Self> {
        match name.strip_prefix("Ctrl+") {
            Some(key) => KeyCode::from_name(key).map(Self::ctrl),
            None => KeyCode::from_name(name).map(Self::key),
        }
    }
}

impl Serialize for Bindings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let named = Function::ALL.map(|function| {
            let chords = self.chords(function).map(|chord| chord.to_string());
            (function.names().0, chords.collect::<Vec<_>>())
        });
        BTreeMap::from(named).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bindings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = BTreeMap::<String, Vec<String>>::deserialize(deserializer)?;
        Self::from_names(&named).map_err(serde::de::Error::custom)
    }
}

impl Bindings {
    /// Reads names. A function that is not named keeps its defaults, apart from those
    /// that another one has; a name that is no function's is a later version's.
    fn from_names(named: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let none = Function::ALL.map(|function| (function, Slots::default()));
        let mut bindings = Self { slots: none.into() };
        for function in Function::ALL {
            let (name, _) = function.names();
            for chord in named.get(name).into_iter().flatten() {
                let chord = Chord::from_name(chord)
                    .ok_or_else(|| format!("{name}: there is no key {chord:?}"))?;
                bindings.add(function, chord)?;
            }
        }
        for function in Function::ALL {
            if !named.contains_key(function.names().0) {
                for chord in function.defaults().into_iter().flatten() {
                    // A default that is in use elsewhere stays there.
                    let _ = bindings.add(function, chord);
                }
            }
        }
        Ok(bindings)
    }

    /// Gives a function a chord in its first free place.
    fn add(&mut self, function: Function, chord: Chord) -> Result<(), String> {
        let (name, _) = function.names();
        let user = Function::ALL.into_iter().find(|other| {
            *other != function
                && other.context().meets(function.context())
                && self
                    .chords(*other)
                    .any(|held| collide(function, chord, *other, held))
        });
        if let Some(user) = user {
            return Err(format!("{chord} is both {name} and {}", user.names().0));
        }
        let mut slots = Slot::ALL.into_iter();
        let slot = slots.find(|slot| {
            chord.code.is_pad() == (*slot == Slot::Pad) && self.chord(function, *slot).is_none()
        });
        let slot = slot.ok_or_else(|| {
            format!("{name} has more than two keys and one button of a controller")
        })?;
        let chord = check(function, slot, chord).map_err(|why| format!("{name}: {why}"))?;
        self.slots.entry(function).or_default()[slot as usize] = Some(chord);
        Ok(())
    }
}
