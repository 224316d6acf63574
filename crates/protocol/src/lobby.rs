//! What the lobby shows: the values of the `rooms` bucket.

use domain::{Mode, SEATS_MAX, TARGET_METRES_DEFAULT, TARGET_METRES_MAX};
use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, RaceId, WorkerId};
use crate::limits::{LAPS_DEFAULT, LAPS_MAX, SEATS_DEFAULT};
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
    /// How many laps, 1–99. On the highway it means nothing.
    #[serde(default = "laps_default")]
    pub laps: u16,
    /// The score that wins on the highway, 1–200,000 m. On a circuit it means
    /// nothing: laps make the target there.
    #[serde(default = "target_metres_default")]
    pub target_metres: u32,
}

fn seats_default() -> u8 {
    SEATS_DEFAULT
}

fn laps_default() -> u16 {
    LAPS_DEFAULT
}

fn target_metres_default() -> u32 {
    TARGET_METRES_DEFAULT
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            seats: SEATS_DEFAULT,
            mode: Mode::Circuit,
            track: String::new(),
            laps: LAPS_DEFAULT,
            target_metres: TARGET_METRES_DEFAULT,
        }
    }
}

impl RoomSettings {
    /// Checks the numbers. The track is checked by the worker, which has the tracks.
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
        match self.mode {
            Mode::Circuit if !(1..=LAPS_MAX).contains(&self.laps) => bad(format!(
                "a race has 1 to {LAPS_MAX} laps, not {}",
                self.laps
            )),
            Mode::Highway if !(1..=TARGET_METRES_MAX).contains(&self.target_metres) => {
                bad(format!(
                    "a race on the highway has a target of 1 to {TARGET_METRES_MAX} metres, not {}",
                    self.target_metres
                ))
            }
            Mode::Circuit | Mode::Highway => Ok(()),
        }
    }

    /// How long the race is, for a person: `3 laps`, or `20 km`.
    #[must_use]
    pub fn distance(&self) -> String {
        match (self.mode, self.laps) {
            (Mode::Circuit, 1) => "1 lap".to_owned(),
            (Mode::Circuit, laps) => format!("{laps} laps"),
            (Mode::Highway, _) => kilometres(self.target_metres),
        }
    }
}

/// A distance for a person: `900 m`, `1.5 km`, `20 km`.
#[must_use]
pub fn kilometres(metres: u32) -> String {
    if metres < 1_000 {
        return format!("{metres} m");
    }
    let exact = format!("{}.{:03}", metres / 1_000, metres % 1_000);
    let short = exact.trim_end_matches('0').trim_end_matches('.');
    format!("{short} km")
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
    /// The player who made the room, whose rooms are counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creator: Option<PlayerName>,
    /// The worker that runs it.
    pub owner: WorkerId,
    /// How many owners it has had.
    pub epoch: Epoch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checks_what_the_mode_asks_for_and_says_what_is_allowed() {
        let cases = [
            (r#"{"seats":0}"#, Some("1 to 16 seats, not 0")),
            (r#"{"laps":0}"#, Some("1 to 99 laps, not 0")),
            (r#"{"target_metres":0}"#, None),
            (
                r#"{"mode":"highway","target_metres":0}"#,
                Some("1 to 200000 metres, not 0"),
            ),
            (
                r#"{"mode":"highway","target_metres":200001}"#,
                Some("1 to 200000 metres, not 200001"),
            ),
            (r#"{"mode":"highway","laps":0}"#, None),
        ];
        for (json, expected) in cases {
            let settings: RoomSettings = serde_json::from_str(json).unwrap();
            let refused = settings.check().err().map(|rejection| rejection.message);
            assert_eq!(refused.is_some(), expected.is_some(), "{json}: {refused:?}");
            let message = refused.unwrap_or_default();
            assert!(message.contains(expected.unwrap_or_default()), "{message}");
        }
    }

    #[test]
    fn distances_are_in_kilometres_without_needless_digits() {
        let cases = [
            (1, "1 m"),
            (900, "900 m"),
            (1_000, "1 km"),
            (1_500, "1.5 km"),
            (12_345, "12.345 km"),
            (20_000, "20 km"),
            (100_010, "100.01 km"),
        ];
        for (metres, expected) in cases {
            assert_eq!(kilometres(metres), expected);
        }
    }

    #[test]
    fn settings_of_an_older_client_have_the_usual_target() {
        let settings: RoomSettings =
            serde_json::from_str(r#"{"seats":4,"mode":"circuit","track":"oval","laps":5}"#)
                .unwrap();
        assert_eq!(settings.target_metres, TARGET_METRES_DEFAULT);
        assert_eq!(settings.distance(), "5 laps");
    }
}
