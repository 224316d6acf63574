//! What positions on the wire are measured from.

/// The centre line of a track, as far as the codec of snapshots needs it.
///
/// A car is where its way along the centre line says, but for some metres to
/// the side. Encoder and decoder must have the same course; the
/// `fingerprint` shows when they have not. The better the course fits, the
/// smaller a snapshot; exact it is in any case.
pub trait Course {
    /// Distinguishes this course from others.
    fn fingerprint(&self) -> u16;

    /// The centre line at `travel`, 1/1024 m; any number of laps.
    fn at(&self, travel: i32) -> CoursePoint;
}

/// A point of a [`Course`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CoursePoint {
    /// 1/1024 m.
    pub x: f64,
    /// 1/1024 m.
    pub y: f64,
    /// A unit vector across, to the left.
    pub left: [f64; 2],
    /// Counter-clockwise from the x axis, 2⁻²⁰ turn.
    pub heading: i32,
    /// How many gates a car has passed that has come so far in order; means
    /// nothing before the start line.
    pub gates: u16,
}

impl CoursePoint {
    /// How far a point is to the left, 1/1024 m.
    #[inline]
    pub(super) fn lateral(&self, x: i32, y: i32) -> i32 {
        let (x, y) = (f64::from(x) - self.x, f64::from(y) - self.y);
        nearest(x * self.left[0] + y * self.left[1])
    }

    /// The point that is so far to the left.
    #[inline]
    pub(super) fn beside(&self, lateral: i32) -> [i32; 2] {
        let lateral = f64::from(lateral);
        [
            nearest(self.x + self.left[0] * lateral),
            nearest(self.y + self.left[1] * lateral),
        ]
    }
}

/// The nearest whole number, modulo 2³²: added to 1.5 · 2⁵², a number has it in
/// its lowest bits. `f64::round` is a call on machines of the baseline, and a
/// cast has to look for what does not fit; here both ends only have to agree.
#[inline]
fn nearest(value: f64) -> i32 {
    const ONE_AND_A_HALF_TIMES_2_52: f64 = 6_755_399_441_055_744.0;
    (value + ONE_AND_A_HALF_TIMES_2_52).to_bits() as i32
}
