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

    /// Returns the upper `h` points, and the rest.
    #[must_use]
    pub fn split_top(self, h: f32) -> (Self, Self) {
        let h = h.min(self.h).max(0.0);
        (Self { h, ..self }, self.trim_top(h))
    }

    /// Returns the rest, and the lower `h` points.
    #[must_use]
    pub fn split_bottom(self, h: f32) -> (Self, Self) {
        self.split_top(self.h - h)
    }

    /// Returns the left `w` points, and the rest.
    #[must_use]
    pub fn split_left(self, w: f32) -> (Self, Self) {
        let w = w.min(self.w).max(0.0);
        (Self { w, ..self }, self.trim_left(w))
    }

    /// Returns the rest, and the right `w` points.
    #[must_use]
    pub fn split_right(self, w: f32) -> (Self, Self) {
        self.split_left(self.w - w)
    }

    /// Returns the rectangle without its upper `h` points.
    #[must_use]
    pub fn trim_top(self, h: f32) -> Self {
        let (y, h) = (self.y + h, (self.h - h).max(0.0));
        Self { y, h, ..self }
    }

    /// Returns the rectangle without its left `w` points.
    #[must_use]
    pub fn trim_left(self, w: f32) -> Self {
        let (x, w) = (self.x + w, (self.w - w).max(0.0));
        Self { x, w, ..self }
    }

    /// Returns whether two rectangles have more than an edge in common.
    #[must_use]
    pub fn overlaps(self, other: Self) -> bool {
        let across = self.x < other.right() && other.x < self.right();
        across && self.y < other.bottom() && other.y < self.bottom()
    }

    /// Returns whether a rectangle lies inside this one, give or take `tolerance`
    /// points.
    #[must_use]
    pub fn covers(self, inner: Self, tolerance: f32) -> bool {
        inner.x >= self.x - tolerance
            && inner.y >= self.y - tolerance
            && inner.right() <= self.right() + tolerance
            && inner.bottom() <= self.bottom() + tolerance
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
    fn parts_add_up_and_do_not_overlap() {
        let area = Area::new(10.0, 20.0, 100.0, 50.0);
        let (top, rest) = area.split_top(20.0);
        let (left, right) = rest.split_left(30.0);
        assert_eq!(right, Area::new(40.0, 40.0, 70.0, 30.0));
        assert!(!top.overlaps(left) && !left.overlaps(right));
        assert!(area.covers(top, 0.0) && area.covers(right, 0.0));
        assert!(area.overlaps(right) && !right.covers(area, 5.0));
        assert_eq!(area.split_bottom(10.0).1.bottom(), area.bottom());
        assert_eq!(area.split_right(200.0).1, area, "no more than there is");
    }

    #[test]
    fn centres_one_in_another() {
        let inner = Area::centred(Area::new(0.0, 0.0, 100.0, 50.0), 20.0, 10.0);
        assert_eq!(inner, Area::new(40.0, 20.0, 20.0, 10.0));
    }
}
