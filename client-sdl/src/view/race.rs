//! Draws the race: ground, cars, instruments.

use std::time::Instant;

use super::painter::{Painter, Style};
use super::{Tiles, cars, hud, leaderboard, minimap};
use crate::app::App;
use crate::area::Area;
use crate::camera::Projection;
use crate::scene::SceneCar;
use crate::screens::race::RaceScreen;
use crate::theme::{self, LEADERBOARD_WIDTH, MARGIN};

/// Size of the minimap, points.
const MINIMAP: (f32, f32) = (230.0, 150.0);
/// Distance from the top to a warning, points.
const WARNING_Y: f32 = 400.0;

/// Draws the race.
pub(super) fn draw(
    painter: &mut Painter<'_>,
    tiles: &mut Tiles<'_>,
    screen: &RaceScreen,
    app: &App,
    now: Instant,
) -> Result<(), String> {
    let Some(scene) = &screen.scene else {
        tiles.draw_backdrop(painter)?;
        let style = Style::new(theme::HEADING, theme::TEXT).centred();
        painter.text_in(painter.window(), style, "To the grid …")?;
        return hud::notices(painter, app.notices(), painter.width() / 2.0, now);
    };
    let window = painter.window();
    // The middle of the area beside the leaderboard.
    let middle = (window.w - LEADERBOARD_WIDTH - MARGIN) / 2.0;
    let projection = Projection::new(&screen.camera, (middle, window.h / 2.0));
    tiles.draw_race(painter, scene, &projection)?;
    cars::marks(painter, &screen.effects, &projection)?;
    cars::traffic(painter, scene, &projection)?;
    let is_above = |car: &SceneCar| tiles.is_on_bridge(car.view.station_m);
    cars::draw(painter, scene, &projection, |car| !is_above(car))?;
    tiles.draw_bridges(painter, &projection)?;
    cars::draw(painter, scene, &projection, is_above)?;
    cars::puffs(painter, &screen.effects, &projection)?;
    cars::tags(painter, scene, &projection)?;
    cars::penalties(painter, scene, &screen.penalties, &projection)?;
    leaderboard::draw(painter, scene, &screen.rows)?;
    let map_y = window.bottom() - MARGIN - MINIMAP.1;
    minimap::draw(
        painter,
        scene,
        Area::new(MARGIN, map_y, MINIMAP.0, MINIMAP.1),
    )?;
    if let Some(dash) = &scene.dash {
        hud::dash(painter, dash, middle)?;
    }
    hud::start_lights(painter, scene, middle)?;
    hud::notices(painter, app.notices(), middle, now)?;
    warnings(painter, screen, middle, now)
}

/// Draws the most urgent warning.
fn warnings(
    painter: &mut Painter<'_>,
    screen: &RaceScreen,
    middle: f32,
    now: Instant,
) -> Result<(), String> {
    let dash = screen.scene.as_ref().and_then(|scene| scene.dash.as_ref());
    let at = (middle, WARNING_Y);
    if screen.is_connection_lost() {
        let window = painter.window();
        painter.fill(window, theme::GLASS.fade(0.6))?;
        return hud::warning(
            painter,
            "connection lost, coming back …",
            theme::WARNING,
            at,
        );
    }
    if screen.is_leaving(now) {
        let text = "press Esc again to leave the race";
        return hud::warning(painter, text, theme::ACCENT, at);
    }
    if dash.is_some_and(|dash| dash.is_wrong_way && !dash.is_finished) {
        return hud::warning(painter, "WRONG WAY", theme::ERROR, at);
    }
    if let Some(dash) = dash.filter(|dash| dash.is_finished) {
        let text = format!("finished in place {}", dash.rank);
        return hud::warning(painter, &text, theme::SUCCESS, at);
    }
    Ok(())
}
