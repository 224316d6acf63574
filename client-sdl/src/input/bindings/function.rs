//! What can be bound, where it applies, and the keys that a new player finds.

use super::{Chord, Slots};
use crate::input::KeyCode;

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
    /// Returns to the own race that still runs.
    Return,
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
    pub const ALL: [Self; 25] = [
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
        Self::Command(Command::Return),
        Self::Command(Command::GiveUp),
        Self::Command(Command::LogOut),
    ];

    /// Returns whether it is a control of the car.
    #[must_use]
    pub fn is_control(self) -> bool {
        matches!(self, Self::Drive(_))
    }

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
                | Command::Return
                | Command::GiveUp
                | Command::LogOut => Context::Menu,
                Command::Recover | Command::ShowAll | Command::Place(_) => Context::Race,
            },
        }
    }

    /// Returns the chords that a new player finds.
    pub(super) fn defaults(self) -> Slots {
        use KeyCode as K;
        let letter = KeyCode::letter;
        let (first, second, pad) = match self {
            Self::Drive(control) => match control {
                Control::Throttle => (K::UP, Some(letter(b'w')), Some(K::PAD_RIGHT_SHOULDER)),
                Control::Brake => (K::DOWN, Some(letter(b's')), Some(K::PAD_LEFT_SHOULDER)),
                Control::Left => (K::LEFT, Some(letter(b'a')), Some(K::PAD_LEFT)),
                Control::Right => (K::RIGHT, Some(letter(b'd')), Some(K::PAD_RIGHT)),
                Control::Handbrake => (K::SPACE, None, Some(K::PAD_A)),
            },
            Self::Command(command) => match command {
                Command::FullScreen => (K::F11, None, None),
                Command::Mute => (letter(b'm'), None, None),
                Command::Screenshot => (K::F12, None, None),
                Command::NetworkPanel => (K::F10, None, None),
                Command::Chat => (letter(b't'), None, None),
                Command::ChatClient => {
                    return [Some(Chord::ctrl(letter(b't'))), None, None];
                }
                Command::Settings => (K::F2, None, Some(K::PAD_START)),
                Command::RaceNow => (letter(b'n'), None, Some(K::PAD_Y)),
                Command::Create => (letter(b'c'), None, Some(K::PAD_X)),
                Command::Refresh => (letter(b'r'), None, None),
                Command::Recover => (letter(b'r'), None, Some(K::PAD_Y)),
                Command::Filter => (K::SLASH, None, None),
                Command::Watch => (letter(b'w'), None, None),
                Command::NextCar => (letter(b'k'), None, Some(K::PAD_RIGHT_SHOULDER)),
                Command::Fill => (letter(b'f'), None, Some(K::PAD_LEFT_SHOULDER)),
                Command::NextSkill => (letter(b'a'), None, None),
                Command::Return => (letter(b'b'), None, None),
                Command::GiveUp => (letter(b'g'), None, None),
                Command::LogOut => (letter(b'l'), None, None),
                Command::ShowAll => (K::TAB, None, Some(K::PAD_BACK)),
                Command::Place(_) => return Slots::default(),
            },
        };
        [Some(first), second, pad].map(|code| code.map(Chord::key))
    }
}
