//! Which tiles to render next: those with road before those without, and those
//! that will be seen sooner before others.

use client_core::simulation::Track;
use domain::{SEATS_MAX, Vec2};

use crate::area::Area;
use crate::camera::Projection;
use crate::scene::SceneCar;
use crate::scenery::{TILE_M, TileId};

/// Time over which the followed car's way is looked ahead.
const AHEAD_SECONDS: f64 = 2.0;
/// Places that are looked at on that way: at top speed a tile apart.
const STEPS: u8 = 4;
/// The speed that is assumed of a slower car: it soon accelerates.
const SPEED_MIN_MPS: f64 = 25.0;
/// Distance beyond the picture within which tiles are rendered last, m.
const MARGIN_M: f64 = TILE_M as f64 * 0.8;

/// A rectangle of the world, m.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct View {
    low: Vec2,
    high: Vec2,
}

impl View {
    /// Returns the part of the world in a window.
    pub(super) fn of(window: Area, projection: &Projection) -> Self {
        Self {
            low: projection.world(0.0, window.h),
            high: projection.world(window.w, 0.0),
        }
    }

    pub(super) fn around(middle: Vec2, half: Vec2) -> Self {
        Self {
            low: middle - half,
            high: middle + half,
        }
    }

    /// Returns the tiles that reach into it.
    pub(super) fn tiles(&self) -> impl Iterator<Item = TileId> + use<> {
        let (low, high) = (tile_at(self.low), tile_at(self.high));
        (low.y..=high.y).flat_map(move |y| (low.x..=high.x).map(move |x| TileId { x, y }))
    }

    fn moved(&self, offset: Vec2) -> Self {
        Self {
            low: self.low + offset,
            high: self.high + offset,
        }
    }

    fn grown(&self, margin: f64) -> Self {
        let margin = Vec2::new(margin, margin);
        Self {
            low: self.low - margin,
            high: self.high + margin,
        }
    }
}

/// Places that the camera will pass, the first one the soonest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Places([Vec2; STEPS as usize + 1]);

impl Places {
    /// Returns one place only.
    pub(super) fn at(place: Vec2) -> Self {
        Self([place; STEPS as usize + 1])
    }

    /// Returns the places of a car within [`AHEAD_SECONDS`]. On a circuit it
    /// follows the road, on the highway and off the road its velocity.
    pub(super) fn ahead_of(track: &Track, car: &SceneCar) -> Self {
        let position = car.view.position;
        let sample = track.at(car.view.station_m);
        let is_on_circuit = track.name() != Track::HIGHWAY && !car.view.is_off_road;
        let along = car.velocity.dot(sample.tangent);
        Self(std::array::from_fn(|step| {
            let seconds = AHEAD_SECONDS * step as f64 / f64::from(STEPS);
            if is_on_circuit && along >= 0.0 {
                let metres = along.max(SPEED_MIN_MPS) * seconds;
                return position + (track.at(car.view.station_m + metres).centre - sample.centre);
            }
            position + car.velocity * seconds
        }))
    }

    /// Returns places along the grid, from the back to the straight after it.
    pub(super) fn of_grid(track: &Track) -> Self {
        let last = SEATS_MAX - 1;
        let ahead = track.at(AHEAD_SECONDS * SPEED_MIN_MPS).centre;
        Self([
            track.grid(0).position,
            track.grid(last / 3).position,
            track.grid(last * 2 / 3).position,
            track.grid(last).position,
            ahead,
        ])
    }

    pub(super) fn first(&self) -> Vec2 {
        self.0[0]
    }
}

/// The order of the tiles that are to be rendered. Keeps its memory from frame to
/// frame.
#[derive(Debug, Default)]
pub(super) struct Order {
    candidates: Vec<(Urgency, TileId)>,
    next: Vec<TileId>,
}

/// Less is more urgent: whether the tile has no road, the step at which it is
/// seen, and its distance from that place, m.
type Urgency = (bool, u8, u32);

impl Order {
    /// Returns at most `count` tiles out of those that are wanted.
    pub(super) fn next(
        &mut self,
        view: &View,
        places: &Places,
        count: usize,
        is_wanted: impl Fn(TileId) -> bool,
        has_road: impl Fn(TileId) -> bool,
    ) -> &[TileId] {
        self.candidates.clear();
        let margin = (STEPS + 1, places.first(), view.grown(MARGIN_M));
        let steps = (0..=STEPS).zip(places.0).map(|(step, place)| {
            let moved = view.moved(place - places.first());
            (step, place, moved)
        });
        for (step, place, view) in steps.chain([margin]) {
            for tile in view.tiles().filter(|tile| is_wanted(*tile)) {
                let distance = (middle(tile) - place).length() as u32;
                let urgency = (!has_road(tile), step, distance);
                self.candidates.push((urgency, tile));
            }
        }
        self.candidates.sort_unstable();
        self.next.clear();
        for (_, tile) in &self.candidates {
            if self.next.len() >= count {
                break;
            }
            if !self.next.contains(tile) {
                self.next.push(*tile);
            }
        }
        &self.next
    }
}

fn middle(tile: TileId) -> Vec2 {
    let half = |index: i32| (f64::from(index) + 0.5) * f64::from(TILE_M);
    Vec2::new(half(tile.x), half(tile.y))
}

/// Returns the tile of a point.
pub(super) fn tile_at(point: Vec2) -> TileId {
    let index = |metres: f64| (metres / f64::from(TILE_M)).floor() as i32;
    TileId {
        x: index(point.x),
        y: index(point.y),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view() -> View {
        View::around(Vec2::new(20.0, 20.0), Vec2::new(60.0, 40.0))
    }

    #[test]
    fn road_comes_first_and_what_is_seen_soon_before_what_is_seen_later() {
        let mut order = Order::default();
        let speed = Vec2::new(60.0, 0.0);
        let place = |step: u8| Vec2::new(20.0, 20.0) + speed * (0.5 * f64::from(step));
        let places = Places(std::array::from_fn(|step| place(step as u8)));
        let has_road = |tile: TileId| tile.y == 0;
        let tiles = order.next(&view(), &places, 100, |_| true, has_road);
        let roads = tiles.iter().take_while(|tile| has_road(**tile)).count();
        assert_eq!(
            roads,
            tiles.iter().filter(|tile| has_road(**tile)).count(),
            "{tiles:?}"
        );
        // The picture ends 80 m ahead; the car passes 140 m within two seconds.
        let furthest = tiles[..roads].iter().map(|tile| tile.x).max();
        assert_eq!(furthest, Some(tile_at(Vec2::new(200.0, 0.0)).x));
        assert_eq!(tiles[0], tile_at(Vec2::new(20.0, 20.0)));
        let is_seen = |tile: &TileId| view().tiles().any(|seen| seen == *tile);
        let seen = tiles[..roads]
            .iter()
            .take_while(|tile| is_seen(tile))
            .count();
        assert_eq!(
            seen,
            tiles[..roads].iter().filter(|tile| is_seen(tile)).count()
        );
    }

    #[test]
    fn asks_for_no_tile_twice_nor_for_one_that_is_there() {
        let mut order = Order::default();
        let places = Places::at(Vec2::new(20.0, 20.0));
        let there = TileId { x: 0, y: 0 };
        let tiles = order
            .next(&view(), &places, 100, |tile| tile != there, |_| false)
            .to_vec();
        let mut once = tiles.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), tiles.len());
        assert!(!tiles.contains(&there));
        let two = order.next(&view(), &places, 2, |_| true, |_| false);
        assert_eq!(two.len(), 2);
    }

    #[test]
    fn the_grid_is_prepared_from_its_first_box_to_its_last() {
        let track = Track::by_name(Track::names()[0]).unwrap();
        let places = Places::of_grid(&track);
        let mut order = Order::default();
        let view = View::around(places.first(), Vec2::new(56.0, 32.0));
        let tiles = order.next(&view, &places, 100, |_| true, |_| true);
        for seat in 0..SEATS_MAX {
            assert!(
                tiles.contains(&tile_at(track.grid(seat).position)),
                "{seat}"
            );
        }
    }
}
