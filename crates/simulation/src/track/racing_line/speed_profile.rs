//! Speed profiles: how fast a line can be driven.

use super::{LinePoint, RacingLine};
use crate::math::lerp;
use crate::vehicle::Envelope;

/// The only limit on straights: faster than any car can drive.
const SPEED_MAX_MPS: f64 = 100.0;

/// The highest speed at each point of a line, m/s, from which all that follows can
/// still be driven.
#[derive(Clone, Debug)]
pub(crate) struct SpeedProfile(Vec<f64>);

impl SpeedProfile {
    /// Computes the profile of a car whose driver uses a share `grip` of its grip.
    pub(crate) fn compute(points: &[LinePoint], envelope: &Envelope<'_>, grip: f64) -> Self {
        let mut speed: Vec<f64> = points
            .iter()
            .map(|point| envelope.cornering_speed(point.curvature, grip))
            .map(|speed| speed.min(SPEED_MAX_MPS))
            .collect();
        // Against the direction of travel, two rounds, for the braking zone across
        // the start line.
        let count = points.len();
        for index in (0..2 * count).rev() {
            let (here, next) = (index % count, (index + 1) % count);
            let slower = speed[next];
            let braking = envelope.braking(slower, points[next].curvature, grip);
            let most = (slower * slower + 2.0 * braking * points[here].step_m).sqrt();
            speed[here] = speed[here].min(most);
        }
        Self(speed)
    }

    /// Speed at `station` metres along the centre line, any lap, in m/s.
    pub(crate) fn speed_at(&self, line: &RacingLine, station: f64) -> f64 {
        let (index, next, fraction) = line.locate(station);
        lerp(self.0[index], self.0[next], fraction)
    }
}
