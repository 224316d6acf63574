//! Statistics of how well a client predicts its own car over a whole race.

/// Upper bound of the first bucket, m: invisible on screen.
const FIRST_M: f64 = 0.001;
/// Ratio of the bounds of neighbouring buckets: they double every two buckets.
const RATIO: f64 = std::f64::consts::SQRT_2;
/// Number of buckets: the last holds everything from 8 m on.
const BUCKETS: usize = 28;

/// A histogram of corrections, of bounded size.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Corrections {
    exact: u64,
    buckets: [u64; BUCKETS],
}

impl Corrections {
    /// Counts a snapshot that corrected the own car by `correction_m` metres; 0
    /// when it was as predicted.
    pub fn add(&mut self, correction_m: f64) {
        if correction_m <= 0.0 {
            self.exact += 1;
            return;
        }
        let index = (correction_m / FIRST_M).log(RATIO).ceil();
        self.buckets[(index.max(0.0) as usize).min(BUCKETS - 1)] += 1;
    }

    /// Adds the counts of another client.
    pub fn merge(&mut self, other: &Self) {
        self.exact += other.exact;
        for (mine, others) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += others;
        }
    }

    /// Number of snapshots counted.
    #[must_use]
    pub fn snapshots(&self) -> u64 {
        self.exact + self.corrected()
    }

    /// Number of snapshots that corrected the own car.
    #[must_use]
    pub fn corrected(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// The correction, m, that a `share` of all snapshots does not exceed. It is
    /// an upper bound, at most 41 % above the exact percentile.
    #[must_use]
    pub fn percentile_m(&self, share: f64) -> f64 {
        self.quantile(self.exact, share)
    }

    /// The same percentile over the snapshots that corrected the own car.
    #[must_use]
    pub fn corrected_percentile_m(&self, share: f64) -> f64 {
        self.quantile(0, share)
    }

    fn quantile(&self, exact: u64, share: f64) -> f64 {
        let wanted = ((exact + self.corrected()) as f64 * share).ceil() as u64;
        let mut seen = exact;
        if seen >= wanted {
            return 0.0;
        }
        let mut bound = FIRST_M;
        for count in self.buckets {
            seen += count;
            if seen >= wanted {
                return bound;
            }
            bound *= RATIO;
        }
        f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_upper_bounds_and_not_far_off() {
        let mut corrections = Corrections::default();
        for millimetres in 1..=1_000_u32 {
            corrections.add(f64::from(millimetres) / 1_000.0);
            corrections.add(0.0);
        }
        assert_eq!(
            (corrections.snapshots(), corrections.corrected()),
            (2_000, 1_000)
        );
        assert_eq!(corrections.percentile_m(0.5).to_bits(), 0.0_f64.to_bits());
        for share in [0.6, 0.9, 0.99] {
            let exact = (share - 0.5) * 2.0;
            let bound = corrections.percentile_m(share);
            assert!((exact..exact * 1.42).contains(&bound), "{bound} of {exact}");
        }
        assert!((0.99..1.41).contains(&corrections.corrected_percentile_m(0.99)));
    }

    #[test]
    fn nothing_and_everything() {
        let mut corrections = Corrections::default();
        assert_eq!(corrections.percentile_m(0.99).to_bits(), 0);
        corrections.add(1e9);
        corrections.merge(&corrections.clone());
        assert_eq!(corrections.corrected(), 2);
        assert!(corrections.percentile_m(0.5) > 8.0);
    }
}
