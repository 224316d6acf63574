//! The camera: above the followed car, a little ahead of it, never turned.

use domain::Vec2;

/// Points per metre for a car that stands.
const ZOOM_STANDING: f64 = 11.5;
/// Points per metre for a car at [`SPEED_FAST_MPS`]: more road ahead.
const ZOOM_FAST: f64 = 8.6;
/// The speed at which the camera is at its highest.
const SPEED_FAST_MPS: f64 = 60.0;
/// The camera looks where the car will be after this time.
const LEAD_SECONDS: f64 = 0.55;
/// The car must stay well inside the picture: largest lead in each direction.
const LEAD_MAX_M: Vec2 = Vec2::new(30.0, 17.0);
/// How quickly the lead follows the speed.
const LEAD_SETTLING_SECONDS: f64 = 0.7;
/// How quickly the height follows the speed.
const ZOOM_SETTLING_SECONDS: f64 = 0.9;
/// How quickly the camera gets from one car to another.
const GLIDE_SETTLING_SECONDS: f64 = 0.45;
/// Further than this it does not glide but cut.
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
            zoom: ZOOM_STANDING,
            followed: None,
            lead: origin,
            glide: origin,
        }
    }
}

impl Camera {
    /// One that stands over a point.
    #[must_use]
    pub fn at(centre: Vec2) -> Self {
        Self {
            centre,
            ..Self::default()
        }
    }

    /// Follows the car of a seat for `seconds`.
    pub fn follow(&mut self, seat: u8, position: Vec2, velocity: Vec2, seconds: f64) {
        let lead = velocity * LEAD_SECONDS;
        let lead = Vec2::new(
            lead.x.clamp(-LEAD_MAX_M.x, LEAD_MAX_M.x),
            lead.y.clamp(-LEAD_MAX_M.y, LEAD_MAX_M.y),
        );
        let share = (velocity.length() / SPEED_FAST_MPS).min(1.0);
        let zoom = ZOOM_STANDING + (ZOOM_FAST - ZOOM_STANDING) * share;
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
            .lerp(lead, settled(seconds, LEAD_SETTLING_SECONDS));
        self.zoom += (zoom - self.zoom) * settled(seconds, ZOOM_SETTLING_SECONDS);
        self.glide = self.glide * (1.0 - settled(seconds, GLIDE_SETTLING_SECONDS));
        self.centre = position + self.lead + self.glide;
    }
}

/// The share of a difference that is gone after a time.
fn settled(seconds: f64, settling_seconds: f64) -> f64 {
    1.0 - (-seconds.max(0.0) / settling_seconds).exp()
}

/// From the world to the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Projection {
    centre: Vec2,
    middle: (f32, f32),
    zoom: f64,
}

impl Projection {
    /// A camera whose centre is shown at `middle`, in points.
    #[must_use]
    pub fn new(camera: &Camera, middle: (f32, f32)) -> Self {
        Self {
            centre: camera.centre,
            middle,
            zoom: camera.zoom,
        }
    }

    /// Points per metre.
    #[must_use]
    pub fn zoom(&self) -> f32 {
        self.zoom as f32
    }

    /// Where a point of the world is in the picture; up is up.
    #[must_use]
    pub fn point(&self, world: Vec2) -> (f32, f32) {
        let offset = (world - self.centre) * self.zoom;
        (
            self.middle.0 + offset.x as f32,
            self.middle.1 - offset.y as f32,
        )
    }

    /// Which point of the world is at a place in the picture.
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
