//! Draws the stretch of highway around the followed car, with the traffic ahead.

use client_core::simulation::highway::{LANES, ROAD_HALF_WIDTH_M};

use super::super::painter::{Painter, Style};
use super::dot;
use crate::area::Area;
use crate::scene::{Progress, RaceScene};
use crate::theme::{self, Rgba};

const ROAD: Rgba = Rgba::hex(0x3a_414a);
const DASH: Rgba = Rgba::hex(0x8d_98a5);
const TRAFFIC: Rgba = Rgba::hex(0xd9_dee4);
/// Lengths of road on the map behind the car and ahead of it, m: the road ahead
/// matters more.
const BEHIND_M: f64 = 150.0;
const AHEAD_M: f64 = 550.0;
/// Height of the road on the map, points: exaggerated, so that lanes can be
/// distinguished.
const ROAD_HEIGHT: f32 = 70.0;
const DASHES: u16 = 14;

/// Draws the road without cars, for a waiting room.
pub(super) fn outline(painter: &mut Painter<'_>, area: Area) -> Result<(), String> {
    let middle = area.y + area.h / 2.0;
    road(painter, Area::new(area.x, middle - 40.0, area.w, 80.0))?;
    let style = Style::new(theme::BODY, theme::TEXT_DIM).centred();
    painter.text(
        area.middle(),
        middle - 70.0,
        style,
        "an endless road with traffic",
    )?;
    let costs = "a hit costs 100 m, leaving the road 1,000 m";
    painter.text(area.middle(), middle + 70.0, style, costs)?;
    Ok(())
}

/// Draws the road with traffic and players, and below it the players' scores.
pub(super) fn draw(painter: &mut Painter<'_>, scene: &RaceScene, area: Area) -> Result<(), String> {
    let strip = Area::new(area.x, area.y + 4.0, area.w, ROAD_HEIGHT);
    road(painter, strip)?;
    let Some(followed) = scene.followed() else {
        return Ok(());
    };
    let from = followed.view.position.x - BEHIND_M;
    let point = |x_m: f64, y_m: f64| {
        let along = ((x_m - from) / (BEHIND_M + AHEAD_M)) as f32;
        let across = (y_m / ROAD_HALF_WIDTH_M) as f32;
        let y = strip.y + strip.h / 2.0 * (1.0 - across);
        (0.0..=1.0)
            .contains(&along)
            .then_some((strip.x + along * strip.w, y))
    };
    for car in &scene.traffic {
        if let Some((x, y)) = point(car.position.x, car.position.y) {
            painter.rounded(Area::new(x - 4.0, y - 2.5, 8.0, 5.0), 1.5, TRAFFIC)?;
        }
    }
    let others = (0..scene.cars.len()).filter(|index| Some(*index) != scene.focus);
    for index in others.chain(scene.focus) {
        let car = &scene.cars[index].view;
        if let Some(at) = point(car.position.x, car.position.y) {
            dot(painter, at, car.seat, scene.focus == Some(index))?;
        }
    }
    race(
        painter,
        scene,
        Area::new(area.x, strip.bottom() + 36.0, area.w, 6.0),
    )
}

/// Draws a bar from start to target with the score of each player.
fn race(painter: &mut Painter<'_>, scene: &RaceScene, bar: Area) -> Result<(), String> {
    let Some(Progress::Metres { target, .. }) = scene.dash.as_ref().map(|dash| &dash.progress)
    else {
        return Ok(());
    };
    let style = Style::new(theme::SMALL - 2, theme::TEXT_DIM);
    painter.text(bar.x, bar.y - 16.0, style, "START")?;
    painter.text(bar.right(), bar.y - 16.0, style.right(), "TARGET")?;
    painter.rounded(bar, 3.0, theme::FIELD)?;
    // The leader is drawn over the others, and the player's own dot on top.
    let others = scene.lines.iter().rev().filter(|line| !line.is_own);
    let own = scene.lines.iter().filter(|line| line.is_own);
    for line in others.chain(own) {
        let share = (line.score as f32 / *target as f32).clamp(0.0, 1.0);
        let at = (bar.x + share * bar.w, bar.y + bar.h / 2.0);
        dot(painter, at, line.seat, line.is_own)?;
    }
    Ok(())
}

fn road(painter: &mut Painter<'_>, area: Area) -> Result<(), String> {
    painter.rounded(area, 6.0, ROAD)?;
    let lane = area.h / f32::from(LANES);
    let pitch = area.w / f32::from(DASHES);
    for line in 1..LANES {
        let y = area.y + f32::from(line) * lane;
        for dash in 0..DASHES {
            let x = area.x + (f32::from(dash) + 0.3) * pitch;
            painter.fill(Area::new(x, y - 0.75, pitch * 0.4, 1.5), DASH.fade(0.6))?;
        }
    }
    Ok(())
}
