//! Times in a histogram, and their quantiles.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

/// Quantiles of times, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Quantiles {
    /// The median.
    pub p50: f64,
    /// The 99th percentile.
    pub p99: f64,
    /// The 99.9th percentile.
    pub p99_9: f64,
    /// The longest.
    pub max: f64,
}

/// Times that become [`Quantiles`].
#[derive(Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    /// The longest time that the histogram keeps, µs: ten seconds.
    const MICROSECONDS_MAX: u64 = 10_000_000;
    /// Significant digits of a time.
    const DIGITS: u8 = 3;

    pub(crate) fn new() -> Self {
        let histogram = Histogram::new_with_max(Self::MICROSECONDS_MAX, Self::DIGITS);
        Self(histogram.expect("bounds that a histogram can have"))
    }

    pub(crate) fn add(&mut self, time: Duration) {
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(microseconds);
    }

    pub(crate) fn join(&mut self, other: &Self) {
        // Both have the same bounds: it cannot fail.
        let _ = self.0.add(&other.0);
    }

    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// `None` without any time.
    pub(crate) fn quantiles(&self) -> Option<Quantiles> {
        let ms = |microseconds: u64| microseconds as f64 / 1_000.0;
        let quantile = |share| ms(self.0.value_at_quantile(share));
        (!self.0.is_empty()).then(|| Quantiles {
            p50: quantile(0.5),
            p99: quantile(0.99),
            p99_9: quantile(0.999),
            max: ms(self.0.max()),
        })
    }
}
