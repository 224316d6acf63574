//! The road below missing tiles, as geometry, and whether it reaches every car.

use std::collections::HashSet;

use client_core::race::room::CarView;
use client_core::simulation::Track;
use client_core::simulation::highway::ROAD_HALF_WIDTH_M;
use domain::Vec2;
use sdl2::rect::FPoint;
use sdl2::render::{Vertex, VertexIndices};

use super::order::tile_at;
use crate::camera::Projection;
use crate::scenery::{PlainRoad, StretchId, TILE_M, TileId};
use crate::sprites::CAR_SIZE_M;
use crate::theme::{self, Rgba};
use crate::view::painter::{Painter, sdl_colour};

/// The road of the track whose tiles are drawn.
#[derive(Default)]
pub(super) struct Road {
    road: Option<PlainRoad>,
    /// The tiles with road, on a circuit.
    tiles: HashSet<TileId>,
    /// The stretches that the latest frame shows.
    drawn: Vec<StretchId>,
    vertices: Vec<Vertex>,
}

impl Road {
    pub(super) fn new(track: &Track) -> Self {
        let road = PlainRoad::new(track);
        let tiles = road.asphalt().flat_map(|corners| {
            let end = |pick: fn(f64, f64) -> f64| {
                let [first, rest @ ..] = corners;
                rest.iter().fold(*first, |end, corner| {
                    Vec2::new(pick(end.x, corner.x), pick(end.y, corner.y))
                })
            };
            let (low, high) = (tile_at(end(f64::min)), tile_at(end(f64::max)));
            (low.y..=high.y).flat_map(move |y| (low.x..=high.x).map(move |x| TileId { x, y }))
        });
        Self {
            tiles: tiles.collect(),
            road: Some(road),
            ..Self::default()
        }
    }

    /// Returns whether there is road on a tile.
    pub(super) fn is_on(&self, tile: TileId) -> bool {
        let is_endless = self.road.as_ref().is_some_and(PlainRoad::is_endless);
        if is_endless {
            let low = f64::from(tile.y) * f64::from(TILE_M);
            let high = low + f64::from(TILE_M);
            return low < ROAD_HALF_WIDTH_M && high > -ROAD_HALF_WIDTH_M;
        }
        self.tiles.contains(&tile)
    }

    /// Returns the colour of the ground beside the road.
    pub(super) fn ground(&self) -> Rgba {
        self.road
            .as_ref()
            .map_or(theme::BACKGROUND, PlainRoad::ground)
    }

    /// Draws the road on these tiles.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub(super) fn draw(
        &mut self,
        painter: &mut Painter<'_>,
        projection: &Projection,
        missing: &[TileId],
    ) -> Result<(), String> {
        self.choose(missing);
        let mut vertices = std::mem::take(&mut self.vertices);
        let shown = self.show(painter, projection, |_| true, &mut vertices);
        self.vertices = vertices;
        shown
    }

    /// Draws again the stretches that `is_above` selects by their distance from the
    /// start line, on top of the cars below them.
    ///
    /// # Errors
    /// Returns SDL's error message.
    pub(super) fn draw_above(
        &self,
        painter: &mut Painter<'_>,
        projection: &Projection,
        is_above: impl Fn(f64) -> bool,
    ) -> Result<(), String> {
        self.show(painter, projection, is_above, &mut Vec::new())
    }

    fn show(
        &self,
        painter: &mut Painter<'_>,
        projection: &Projection,
        is_shown: impl Fn(f64) -> bool,
        vertices: &mut Vec<Vertex>,
    ) -> Result<(), String> {
        let Some(road) = &self.road else {
            return Ok(());
        };
        vertices.clear();
        let scale = painter.pixels_per_point();
        let shown = self
            .drawn
            .iter()
            .filter(|id| is_shown(road.station_m(**id)));
        for piece in shown.flat_map(|id| road.pieces(*id)) {
            let corners = piece.corners.map(|corner| projection.point(corner));
            let color = sdl_colour(piece.colour);
            for index in [0, 1, 2, 0, 2, 3] {
                let (x, y) = corners[index];
                vertices.push(Vertex {
                    position: FPoint::new(x * scale, y * scale),
                    color,
                    tex_coord: FPoint::new(0.0, 0.0),
                });
            }
        }
        if vertices.is_empty() {
            return Ok(());
        }
        let (canvas, _) = painter.parts();
        canvas.render_geometry(vertices, None, VertexIndices::Sequential)
    }

    /// Chooses the stretches on missing tiles, in driving order.
    fn choose(&mut self, missing: &[TileId]) {
        self.drawn.clear();
        let Some(road) = &self.road else { return };
        for tile in missing {
            let side = f64::from(TILE_M);
            let low = Vec2::new(f64::from(tile.x), f64::from(tile.y)) * side;
            self.drawn
                .extend(road.stretches_in(low, low + Vec2::new(side, side)));
        }
        self.drawn.sort_unstable();
        self.drawn.dedup();
    }

    /// Returns whether road under a car is shown neither by a tile nor by a
    /// stretch of the latest frame.
    pub(super) fn is_missing_under(
        &self,
        car: &CarView,
        missing: &[TileId],
        is_seen: impl Fn(Vec2) -> bool,
    ) -> bool {
        let Some(road) = &self.road else {
            return true;
        };
        footprint(car).into_iter().any(|point| {
            is_seen(point)
                && missing.contains(&tile_at(point))
                && road
                    .under(point, car.station_m)
                    .is_some_and(|id| !self.drawn.contains(&id))
        })
    }
}

/// Returns the middle and the corners of a car.
fn footprint(car: &CarView) -> [Vec2; 5] {
    let forward = Vec2::from_heading(car.heading_rad) * f64::from(CAR_SIZE_M.0 / 2.0);
    let left = Vec2::from_heading(car.heading_rad).left() * f64::from(CAR_SIZE_M.1 / 2.0);
    let middle = car.position;
    [
        middle,
        middle + forward + left,
        middle + forward - left,
        middle - forward + left,
        middle - forward - left,
    ]
}

#[cfg(test)]
mod tests {
    use client_core::protocol::PlayerName;
    use domain::CarClass;

    use super::*;

    fn car(position: Vec2, station_m: f64) -> CarView {
        CarView {
            seat: 0,
            player: "Ada".parse::<PlayerName>().unwrap(),
            class: CarClass::Grip,
            position,
            station_m,
            heading_rad: 0.3,
            steer_rad: 0.0,
            speed_mps: 60.0,
            is_own: true,
            is_ghost: false,
            is_off_road: false,
        }
    }

    #[test]
    fn where_no_tile_is_ready_every_car_has_a_road() {
        for name in Track::names().iter().chain(&[Track::HIGHWAY]) {
            let track = Track::by_name(name).unwrap();
            let mut road = Road::new(&track);
            for metre in (0..track.length_m()).step_by(7) {
                let station = f64::from(metre);
                let sample = track.at(station);
                for lateral in [-3.0, 0.0, 3.0] {
                    let car = car(sample.point(lateral), station);
                    let missing: Vec<TileId> = footprint(&car).map(tile_at).to_vec();
                    road.choose(&missing);
                    assert!(
                        !road.is_missing_under(&car, &missing, |_| true),
                        "{name} {metre}"
                    );
                    // Without the road of the samples it is plain green.
                    road.choose(&[]);
                    assert!(
                        road.is_missing_under(&car, &missing, |_| true),
                        "{name} {metre}"
                    );
                    assert!(!road.is_missing_under(&car, &[], |_| true));
                }
            }
        }
    }

    #[test]
    fn a_car_in_the_meadow_lacks_no_road() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let road = Road::new(&track);
        let far = track.bounds().max + Vec2::new(100.0, 100.0);
        assert!(!road.is_missing_under(&car(far, 0.0), &[tile_at(far)], |_| true));
    }

    #[test]
    fn knows_the_tiles_with_road() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let road = Road::new(&track);
        assert!(road.is_on(tile_at(track.at(10.0).centre)));
        assert!(!road.is_on(tile_at(track.bounds().max + Vec2::new(200.0, 200.0))));
        let highway = Road::new(&Track::highway());
        assert!(highway.is_on(TileId { x: 4_000, y: -1 }));
        assert!(!highway.is_on(TileId { x: 4_000, y: 1 }));
    }
}
