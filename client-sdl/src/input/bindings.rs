//! What keys mean.

use std::collections::BTreeMap;
use std::fmt;

use super::KeyCode;

/// A control of the car.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// Accelerates.
    Throttle,
    /// Brakes, and reverses.
    Brake,
    /// Steers to the left.
    Left,
    /// Steers to the right.
    Right,
    /// The handbrake.
    Handbrake,
}

/// What a key or a button does when it is pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Command {
    /// Switches between window and full screen.
    FullScreen,
    /// Switches the sound off and on.
    Mute,
    /// Saves a picture of the window.
    Screenshot,
    /// Shows and hides the network panel.
    NetworkPanel,
    /// Opens the line for a chat message.
    Chat,
    /// Opens the chat client.
    ChatClient,
    /// Opens the settings.
    Settings,
    /// Enters a race at once.
    RaceNow,
    /// Opens the form for a new room.
    Create,
    /// Requests the list of rooms.
    Refresh,
    /// Opens the filter of the list of rooms.
    Filter,
    /// Watches the chosen room.
    Watch,
    /// Switches to the next class of car.
    NextCar,
    /// Fills the free seats with AI drivers.
    Fill,
    /// Switches to the next strength of AI drivers.
    NextSkill,
    /// Gives up the own race that still runs.
    GiveUp,
    /// Ends the session.
    LogOut,
    /// Puts the car back onto the road.
    Recover,
    /// Shows all rows of the leaderboard.
    ShowAll,
    /// Watches the car at a place, 1 to 9: always the digits of the top row.
    Place(u8),
}

/// Where a binding applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Context {
    /// On every screen.
    Everywhere,
    /// On every screen but the race.
    Menu,
    /// In the race.
    Race,
}

impl Context {
    /// Returns whether two contexts are ever the same place.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        self == other || self == Self::Everywhere || other == Self::Everywhere
    }
}

/// What can be bound to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// A control of the car.
    Drive(Control),
    /// A command.
    Command(Command),
}

impl Function {
    /// All functions, in the order in which the settings list them.
    pub const ALL: [Self; 24] = [
        Self::Drive(Control::Throttle),
        Self::Drive(Control::Brake),
        Self::Drive(Control::Left),
        Self::Drive(Control::Right),
        Self::Drive(Control::Handbrake),
        Self::Command(Command::Recover),
        Self::Command(Command::ShowAll),
        Self::Command(Command::Chat),
        Self::Command(Command::ChatClient),
        Self::Command(Command::Mute),
        Self::Command(Command::FullScreen),
        Self::Command(Command::Screenshot),
        Self::Command(Command::NetworkPanel),
        Self::Command(Command::Settings),
        Self::Command(Command::RaceNow),
        Self::Command(Command::Create),
        Self::Command(Command::Refresh),
        Self::Command(Command::Filter),
        Self::Command(Command::Watch),
        Self::Command(Command::NextCar),
        Self::Command(Command::Fill),
        Self::Command(Command::NextSkill),
        Self::Command(Command::GiveUp),
        Self::Command(Command::LogOut),
    ];

    /// Returns where the function applies.
    #[must_use]
    pub fn context(self) -> Context {
        match self {
            Self::Drive(_) => Context::Race,
            Self::Command(command) => match command {
                Command::FullScreen
                | Command::Mute
                | Command::Screenshot
                | Command::NetworkPanel
                | Command::Chat
                | Command::ChatClient => Context::Everywhere,
                Command::Settings
                | Command::RaceNow
                | Command::Create
                | Command::Refresh
                | Command::Filter
                | Command::Watch
                | Command::NextCar
                | Command::Fill
                | Command::NextSkill
                | Command::GiveUp
                | Command::LogOut => Context::Menu,
                Command::Recover | Command::ShowAll | Command::Place(_) => Context::Race,
            },
        }
    }

    /// Returns the keys that a new player finds.
    fn defaults(self) -> Vec<Chord> {
        let letter = |letter| vec![Chord::key(KeyCode::letter(letter))];
        let arrow = |arrow, wasd| vec![Chord::key(arrow), Chord::key(KeyCode::letter(wasd))];
        match self {
            Self::Drive(control) => match control {
                Control::Throttle => arrow(KeyCode::UP, b'w'),
                Control::Brake => arrow(KeyCode::DOWN, b's'),
                Control::Left => arrow(KeyCode::LEFT, b'a'),
                Control::Right => arrow(KeyCode::RIGHT, b'd'),
                Control::Handbrake => vec![Chord::key(KeyCode::SPACE)],
            },
            Self::Command(command) => match command {
                Command::FullScreen => vec![Chord::key(KeyCode::F11)],
                Command::Mute => letter(b'm'),
                Command::Screenshot => vec![Chord::key(KeyCode::F12)],
                Command::NetworkPanel => vec![Chord::key(KeyCode::F10)],
                Command::Chat => letter(b't'),
                Command::ChatClient => vec![Chord::ctrl(KeyCode::letter(b't'))],
                Command::Settings => vec![Chord::key(KeyCode::F2)],
                Command::RaceNow => letter(b'n'),
                Command::Create => letter(b'c'),
                Command::Refresh | Command::Recover => letter(b'r'),
                Command::Filter => vec![Chord::key(KeyCode::SLASH)],
                Command::Watch => letter(b'w'),
                Command::NextCar => letter(b'k'),
                Command::Fill => letter(b'f'),
                Command::NextSkill => letter(b'a'),
                Command::GiveUp => letter(b'g'),
                Command::LogOut => letter(b'l'),
                Command::ShowAll => vec![Chord::key(KeyCode::TAB)],
                Command::Place(_) => Vec::new(),
            },
        }
    }
}

/// A key, alone or with Ctrl.
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

/// The keys of every function.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bindings {
    chords: BTreeMap<Function, Vec<Chord>>,
}

impl Default for Bindings {
    fn default() -> Self {
        let defaults = Function::ALL.map(|function| (function, function.defaults()));
        Self {
            chords: defaults.into(),
        }
    }
}

impl Bindings {
    /// Returns the keys of a function.
    #[must_use]
    pub fn chords(&self, function: Function) -> &[Chord] {
        self.chords.get(&function).map_or(&[], Vec::as_slice)
    }

    /// Returns the first key of a command, as it is shown, or nothing.
    #[must_use]
    pub fn label(&self, command: Command) -> String {
        let chords = self.chords(Function::Command(command));
        chords.first().map(ToString::to_string).unwrap_or_default()
    }

    /// Returns the command of a chord in a context.
    #[must_use]
    pub fn command(&self, chord: Chord, context: Context) -> Option<Command> {
        let bound = self
            .chords
            .iter()
            .find_map(|(function, chords)| match function {
                Function::Command(command)
                    if function.context().meets(context) && chords.contains(&chord) =>
                {
                    Some(*command)
                }
                Function::Command(_) | Function::Drive(_) => None,
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
        let bound = |chords: &[Chord]| chords.iter().any(|chord| chord.code == code);
        self.chords
            .iter()
            .find_map(|(function, chords)| match function {
                Function::Drive(control) if bound(chords) => Some(*control),
                Function::Drive(_) | Function::Command(_) => None,
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_has_two_meanings_on_one_screen() {
        let bindings = Bindings::default();
        for (index, first) in Function::ALL.into_iter().enumerate() {
            for second in Function::ALL.into_iter().skip(index + 1) {
                let shared = bindings
                    .chords(first)
                    .iter()
                    .any(|chord| bindings.chords(second).contains(chord));
                let meet = first.context().meets(second.context());
                assert!(!(shared && meet), "{first:?} {second:?}");
            }
        }
    }

    #[test]
    fn a_key_means_what_the_screen_gives_it() {
        let bindings = Bindings::default();
        let r = Chord::key(KeyCode::letter(b'r'));
        assert_eq!(bindings.command(r, Context::Menu), Some(Command::Refresh));
        assert_eq!(bindings.command(r, Context::Race), Some(Command::Recover));
        let three = Chord::key(KeyCode(32));
        assert_eq!(
            bindings.command(three, Context::Race),
            Some(Command::Place(3))
        );
        assert_eq!(bindings.command(three, Context::Menu), None);
        let t = KeyCode::letter(b't');
        assert_eq!(
            bindings.command(Chord::ctrl(t), Context::Race),
            Some(Command::ChatClient)
        );
        assert_eq!(bindings.label(Command::ChatClient), "Ctrl+T");
    }
}
