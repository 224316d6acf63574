//! A track as the snapshot codec sees it.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use domain::{HEADING_UNITS_PER_TURN, POSITION_UNITS_PER_M, Vec2};
use protocol::snapshot::{Course, CoursePoint};
use simulation::Track;

/// The centre line of a track, prepared for lookup. Cheap to clone.
#[derive(Clone, Debug)]
pub struct TrackCourse {
    fingerprint: u16,
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    /// Endless, along the x axis.
    Straight,
    Circuit {
        length_units: i32,
        laps_per_unit: f64,
        gates_per_lap: u16,
        gates_per_unit: f64,
        samples_per_unit: f64,
        /// The first sample is repeated at the end.
        samples: Arc<[Sample]>,
    },
}

#[derive(Clone, Copy, Debug)]
struct Sample {
    /// In 1/1024 m.
    centre: Vec2,
    left: Vec2,
    /// In 2⁻²⁰ turns, continuous from one sample to the next.
    heading: f64,
}

/// The courses of this process by name and length of their tracks: one per
/// track, however many rooms race on it.
static SHARED: LazyLock<Mutex<HashMap<(String, u32), TrackCourse>>> = LazyLock::new(Mutex::default);

impl TrackCourse {
    /// Returns the course of a track, computed once per process.
    #[must_use]
    pub fn shared(track: &Track) -> Self {
        let key = (track.name().to_owned(), track.length_m());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared
            .entry(key)
            .or_insert_with(|| Self::new(track))
            .clone()
    }

    /// Computes the course of a track.
    #[must_use]
    pub fn new(track: &Track) -> Self {
        let shape = if track.name() == Track::HIGHWAY {
            Shape::Straight
        } else {
            let length_units = track.length_units();
            let samples: Arc<[Sample]> = samples(track).into();
            Shape::Circuit {
                length_units,
                laps_per_unit: 1.0 / f64::from(length_units),
                gates_per_lap: track.gate_count(),
                gates_per_unit: f64::from(track.gate_count()) / f64::from(length_units),
                samples_per_unit: (samples.len() - 1) as f64 / f64::from(length_units),
                samples,
            }
        };
        Self {
            fingerprint: fingerprint(track.name()),
            shape,
        }
    }
}

/// Returns a fingerprint of the track called `track`, without building it.
#[must_use]
pub fn fingerprint(track: &str) -> u16 {
    // FNV-1a, folded.
    let hash = track.bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    (hash >> 16) as u16 ^ hash as u16
}

impl Course for TrackCourse {
    fn fingerprint(&self) -> u16 {
        self.fingerprint
    }

    #[inline]
    fn at(&self, travel: i32) -> CoursePoint {
        let Shape::Circuit {
            length_units,
            laps_per_unit,
            gates_per_lap,
            gates_per_unit,
            samples_per_unit,
            samples,
        } = &self.shape
        else {
            return CoursePoint {
                x: f64::from(travel),
                y: 0.0,
                left: [0.0, 1.0],
                heading: 0,
                gates: 0,
            };
        };
        // A division of floats costs a fraction of one of integers. It is exact
        // enough: a station beyond the end is on the last piece.
        let lap = (f64::from(travel) * laps_per_unit) as i32 - i32::from(travel < 0);
        let station = travel.wrapping_sub(lap.wrapping_mul(*length_units)).max(0);
        let steps = f64::from(station) * samples_per_unit;
        let index = (steps as i32 as usize).min(samples.len() - 2);
        let [a, b] = [&samples[index], &samples[index + 1]];
        let fraction = steps - index as f64;
        let centre = a.centre.lerp(b.centre, fraction);
        let left = a.left.lerp(b.left, fraction);
        // One step of Newton's towards 1/length: the two are nearly parallel.
        let left = left * (1.5 - 0.5 * left.dot(left));
        CoursePoint {
            x: centre.x,
            y: centre.y,
            left: [left.x, left.y],
            heading: (a.heading + (b.heading - a.heading) * fraction) as i32,
            gates: (lap as u16)
                .wrapping_mul(*gates_per_lap)
                .wrapping_add(gates_until(station, *gates_per_unit)),
        }
    }
}

/// Number of gates of a lap up to `station`. A gate stands at the last whole
/// unit before its exact position, so that all gates whose exact position lies
/// before the next unit are reached. Rounding may be off by one at a gate, which
/// costs a few bytes there.
fn gates_until(station: i32, gates_per_unit: f64) -> u16 {
    let gates = (f64::from(station) + 1.0) * gates_per_unit;
    let whole = gates as i32;
    whole as u16 + u16::from(f64::from(whole) < gates)
}

fn samples(track: &Track) -> Vec<Sample> {
    let turn = f64::from(HEADING_UNITS_PER_TURN);
    let mut before = 0.0_f64;
    let count = track.samples().len();
    (0..=count)
        .map(|index| {
            let sample = &track.samples()[index % count];
            let heading = sample.tangent.heading() / std::f64::consts::TAU * turn;
            before = heading + ((before - heading) / turn).round() * turn;
            Sample {
                centre: sample.centre * f64::from(POSITION_UNITS_PER_M),
                left: sample.tangent.left(),
                heading: before,
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_track_has_a_fingerprint_of_its_own() {
        let names: Vec<&str> = Track::names()
            .iter()
            .copied()
            .chain([Track::HIGHWAY])
            .collect();
        let different: BTreeSet<u16> = names.iter().map(|name| fingerprint(name)).collect();
        assert_eq!(different.len(), names.len());
    }

    #[test]
    fn the_course_is_the_centre_line() {
        for name in Track::names() {
            let track = Track::by_name(name).unwrap();
            let course = TrackCourse::new(&track);
            for travel in (-2_000_000..3 * track.length_units()).step_by(77_777) {
                let sample = track.at(f64::from(travel) / f64::from(POSITION_UNITS_PER_M));
                let point = course.at(travel);
                let off =
                    Vec2::new(point.x, point.y) - sample.centre * f64::from(POSITION_UNITS_PER_M);
                assert!(off.length() < 1.0, "{name} at {travel}: {off:?}");
                let [x, y] = point.left;
                assert!((Vec2::new(x, y) - sample.tangent.left()).length() < 1e-3);
            }
        }
    }

    #[test]
    fn gates_are_counted_as_the_race_counts_them() {
        for name in Track::names() {
            let track = Track::by_name(name).unwrap();
            let course = TrackCourse::new(&track);
            let count = track.gate_count();
            for gate in 0..count {
                let at = 2 * track.length_units() + track.gate_units(gate);
                // Beside a gate, not at it: there the last bit of a quotient decides.
                assert_eq!(course.at(at + 1).gates, 2 * count + gate + 1);
                assert_eq!(course.at(at - 2).gates, 2 * count + gate);
            }
        }
    }
}
