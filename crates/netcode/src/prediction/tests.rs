use domain::CarClass;

use super::*;
use crate::server::SeatInputs;

const INPUT: Controls = Controls {
    throttle: 255,
    brake: 0,
    steer: 9,
    handbrake: false,
};

fn snapshot(state: &RaceState, drives: &[Drive]) -> DecodedSnapshot {
    DecodedSnapshot {
        state: state.clone(),
        applied: drives.iter().map(|&drive| [drive; 2]).collect(),
    }
}

fn track_and_rules() -> (Track, Rules) {
    let track = Track::by_name(Track::names()[0]).unwrap();
    let rules = Rules::circuit(&track, 1, 20);
    (track, rules)
}

/// A room and a client that is 8 ticks ahead.
#[test]
fn a_driver_whose_inputs_are_in_time_is_never_corrected() {
    let (track, rules) = track_and_rules();
    let mut room = RaceState::new(&track, &rules, &[CarClass::default(); 2]);
    let mut inputs = SeatInputs::default();
    let mut events = Events::new();
    let first = snapshot(&room, &[Drive::Absent; 2]);
    let mut client = Prediction::new(rules, Some(0), &first, Epoch::FIRST);
    for tick in 0..900_u32 {
        let input = Controls {
            steer: (tick / 30 % 40) as i8 - 20,
            ..INPUT
        };
        client.advance(&track, tick + 8, input, 1.0);
        if let Some(frame) = client.input_frame() {
            inputs.receive(&frame, tick);
        }
        let drives = [inputs.drive(tick), Drive::Absent];
        step(&track, &rules, &mut room, &drives, &mut events);
        if room.tick.is_multiple_of(2) {
            let ack = Some(inputs.ack().tick);
            let snapshot = snapshot(&room, &drives);
            let reconciled = client.reconcile(&track, &snapshot, Epoch::FIRST, ack);
            assert_eq!(reconciled.replayed_ticks, 0, "tick {tick}");
            assert_eq!(reconciled.correction_m, Some(0.0));
        }
    }
    assert!(room.cars[0].speed_mps() > 5.0);
}

#[test]
fn replays_when_a_driver_does_something_else_than_assumed() {
    let (track, rules) = track_and_rules();
    let mut room = RaceState::new(&track, &rules, &[CarClass::default(); 2]);
    let mut events = Events::new();
    let absent = [Drive::Driven(INPUT), Drive::Absent];
    let first = snapshot(&room, &absent);
    let mut client = Prediction::new(rules, Some(0), &first, Epoch::FIRST);
    client.advance(&track, 50, INPUT, 1.0);
    let driven = [Drive::Driven(INPUT); 2];
    for _ in 0..40 {
        step(&track, &rules, &mut room, &driven, &mut events);
    }
    let reconciled = client.reconcile(&track, &snapshot(&room, &driven), Epoch::FIRST, Some(49));
    // The own car is where it was predicted to be; the other is not.
    assert_eq!(reconciled.correction_m, Some(0.0));
    assert_eq!(reconciled.replayed_ticks, 10);
    for _ in 0..10 {
        step(&track, &rules, &mut room, &driven, &mut events);
    }
    assert_eq!(client.predicted(), &room);
    assert_eq!(client.before().tick + 1, client.predicted().tick);
}

#[test]
fn an_old_snapshot_changes_nothing_and_prediction_is_bounded() {
    let (track, rules) = track_and_rules();
    let state = RaceState::new(&track, &rules, &[CarClass::default()]);
    let mut first = snapshot(&state, &[Drive::Absent]);
    first.state.tick = 100;
    let mut client = Prediction::new(rules, Some(0), &first, Epoch::FIRST);
    assert_eq!(
        client.advance(&track, 10_000, INPUT, 1.0),
        PREDICTED_TICKS_MAX
    );
    first.state.tick = 50;
    let ignored = client.reconcile(&track, &first, Epoch::FIRST, None);
    assert_eq!(ignored, Reconciled::default());
    assert_eq!(client.confirmed().tick, 100);
    assert_eq!(
        client.input_frame().unwrap().controls.len(),
        INPUT_TICKS_MAX
    );
}

#[test]
fn a_new_owner_may_go_back_and_is_sent_the_inputs_again() {
    let (track, rules) = track_and_rules();
    let state = RaceState::new(&track, &rules, &[CarClass::default()]);
    let mut snapshot = snapshot(&state, &[Drive::Driven(INPUT)]);
    snapshot.state.tick = 100;
    let mut client = Prediction::new(rules, Some(0), &snapshot, Epoch::FIRST);
    client.advance(&track, 110, INPUT, 1.0);
    client.reconcile(&track, &snapshot, Epoch::FIRST, None);
    snapshot.state.tick = 104;
    client.reconcile(&track, &snapshot, Epoch::FIRST, Some(108));
    assert_eq!(client.input_frame().unwrap().first_tick, 109);
    snapshot.state.tick = 102;
    client.reconcile(&track, &snapshot, Epoch(2), None);
    assert_eq!(client.confirmed().tick, 102);
    let frame = client.input_frame().unwrap();
    assert_eq!((frame.first_tick, frame.controls.len()), (100, 10));
}

#[test]
fn other_drivers_let_go_without_snapshots() {
    let (track, rules) = track_and_rules();
    let mut state = RaceState::new(&track, &rules, &[CarClass::default(); 2]);
    state.tick = rules.start_tick;
    let snapshot = snapshot(&state, &[Drive::Driven(INPUT); 2]);
    let run = |share| {
        let mut client = Prediction::new(rules, Some(0), &snapshot, Epoch::FIRST);
        client.advance(&track, rules.start_tick + 30, INPUT, share);
        let speed = |seat: usize| client.predicted().cars[seat].speed_mps();
        (speed(0), speed(1))
    };
    let (own, held) = run(1.0);
    let (own_without_snapshots, let_go) = run(0.0);
    assert!((own - held).abs() < 0.5 && own > 3.0);
    assert!((own_without_snapshots - own).abs() < 0.5 && let_go < 0.1);
}
