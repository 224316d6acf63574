//! Rows for the database: rooms, players, results.

use domain::Mode;
use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, RaceId, Seat, Tick, UnixMillis, WorkerId};
use crate::lobby::{Phase, RoomSettings};
use crate::names::{PlayerName, RoomName};
use crate::room::Standing;

/// A row of `room`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomRecord {
    /// The race: the key.
    pub race: RaceId,
    /// The room's name.
    pub name: RoomName,
    /// What its creator chose.
    pub settings: RoomSettings,
    /// Where the room is in its life.
    pub phase: Phase,
    /// Seats taken.
    pub players: u8,
    /// The worker that runs it.
    pub owner: WorkerId,
    /// Of which owner.
    pub epoch: Epoch,
    /// A count of changes within the epoch: what is newer wins.
    pub revision: u32,
}

/// The end of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomClosed {
    /// The race.
    pub race: RaceId,
}

/// A row of `snapshot`: where a player was last seen in a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlayerRecord {
    /// The race, and with the player the key.
    pub race: RaceId,
    /// The room's name.
    pub room: RoomName,
    /// Who.
    pub player: PlayerName,
    /// In which seat.
    pub seat: Seat,
    /// Position in metres.
    pub x_m: f64,
    /// Position in metres.
    pub y_m: f64,
    /// Counter-clockwise from the x axis.
    pub heading_rad: f64,
    /// Laps completed.
    pub lap: u16,
    /// Metres, penalties taken off.
    pub score: i64,
    /// Whether the player has a connection.
    pub connected: bool,
    /// Of which owner.
    pub epoch: Epoch,
    /// A count of records within the epoch: what is newer wins.
    pub revision: u32,
}

/// The rows of `race_result` of one race.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResultRecord {
    /// The race, and with the player the key.
    pub race: RaceId,
    /// The room's name.
    pub room: RoomName,
    /// The rules.
    pub mode: Mode,
    /// The track.
    pub track: String,
    /// How many laps; 0 on the highway.
    pub laps: u16,
    /// The score that won on the highway, metres; `None` on a circuit.
    #[serde(default)]
    pub target_metres: Option<u32>,
    /// When the race ended.
    pub ended_at: UnixMillis,
    /// Of which owner.
    pub epoch: Epoch,
    /// When: within an epoch what is newer wins.
    pub tick: Tick,
    /// The final order.
    pub standings: Vec<Standing>,
}
