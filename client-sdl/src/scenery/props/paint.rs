//! The looks of the objects.

use super::super::colour::Colour;
use super::super::{Point, SHADOW, cover, noise, smooth};
use super::{Kind, Prop};

const STEEL: Colour = Colour::hex(0xe0_a526);
const STEEL_DARK: Colour = Colour::hex(0x8a_5f12);
const WHITE: Colour = Colour::hex(0xf0_efea);
const DARK: Colour = Colour::hex(0x26_2628);
const WOOD: Colour = Colour::hex(0xa8_7a4a);
const BARK: Colour = Colour::hex(0x6b_4a2c);
const STONE: Colour = Colour::hex(0xb6_b2a8);
const POOL: Colour = Colour::hex(0x4a_93ab);
const ROCK: Colour = Colour::hex(0x80_8184);
const SNOW: Colour = Colour::hex(0xee_f2f6);
const BRICK: Colour = Colour::hex(0xa4_4a32);
const GLASS: Colour = Colour::hex(0x9f_bcc8);
const CONTAINERS: [Colour; 5] = [
    Colour::hex(0xb2_3a2e),
    Colour::hex(0x24_5f9a),
    Colour::hex(0x2f_7d52),
    Colour::hex(0xd2_8a2a),
    Colour::hex(0xb9_bcbb),
];
const ROOFS: [Colour; 4] = [
    Colour::hex(0xb4_5a38),
    Colour::hex(0xa0_4a32),
    Colour::hex(0xc0_7048),
    Colour::hex(0x6a_6e76),
];
const CLOTHS: [Colour; 4] = [
    Colour::hex(0xcf_3a34),
    Colour::hex(0x2f_6fb8),
    Colour::hex(0x2f_8a58),
    Colour::hex(0xe0_9a2a),
];
/// Width of a container, m, and of a pallet.
const CONTAINER_M: f32 = 2.6;
const PALLET_M: f32 = 1.5;
/// Steps of a shadow between an object's foot and its top.
const SHADOW_STEPS: u8 = 3;

impl Kind {
    /// Returns the length of its shadow, m.
    pub(super) fn height_m(self) -> f32 {
        match self {
            Self::Crane | Self::Chimney => 9.0,
            Self::House | Self::Shed => 4.0,
            Self::Containers | Self::Chalet => 3.0,
            Self::Stall | Self::Parasol | Self::Tent => 1.6,
            Self::Boat | Self::Logs | Self::Boulder | Self::Bricks => 1.0,
            Self::Fountain => 0.5,
        }
    }
}

/// Returns the share of sunlight that an object keeps from a point, 0–1.
pub(super) fn shadow(prop: &Prop, point: Point, direction: Point) -> f32 {
    if point.minus(prop.centre).length() > prop.reach() {
        return 0.0;
    }
    let height = prop.kind.height_m();
    let step = |step: u8| {
        let share = f32::from(step) / f32::from(SHADOW_STEPS);
        let foot = point.along(direction, -height * share);
        smooth(0.4, -0.2, outline(prop, prop.local(foot)))
    };
    (1..=SHADOW_STEPS).map(step).fold(0.0, f32::max)
}

/// Returns the distance to the edge of an object, negative inside, m.
fn outline(prop: &Prop, at: Point) -> f32 {
    let (length, width) = prop.half;
    let rectangle = (at.x.abs() - length).max(at.y.abs() - width);
    match prop.kind {
        // The boom, and the legs on the quay.
        Kind::Crane => {
            let boom = (at.x.abs() - length).max(at.y.abs() - 0.7);
            let legs = ((at.x.abs() - length * 0.45).abs() - 0.45).max(at.y.abs() - width);
            boom.min(legs)
        }
        Kind::Boat => {
            let share = (at.x / length).clamp(-1.0, 1.0);
            let taper = if share > 0.0 {
                share * share
            } else {
                share.powi(4) * 0.4
            };
            (at.x.abs() - length).max(at.y.abs() - width * (1.0 - taper))
        }
        Kind::Fountain | Kind::Parasol | Kind::Chimney => at.length() - length,
        Kind::Tent => {
            // An octagon.
            let diagonal = (at.x.abs() + at.y.abs()) * std::f32::consts::FRAC_1_SQRT_2;
            at.x.abs().max(at.y.abs()).max(diagonal) - length
        }
        Kind::Boulder => {
            let bumps = noise::smooth(at.along(prop.centre, 1.0), 0.7, 54) - 0.5;
            at.x.hypot(at.y * length / width) - length * (0.9 + bumps * 0.6)
        }
        Kind::Containers
        | Kind::House
        | Kind::Stall
        | Kind::Logs
        | Kind::Chalet
        | Kind::Bricks
        | Kind::Shed => rectangle,
    }
}

/// Paints an object at a point.
pub(super) fn prop(colour: Colour, prop: &Prop, point: Point) -> Colour {
    if point.minus(prop.centre).length() > prop.radius() + 1.0 {
        return colour;
    }
    let at = prop.local(point);
    let edge = outline(prop, at);
    let share = cover(edge);
    if share <= 0.0 {
        return colour;
    }
    let paint = match prop.kind {
        Kind::Crane => crane(at),
        Kind::Containers => containers(prop, at),
        Kind::Boat => boat(prop, at, edge),
        Kind::House => roof(prop, at, ROOFS[(prop.shade * 53.0) as usize % ROOFS.len()]),
        Kind::Stall => stripes(prop, at.x / 0.42).lit(1.0 - 0.12 * (at.y / prop.half.1)),
        Kind::Fountain => fountain(at),
        Kind::Logs => logs(at),
        Kind::Parasol | Kind::Tent => {
            let sectors = at.y.atan2(at.x) / std::f32::consts::TAU * 8.0;
            stripes(prop, sectors)
                .lit(1.06 + 0.2 * sun(prop, at) - 0.12 * at.length() / prop.half.0)
        }
        Kind::Boulder => boulder(prop, at, point),
        Kind::Chalet => chalet(prop, at, point, edge),
        Kind::Chimney => chimney(prop, at),
        Kind::Bricks => bricks(at),
        Kind::Shed => shed(at),
    };
    colour.under(paint, share)
}

/// Returns how far a point is turned to the sun, -1 to 1.
fn sun(prop: &Prop, at: Point) -> f32 {
    let world = Point::default()
        .along(prop.axis, at.x)
        .along(prop.axis.left(), at.y);
    -world.dot(SHADOW) / prop.radius()
}

fn crane(at: Point) -> Colour {
    let lattice = ((at.x * 1.6 + at.y.abs() * 2.0).fract().abs() - 0.5).abs();
    let on_boom = at.y.abs() < 0.7;
    let paint = STEEL.under(
        STEEL_DARK,
        if on_boom && lattice < 0.14 { 0.7 } else { 0.0 },
    );
    let cabin = (at.x - 3.0).abs().max(at.y.abs() * 1.2) - 1.0;
    paint
        .under(WHITE, cover(cabin))
        .under(GLASS, cover(cabin + 0.5))
}

fn containers(prop: &Prop, at: Point) -> Colour {
    let row = (at.y / CONTAINER_M + 0.5).floor();
    let pick = noise::cell(row as i32, (prop.shade * 1_000.0) as i32, 55);
    let paint = CONTAINERS[(pick * CONTAINERS.len() as f32) as usize % CONTAINERS.len()];
    let rib = (at.x / 0.36 - (at.x / 0.36).floor() - 0.5).abs();
    let gap = ((at.y / CONTAINER_M + 0.5 - row) - 0.5).abs() * CONTAINER_M;
    paint
        .lit(0.92 + rib * 0.22)
        .under(DARK, cover(CONTAINER_M / 2.0 - 0.1 - gap))
}

fn boat(prop: &Prop, at: Point, edge: f32) -> Colour {
    let hull = CONTAINERS[(prop.shade * 31.0) as usize % 2];
    let deck = WHITE.under(WOOD, cover(edge + 0.75));
    let paint = hull.under(deck, cover(edge + 0.22));
    let cabin =
        ((at.x + prop.half.0 * 0.25).abs() - prop.half.0 * 0.3).max(at.y.abs() - prop.half.1 * 0.5);
    paint
        .under(WHITE, cover(cabin))
        .under(GLASS, cover((cabin + 0.35).max(prop.half.0 * 0.02 - at.x)))
}

/// A gable roof: the side that faces the sun is brighter.
fn roof(prop: &Prop, at: Point, tiles: Colour) -> Colour {
    let side = Point {
        x: 0.0,
        y: at.y.signum() * prop.half.1,
    };
    let light = 0.92 + 0.34 * sun(prop, side);
    let courses = (at.y.abs() * 2.2).fract();
    let tile = noise::cell((at.x * 2.5) as i32, (at.y * 2.2) as i32, 56);
    let paint = tiles.lit(light * (0.90 + courses * 0.10 + (tile - 0.5) * 0.16));
    let ridge = cover(at.y.abs() - 0.16);
    let chimney = (at.x - prop.half.0 * 0.5)
        .abs()
        .max((at.y - prop.half.1 * 0.35).abs())
        - 0.5;
    paint
        .under(tiles.lit(1.18), ridge)
        .under(BRICK.lit(0.8), cover(chimney))
        .under(DARK, cover(chimney + 0.22))
}

fn stripes(prop: &Prop, phase: f32) -> Colour {
    let cloth = CLOTHS[(prop.shade * 41.0) as usize % CLOTHS.len()];
    if (phase.floor() as i32).rem_euclid(2) == 0 {
        cloth
    } else {
        WHITE
    }
}

fn fountain(at: Point) -> Colour {
    let out = at.length();
    let ripples = (out * 6.0).sin() * 0.06;
    let pool = POOL.lit(1.0 + ripples);
    let bowl = STONE.under(pool, cover(out - 2.7));
    let middle = bowl.under(STONE.lit(1.05), cover(out - 0.95));
    middle.under(WHITE, cover(out - 0.4))
}

fn logs(at: Point) -> Colour {
    let log = (at.y / 0.45).floor();
    let across = (at.y / 0.45 - log - 0.5) * 2.0;
    let own = noise::cell(log as i32, 3, 57);
    let end = 2.7 + own * 0.3;
    let round = BARK.lit(1.25 - across.abs() * 0.65 + (own - 0.5) * 0.3);
    round.under(Colour::hex(0xd9_b27c), cover(end - 0.25 - at.x.abs()))
}

fn boulder(prop: &Prop, at: Point, point: Point) -> Colour {
    let grain = noise::smooth(point, 1.6, 58);
    let facet = noise::smooth(point, 0.5, 59);
    let light = 0.88 + 0.5 * sun(prop, at) + (grain - 0.5) * 0.25 + (facet - 0.5) * 0.3;
    let cap = smooth(
        0.5,
        0.62,
        facet * 0.6 + (1.0 - at.length() / prop.half.0) * 0.5,
    );
    ROCK.lit(light).under(SNOW, cap * 0.9)
}

fn chalet(prop: &Prop, at: Point, point: Point, edge: f32) -> Colour {
    let bare = roof(prop, at, BARK);
    let slid = noise::smooth(point, 0.5, 60);
    let snow = smooth(0.32, 0.44, slid + smooth(0.0, -1.6, edge) * 0.3);
    let side = Point {
        x: 0.0,
        y: at.y.signum() * prop.half.1,
    };
    bare.under(SNOW.lit(0.92 + 0.16 * sun(prop, side)), snow)
}

fn chimney(prop: &Prop, at: Point) -> Colour {
    let out = at.length();
    let courses = (out * 3.0).fract();
    let angle = at.y.atan2(at.x) * 5.0;
    let brick = noise::cell(angle as i32, (out * 3.0) as i32, 61);
    let base = BRICK.lit(0.82 + 0.35 * sun(prop, at) + courses * 0.08 + (brick - 0.5) * 0.22);
    let rim = base.under(STONE.lit(0.9), cover((out - 1.35).abs() - 0.2));
    rim.under(DARK, cover(out - 1.0))
}

fn bricks(at: Point) -> Colour {
    let (column, row) = (
        (at.x / PALLET_M + 0.5).floor(),
        (at.y / PALLET_M + 0.5).floor(),
    );
    let inside = |distance: f32, index: f32| (distance - index * PALLET_M).abs();
    let gap = inside(at.x, column).max(inside(at.y, row)) - (PALLET_M / 2.0 - 0.12);
    let brick = noise::cell((at.x * 4.0) as i32, (at.y * 8.0) as i32, 62);
    let fired = noise::cell(column as i32, row as i32, 63);
    let paint = BRICK.lit(0.95 + (brick - 0.5) * 0.3 + fired * 0.3);
    DARK.lit(1.6).under(paint, cover(gap))
}

/// Teeth of a roof, whose steep sides are of glass.
fn shed(at: Point) -> Colour {
    const TOOTH_M: f32 = 4.0;
    let in_tooth = at.x / TOOTH_M - (at.x / TOOTH_M).floor();
    let seam = (at.y * 0.9 - (at.y * 0.9).floor() - 0.5).abs();
    let slope = Colour::hex(0x8d_8f8c).lit(0.82 + in_tooth * 0.26 - cover(seam - 0.08) * 0.12);
    let glass = GLASS.lit(0.7 + seam * 0.5);
    slope.under(glass, cover((in_tooth - 0.14) * TOOTH_M))
}
