//! Values as they are in a race of two players, from which seeds are made.

use std::sync::Arc;

use domain::{CarClass, Controls, Mode, PenaltyReason, Skill};
use netcode::wire;
use protocol::account::{LastRace, Leaderboard, Password, Profile};
use protocol::client::{ClientMessage, EarlierRace, GoodbyeCode, ServerMessage};
use protocol::input::InputFrame;
use protocol::lobby::{Phase, RoomEntry, RoomSettings};
use protocol::room::{
    CloseReason, LeaveReason, RoomEvent, RoomEventBody, RoomView, SeatView, Standing,
};
use protocol::snapshot::{InputAck, SnapshotHeader};
use protocol::{
    Epoch, GatewayId, PlayerName, RaceId, Rejection, RejectionCode, RequestId, RoomName,
    SessionNonce, Tick, WorkerId,
};
use serde_json::json;
use simulation::{RaceState, Track};

use crate::tracks;

/// A gateway.
pub const GATEWAY: GatewayId = GatewayId::new(0x0102_0304);

/// A worker.
pub const WORKER: WorkerId = WorkerId::new(0xdead_beef);

/// A connection.
pub const SESSION: SessionNonce = SessionNonce::new(7);

/// A ULID as text.
const ULID: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// The race of that number: a higher one was created later.
#[must_use]
pub fn race(number: u8) -> RaceId {
    // One digit before the last of `ULID`, and the last.
    let text = format!("{}{:02}", &ULID[..ULID.len() - 2], number % 100);
    text.parse().expect("decimal digits are digits of a ULID")
}

/// A request.
#[must_use]
pub fn request() -> RequestId {
    serde_json::from_str(&format!("{ULID:?}")).expect("it is a ULID")
}

/// The player of that number.
#[must_use]
pub fn player(number: u8) -> PlayerName {
    const NAMES: [&str; 6] = ["Ada", "Ben", "cleo_77", "D-", "ADA", "Eve"];
    let name = NAMES[usize::from(number) % NAMES.len()];
    PlayerName::parse(name).expect("a test has parsed every name")
}

/// A room.
#[must_use]
pub fn room_name() -> RoomName {
    RoomName::parse("Friday").expect("it is a name")
}

/// A room of two on the first track.
#[must_use]
pub fn settings() -> RoomSettings {
    RoomSettings {
        seats: 2,
        track: Track::names()[0].to_owned(),
        laps: 1,
        ..RoomSettings::default()
    }
}

/// Full throttle and a little to the left.
pub const CONTROLS: Controls = Controls {
    throttle: 255,
    brake: 0,
    steer: 20,
    handbrake: false,
};

/// An input frame of two ticks.
#[must_use]
pub fn input_frame(first_tick: Tick) -> Vec<u8> {
    let frame = InputFrame {
        first_tick,
        controls: [CONTROLS, Controls::default()].into_iter().collect(),
    };
    frame.encode_into(Vec::new())
}

/// A snapshot of that tick, of a race that has just begun.
#[must_use]
pub fn snapshot(race: RaceId, epoch: Epoch, tick: Tick) -> Vec<u8> {
    let name = Track::names()[0];
    let track = tracks::by_name(name).expect("it is shipped");
    snapshot_on(&track, race, epoch, tick)
}

/// The same on a track.
#[must_use]
pub fn snapshot_on(track: &Arc<Track>, race: RaceId, epoch: Epoch, tick: Tick) -> Vec<u8> {
    let course = netcode::TrackCourse::shared(track);
    let rules = simulation::Rules::on(track, 1, race.seed(), 240);
    let mut state = RaceState::new(track, &rules, &[CarClass::Grip, CarClass::Drift]);
    state.tick = tick;
    let ack = InputAck {
        tick: tick.saturating_add(2),
        margin_ticks: 3,
    };
    let header = SnapshotHeader {
        race,
        owner: WORKER,
        epoch,
        tick,
        acks: [ack, InputAck::default()].into_iter().collect(),
    };
    let applied = [domain::Drive::Driven(CONTROLS), domain::Drive::Absent].map(|it| [it; 2]);
    wire::snapshot(&header, &state, &applied, &course)
}

/// A room as its players see it.
#[must_use]
pub fn view(phase: Phase) -> RoomView {
    let seat = |seat: u8| SeatView {
        seat,
        player: player(seat),
        connected: true,
        class: CarClass::Grip,
        ai: false,
    };
    RoomView {
        race: race(0),
        name: room_name(),
        settings: settings(),
        phase,
        start_tick: (phase != Phase::Waiting).then_some(240),
        seats: vec![seat(0), seat(1)],
        host: Some(player(0)),
    }
}

/// A line of a leaderboard.
#[must_use]
pub fn standing() -> Standing {
    Standing {
        place: 1,
        player: player(0),
        seat: 0,
        score: -12,
        laps: 1,
        time_ms: Some(61_000),
        best_lap_ms: None,
        ai: false,
    }
}

/// A player's record.
#[must_use]
pub fn profile() -> Profile {
    Profile {
        name: player(0),
        races: 3,
        wins: 1,
        score: 12_345,
    }
}

/// A race that a player was in.
#[must_use]
pub fn last_race() -> LastRace {
    LastRace {
        race: race(0),
        room: room_name(),
        track: Some("oval".to_owned()),
        place: Some(2),
        score: -7,
        lap: 2,
        x_m: Some(1.5),
        y_m: Some(-2.25),
        ended_at: None,
    }
}

/// A room in the lobby, as its JSON is: it gains fields.
#[must_use]
pub fn entry() -> RoomEntry {
    let entry = json!({
        "race": race(0),
        "name": room_name(),
        "phase": Phase::Racing,
        "seats": 2,
        "mode": Mode::Circuit,
        "track": "oval",
        "players": [player(0), player(1)],
        "owner": WORKER,
        "epoch": Epoch::FIRST,
    });
    serde_json::from_value(entry).expect("it has what it needs")
}

/// Every message of a client.
#[must_use]
pub fn client_messages() -> Vec<ClientMessage> {
    let name = || "Friday".to_owned();
    vec![
        ClientMessage::SignUp {
            name: "Ada".to_owned(),
            password: Password::new("secret1"),
            request: Some(request()),
        },
        ClientMessage::LogIn {
            name: "ada".to_owned(),
            password: Password::new("secret1"),
        },
        ClientMessage::Resume {
            token: "e30.AAAA".to_owned(),
        },
        ClientMessage::ListRooms { after: None },
        ClientMessage::CreateRoom {
            name: name(),
            settings: settings(),
            class: CarClass::Power,
            request: Some(request()),
        },
        ClientMessage::JoinRoom {
            name: name(),
            class: CarClass::Grip,
        },
        ClientMessage::ChooseClass {
            class: CarClass::Drift,
        },
        ClientMessage::FillSeats { skill: Skill::Club },
        ClientMessage::Stay,
        ClientMessage::Spectate { name: name() },
        ClientMessage::LeaveRoom,
        ClientMessage::Profile {
            player: Some("Ben".to_owned()),
        },
        ClientMessage::Leaderboard { offset: 20 },
        ClientMessage::ChatToken,
        ClientMessage::Say {
            text: "hello \u{1f3c1}".to_owned(),
            sequence: 1,
        },
        ClientMessage::ListPresent { after: None },
        ClientMessage::Ping { nonce: 1 },
        ClientMessage::LogOut,
        ClientMessage::ChangePassword {
            old: Password::new("secret1"),
            new: Password::new("secret2"),
        },
        ClientMessage::DeleteAccount {
            password: Password::new("secret1"),
        },
        ClientMessage::ListRooms {
            after: Some("friday".to_owned()),
        },
    ]
}

/// Every message of a gateway.
#[must_use]
pub fn server_messages() -> Vec<ServerMessage> {
    let earlier = EarlierRace {
        race: last_race(),
        is_running: true,
    };
    vec![
        ServerMessage::Welcome {
            player: player(0),
            token: "e30.AAAA".to_owned(),
            last_race: Some(earlier),
        },
        ServerMessage::Rooms {
            rooms: vec![entry()],
            has_more: true,
        },
        ServerMessage::Entered {
            seat: Some(0),
            room: view(Phase::Racing),
        },
        ServerMessage::Entered {
            seat: None,
            room: view(Phase::Waiting),
        },
        ServerMessage::LeftRoom,
        ServerMessage::Profile(profile()),
        ServerMessage::Leaderboard(Leaderboard {
            players: vec![profile()],
            offset: 0,
            total: 1,
        }),
        ServerMessage::ChatToken {
            token: "e30.AAAA".to_owned(),
        },
        ServerMessage::ChatJoined { sequence: 9 },
        ServerMessage::Said { sequence: 1 },
        ServerMessage::Present {
            players: vec![player(0), player(1)],
            has_more: false,
        },
        ServerMessage::Pong { nonce: 1 },
        ServerMessage::Rejected(Rejection::new(RejectionCode::Unavailable, "try again")),
        ServerMessage::Rejected(Rejection::new(RejectionCode::WrongCredentials, "no")),
        ServerMessage::goodbye(GoodbyeCode::Draining, "this server is being restarted"),
        ServerMessage::PasswordChanged {
            token: "e30.AAAA".to_owned(),
        },
        ServerMessage::AccountDeleted {
            anonymous: player(1),
        },
    ]
}

/// Everything that can happen in a room.
#[must_use]
pub fn event_bodies() -> Vec<RoomEventBody> {
    let (player, seat) = (player(0), 0);
    vec![
        RoomEventBody::Joined {
            player: player.clone(),
            seat,
            players: 1,
            seats: 2,
            class: CarClass::Grip,
            ai: false,
        },
        RoomEventBody::ClassChosen {
            player: player.clone(),
            seat,
            class: CarClass::Power,
        },
        RoomEventBody::HostChanged {
            player: player.clone(),
        },
        RoomEventBody::Left {
            player: player.clone(),
            seat,
            reason: LeaveReason::Moved,
            session: Some(SESSION),
        },
        RoomEventBody::IdleWarning {
            player: player.clone(),
            seat,
            seconds: 15,
        },
        RoomEventBody::Lost {
            player: player.clone(),
            seat,
        },
        RoomEventBody::Returned {
            player: player.clone(),
            seat,
        },
        RoomEventBody::Countdown {
            seconds: 4,
            start_tick: 240,
        },
        RoomEventBody::Started,
        RoomEventBody::Lap {
            player: player.clone(),
            seat,
            lap: 1,
            time_ms: 61_000,
        },
        RoomEventBody::Penalty {
            player: player.clone(),
            seat,
            metres: 50,
            reason: PenaltyReason::Traffic,
        },
        RoomEventBody::Finished {
            player: player.clone(),
            seat,
            place: 1,
            time_ms: 61_000,
        },
        RoomEventBody::Winner {
            player,
            seat,
            score: 1_234,
        },
        RoomEventBody::Closed {
            reason: CloseReason::Finished,
            leaderboard: vec![standing()],
        },
    ]
}

/// An event of the room.
#[must_use]
pub fn event(race: RaceId, epoch: Epoch, tick: Tick, body: RoomEventBody) -> RoomEvent {
    RoomEvent {
        race,
        epoch,
        tick,
        index: 0,
        body,
    }
}

/// The settings of a room on the highway.
#[must_use]
pub fn highway() -> RoomSettings {
    RoomSettings {
        seats: 2,
        mode: Mode::Highway,
        track: Track::HIGHWAY.to_owned(),
        target_metres: 1_000,
        ..RoomSettings::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_one() {
        (0..=u8::MAX).for_each(|number| drop(player(number)));
    }
}
