//! After a lost connection, a new owner or a pause the client converges with the
//! room, and the own car does not jump where the room agrees.

mod support;

use std::time::Duration;

use netcode::network_model::Conditions;
use netcode::simulation::{RaceState, Track};
use support::{DrivingStyle, Race, START_TICK};

const ROUND_TRIP: Duration = Duration::from_millis(100);
/// Long enough after the start that cars are fast.
const LATER: u32 = START_TICK + 10 * 60;

fn race(players: usize) -> Race {
    let track = Track::by_name("willow-park").expect("it ships with the game");
    let path = Conditions::of_round_trip(ROUND_TRIP);
    let mut race = Race::new(track, 3, players, path, path, 2);
    race.players[0].style = DrivingStyle::Keys;
    race.run_to(LATER);
    race
}

/// Largest move of the own car on screen in one frame beyond what a car can
/// drive, since frame `from`, m.
fn largest_jump_m(race: &Race, from: usize) -> f64 {
    let frames = &race.players[0].frames[from..];
    let moves = frames.windows(2).map(|pair| {
        let moved = pair[1].1[0].0 - pair[0].1[0].0;
        // 90 m/s are 1.5 m a frame; the clock may run 5 % fast.
        (moved.length() - 1.6).max(0.0)
    });
    moves.fold(0.0, f64::max)
}

/// Whether an earlier tick was drawn after a later one, since frame `from`.
fn is_drawn_going_back(race: &Race, from: usize) -> bool {
    !race.players[0].frames[from..].is_sorted_by_key(|frame| frame.0)
}

/// Whether, half a second from now, a second goes by without a correction.
fn converges(race: &mut Race) -> bool {
    let tick = race.room.state.tick;
    race.run_to(tick + 90);
    let seen = race.players[0].corrections_m.len();
    race.run_to(tick + 150);
    let corrections = &race.players[0].corrections_m[seen..];
    corrections.len() >= 28 && corrections.iter().all(|by| *by == 0.0)
}

#[test]
fn a_new_connection_within_a_quarter_of_a_second_is_hardly_noticed() {
    let mut race = race(2);
    let frame = race.players[0].frames.len();
    let now = race.now;
    race.players[0].reset(now, Duration::from_millis(100));
    race.run_to(LATER + 60);
    assert!(converges(&mut race));
    let jump = largest_jump_m(&race, frame);
    assert!(jump <= 0.4, "{jump}");
    assert_eq!(race.players[0].client.counters().snaps, 0);
}

#[test]
fn after_ten_seconds_away_the_car_is_where_the_room_has_it() {
    let mut race = race(2);
    let now = race.now;
    race.players[0].reset(now, Duration::from_secs(10));
    race.run_to(LATER + 11 * 60);
    assert!(converges(&mut race));
    // Half a second ago, so that the room has been there since.
    let frames = &race.players[0].frames;
    let (tick, poses) = &frames[frames.len() - 30];
    let there = race.room.truth_at(*tick, 0).expect("the room was there");
    assert!((poses[0].0 - there).length() < 0.05);
}

#[test]
fn a_new_owner_that_knows_the_inputs_is_not_noticed() {
    let mut race = race(2);
    let frame = race.players[0].frames.len();
    // It continues from the current state, as after a handover, without the
    // inputs that were received but not applied: they are sent again.
    let state = race.room.state.clone();
    race.room.take_over(state);
    race.run_to(LATER + 60);
    assert!(converges(&mut race));
    let jump = largest_jump_m(&race, frame);
    assert!(jump <= 0.1, "{jump}");
}

#[test]
fn a_new_owner_that_goes_back_a_tenth_of_a_second_is_followed() {
    let mut race = race(2);
    let earlier: RaceState = race.room.state.clone();
    race.run_to(LATER + 6);
    race.room.take_over(earlier);
    race.run_to(LATER + 90);
    assert!(converges(&mut race));
    assert_eq!(race.players[0].client.counters().snaps, 0);
}

#[test]
fn a_room_that_was_paused_and_caught_up_is_not_noticed() {
    let mut race = race(1);
    let frame = race.players[0].frames.len();
    race.hold_room(Duration::from_millis(900));
    race.run_to(LATER + 120);
    assert_eq!(race.room.missing, [0]);
    assert!(converges(&mut race));
    let player = &race.players[0];
    assert!(player.corrections_m.iter().all(|by| *by == 0.0));
    assert_eq!(player.client.counters().clock_jumps, 0);
    assert!(!is_drawn_going_back(&race, frame));
    let jump = largest_jump_m(&race, frame);
    assert!(jump <= 0.1, "{jump}");
}

#[test]
fn a_room_that_was_paused_continues_where_it_was() {
    for pause in [200, 700, 3_000].map(Duration::from_millis) {
        let mut race = race(2);
        let frame = race.players[0].frames.len();
        race.pause_room(pause);
        race.run_to(LATER + 120);
        // A client that was ahead waits until the room catches up, and its inputs
        // are in time.
        assert_eq!(race.room.missing, [0, 0], "after {pause:?}");
        assert!(converges(&mut race), "after {pause:?}");
        let jump = largest_jump_m(&race, frame);
        assert!(jump <= 0.5, "{jump} after {pause:?}");
        assert!(!is_drawn_going_back(&race, frame), "after {pause:?}");
        // The other drivers were assumed to keep their inputs for a second: after
        // a long pause they may be metres off.
        if pause < Duration::from_millis(250) {
            assert_eq!(race.players[0].client.counters().snaps, 0);
        }
    }
}

#[test]
fn a_longer_delay_is_followed_within_three_seconds() {
    let mut race = race(1);
    let longer = Conditions::of_round_trip(ROUND_TRIP + Duration::from_millis(80));
    race.players[0].set_conditions(longer, longer);
    race.run_to(LATER + 180);
    let missing = race.room.missing[0];
    race.run_to(LATER + 1_200);
    assert_eq!(
        race.room.missing[0], missing,
        "late inputs after three seconds"
    );
}
