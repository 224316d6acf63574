//! The camera: above the followed car and a little ahead of it, with north up.

use domain::Vec2;

/// Points per metre for a car at rest.
const ZOOM_AT_REST: f64 = 11.5;
/// Points per metre for a car at [`SPEED_FAST_MPS`], to show more road ahead.
const ZOOM_FAST: f64 = 8.6;
/// The speed at which the camera is zoomed out furthest.
const SPEED_FAST_MPS: f64 = 60.0;
/// The camera is centred where the car will be after this time.
const LEAD_SECONDS: f64 = 0.55;
/// The largest lead in each direction, at which the car is well inside the
/// picture.
const LEAD_MAX_M: Vec2 = Vec2::new(30.0, 17.0);
/// Time constant with which the lead follows the speed.
const LEAD_TIME_CONSTANT_SECONDS: f64 = 0.7;
/// Time constant with which the zoom follows the speed.
const ZOOM_TIME_CONSTANT_SECONDS: f64 = 0.9;
/// Time constant with which the camera moves from one car to another.
const GLIDE_TIME_CONSTANT_SECONDS: f64 = 0.45;
/// Distance beyond which the camera jumps to another car.
const GLIDE_MAX_M: f64 = 250.0;

/// A view of the world from above.
#[derive(Clone, Debug, PartialEq)]
pub struct Camera {
    /// The point of the world in the middle of the picture, m.
    pub centre: Vec2,
    /// Points per metre.
    pub zoom: f64,
    followed: Option<u8>,
    lead: Vec2,
    glide: Vec2,
}

impl Default for Camera {
    fn default() -> Self {
        let origin = Vec2::new(0.0, 0.0);
        Self {
            centre: origin,
            zoom: ZOOM_AT_REST,
            followed: None,
            lead: origin,
            glide: origin,
        }
    }
}

impl Camera {
    /// Makes a camera above a point.
    #[must_use]
    pub fn at(centre: Vec2) -> Self {
        Self {
            centre,
            ..Self::default()
        }
    }

    /// Follows the car of a seat over a step of `seconds`.
    pub fn follow(&mut self, seat: u8, position: Vec2, velocity: Vec2, seconds: f64) {
        let lead = velocity * LEAD_SECONDS;
        let lead = Vec2::new(
            lead.x.clamp(-LEAD_MAX_M.x, LEAD_MAX_M.x),
            lead.y.clamp(-LEAD_MAX_M.y, LEAD_MAX_M.y),
        );
        let share = (velocity.length() / SPEED_FAST_MPS).min(1.0);
        let zoom = ZOOM_AT_REST + (ZOOM_FAST - ZOOM_AT_REST) * share;
        if self.followed != Some(seat) {
            let from = self.centre - (position + lead);
            let is_near = self.followed.is_some() && from.length() < GLIDE_MAX_M;
            self.glide = if is_near { from } else { Vec2::new(0.0, 0.0) };
            self.lead = lead;
            if self.followed.is_none() {
                self.zoom = zoom;
            }
            self.followed = Some(seat);
        }
        self.lead = self
            .lead
            .lerp(lead, decayed(seconds, LEAD_TIME_CONSTANT_SECONDS));
        self.zoom += (zoom - self.zoom) * decayed(seconds, ZOOM_TIME_CONSTANT_SECONDS);
        self.glide = self.glide * (1.0 - decayed(seconds, GLIDE_TIME_CONSTANT_SECONDS));
        self.centre = position + self.lead + self.glide;
    }
}

/// Returns the share of a difference that has decayed after `seconds`.
fn decayed(seconds: f64, time_constant_seconds: f64) -> f64 {
    1.0 - (-seconds.max(0.0) / time_constant_seconds).exp()
}

/// The mapping from the world to the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    centre: Vec2,
    middle: (f32, f32),
    zoom: f64,
}

impl Projection {
    /// Makes the projection of a camera whose centre is at `middle`, in points.
    #[must_use]
    pub fn new(camera: &Camera, middle: (f32, f32)) -> Self {
        Self {
            centre: camera.centre,
            middle,
            zoom: camera.zoom,
        }
    }

    /// Returns the points per metre.
    #[must_use]
    pub fn zoom(&self) -> f32 {
        self.zoom as f32
    }

    /// Returns the position of a point of the world in the picture. The world's y
    /// axis points up.
    #[must_use]
    pub fn point(&self, world: Vec2) -> (f32, f32) {
        let offset = (world - self.centre) * self.zoom;
        (
            self.middle.0 + offset.x as f32,
            self.middle.1 - offset.y as f32,
        )
    }

    /// Returns the point of the world at a position in the picture.
    #[must_use]
    pub fn world(&self, x: f32, y: f32) -> Vec2 {
        let offset = Vec2::new(f64::from(x - self.middle.0), f64::from(self.middle.1 - y));
        self.centre + offset * (1.0 / self.zoom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: f64 = 1.0 / 60.0;

    #[test]
    fn keeps_the_car_in_the_picture_at_any_speed() {
        let mut camera = Camera::default();
        let velocity = Vec2::new(0.0, 90.0);
        for frame in 0..600 {
            camera.follow(0, velocity * (f64::from(frame) * FRAME), velocity, FRAME);
        }
        let car = velocity * (599.0 * FRAME);
        let (_, y) = Projection::new(&camera, (488.0, 360.0)).point(car);
        assert!((400.0..700.0).contains(&y), "{y}");
        assert!((camera.zoom - ZOOM_FAST).abs() < 0.1);
    }

    #[test]
    fn glides_to_another_car_that_is_near() {
        let mut camera = Camera::default();
        let still = Vec2::new(0.0, 0.0);
        camera.follow(0, Vec2::new(0.0, 0.0), still, FRAME);
        camera.follow(1, Vec2::new(20.0, 0.0), still, FRAME);
        assert!((0.1..2.0).contains(&camera.centre.x), "{:?}", camera.centre);
        for _ in 0..300 {
            camera.follow(1, Vec2::new(20.0, 0.0), still, FRAME);
        }
        assert!((camera.centre.x - 20.0).abs() < 0.1);
    }

    #[test]
    fn the_projection_goes_there_and_back_with_up_being_up() {
        let camera = Camera {
            centre: Vec2::new(100.0, 50.0),
            ..Camera::default()
        };
        let projection = Projection::new(&camera, (640.0, 360.0));
        let (x, y) = projection.point(Vec2::new(110.0, 60.0));
        assert!(x > 640.0 && y < 360.0);
        assert!((projection.world(x, y) - Vec2::new(110.0, 60.0)).length() < 1e-3);
    }
}
