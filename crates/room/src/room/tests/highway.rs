//! Rooms on the highway.

use domain::{Mode, PenaltyReason};

use super::*;

const TARGET_METRES: u32 = 1_500;

fn highway(seats: u8) -> Room {
    room_of(RoomSettings {
        seats,
        mode: Mode::Highway,
        track: Track::HIGHWAY.to_owned(),
        target_metres: TARGET_METRES,
        ..RoomSettings::default()
    })
}

#[test]
fn the_first_to_the_target_wins() {
    let mut room = highway(2);
    join(&mut room, "Ada", 1).unwrap();
    join(&mut room, "Bob", 2).unwrap();
    let seen = race_to_the_end(&mut room);
    assert!(seen.iter().any(|event| event == "winner"), "{seen:?}");
    let result = room.ending().unwrap().result.clone().unwrap();
    assert_eq!(result.mode, Mode::Highway);
    assert_eq!(
        (result.laps, result.target_metres),
        (0, Some(TARGET_METRES))
    );
    assert_eq!(result.standings[0].score, i64::from(TARGET_METRES));
}

#[test]
fn leaving_the_road_is_told_as_a_penalty_and_costs_score() {
    let mut room = highway(1);
    join(&mut room, "Ada", 1).unwrap();
    let mut penalties = Vec::new();
    for _ in 0..1_200 {
        let first_tick = room.race.as_ref().unwrap().state.tick;
        let controls = Controls {
            throttle: 255,
            steer: 60,
            ..Controls::default()
        };
        let frame = InputFrame {
            first_tick,
            controls: [controls].into_iter().collect(),
        };
        let frame = frame.encode_into(Vec::new());
        let batch = InputBatch {
            race: room.identity.race,
            gateway: GATEWAY,
            frames: vec![(0, &frame)],
        };
        room.inputs(&batch.encode());
        room.tick(Instant::now(), 0);
        penalties.extend(room.take_outputs().into_iter().filter_map(penalty));
        if !penalties.is_empty() {
            break;
        }
    }
    let who = player("Ada");
    assert_eq!(penalties, [(who, 0, 1_000, PenaltyReason::OffRoad)]);
    assert!(room.standings()[0].score < -500);
}

fn penalty(output: Output) -> Option<(PlayerName, Seat, u32, PenaltyReason)> {
    let Output::Event(event) = output else {
        return None;
    };
    let RoomEventBody::Penalty {
        player,
        seat,
        metres,
        reason,
    } = event.body
    else {
        return None;
    };
    Some((player, seat, metres, reason))
}

#[test]
fn a_new_owner_goes_on_with_the_same_rules_and_traffic() {
    let mut room = highway(1);
    join(&mut room, "Ada", 1).unwrap();
    for _ in 0..300 {
        room.tick(Instant::now(), 0);
    }
    let ownership = Ownership {
        owner: WorkerId::new(2),
        epoch: Epoch(2),
    };
    let track = Arc::clone(&room.track);
    let restored = Room::restore(
        &room.checkpoint(),
        ownership,
        |_| Some(track),
        Instant::now(),
    )
    .unwrap();
    let rules = |room: &Room| room.race.as_ref().unwrap().rules;
    assert_eq!(rules(&restored), rules(&room));
    assert_eq!(rules(&restored).target_metres, TARGET_METRES);
}
