//! Rectangles on the screen, in points.

/// An axis-aligned rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Area {
    /// Left edge.
    pub x: f32,
    /// Top edge.
    pub y: f32,
    /// Width.
    pub w: f32,
    /// Height.
    pub h: f32,
}

impl Area {
    /// Makes a rectangle from left, top, width and height.
    #[must_use]
    pub const fn new(x: f32, y: f32, w: f32, h: f32) -> Self {
        Self { x, y, w, h }
    }

    /// Makes a rectangle of this size in the middle of `outer`.
    #[must_use]
    pub fn centred(outer: Self, w: f32, h: f32) -> Self {
        Self::new(
            outer.x + (outer.w - w) / 2.0,
            outer.y + (outer.h - h) / 2.0,
            w,
            h,
        )
    }

    /// Returns the right edge.
    #[must_use]
    pub fn right(self) -> f32 {
        self.x + self.w
    }

    /// Returns the lower edge.
    #[must_use]
    pub fn bottom(self) -> f32 {
        self.y + self.h
    }

    /// The middle from left to right.
    #[must_use]
    pub fn middle(self) -> f32 {
        self.x + self.w / 2.0
    }

    /// Returns whether a point is inside.
    #[must_use]
    pub fn contains(self, x: f32, y: f32) -> bool {
        (self.x..self.right()).contains(&x) && (self.y..self.bottom()).contains(&y)
    }

    /// Returns the rectangle shrunk by a margin on every side.
    #[must_use]
    pub fn inset(self, margin: f32) -> Self {
        let (w, h) = (self.w - 2.0 * margin, self.h - 2.0 * margin);
        Self::new(self.x + margin, self.y + margin, w.max(0.0), h.max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contains_its_left_edge_but_not_its_right() {
        let area = Area::new(10.0, 20.0, 5.0, 5.0);
        assert!(area.contains(10.0, 20.0) && !area.contains(15.0, 22.0));
    }

    #[test]
    fn centres_one_in_another() {
        let inner = Area::centred(Area::new(0.0, 0.0, 100.0, 50.0), 20.0, 10.0);
        assert_eq!(inner, Area::new(40.0, 20.0, 20.0, 10.0));
    }
}
