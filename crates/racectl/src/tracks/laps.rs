//! Lap times of the AI on a track.

use domain::{CarClass, Drive, Skill, TICK_RATE_HZ};
use simulation::{AiDriver, Events, RaceState, Rules, TICK_SECONDS, Track, step};

/// The first lap begins at a standstill.
const LAPS: u16 = 2;
/// Lowest plausible mean speed, m/s: a slower lap means a faulty track.
const SPEED_MIN_MPS: u32 = 5;

/// Best lap of an expert alone on `track` in a car of `class`, seconds; `None` when
/// it does not complete one.
pub(super) fn best_lap_seconds(track: &Track, class: CarClass) -> Option<f64> {
    let rules = Rules::circuit(track, LAPS, 0);
    let mut state = RaceState::new(track, &rules, &[class]);
    let mut driver = AiDriver::with_class(track, class, 0, Skill::Expert);
    let mut events = Events::new();
    let ticks_max = rules.target_metres / SPEED_MIN_MPS * TICK_RATE_HZ;
    while state.winner.is_none() && state.tick < ticks_max {
        let input = driver.drive(track, &rules, &state, 0);
        step(
            track,
            &rules,
            &mut state,
            &[Drive::Driven(input)],
            &mut events,
        );
    }
    let best = state.cars[0].best_lap_ticks;
    (best > 0).then(|| f64::from(best) * TICK_SECONDS)
}
