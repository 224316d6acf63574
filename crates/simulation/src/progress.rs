//! Gates, laps and the metres credited.

use domain::Car;

use crate::track::Projection;
use crate::{Event, Events, Rules, Track};

/// A car that reaches the target in this tick.
#[derive(Copy, Clone, Debug)]
pub(crate) struct Finisher {
    pub(crate) seat: usize,
    /// Distance to the line at the start of the tick, and distance moved in the
    /// tick: their quotient orders the cars that finish in the same tick.
    pub(crate) until_line: i64,
    pub(crate) moved: i64,
}

impl Finisher {
    /// Whether `self` crossed the line before `other`.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        let share = |one: i64, other: i64| i128::from(one) * i128::from(other);
        share(self.until_line, other.moved) < share(other.until_line, self.moved)
    }
}

/// Advances the progress of `car` to `projection` at the end of `tick`.
///
/// `travel` follows the car along the strip and cannot jump, so gates can only be
/// passed in order and forwards. Distance driven backwards must be driven again
/// before more is credited.
pub(crate) fn advance(
    track: &Track,
    rules: &Rules,
    tick: u32,
    seat: usize,
    car: &mut Car,
    projection: &Projection,
    events: &mut Events,
) -> Option<Finisher> {
    let target_units = rules.target_units();
    let length = track.length_units();
    let before = car.travel;
    let mut moved = projection.station_units(track) - before.rem_euclid(length);
    if moved > length / 2 {
        moved -= length;
    } else if moved < -length / 2 {
        moved += length;
    }
    car.travel = before.saturating_add(moved);
    if car.finish.is_some() {
        return None;
    }

    // One gate a tick: gates are far further apart than a car moves.
    if car.gates_passed < u16::MAX && car.travel >= next_gate_units(track, car) {
        pass_gate(track, tick, seat, car, events);
    }
    let gate = next_gate_units(track, car);
    let reached = u32::try_from(car.travel.min(gate)).unwrap_or(0);
    car.credited = car.credited.max(reached.min(target_units));
    (car.credited >= target_units).then(|| Finisher {
        seat,
        until_line: i64::from(target_units) - i64::from(before),
        moved: i64::from(moved),
    })
}

/// Travel of the next gate.
fn next_gate_units(track: &Track, car: &Car) -> i32 {
    let lap = i32::from(car.gates_passed / track.gate_count());
    lap.saturating_mul(track.length_units())
        .saturating_add(track.gate_units(track.next_gate(car)))
}

fn pass_gate(track: &Track, tick: u32, seat: usize, car: &mut Car, events: &mut Events) {
    let is_line = track.next_gate(car) == 0;
    car.gates_passed += 1;
    if !is_line {
        return;
    }
    let lap = track.laps_completed(car);
    if lap > 0 {
        let ticks = tick.saturating_sub(car.lap_start_tick);
        let best = car.best_lap_ticks == 0 || ticks < car.best_lap_ticks;
        if best {
            car.best_lap_ticks = ticks;
        }
        events.push(Event::Lap {
            seat: seat as u8,
            lap,
            ticks,
            best,
        });
    }
    car.lap_start_tick = tick;
}
