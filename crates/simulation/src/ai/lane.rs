//! Lanes: the racing line and the road on either side of it.
//!
//! A driver's position across the road is its *side*: 0 on the racing line, 1 as
//! far to the left as a car fits, −1 as far to the right, linear in between. A
//! lane is a constant side. Where the line itself runs along an edge, the lanes
//! on that side meet; they never leave the road.

use crate::math::lerp;
use crate::track::{LinePoint, RacingLine, SpeedProfile};
use crate::vehicle::Envelope;

/// A driver's speeds on the racing line and along both edges of the road.
#[derive(Clone, Debug)]
pub(super) struct LaneSpeeds {
    line: SpeedProfile,
    left: SpeedProfile,
    right: SpeedProfile,
}

impl LaneSpeeds {
    /// Computes the speeds of a car whose driver uses a share `grip` of its grip.
    pub(super) fn compute(line: &RacingLine, envelope: &Envelope<'_>, grip: f64) -> Self {
        let profile = |points: &[LinePoint]| SpeedProfile::compute(points, envelope, grip);
        let [left, right] = line.halves();
        Self {
            line: profile(line.points()),
            left: profile(left),
            right: profile(right),
        }
    }

    /// Highest speed at `station` metres on the racing line, m/s.
    pub(super) fn line_speed_at(&self, line: &RacingLine, station: f64) -> f64 {
        self.line.speed_at(line, station)
    }

    /// Highest speed at `station` metres on the lane at `side`, m/s.
    pub(super) fn speed_at(&self, line: &RacingLine, station: f64, side: f64) -> f64 {
        let on_line = self.line_speed_at(line, station);
        if side == 0.0 {
            return on_line;
        }
        let half = if side > 0.0 { &self.left } else { &self.right };
        // In a corner curvature is proportional to the inverse square of the speed,
        // and the curvature is linear in the side.
        let slowness = |speed: f64| 1.0 / (speed * speed);
        let in_half = half.speed_at(line, station);
        1.0 / lerp(slowness(on_line), slowness(in_half), side.abs()).sqrt()
    }
}

impl RacingLine {
    /// The point of the lane at `side` at `station` metres along the centre line,
    /// any lap.
    pub(super) fn lane_at(&self, station: f64, side: f64) -> LinePoint {
        let line = self.at(station);
        if side == 0.0 {
            return line;
        }
        let half = self.between(self.half(side), station);
        let share = side.abs();
        LinePoint {
            lateral: lerp(line.lateral, half.lateral, share),
            direction: line.direction.lerp(half.direction, share).normalized(),
            curvature: lerp(line.curvature, half.curvature, share),
            step_m: lerp(line.step_m, half.step_m, share),
        }
    }

    /// Offset of the lane at `side` to the left of the centre line at `station`
    /// metres, in metres.
    pub(super) fn lane_lateral_at(&self, station: f64, side: f64) -> f64 {
        let on_line = self.lateral_at(station);
        lerp(on_line, self.half_lateral_at(station, side), side.abs())
    }

    fn half_lateral_at(&self, station: f64, side: f64) -> f64 {
        let (index, next, fraction) = self.locate(station);
        let half = self.half(side);
        lerp(half[index].lateral, half[next].lateral, fraction)
    }

    /// The side that is `lateral` metres to the left of the centre line at
    /// `station`.
    pub(super) fn side_of(&self, station: f64, lateral: f64) -> f64 {
        let off = lateral - self.lateral_at(station);
        (off / self.lane_width_at(station, off)).clamp(-1.0, 1.0)
    }

    /// Distance from the racing line to the outermost lane on the side of `side` at
    /// `station` metres, in metres; at least one.
    pub(super) fn lane_width_at(&self, station: f64, side: f64) -> f64 {
        let width = self.half_lateral_at(station, side) - self.lateral_at(station);
        width.abs().max(1.0)
    }

    fn half(&self, side: f64) -> &[LinePoint] {
        let [left, right] = self.halves();
        if side > 0.0 { left } else { right }
    }
}

#[cfg(test)]
mod tests {
    use crate::Track;
    use crate::track::SIDE_BY_SIDE_M;

    #[test]
    fn two_cars_fit_side_by_side_on_the_lines_of_the_halves() {
        for name in Track::names() {
            let track = Track::by_name(name).expect("a listed circuit exists");
            let line = track.racing_line();
            for station in (0..track.length_m()).map(f64::from) {
                let [right, left] = [-1.0, 1.0].map(|side| line.lane_lateral_at(station, side));
                let apart = left - right;
                assert!(
                    apart > SIDE_BY_SIDE_M - 0.05,
                    "{name}, {station} m: {apart}"
                );
                let road = track.at(station);
                let room = (road.road_left - left).min(road.road_right + right);
                assert!(room > 1.2, "{name}, {station} m: {room} m to the edge");
            }
        }
    }

    #[test]
    fn finds_the_lane_that_a_place_is_on() {
        let track = Track::by_name("sunset-bowl").expect("it ships");
        let line = track.racing_line();
        for station in [0.0, 700.0, 1400.0, 2100.0] {
            for side in [-1.0, -0.5, 0.0, 0.25, 1.0] {
                let lateral = line.lane_lateral_at(station, side);
                let lane = line.lane_at(station, side);
                assert!((lane.lateral - lateral).abs() < 1e-9);
                let width =
                    (line.lane_lateral_at(station, side.signum()) - line.lateral_at(station)).abs();
                let found = line.side_of(station, lateral);
                assert!(
                    width < 1.0 || (found - side).abs() < 1e-9,
                    "{station}, {side}"
                );
            }
        }
    }
}
