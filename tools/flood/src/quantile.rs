//! Quantiles.

use serde::Serialize;

/// Quantiles of times, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Quantiles {
    /// How many times.
    pub count: u64,
    /// The median; 0 without any time, as the others.
    pub p50_ms: f64,
    /// The 99th percentile.
    pub p99_ms: f64,
    /// The longest.
    pub max_ms: f64,
}

impl Quantiles {
    /// Of times in any order, with how often each came.
    #[must_use]
    pub fn new(times: impl IntoIterator<Item = (f64, u64)>) -> Self {
        let mut times: Vec<(f64, u64)> =
            times.into_iter().filter(|(_, count)| *count > 0).collect();
        times.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let count: u64 = times.iter().map(|(_, count)| count).sum();
        let quantile = |percent: u64| {
            // The smallest time that is not below that share of all times.
            let rank = (count * percent).div_ceil(100).max(1);
            let mut below = 0;
            let found = times.iter().find(|(_, count)| {
                below += count;
                below >= rank
            });
            found.map_or(0.0, |(time, _)| *time)
        };
        Self {
            count,
            p50_ms: quantile(50),
            p99_ms: quantile(99),
            max_ms: quantile(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_one_of_the_times() {
        let quantiles = Quantiles::new((1..=100).rev().map(|time| (f64::from(time), 2)));
        assert_eq!(quantiles.count, 200);
        assert_eq!((quantiles.p50_ms, quantiles.p99_ms), (50.0, 99.0));
        assert_eq!(quantiles.max_ms, 100.0);
        // Of few times, the 99th percentile is the longest.
        let few = Quantiles::new([(3.0, 1), (1.0, 5), (9.0, 0)]);
        assert_eq!((few.p50_ms, few.p99_ms, few.count), (1.0, 3.0, 6));
        assert_eq!(Quantiles::new([]), Quantiles::default());
    }
}
