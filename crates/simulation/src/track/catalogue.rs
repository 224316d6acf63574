//! The circuits that ship with the game: one entry each, all of our own design.

mod circuits;

use super::drawing::{self, Corner};
use super::spline::ControlPoint;

/// The drawing of a circuit.
pub(super) struct Circuit {
    pub(super) name: &'static str,
    /// Width of the run-off between road and wall, in metres, where there is room.
    pub(super) run_off_m: f64,
    /// Number of self-crossings.
    pub(super) crossings: usize,
    drawing: Drawing,
}

/// A circuit in driving order. The first point lies on the start line, which needs
/// some 130 m of straight behind it for the grid.
enum Drawing {
    /// Straights and the corners between them.
    Corners(&'static [Corner]),
    /// Control points of the spline itself.
    Points(&'static [ControlPoint]),
}

impl Circuit {
    pub(super) fn points(&self) -> Vec<ControlPoint> {
        match self.drawing {
            Drawing::Corners(corners) => drawing::control_points(corners),
            Drawing::Points(points) => points.to_vec(),
        }
    }
}

/// Easy ones first.
const CIRCUITS: [Circuit; 9] = [
    circuits::HARBOUR_RING,
    circuits::SUNSET_BOWL,
    circuits::WILLOW_PARK,
    circuits::TWIN_LOOPS,
    circuits::LONG_SHORE,
    circuits::BIRCH_FOREST,
    circuits::OLD_TOWN,
    circuits::KILN_YARD,
    circuits::EAGLE_PASS,
];

pub(super) const NAMES: [&str; CIRCUITS.len()] = {
    let mut names = [""; CIRCUITS.len()];
    let mut index = 0;
    while index < names.len() {
        names[index] = CIRCUITS[index].name;
        index += 1;
    }
    names
};

pub(super) fn find(name: &str) -> Option<&'static Circuit> {
    static SHIPPED: [Circuit; CIRCUITS.len()] = CIRCUITS;
    SHIPPED.iter().find(|circuit| circuit.name == name)
}
