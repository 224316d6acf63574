//! Features along a track, derived from its shape and its racing line: kerbs,
//! gravel and rubber.

use client_core::simulation::Track;

use super::Point;

/// Radius below which a corner has kerbs.
const KERB_RADIUS_M: f64 = 130.0;
/// Radius below which a corner has gravel on its outside.
const GRAVEL_RADIUS_M: f64 = 75.0;
/// Distance between racing line and edge below which the edge has a kerb.
const KERB_CLEARANCE_M: f64 = 2.6;

/// One side of a cross-section.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    /// Distance to the edge of the road, m.
    pub(super) road: f32,
    /// Distance to the wall, m.
    pub(super) wall: f32,
    /// Amount of kerb, 0–1.
    pub(super) kerb: f32,
    /// Amount of gravel, 0–1.
    pub(super) gravel: f32,
}

/// A cross-section of the track and its features.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Section {
    pub(super) centre: Point,
    pub(super) tangent: Point,
    pub(super) left: Side,
    pub(super) right: Side,
    pub(super) groove: f32,
    pub(super) rubber: f32,
}

/// Returns the cross-sections along a track.
pub(super) fn along(track: &Track) -> Vec<Section> {
    let samples = track.samples();
    let line = track.racing_line();
    let count = samples.len() as isize;
    let at = |index: usize, step: isize| (index as isize + step).rem_euclid(count) as usize;
    let bend = |index: usize| {
        (-3..=3)
            .map(|step| samples[at(index, step)].curvature)
            .sum::<f64>()
            / 7.0
    };
    let bends: Vec<f64> = (0..samples.len()).map(bend).collect();
    let reaches = |index: usize, from: isize, to: isize, wanted: &dyn Fn(f64) -> bool| {
        (from..=to).any(|step| wanted(bends[at(index, step)]))
    };
    let mut sections: Vec<Section> = Vec::with_capacity(samples.len());
    for (index, sample) in samples.iter().enumerate() {
        let station = index as f64 * track.spacing_m();
        let groove = line.lateral_at(station);
        let is_corner = reaches(index, -13, 13, &|bend| bend.abs() > 1.0 / KERB_RADIUS_M);
        let kerb = |clearance: f64, is_inside: bool| {
            let is_apex = is_inside && bends[index].abs() > 1.0 / KERB_RADIUS_M;
            f32::from(u8::from(
                is_apex || is_corner && clearance < KERB_CLEARANCE_M,
            ))
        };
        let gravel = |sign: f64| {
            let is_outside = |bend: f64| bend * sign > 1.0 / GRAVEL_RADIUS_M;
            f32::from(u8::from(reaches(index, -11, 3, &is_outside)))
        };
        let slows = line.speed_at(station) - line.speed_at(station + 10.0);
        sections.push(Section {
            centre: Point {
                x: sample.centre.x as f32,
                y: sample.centre.y as f32,
            },
            tangent: Point {
                x: sample.tangent.x as f32,
                y: sample.tangent.y as f32,
            },
            left: Side {
                road: sample.road_left as f32,
                wall: sample.wall_left as f32,
                kerb: kerb(sample.road_left - groove, bends[index] > 0.0),
                gravel: gravel(-1.0),
            },
            right: Side {
                road: sample.road_right as f32,
                wall: sample.wall_right as f32,
                kerb: kerb(sample.road_right + groove, bends[index] < 0.0),
                gravel: gravel(1.0),
            },
            groove: groove as f32,
            rubber: ((slows / 3.0).max(bends[index].abs() * 25.0)).clamp(0.15, 1.0) as f32,
        });
    }
    // Kerbs and gravel begin and end gradually.
    let soft = |pick: &dyn Fn(&Section) -> f32, reach: isize| -> Vec<f32> {
        let mean = |index: usize| {
            let sum: f32 = (-reach..=reach)
                .map(|step| pick(&sections[at(index, step)]))
                .sum();
            sum / (2 * reach + 1) as f32
        };
        (0..sections.len()).map(mean).collect()
    };
    let soft_masks = [
        soft(&|section| section.left.kerb, 2),
        soft(&|section| section.right.kerb, 2),
        soft(&|section| section.left.gravel, 3),
        soft(&|section| section.right.gravel, 3),
        soft(&|section| section.rubber, 3),
    ];
    for (index, section) in sections.iter_mut().enumerate() {
        section.left.kerb = soft_masks[0][index];
        section.right.kerb = soft_masks[1][index];
        section.left.gravel = soft_masks[2][index];
        section.right.gravel = soft_masks[3][index];
        section.rubber = soft_masks[4][index];
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_are_kerbs_and_gravel_in_corners_but_not_everywhere() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let sections = along(&track);
        let share = |pick: &dyn Fn(&Section) -> bool| {
            sections.iter().filter(|section| pick(section)).count() as f32 / sections.len() as f32
        };
        let kerbs = share(&|section| section.left.kerb.max(section.right.kerb) > 0.5);
        let gravel = share(&|section| section.left.gravel.max(section.right.gravel) > 0.5);
        assert!((0.1..0.8).contains(&kerbs), "{kerbs}");
        assert!((0.05..0.6).contains(&gravel), "{gravel}");
    }
}
