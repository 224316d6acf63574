//! What keys and buttons mean.

mod function;
mod names;

use std::collections::BTreeMap;
use std::fmt;

pub use self::function::{Command, Context, Control, Function};
use super::KeyCode;

/// A key or button, alone or with Ctrl.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Chord {
    /// Whether Ctrl is held.
    pub is_ctrl: bool,
    /// The key.
    pub code: KeyCode,
}

impl Chord {
    /// Makes the chord of a key alone.
    #[must_use]
    pub const fn key(code: KeyCode) -> Self {
        Self {
            is_ctrl: false,
            code,
        }
    }

    /// Makes the chord of a key with Ctrl.
    #[must_use]
    pub const fn ctrl(code: KeyCode) -> Self {
        Self {
            is_ctrl: true,
            code,
        }
    }
}

impl fmt::Display for Chord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_ctrl {
            f.write_str("Ctrl+")?;
        }
        self.code.fmt(f)
    }
}

/// One of the places for a chord that each function has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Slot {
    /// The key that is shown.
    #[default]
    First,
    /// Another key.
    Second,
    /// The button of a controller.
    Pad,
}

impl Slot {
    /// All places, from left to right.
    pub const ALL: [Self; 3] = [Self::First, Self::Second, Self::Pad];

    /// Returns the place to the right; the last is followed by the first.
    #[must_use]
    pub fn next(self) -> Self {
        Self::ALL[(self as usize + 1) % Self::ALL.len()]
    }

    /// Returns the place to the left.
    #[must_use]
    pub fn previous(self) -> Self {
        Self::ALL[(self as usize + Self::ALL.len() - 1) % Self::ALL.len()]
    }
}

/// The chords of one function, by [`Slot`].
type Slots = [Option<Chord>; Slot::ALL.len()];

/// The keys and buttons of every function. A chord has one meaning on a screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bindings {
    slots: BTreeMap<Function, Slots>,
}

impl Default for Bindings {
    fn default() -> Self {
        let slots = Function::ALL.map(|function| (function, function.defaults()));
        Self {
            slots: slots.into(),
        }
    }
}

impl Bindings {
    /// Returns the chord in a place of a function.
    #[must_use]
    pub fn chord(&self, function: Function, slot: Slot) -> Option<Chord> {
        self.slots.get(&function)?[slot as usize]
    }

    /// Returns the chords of a function.
    pub fn chords(&self, function: Function) -> impl Iterator<Item = Chord> {
        let slots = self.slots.get(&function);
        slots.into_iter().flatten().flatten().copied()
    }

    /// Returns the first key of a command, as it is shown, or nothing.
    #[must_use]
    pub fn label(&self, command: Command) -> String {
        let chord = self.chords(Function::Command(command)).next();
        chord.map(|chord| chord.to_string()).unwrap_or_default()
    }

    /// Returns the command of a chord in a context.
    #[must_use]
    pub fn command(&self, chord: Chord, context: Context) -> Option<Command> {
        let bound = self.slots.iter().find_map(|(function, slots)| {
            let Function::Command(command) = function else {
                return None;
            };
            let is_bound = slots.contains(&Some(chord)) && function.context().meets(context);
            is_bound.then_some(*command)
        });
        let place = || match context {
            Context::Race if !chord.is_ctrl => chord.code.digit().map(Command::Place),
            Context::Race | Context::Menu | Context::Everywhere => None,
        };
        bound.or_else(place)
    }

    /// Returns the control that a key has, whatever else is held.
    #[must_use]
    pub fn control(&self, code: KeyCode) -> Option<Control> {
        let is_bound = |slots: &Slots| slots.iter().flatten().any(|chord| chord.code == code);
        self.slots
            .iter()
            .find_map(|(function, slots)| match function {
                Function::Drive(control) if is_bound(slots) => Some(*control),
                Function::Drive(_) | Function::Command(_) => None,
            })
    }

    /// Gives a function a chord. A function that had the chord on the same screens
    /// loses it and is returned.
    ///
    /// # Errors
    /// Returns a sentence if the function cannot have the chord.
    pub fn bind(
        &mut self,
        function: Function,
        slot: Slot,
        chord: Chord,
    ) -> Result<Option<Function>, String> {
        let chord = check(function, slot, chord)?;
        let mut loser = None;
        for (other, slots) in &mut self.slots {
            if !function.context().meets(other.context()) {
                continue;
            }
            for held in slots.iter_mut() {
                if held.is_some_and(|held| collide(function, chord, *other, held)) {
                    *held = None;
                    loser = Some(*other).filter(|other| *other != function).or(loser);
                }
            }
        }
        let slots = self.slots.entry(function).or_default();
        slots[slot as usize] = Some(chord);
        Ok(loser)
    }

    /// Takes the chord in a place from a function.
    pub fn unbind(&mut self, function: Function, slot: Slot) {
        self.slots.entry(function).or_default()[slot as usize] = None;
    }
}

/// Returns whether two functions cannot have these chords at once: a control
/// counts whatever else is held.
fn collide(first: Function, chord: Chord, second: Function, other: Chord) -> bool {
    match (first, second) {
        (Function::Command(_), Function::Command(_)) => chord == other,
        (Function::Drive(_), _) | (_, Function::Drive(_)) => {
            chord.code == other.code && !chord.is_ctrl && !other.is_ctrl
        }
    }
}

/// Returns the chord as the function can have it, or why it cannot.
fn check(function: Function, slot: Slot, chord: Chord) -> Result<Chord, String> {
    let code = chord.code;
    if code.is_pad() != (slot == Slot::Pad) {
        let place = if code.is_pad() {
            "third"
        } else {
            "first or second"
        };
        return Err(format!("{code} belongs in the {place} place"));
    }
    if matches!(code, KeyCode::ESCAPE | KeyCode::PAD_B) {
        return Err(format!("{code} leaves a screen and does nothing else"));
    }
    match function {
        Function::Drive(_) => Ok(Chord::key(code)),
        Function::Command(_) if code.is_ctrl() => Err(format!("{code} is only for driving")),
        Function::Command(_) if function.context() != Context::Race && code.navigates() => {
            Err(format!("{code} moves in lists, so it is only for the race"))
        }
        Function::Command(_) if chord.is_ctrl && is_edit(code) => {
            Err(format!("{chord} is for text"))
        }
        Function::Command(_) => Ok(chord),
    }
}

/// Returns whether Ctrl and the key select, copy, paste or cut.
fn is_edit(code: KeyCode) -> bool {
    [b'a', b'c', b'v', b'x']
        .map(KeyCode::letter)
        .contains(&code)
}

#[cfg(test)]
mod tests;
