//! The conversation with the owner of a room, and the room's events.

use domain::{CarClass, PenaltyReason, Skill};
use serde::{Deserialize, Serialize};

use crate::ids::{Epoch, GatewayId, RaceId, RequestId, Seat, SessionNonce, Tick, WorkerId};
use crate::lobby::{Phase, RoomSettings};
use crate::names::{PlayerName, RoomId, RoomName};

/// The request of `race.create`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateRequest {
    /// The room's name, free at this moment.
    pub name: RoomName,
    /// What its creator chose.
    pub settings: RoomSettings,
    /// Who that is: the room's host while connected to it.
    #[serde(default)]
    pub creator: Option<PlayerName>,
    /// Which request it is: the same creator's same request, sent again, gets the
    /// answer of the first.
    #[serde(default)]
    pub request: Option<RequestId>,
}

/// The answer of `race.create`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Created {
    /// The race that the room will run.
    pub race: RaceId,
    /// The worker that runs it.
    pub owner: WorkerId,
}

/// A request of `race.room.<room>.ctl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ctl", rename_all = "snake_case")]
pub enum CtlRequest {
    /// Take a seat, or take the own seat again.
    Join {
        /// Who.
        player: PlayerName,
        /// Where the connection is.
        gateway: GatewayId,
        /// Which connection: a later one replaces it.
        session: SessionNonce,
        /// What to drive, for who has no seat yet.
        #[serde(default)]
        class: CarClass,
    },
    /// Drive something else, while the room waits.
    ChooseClass {
        /// Who.
        player: PlayerName,
        /// Which connection: one that was replaced chooses nothing.
        session: SessionNonce,
        /// What to drive.
        class: CarClass,
    },
    /// Put AI drivers into all free seats. The room's host may.
    FillSeats {
        /// Who.
        player: PlayerName,
        /// Which connection: one that was replaced fills nothing.
        session: SessionNonce,
        /// How well they drive.
        #[serde(default)]
        skill: Skill,
    },
    /// Give the seat back for good.
    Leave {
        /// Who.
        player: PlayerName,
        /// Which connection: one that was replaced gives nothing back.
        session: SessionNonce,
    },
    /// The connection is lost; the seat stays.
    Lost {
        /// Who.
        player: PlayerName,
        /// Which connection it was: the player may have another by now.
        session: SessionNonce,
    },
    /// Give the seat back for one in another room, which another connection of the
    /// player has taken.
    Moved {
        /// Who.
        player: PlayerName,
        /// Which connection has the seat: it is sent to the lobby.
        session: SessionNonce,
    },
    /// A sign of life: the answer to an idle warning.
    Stay {
        /// Who.
        player: PlayerName,
        /// Which connection: one that was replaced answers no warning.
        session: SessionNonce,
    },
    /// Watch without a seat.
    Spectate,
}

/// The answer of `race.room.<room>.ctl`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CtlReply {
    /// The caller's seat; `None` for a spectator or who has left.
    pub seat: Option<Seat>,
    /// The room after the request.
    pub room: RoomView,
    /// The epoch of the owner that answers: of an older one nothing is true any
    /// more.
    #[serde(default)]
    pub epoch: Epoch,
}

/// A room as its players see it when they come in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomView {
    /// The race that the room will run or runs.
    pub race: RaceId,
    /// As its creator wrote it.
    pub name: RoomName,
    /// What its creator chose.
    pub settings: RoomSettings,
    /// Where the room is in its life.
    pub phase: Phase,
    /// The tick at which the cars are let go, once it is known.
    pub start_tick: Option<Tick>,
    /// Who sits where, in the order of seats. Seats need not be without gaps
    /// while the room waits.
    pub seats: Vec<SeatView>,
    /// Who may fill the free seats with AI drivers: the creator, or the
    /// longest-seated while the creator is not connected.
    #[serde(default)]
    pub host: Option<PlayerName>,
}

/// A taken seat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatView {
    /// Which.
    pub seat: Seat,
    /// Whose.
    pub player: PlayerName,
    /// Whether the player has a connection. An AI driver is always there.
    pub connected: bool,
    /// What is driven.
    #[serde(default)]
    pub class: CarClass,
    /// Whether an AI drives.
    #[serde(default)]
    pub ai: bool,
}

/// A message of `race.room.<room>.heartbeat`: twice a second from the owner of a
/// room that sends no snapshots, each after a checkpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Heartbeat {
    /// The race that the room will run.
    pub race: RaceId,
    /// Who owns it.
    pub owner: WorkerId,
    /// Which owner that is.
    pub epoch: Epoch,
}

/// The request of `gateway.<id>.ping`: the owner of a room asks whether its
/// players are still there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PresentRequest {
    /// In which room.
    pub room: RoomId,
}

/// The answer of `gateway.<id>.ping`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Present {
    /// The gateway's connections in the room, those that are coming in too.
    pub sessions: Vec<SessionNonce>,
}

/// The request of `race.worker.<id>.drain`. It names the worker: a user of JetStream
/// can have it answer onto this subject, and none of its answers has such a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DrainRequest {
    /// The worker that hands its rooms over.
    pub worker: WorkerId,
}

/// The answer of `race.worker.<id>.drain`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draining {
    /// How many rooms will be handed over.
    pub rooms: u32,
}

/// A message of `race.room.<room>.event`. Its identity is (race, tick, index):
/// a new owner computes the ticks since the checkpoint again, and sends what
/// happened in them again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomEvent {
    /// The race.
    pub race: RaceId,
    /// Of which owner.
    pub epoch: Epoch,
    /// When; 0 while the room waits.
    pub tick: Tick,
    /// Which one of that tick.
    pub index: u32,
    /// What happened.
    #[serde(flatten)]
    pub body: RoomEventBody,
}

/// What can happen in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum RoomEventBody {
    /// A player took a seat.
    Joined {
        /// Who.
        player: PlayerName,
        /// Where.
        seat: Seat,
        /// Seats taken now.
        players: u8,
        /// Seats in all.
        seats: u8,
        /// What is driven.
        #[serde(default)]
        class: CarClass,
        /// Whether an AI drives.
        #[serde(default)]
        ai: bool,
    },
    /// A player drives something else.
    ClassChosen {
        /// Who.
        player: PlayerName,
        /// Which seat.
        seat: Seat,
        /// What is driven now.
        class: CarClass,
    },
    /// The waiting room has another host.
    HostChanged {
        /// Who it is now.
        player: PlayerName,
    },
    /// A player has given the seat up, or lost it.
    Left {
        /// Who.
        player: PlayerName,
        /// Which seat.
        seat: Seat,
        /// Why.
        #[serde(default)]
        reason: LeaveReason,
        /// The connection that had the seat, when it did not ask for this itself.
        #[serde(default)]
        session: Option<SessionNonce>,
    },
    /// A driver does not drive, or a host does nothing: without a sign of life the
    /// player leaves.
    IdleWarning {
        /// Who.
        player: PlayerName,
        /// Which seat.
        seat: Seat,
        /// Seconds left.
        seconds: u32,
    },
    /// A player's connection is lost.
    Lost {
        /// Who.
        player: PlayerName,
        /// Which seat stays theirs.
        seat: Seat,
    },
    /// A player is back.
    Returned {
        /// Who.
        player: PlayerName,
        /// In which seat.
        seat: Seat,
    },
    /// The room is full; the race starts at `start_tick`, which is `seconds`
    /// away.
    Countdown {
        /// Seconds from now to the start.
        seconds: u32,
        /// When the cars are let go.
        start_tick: Tick,
    },
    /// The cars are let go.
    Started,
    /// A lap was completed.
    Lap {
        /// Who.
        player: PlayerName,
        /// Which seat.
        seat: Seat,
        /// Laps completed.
        lap: u16,
        /// How long it took.
        time_ms: u64,
    },
    /// Metres were taken off a score.
    Penalty {
        /// Whose.
        player: PlayerName,
        /// Which seat.
        seat: Seat,
        /// How many.
        metres: u32,
        /// What for.
        reason: PenaltyReason,
    },
    /// A car crossed the line for the last time.
    Finished {
        /// Who.
        player: PlayerName,
        /// Which seat.
        seat: Seat,
        /// 1 for the winner.
        place: u8,
        /// Since the start.
        time_ms: u64,
    },
    /// The race is won.
    Winner {
        /// Who.
        player: PlayerName,
        /// Which seat.
        seat: Seat,
        /// Metres, penalties taken off.
        score: i64,
    },
    /// The room is gone.
    Closed {
        /// Why.
        reason: CloseReason,
        /// The final order; empty when there was no race.
        leaderboard: Vec<Standing>,
    },
}

/// Why a player has left a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeaveReason {
    /// The player asked for it.
    #[default]
    OwnWish,
    /// The driver did not drive, or the host did nothing, in spite of a warning.
    Idle,
    /// The connection was lost while the room waited, and did not come back.
    Lost,
    /// The player took a seat in another room.
    Moved,
}

/// Why a room ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The race is over.
    Finished,
    /// Everybody has left.
    Empty,
    /// Nobody has been connected for a minute.
    Abandoned,
}

/// One line of a leaderboard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// 1 for the first.
    pub place: u8,
    /// Who.
    pub player: PlayerName,
    /// In which seat.
    pub seat: Seat,
    /// Metres, penalties taken off.
    pub score: i64,
    /// Laps completed.
    pub laps: u16,
    /// Since the start, for who reached the target.
    pub time_ms: Option<u64>,
    /// The fastest lap, for who completed one.
    pub best_lap_ms: Option<u64>,
    /// Whether an AI drove.
    #[serde(default)]
    pub ai: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_was_written_before_classes_and_ai_seats() {
        let seat: SeatView =
            serde_json::from_str(r#"{"seat":1,"player":"Ada","connected":true}"#).unwrap();
        assert_eq!((seat.class, seat.ai), (CarClass::Grip, false));
        let joined: RoomEventBody = serde_json::from_str(
            r#"{"event":"joined","player":"Ada","seat":0,"players":1,"seats":2}"#,
        )
        .unwrap();
        assert!(matches!(joined, RoomEventBody::Joined { ai: false, .. }));
        let standing: Standing = serde_json::from_str(
            r#"{"place":1,"player":"Ada","seat":0,"score":9,"laps":1,"time_ms":null,"best_lap_ms":null}"#,
        )
        .unwrap();
        assert!(!standing.ai);
    }

    #[test]
    fn reads_what_was_written_before_reasons_and_requests() {
        let left: RoomEventBody =
            serde_json::from_str(r#"{"event":"left","player":"Ada","seat":1}"#).unwrap();
        assert!(matches!(
            left,
            RoomEventBody::Left {
                reason: LeaveReason::OwnWish,
                session: None,
                ..
            }
        ));
        let create: CreateRequest =
            serde_json::from_str(r#"{"name":"duel","settings":{}}"#).unwrap();
        assert_eq!(create.request, None);
    }

    #[test]
    fn says_classes_and_penalties_in_the_words_of_the_wire() {
        let penalty = RoomEventBody::Penalty {
            player: PlayerName::parse("Ada").unwrap(),
            seat: 0,
            metres: 1_000,
            reason: PenaltyReason::OffRoad,
        };
        assert_eq!(
            serde_json::to_string(&penalty).unwrap(),
            r#"{"event":"penalty","player":"Ada","seat":0,"metres":1000,"reason":"off_road"}"#
        );
        for class in CarClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
    }
}
