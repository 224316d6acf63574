//! Draws cars and their traces.

use domain::Vec2;
use sdl2::rect::FRect;
use sdl2::render::{Texture, WindowCanvas};

use super::leaderboard::grouped;
use super::painter::{Align, Painter, Style};
use crate::area::Area;
use crate::camera::Projection;
use crate::effects::{Effects, PuffKind};
use crate::penalties::Penalties;
use crate::scene::{RaceScene, SceneCar};
use crate::sprites::{CAR_SIZE_M, FRONT_WHEEL_M, WHEEL_SIZE_M};
use crate::theme::{self, Rgba};

/// Opacity of a ghost.
const GHOST_ALPHA: u8 = 110;
/// Width of a rubber mark, m.
const MARK_M: f64 = 0.30;
/// Opacity of the darkest mark.
const MARK_ALPHA: f32 = 150.0;
/// Size of the sprite of a shadow, m.
const SHADOW_SIZE_M: (f32, f32) = (5.4, 3.0);
/// Offset of shadows to the right and down, m.
const SHADOW_OFFSET_M: (f32, f32) = (0.45, 0.35);
/// Distance from a car's centre up to its name, points.
const TAG_ABOVE: f32 = 40.0;
/// Distance by which a penalty rises, points.
const PENALTY_RISE: f32 = 46.0;

/// Draws rubber marks.
pub(super) fn marks(
    painter: &mut Painter<'_>,
    effects: &Effects,
    projection: &Projection,
) -> Result<(), String> {
    let window = painter.window().inset(-20.0);
    let quads: Vec<_> = effects
        .marks()
        .filter(|mark| {
            let (x, y) = projection.point(mark.from);
            window.contains(x, y)
        })
        .map(|mark| {
            let across = (mark.to - mark.from).normalized().left() * (MARK_M / 2.0);
            let corners = [
                projection.point(mark.from + across),
                projection.point(mark.to + across),
                projection.point(mark.to - across),
                projection.point(mark.from - across),
            ];
            (
                corners,
                Rgba::hex(0x14_1416).alpha((mark.strength * MARK_ALPHA) as u8),
            )
        })
        .collect();
    painter.quads(&quads)
}

/// Draws dust and smoke.
pub(super) fn puffs(
    painter: &mut Painter<'_>,
    effects: &Effects,
    projection: &Projection,
) -> Result<(), String> {
    let scale = painter.pixels_per_point();
    let (canvas, sprites) = painter.parts();
    let zoom = projection.zoom();
    for puff in effects.puffs() {
        let (x, y) = projection.point(puff.position);
        let (colour, opacity, growth) = match puff.kind {
            PuffKind::Dust => (Rgba::hex(0xb9_a274), 150.0, 2.4),
            PuffKind::Smoke => (Rgba::hex(0xe6_e8ea), 95.0, 3.0),
        };
        let radius = (0.7 + puff.share() * growth) * zoom * scale;
        sprites.puff.set_color_mod(colour.r, colour.g, colour.b);
        sprites
            .puff
            .set_alpha_mod((opacity * (1.0 - puff.share())) as u8);
        let (x, y) = (x * scale, y * scale);
        let target = FRect::new(x - radius, y - radius, 2.0 * radius, 2.0 * radius);
        canvas.copy_f(&sprites.puff, None, target)?;
    }
    Ok(())
}

/// Draws the highway's traffic.
pub(super) fn traffic(
    painter: &mut Painter<'_>,
    scene: &RaceScene,
    projection: &Projection,
) -> Result<(), String> {
    let window = painter.window().inset(-60.0);
    let scale = painter.pixels_per_point();
    let pixels_per_m = projection.zoom() * scale;
    let (canvas, sprites) = painter.parts();
    sprites.car_shadow.set_alpha_mod(u8::MAX);
    for car in &scene.traffic {
        let (x, y) = projection.point(car.position);
        if !window.contains(x, y) {
            continue;
        }
        let centre = (x * scale, y * scale);
        let shadow = (
            centre.0 + SHADOW_OFFSET_M.0 * pixels_per_m,
            centre.1 + SHADOW_OFFSET_M.1 * pixels_per_m,
        );
        draw_rotated(
            canvas,
            &sprites.car_shadow,
            shadow,
            SHADOW_SIZE_M,
            pixels_per_m,
            car.heading,
        )?;
        let texture = sprites.traffic(car.id);
        draw_rotated(
            canvas,
            texture,
            centre,
            CAR_SIZE_M,
            pixels_per_m,
            car.heading,
        )?;
    }
    Ok(())
}

/// Draws the latest penalties, rising above the cars.
pub(super) fn penalties(
    painter: &mut Painter<'_>,
    scene: &RaceScene,
    penalties: &Penalties,
    projection: &Projection,
) -> Result<(), String> {
    for penalty in penalties.shown() {
        let car = scene.cars.iter().find(|car| car.view.seat == penalty.seat);
        let Some(car) = car else { continue };
        let (x, y) = projection.point(car.view.position);
        let share = penalty.share();
        let y = y - TAG_ABOVE - 26.0 - share * PENALTY_RISE;
        let size = if car.view.is_own {
            theme::HEADING
        } else {
            theme::BODY
        };
        let opacity = (2.0 * (1.0 - share)).min(1.0);
        let text = format!("−{} m", grouped(i64::from(penalty.metres)));
        let style = Style::new(size, theme::ERROR.fade(opacity))
            .bold()
            .centred();
        let dark = Style {
            colour: theme::ON_ACCENT.fade(opacity),
            ..style
        };
        painter.text(x + 1.5, y + 1.5, dark, &text)?;
        painter.text(x, y, style, &text)?;
    }
    Ok(())
}

/// Draws the cars that `is_included` selects, the followed one on top.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    scene: &RaceScene,
    projection: &Projection,
    is_included: impl Fn(&SceneCar) -> bool,
) -> Result<(), String> {
    for index in in_order(painter, scene, projection) {
        let car = &scene.cars[index];
        if is_included(car) {
            draw_car(painter, car, projection)?;
        }
    }
    Ok(())
}

/// Draws the names above the cars.
pub(super) fn tags(
    painter: &mut Painter<'_>,
    scene: &RaceScene,
    projection: &Projection,
) -> Result<(), String> {
    for index in in_order(painter, scene, projection) {
        let is_followed = scene.focus == Some(index);
        tag(painter, &scene.cars[index], projection, is_followed)?;
    }
    Ok(())
}

/// Returns the visible cars, the followed one last.
fn in_order(painter: &Painter<'_>, scene: &RaceScene, projection: &Projection) -> Vec<usize> {
    let window = painter.window().inset(-60.0);
    let others = (0..scene.cars.len()).filter(|index| Some(*index) != scene.focus);
    let is_seen = |index: &usize| {
        let (x, y) = projection.point(scene.cars[*index].view.position);
        window.contains(x, y)
    };
    others.chain(scene.focus).filter(is_seen).collect()
}

fn draw_car(
    painter: &mut Painter<'_>,
    car: &SceneCar,
    projection: &Projection,
) -> Result<(), String> {
    let pixels_per_m = projection.zoom() * painter.pixels_per_point();
    let scale = painter.pixels_per_point();
    let heading = car.view.heading_rad;
    let alpha = if car.view.is_ghost {
        GHOST_ALPHA
    } else {
        u8::MAX
    };
    let at = |world: Vec2| {
        let (x, y) = projection.point(world);
        (x * scale, y * scale)
    };
    let forward = Vec2::from_heading(heading);
    let centre = at(car.view.position);
    let (canvas, sprites) = painter.parts();
    let shadow = (
        centre.0 + SHADOW_OFFSET_M.0 * pixels_per_m,
        centre.1 + SHADOW_OFFSET_M.1 * pixels_per_m,
    );
    sprites.car_shadow.set_alpha_mod(alpha);
    draw_rotated(
        canvas,
        &sprites.car_shadow,
        shadow,
        SHADOW_SIZE_M,
        pixels_per_m,
        heading,
    )?;
    sprites.wheel.set_alpha_mod(alpha);
    let (ahead, aside) = (f64::from(FRONT_WHEEL_M.0), f64::from(FRONT_WHEEL_M.1));
    for side in [aside, -aside] {
        let hub = at(car.view.position + forward * ahead + forward.left() * side);
        let angle = heading + car.view.steer_rad;
        draw_rotated(
            canvas,
            &sprites.wheel,
            hub,
            WHEEL_SIZE_M,
            pixels_per_m,
            angle,
        )?;
    }
    let body = sprites.car(car.view.seat, car.view.class);
    body.set_alpha_mod(alpha);
    draw_rotated(canvas, body, centre, CAR_SIZE_M, pixels_per_m, heading)
}

/// Draws a texture of a size in metres, rotated counter-clockwise around its
/// middle.
fn draw_rotated(
    canvas: &mut WindowCanvas,
    texture: &Texture<'_>,
    middle: (f32, f32),
    size_m: (f32, f32),
    pixels_per_m: f32,
    angle_rad: f64,
) -> Result<(), String> {
    let (width, height) = (size_m.0 * pixels_per_m, size_m.1 * pixels_per_m);
    let target = FRect::new(
        middle.0 - width / 2.0,
        middle.1 - height / 2.0,
        width,
        height,
    );
    canvas.copy_ex_f(
        texture,
        None,
        target,
        -angle_rad.to_degrees(),
        None,
        false,
        false,
    )
}

/// Draws the name above a car, and a marker for the followed one.
fn tag(
    painter: &mut Painter<'_>,
    car: &SceneCar,
    projection: &Projection,
    is_followed: bool,
) -> Result<(), String> {
    let (x, y) = projection.point(car.view.position);
    let y = y - TAG_ABOVE;
    let opacity = if car.view.is_ghost { 0.5 } else { 1.0 };
    let name = car.view.player.as_str();
    let colour = if car.view.is_own {
        theme::ACCENT
    } else {
        theme::TEXT
    };
    let style = Style {
        align: Align::Left,
        ..Style::new(theme::SMALL - 1, colour.fade(opacity))
    };
    let width = painter.text_width(style.bold(), name)? + 28.0;
    let area = Area::new(x - width / 2.0, y - 10.0, width, 20.0);
    painter.rounded(area, 6.0, theme::GLASS.fade(0.85 * opacity))?;
    let chip = theme::seat_colour(car.view.seat).fade(opacity);
    painter.rounded(Area::new(area.x + 6.0, area.y + 5.0, 8.0, 10.0), 2.5, chip)?;
    painter.text(area.x + 20.0, y, style.bold(), name)?;
    if is_followed {
        let top = area.bottom() + 3.0;
        let marker = [
            (x - 6.0, top),
            (x + 6.0, top),
            (x, top + 7.0),
            (x, top + 7.0),
        ];
        painter.quads(&[(marker, theme::ACCENT)])?;
    }
    Ok(())
}
