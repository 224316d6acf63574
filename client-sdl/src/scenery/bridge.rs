//! Bridges where a track crosses itself: the later part passes over the earlier.

use client_core::simulation::Track;

use super::Point;
use super::strip::{Branch, Strip, TrackPosition};

/// Distance along the track from which two parts of it can cross, m.
const APART_M: f32 = 100.0;
/// Length of the deck beyond the road that it crosses, m.
const OVERHANG_M: f32 = 5.0;
/// Thickness of a bridge's walls, m.
const PARAPET_M: f32 = 0.6;
/// Length of the deck's shadow, m.
const SHADOW_M: f32 = 4.5;
/// Distance from a bridge within which its deck is searched, m.
const NEAR_M: f32 = 75.0;

/// A bridge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bridge {
    middle: Point,
    /// Station of the middle on the upper part, m from the start line.
    station: f32,
    section: usize,
    /// Half the length of the deck along the upper part, m.
    half_length: f32,
    track_length: f32,
}

impl Bridge {
    /// Finds the bridges of a track from its centre line.
    #[must_use]
    pub fn of(track: &Track) -> Vec<Self> {
        let samples = track.samples();
        let spacing = track.spacing_m() as f32;
        let length = track.length_m() as f32;
        let ends = |index: usize| {
            let next = &samples[(index + 1) % samples.len()];
            [point(samples[index].centre), point(next.centre)]
        };
        let apart = (APART_M / spacing) as usize;
        let mut bridges = Vec::new();
        for lower in 0..samples.len() {
            let upto = (lower + samples.len() - apart).min(samples.len());
            for upper in lower + apart..upto {
                let Some(share) = crossing(ends(lower), ends(upper)) else {
                    continue;
                };
                let (under, over) = (&samples[lower], &samples[upper]);
                let sine = under.tangent.cross(over.tangent).abs().max(0.3) as f32;
                let half_width = under.wall_left.max(under.wall_right) as f32;
                let [from, to] = ends(upper);
                bridges.push(Self {
                    middle: from.along(to.minus(from), share),
                    station: (upper as f32 + share) * spacing,
                    section: upper,
                    half_length: half_width / sine + OVERHANG_M,
                    track_length: length,
                });
            }
        }
        bridges
    }

    /// Returns whether a car `station_m` metres after the start line is on the
    /// bridge or about to enter it.
    #[must_use]
    pub fn carries(&self, station_m: f64) -> bool {
        self.beyond_middle(station_m as f32).abs() < self.half_length + OVERHANG_M
    }

    pub(super) fn is_near(&self, point: Point) -> bool {
        point.minus(self.middle).length() < NEAR_M
    }

    /// Returns the track position of a point on the deck, which has bare concrete
    /// beside the road.
    pub(super) fn deck(&self, strip: &Strip, point: Point) -> Option<TrackPosition> {
        let mut branch = Branch::at(self.section);
        let mut position = strip.locate_on(point, &mut branch);
        position.side.gravel = 0.0;
        let is_inside = self.beyond_middle(position.station).abs() < self.half_length;
        (is_inside && position.off_wall < PARAPET_M).then_some(position)
    }

    /// Returns the share of sunlight that the deck blocks at a point beside it,
    /// 0–1.
    pub(super) fn shade(&self, strip: &Strip, point: Point) -> f32 {
        const STEPS: u8 = 3;
        let upper = strip.locate_on(point, &mut Branch::at(self.section));
        // The road before and after the deck is not below it.
        if upper.off_wall < PARAPET_M {
            return 0.0;
        }
        let is_dark = |step: &u8| {
            let distance = -SHADOW_M * (f32::from(*step) - 0.5) / f32::from(STEPS);
            self.deck(strip, point.along(super::SHADOW, distance))
                .is_some()
        };
        let dark = (1..=STEPS).filter(is_dark).count();
        dark as f32 / f32::from(STEPS)
    }

    fn beyond_middle(&self, station: f32) -> f32 {
        let half = self.track_length / 2.0;
        (station - self.station + half).rem_euclid(self.track_length) - half
    }
}

fn point(world: domain::Vec2) -> Point {
    Point {
        x: world.x as f32,
        y: world.y as f32,
    }
}

/// Returns where two line segments cross, as a fraction of the second one.
fn crossing([a, b]: [Point; 2], [c, d]: [Point; 2]) -> Option<f32> {
    let (along, across) = (b.minus(a), d.minus(c));
    let cross = |one: Point, other: Point| one.x * other.y - one.y * other.x;
    let determinant = cross(along, across);
    if determinant.abs() < 1e-6 {
        return None;
    }
    let share = cross(c.minus(a), across) / determinant;
    let other = cross(c.minus(a), along) / determinant;
    ((0.0..1.0).contains(&share) && (0.0..1.0).contains(&other)).then_some(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_crossing_of_a_shipped_circuit_is_a_bridge() {
        for name in Track::names() {
            let track = Track::by_name(name).unwrap();
            let bridges = Bridge::of(&track);
            assert_eq!(
                Some(bridges.len()),
                Track::crossings_by_name(name),
                "{name}"
            );
            for bridge in bridges {
                let above = track.at(f64::from(bridge.station)).centre;
                assert!(point(above).minus(bridge.middle).length() < 0.5);
            }
        }
    }

    #[test]
    fn carries_the_later_part_and_not_the_earlier() {
        let track = Track::by_name("twin-loops").unwrap();
        let bridge = Bridge::of(&track)[0];
        assert!(bridge.carries(f64::from(bridge.station)));
        assert!(!bridge.carries(f64::from(bridge.station) - 100.0));
        let strip = Strip::new(&track);
        assert!(bridge.deck(&strip, bridge.middle).is_some());
        // The other road passes below the deck.
        let lower = strip.branches(bridge.middle);
        assert!(lower.len() >= 2, "two parts of the track cross there");
    }
}
