//! Vectors in the plane.

use std::ops::{Add, Mul, Neg, Sub};

use libm::{atan2, cos, sin};

/// A point or direction in the world, in metres unless said otherwise.
#[derive(Copy, Clone, Debug, Default, PartialEq)]
pub struct Vec2 {
    /// Rightward component.
    pub x: f64,
    /// Upward component.
    pub y: f64,
}

impl Vec2 {
    /// The vector (x, y).
    #[must_use]
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// The unit vector at `heading` radians.
    #[must_use]
    pub fn from_heading(heading: f64) -> Self {
        Self::new(cos(heading), sin(heading))
    }

    /// Scalar product.
    #[must_use]
    pub fn dot(self, other: Self) -> f64 {
        self.x * other.x + self.y * other.y
    }

    /// The z component of the cross product; positive when `other` is to the left.
    #[must_use]
    pub fn cross(self, other: Self) -> f64 {
        self.x * other.y - self.y * other.x
    }

    /// Euclidean length.
    #[must_use]
    pub fn length(self) -> f64 {
        self.dot(self).sqrt()
    }

    /// The vector turned by 90° to the left.
    #[must_use]
    pub fn left(self) -> Self {
        Self::new(-self.y, self.x)
    }

    /// The heading of the vector in radians, in −π..=π.
    #[must_use]
    pub fn heading(self) -> f64 {
        atan2(self.y, self.x)
    }

    /// The unit vector of the same direction, or `x` for a zero vector.
    #[must_use]
    pub fn normalized(self) -> Self {
        let length = self.length();
        if length < 1e-12 {
            return Self::new(1.0, 0.0);
        }
        self * (1.0 / length)
    }

    /// Interpolates from `self` to `other` by `fraction`.
    #[must_use]
    pub fn lerp(self, other: Self, fraction: f64) -> Self {
        self + (other - self) * fraction
    }
}

impl Add for Vec2 {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self::new(self.x + other.x, self.y + other.y)
    }
}

impl Sub for Vec2 {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self::new(self.x - other.x, self.y - other.y)
    }
}

impl Mul<f64> for Vec2 {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self::new(self.x * factor, self.y * factor)
    }
}

impl Neg for Vec2 {
    type Output = Self;
    fn neg(self) -> Self {
        Self::new(-self.x, -self.y)
    }
}
