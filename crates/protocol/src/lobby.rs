//! What the lobby shows: the values of the `rooms` bucket.

use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, RaceId, WorkerId};
use crate::limits::{LAPS_DEFAULT, LAPS_MAX, SEATS_DEFAULT, SEATS_MAX};
use crate::names::{PlayerName, RoomName};
use crate::rejection::{Rejection, RejectionCode};

/// Where a room is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Seats are free.
    Waiting,
    /// All seats are taken; the cars are held on the grid.
    Countdown,
    /// The race is on.
    Racing,
    /// There is nobody left to wait for; results are being written.
    Finished,
    /// The room is gone.
    Closed,
}

/// The rules by which a room scores.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Laps of a closed track.
    #[default]
    Circuit,
}

/// What the creator of a room chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomSettings {
    /// How many players the race waits for, 1–16.
    #[serde(default = "seats_default")]
    pub seats: u8,
    /// The rules of the race.
    #[serde(default)]
    pub mode: Mode,
    /// The name of a track. The worker says which exist.
    #[serde(default)]
    pub track: String,
    /// How many laps, 1–99.
    #[serde(default = "laps_default")]
    pub laps: u16,
}

fn seats_default() -> u8 {
    SEATS_DEFAULT
}

fn laps_default() -> u16 {
    LAPS_DEFAULT
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            seats: SEATS_DEFAULT,
            mode: Mode::Circuit,
            track: String::new(),
            laps: LAPS_DEFAULT,
        }
    }
}

impl RoomSettings {
    /// Checks the numbers. The track is checked by whoever has the tracks.
    ///
    /// # Errors
    /// Names the setting, its value and what is allowed.
    pub fn check(&self) -> Result<(), Rejection> {
        let bad = |message| Err(Rejection::new(RejectionCode::BadSettings, message));
        if !(1..=SEATS_MAX).contains(&usize::from(self.seats)) {
            return bad(format!(
                "a room has 1 to {SEATS_MAX} seats, not {}",
                self.seats
            ));
        }
        if !(1..=LAPS_MAX).contains(&self.laps) {
            return bad(format!(
                "a race has 1 to {LAPS_MAX} laps, not {}",
                self.laps
            ));
        }
        Ok(())
    }
}

/// A room as the lobby shows it, written by its owner.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomEntry {
    /// The race that the room will run or runs.
    pub race: RaceId,
    /// As its creator wrote it.
    pub name: RoomName,
    /// Where the room is in its life.
    pub phase: Phase,
    /// What its creator chose.
    #[serde(flatten)]
    pub settings: RoomSettings,
    /// Who has a seat, in the order of seats.
    pub players: Vec<PlayerName>,
    /// The worker that runs it.
    pub owner: WorkerId,
    /// How many owners it has had.
    pub epoch: Epoch,
}
