//! The drawings of the circuits, in metres.

use super::{Circuit, Corner, Drawing};
use crate::track::spline::ControlPoint;

/// Control point at (x, y) with half the width of the road.
const fn p(x: f64, y: f64, half_width: f64) -> ControlPoint {
    ControlPoint {
        x,
        y,
        road_left: half_width,
        road_right: half_width,
    }
}

/// Corner at the intersection (x, y) of two straights, with its radius and half the
/// width of the road.
const fn c(x: f64, y: f64, radius: f64, half_width: f64) -> Corner {
    Corner {
        x,
        y,
        radius,
        half_width,
    }
}

/// A point on a straight: the start line.
const fn start(x: f64, y: f64, half_width: f64) -> Corner {
    c(x, y, 0.0, half_width)
}

/// A city ring around a harbour basin, driven counter-clockwise.
pub(super) const HARBOUR_RING: Circuit = Circuit {
    name: "harbour-ring",
    run_off_m: 8.0,
    drawing: Drawing::Points(&[
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
    ]),
    crossings: 0,
};

/// A banked bowl without the banks: flat out but for the dog-leg and the last
/// two corners, which tighten. Counter-clockwise.
pub(super) const SUNSET_BOWL: Circuit = Circuit {
    name: "sunset-bowl",
    run_off_m: 12.0,
    crossings: 0,
    drawing: Drawing::Corners(&[
        // Start straight.
        start(100.0, 0.0, 11.0),
        // Turns one to three, one long left.
        c(600.0, 0.0, 265.0, 11.0),
        c(760.0, 260.0, 215.0, 10.5),
        c(560.0, 520.0, 235.0, 10.0),
        // Dog-leg right on the back straight.
        c(200.0, 420.0, 330.0, 9.5),
        // Turns five and six tighten, seven opens on to the straight.
        c(-260.0, 520.0, 215.0, 9.0),
        c(-420.0, 240.0, 220.0, 9.5),
        c(-240.0, 0.0, 290.0, 11.0),
    ]),
};

/// A flowing club circuit round a park, every corner leading into the next.
/// Clockwise.
pub(super) const WILLOW_PARK: Circuit = Circuit {
    name: "willow-park",
    run_off_m: 10.0,
    crossings: 0,
    drawing: Drawing::Corners(&[
        // Clubhouse straight.
        start(0.0, 0.0, 7.0),
        // Willow, and down to the pond.
        c(380.0, 0.0, 85.0, 7.0),
        c(400.0, -170.0, 145.0, 6.5),
        // The pond esses: right, left, right.
        c(270.0, -280.0, 95.0, 6.0),
        c(330.0, -420.0, 100.0, 6.0),
        c(180.0, -560.0, 165.0, 6.5),
        // Meadow, a long right.
        c(-40.0, -500.0, 180.0, 7.0),
        c(-120.0, -340.0, 150.0, 6.5),
        // Bandstand, a double left.
        c(-260.0, -300.0, 80.0, 6.0),
        c(-330.0, -420.0, 85.0, 6.0),
        // Orchard, three rights that open.
        c(-520.0, -380.0, 130.0, 6.5),
        c(-560.0, -160.0, 200.0, 7.0),
        c(-420.0, 0.0, 200.0, 7.0),
    ]),
};

/// A figure of eight with a bridge in the middle: as many rights as lefts.
pub(super) const TWIN_LOOPS: Circuit = Circuit {
    name: "twin-loops",
    run_off_m: 9.0,
    crossings: 1,
    drawing: Drawing::Corners(&[
        // Start, down the east side.
        start(580.0, -60.0, 8.0),
        // East loop, clockwise.
        c(580.0, -250.0, 105.0, 8.0),
        c(330.0, -260.0, 150.0, 7.0),
        // Over the bridge and round the west loop, counter-clockwise.
        c(-300.0, 250.0, 150.0, 6.5),
        c(-560.0, 190.0, 60.0, 7.0),
        c(-470.0, 20.0, 100.0, 6.5),
        c(-620.0, -120.0, 85.0, 6.5),
        c(-560.0, -260.0, 90.0, 7.0),
        c(-320.0, -260.0, 150.0, 7.0),
        // Under the bridge.
        c(230.0, 190.0, 150.0, 6.5),
        c(420.0, 250.0, 150.0, 7.0),
        c(580.0, 170.0, 115.0, 8.0),
    ]),
};

/// A long fast road along a shore: wide sweepers, and brakes used twice a
/// lap. Counter-clockwise.
pub(super) const LONG_SHORE: Circuit = Circuit {
    name: "long-shore",
    run_off_m: 14.0,
    crossings: 0,
    drawing: Drawing::Corners(&[
        // Pier straight, almost a kilometre.
        start(0.0, 0.0, 9.0),
        // Lighthouse, the long left along the point.
        c(900.0, 0.0, 420.0, 9.0),
        c(1250.0, 250.0, 400.0, 8.5),
        c(1300.0, 600.0, 300.0, 8.0),
        // Dunes: left, left, right, left, right.
        c(1050.0, 820.0, 340.0, 8.0),
        c(700.0, 760.0, 420.0, 7.5),
        c(430.0, 900.0, 370.0, 7.5),
        c(80.0, 800.0, 375.0, 7.5),
        c(-150.0, 880.0, 300.0, 7.5),
        c(-420.0, 760.0, 235.0, 8.0),
        // Fishing village, left and right between the boats.
        c(-480.0, 540.0, 60.0, 7.0),
        c(-700.0, 400.0, 60.0, 7.0),
        // Back to the pier.
        c(-740.0, 160.0, 190.0, 8.0),
        c(-520.0, 0.0, 405.0, 9.0),
    ]),
};

/// A natural road through a forest, no two corners alike. Counter-clockwise.
pub(super) const BIRCH_FOREST: Circuit = Circuit {
    name: "birch-forest",
    run_off_m: 6.0,
    crossings: 0,
    drawing: Drawing::Corners(&[
        // Clearing straight.
        start(0.0, 0.0, 7.5),
        // Into the trees: two lefts, then right over the brook.
        c(420.0, 0.0, 150.0, 7.0),
        c(560.0, 160.0, 60.0, 6.0),
        c(470.0, 330.0, 50.0, 5.0),
        c(640.0, 470.0, 160.0, 5.5),
        // Up to the hunting lodge and round it.
        c(760.0, 700.0, 160.0, 6.5),
        c(640.0, 900.0, 60.0, 7.5),
        c(400.0, 860.0, 120.0, 6.0),
        // The fern esses.
        c(300.0, 700.0, 160.0, 5.5),
        c(120.0, 640.0, 60.0, 5.0),
        c(-60.0, 780.0, 120.0, 5.0),
        c(-300.0, 760.0, 160.0, 6.0),
        // Down the glade, left, left, right, right.
        c(-420.0, 600.0, 70.0, 7.0),
        c(-340.0, 430.0, 45.0, 5.5),
        c(-440.0, 270.0, 120.0, 5.5),
        c(-660.0, 230.0, 50.0, 6.5),
        // Sawmill, a double left, and out of the trees.
        c(-740.0, 60.0, 35.0, 7.0),
        c(-600.0, -50.0, 100.0, 6.5),
        c(-330.0, 0.0, 300.0, 7.5),
    ]),
};

/// Streets of a city at right angles, walls close by; one diagonal avenue.
/// Clockwise.
pub(super) const OLD_TOWN: Circuit = Circuit {
    name: "old-town",
    run_off_m: 3.0,
    crossings: 0,
    drawing: Drawing::Corners(&[
        // Boulevard.
        start(60.0, 0.0, 8.0),
        // Opera and the arcades: right, left, right.
        c(440.0, 0.0, 20.0, 8.0),
        c(420.0, -130.0, 16.0, 6.0),
        c(575.0, -150.0, 18.0, 6.5),
        // Down to the river and back up to the market.
        c(573.0, -245.0, 30.0, 6.5),
        c(597.0, -290.0, 30.0, 6.5),
        c(592.0, -430.0, 22.0, 7.0),
        c(375.0, -415.0, 15.0, 6.0),
        c(365.0, -295.0, 16.0, 6.0),
        // Round the cathedral.
        c(185.0, -280.0, 16.0, 5.5),
        c(165.0, -465.0, 18.0, 6.0),
        // Quay and the diagonal avenue.
        c(-80.0, -480.0, 45.0, 7.0),
        c(-210.0, -345.0, 28.0, 7.0),
        // Town hall: right, left, right, right.
        c(-345.0, -360.0, 18.0, 6.5),
        c(-325.0, -165.0, 16.0, 6.0),
        c(-450.0, -150.0, 17.0, 6.0),
        c(-440.0, -40.0, 22.0, 7.5),
        c(-190.0, 0.0, 300.0, 8.0),
    ]),
};

/// A short twisty circuit between the kilns of a brickworks, never straight
/// for long. Counter-clockwise.
pub(super) const KILN_YARD: Circuit = Circuit {
    name: "kiln-yard",
    run_off_m: 5.0,
    crossings: 0,
    drawing: Drawing::Corners(&[
        // The loading ramp.
        start(40.0, 0.0, 7.0),
        // Round the drying sheds.
        c(170.0, 0.0, 32.0, 7.5),
        c(185.0, 105.0, 32.0, 6.0),
        c(95.0, 112.0, 32.0, 5.0),
        c(70.0, 195.0, 32.0, 5.0),
        // Chimney, two lefts.
        c(165.0, 235.0, 32.0, 5.5),
        c(150.0, 325.0, 32.0, 6.5),
        c(15.0, 315.0, 32.0, 7.0),
        // Clay pit: left, right, left, left.
        c(-25.0, 225.0, 32.0, 5.5),
        c(-115.0, 245.0, 32.0, 5.5),
        c(-195.0, 190.0, 32.0, 6.5),
        c(-150.0, 100.0, 32.0, 5.5),
        // The weighbridge.
        c(-225.0, 50.0, 24.0, 6.0),
        c(-200.0, 0.0, 32.0, 7.0),
    ]),
};

/// A mountain road: three hairpins up to the pass, a ridge, and a steep way
/// down. Counter-clockwise.
pub(super) const EAGLE_PASS: Circuit = Circuit {
    name: "eagle-pass",
    run_off_m: 4.0,
    crossings: 0,
    drawing: Drawing::Corners(&[
        // Valley road.
        start(0.0, 0.0, 6.5),
        // First hairpin, left.
        c(560.0, 0.0, 24.0, 6.0),
        c(572.0, 52.0, 22.0, 6.0),
        // Second hairpin, right.
        c(170.0, 110.0, 22.0, 6.0),
        c(158.0, 162.0, 22.0, 6.0),
        // Third hairpin, left.
        c(560.0, 222.0, 20.0, 6.0),
        c(574.0, 274.0, 22.0, 6.0),
        // Over the pass and along the ridge.
        c(400.0, 340.0, 140.0, 5.0),
        c(330.0, 470.0, 90.0, 5.0),
        c(170.0, 450.0, 100.0, 5.0),
        c(90.0, 570.0, 95.0, 5.0),
        c(-80.0, 540.0, 135.0, 5.5),
        c(-190.0, 620.0, 90.0, 5.5),
        c(-400.0, 500.0, 140.0, 5.5),
        // Down: left, the eyrie hairpin right, left, left.
        c(-460.0, 280.0, 85.0, 5.5),
        c(-270.0, 225.0, 20.0, 6.0),
        c(-450.0, 95.0, 50.0, 5.5),
        c(-380.0, 0.0, 100.0, 6.0),
    ]),
};
