//! A closed uniform cubic B-spline through the neighbourhood of its control
//! points. Its curvature is continuous, as a road's is; a spline through the
//! points themselves would wobble.

use domain::Vec2;

use super::{LENGTH_M, TrackError};
use crate::math::lerp;

/// Number of pieces per span for measuring its length.
const PIECES_PER_SPAN: usize = 16;

/// A control point of the spline, which attracts the road; all in metres.
#[derive(Copy, Clone, Debug, PartialEq)]
pub(crate) struct ControlPoint {
    pub(crate) x: f64,
    pub(crate) y: f64,
    /// Distances from the centre line to the edges of the road.
    pub(crate) road_left: f64,
    pub(crate) road_right: f64,
}

/// A point on the centre line.
#[derive(Copy, Clone, Debug)]
pub(super) struct Section {
    pub(super) centre: Vec2,
    pub(super) road_left: f64,
    pub(super) road_right: f64,
}

/// Samples the closed curve at equal distances of about `spacing_m` and scales the
/// loop so that its length is a whole number of metres. Returns samples and length.
pub(super) fn resample(
    points: &[ControlPoint],
    spacing_m: f64,
) -> Result<(Vec<Section>, u32), TrackError> {
    let pieces = points.len() * PIECES_PER_SPAN;
    let fine: Vec<Section> = (0..pieces)
        .map(|piece| {
            let within = (piece % PIECES_PER_SPAN) as f64 / PIECES_PER_SPAN as f64;
            evaluate(points, piece / PIECES_PER_SPAN, within)
        })
        .collect();
    let steps: Vec<f64> = (0..pieces)
        .map(|i| (fine[(i + 1) % pieces].centre - fine[i].centre).length())
        .collect();
    let drawn: f64 = steps.iter().sum();
    let length_m = drawn.round() as u32;
    if !LENGTH_M.contains(&length_m) {
        return Err(TrackError::Length { length_m });
    }
    let scale = f64::from(length_m) / drawn;

    let count = (f64::from(length_m) / spacing_m).round() as usize;
    let mut sections = Vec::with_capacity(count);
    let (mut piece, mut before) = (0, 0.0);
    for index in 0..count {
        let wanted = drawn * index as f64 / count as f64;
        while piece + 1 < pieces && before + steps[piece] < wanted {
            before += steps[piece];
            piece += 1;
        }
        let fraction = (wanted - before) / steps[piece].max(1e-9);
        let (a, b) = (fine[piece], fine[(piece + 1) % pieces]);
        sections.push(Section {
            centre: a.centre.lerp(b.centre, fraction) * scale,
            road_left: lerp(a.road_left, b.road_left, fraction),
            road_right: lerp(a.road_right, b.road_right, fraction),
        });
    }
    Ok((sections, length_m))
}

/// Evaluates the curve at fraction `t` of span `span`.
fn evaluate(points: &[ControlPoint], span: usize, t: f64) -> Section {
    let u = 1.0 - t;
    let weights = [
        u * u * u / 6.0,
        (3.0 * t * t * t - 6.0 * t * t + 4.0) / 6.0,
        (-3.0 * t * t * t + 3.0 * t * t + 3.0 * t + 1.0) / 6.0,
        t * t * t / 6.0,
    ];
    let mut section = Section {
        centre: Vec2::default(),
        road_left: 0.0,
        road_right: 0.0,
    };
    for (offset, weight) in weights.into_iter().enumerate() {
        let point = points[(span + points.len() + offset - 1) % points.len()];
        section.centre = section.centre + Vec2::new(point.x, point.y) * weight;
        section.road_left += point.road_left * weight;
        section.road_right += point.road_right * weight;
    }
    section
}
