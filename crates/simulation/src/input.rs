//! What a seat does in a tick.

/// One tick's controls of one car: four bytes. The default is coasting.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Input {
    /// 0 (closed) to 255 (full).
    pub throttle: u8,
    /// 0 to 255 (full). At a standstill it drives slowly backwards, so that a
    /// car gets off a wall.
    pub brake: u8,
    /// −127 (full right) to 127 (full left); −128 means −127.
    pub steer: i8,
    /// Locks the rear wheels.
    pub handbrake: bool,
}

/// What a seat does in a tick: its input, or nobody is driving.
#[derive(Copy, Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Drive {
    /// Somebody drives.
    Driven(Input),
    /// Nobody drives: the car coasts and becomes a ghost after
    /// [`GHOST_AFTER_TICKS`](crate::GHOST_AFTER_TICKS).
    #[default]
    Absent,
}

impl Drive {
    /// The controls to apply: those of the driver, or coasting.
    #[must_use]
    pub fn input(self) -> Input {
        match self {
            Self::Driven(input) => input,
            Self::Absent => Input::default(),
        }
    }
}
