//! The grandstand on the right of the start line.

use super::colour::Colour;
use super::strip::{Strip, TrackPosition};
use super::{cover, noise, smooth};

const STEPS: Colour = Colour::hex(0x9a_a0a6);
const ROOF: Colour = Colour::hex(0xdf_e4e8);
const JOINT: Colour = Colour::hex(0x7d_8082);
/// Colours of the spectators' shirts.
const SHIRTS: [Colour; 5] = [
    Colour::hex(0x1f_5fbf),
    Colour::hex(0xd4_2f2f),
    Colour::hex(0xf0_f0ee),
    Colour::hex(0xf2_b01e),
    Colour::hex(0x1f_7a4d),
];
/// Extent of the grandstand along the start straight, m.
const STAND_STATION: (f32, f32) = (-70.0, 60.0);
/// Extent of the grandstand behind the wall, m.
const STAND_DEPTH: (f32, f32) = (3.5, 15.5);
/// Distance between rows of seats, m.
const SEAT_ROW_M: f32 = 0.85;

/// Returns whether there is room for it.
pub(super) fn has_room(strip: &Strip) -> bool {
    let (from, to) = STAND_STATION;
    let mut stations = (from as i32..=to as i32)
        .step_by(10)
        .map(|station| station as f32);
    stations.all(|station| {
        let back = strip.behind_right_wall(station, STAND_DEPTH.1 + 3.0);
        let position = strip.locate(back, &mut strip.branches(back));
        position.is_some_and(|position| {
            position.lateral < 0.0 && (position.station - station).abs() < 3.0
        })
    })
}

/// Returns whether a position is within `margin_m` metres of the grandstand.
pub(super) fn is_near(position: &TrackPosition, margin_m: f32) -> bool {
    let (from, to) = STAND_STATION;
    position.lateral < 0.0
        && (from - margin_m..to + margin_m).contains(&position.station)
        && (STAND_DEPTH.0 - margin_m..STAND_DEPTH.1 + margin_m).contains(&position.off_wall)
}

/// Paints the grandstand and its shadow.
pub(super) fn paint(colour: Colour, position: &TrackPosition) -> Colour {
    if !is_near(position, 2.5) {
        return colour;
    }
    let (from, to) = STAND_STATION;
    let along = (from - position.station).max(position.station - to);
    let behind = position.off_wall;
    let across = (STAND_DEPTH.0 - behind).max(behind - STAND_DEPTH.1);
    let edge = along.max(across);
    let shadowed = colour.lit(1.0 - 0.35 * smooth(2.0, 0.0, edge));
    let share = cover(edge);
    if share <= 0.0 {
        return shadowed;
    }
    shadowed.under(seats(position.station, behind - STAND_DEPTH.0), share)
}

/// Returns the colour of the grandstand: rows of spectators, the last ones under
/// a roof.
fn seats(station: f32, depth: f32) -> Colour {
    let roof_from = STAND_DEPTH.1 - STAND_DEPTH.0 - 4.5;
    if depth > roof_from {
        let rib = ((station / 4.0).fract().abs() - 0.5).abs() * 4.0 - 1.85;
        let slope = 1.0 - (depth - roof_from) * 0.025;
        return ROOF.lit(slope).under(JOINT, cover(-rib) * 0.5);
    }
    let aisle = (station.rem_euclid(12.0) - 6.0).abs() - 0.6;
    let row = (depth / SEAT_ROW_M).floor();
    let in_row = depth - row * SEAT_ROW_M - SEAT_ROW_M / 2.0;
    let seat = (station / 0.62).floor();
    let in_seat = station - seat * 0.62 - 0.31;
    let head = (in_row * in_row + in_seat * in_seat).sqrt() - 0.27;
    let step = STEPS.lit(0.85 + 0.25 * (in_row / SEAT_ROW_M + 0.5));
    let occupant = noise::cell(seat as i32, row as i32, 31);
    if occupant < 0.14 {
        return step;
    }
    let shirt = SHIRTS[(occupant * 97.0) as usize % SHIRTS.len()].lit(0.65 + occupant * 0.4);
    let under_roof = smooth(2.5, 0.0, roof_from - depth) * 0.45;
    step.under(shirt, cover(head) * cover(-aisle))
        .lit(1.0 - under_roof)
}
