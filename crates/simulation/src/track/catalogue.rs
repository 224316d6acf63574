//! The circuits that ship with the game: one entry each, all of our own design.

use super::spline::ControlPoint;

/// A circuit as it is drawn.
pub(super) struct Circuit {
    pub(super) name: &'static str,
    /// Width of the run-off between road and wall, in metres, where there is room.
    pub(super) run_off_m: f64,
    /// Control points in driving order. The first lies on the start line, which
    /// needs some 130 m of straight behind it for the grid.
    pub(super) points: &'static [ControlPoint],
}

pub(super) const NAMES: &[&str] = &[HARBOUR_RING.name];
const CIRCUITS: &[Circuit] = &[HARBOUR_RING];

pub(super) fn find(name: &str) -> Option<&'static Circuit> {
    CIRCUITS.iter().find(|circuit| circuit.name == name)
}

/// x, y and half the width of the road, in metres.
const fn p(x: f64, y: f64, half_width: f64) -> ControlPoint {
    ControlPoint {
        x,
        y,
        road_left: half_width,
        road_right: half_width,
    }
}

/// A city ring around a harbour basin, driven counter-clockwise.
const HARBOUR_RING: Circuit = Circuit {
    name: "harbour-ring",
    run_off_m: 8.0,
    points: &[
        // Quay straight.
        p(20.0, 0.0, 7.0),
        p(110.0, 0.0, 7.0),
        p(200.0, 0.0, 7.0),
        p(280.0, 0.0, 7.0),
        // Customs corner, a square left.
        p(345.0, 0.0, 7.0),
        p(384.0, 4.0, 7.0),
        p(402.0, 30.0, 6.5),
        p(408.0, 75.0, 6.5),
        p(412.0, 130.0, 6.0),
        // Crane chicane: right, left, right around the loading bay.
        p(412.0, 185.0, 6.0),
        p(420.0, 222.0, 5.5),
        p(450.0, 246.0, 5.5),
        p(456.0, 272.0, 5.5),
        p(430.0, 298.0, 5.5),
        p(426.0, 330.0, 6.0),
        p(430.0, 380.0, 6.5),
        // Lighthouse hairpin.
        p(430.0, 424.0, 7.5),
        p(416.0, 448.0, 8.0),
        p(390.0, 448.0, 8.0),
        p(376.0, 424.0, 7.5),
        // The long way down to the basin, a sweeper that opens.
        p(370.0, 380.0, 7.0),
        p(352.0, 318.0, 6.5),
        p(312.0, 258.0, 7.0),
        p(250.0, 214.0, 7.0),
        p(180.0, 192.0, 7.0),
        // Basin straight.
        p(100.0, 186.0, 7.0),
        p(30.0, 186.0, 7.0),
        // Over the hill of the old town.
        p(-28.0, 190.0, 6.5),
        p(-66.0, 214.0, 6.0),
        p(-96.0, 262.0, 6.0),
        p(-138.0, 290.0, 6.5),
        p(-180.0, 272.0, 6.5),
        p(-202.0, 226.0, 6.5),
        p(-240.0, 188.0, 6.5),
        // Dry dock: a double left, then a flick right on to the quay.
        p(-300.0, 184.0, 7.0),
        p(-356.0, 172.0, 7.0),
        p(-384.0, 134.0, 7.0),
        p(-374.0, 92.0, 7.0),
        p(-334.0, 74.0, 7.0),
        p(-306.0, 50.0, 7.0),
        p(-282.0, 16.0, 7.0),
        p(-236.0, 0.0, 7.0),
        p(-160.0, 0.0, 7.0),
        p(-70.0, 0.0, 7.0),
    ],
};
