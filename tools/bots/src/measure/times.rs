//! Times in bounded memory.

use std::time::Duration;

use hdrhistogram::Histogram;
use serde_json::{Value, json};

/// Significant digits of a time.
const DIGITS: u8 = 3;
/// The longest time that it keeps, µs: ten minutes.
const MICROSECONDS_MAX: u64 = 600_000_000;

/// Times, from microseconds to minutes.
#[derive(Clone, Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Default for Times {
    fn default() -> Self {
        let histogram = Histogram::new_with_max(MICROSECONDS_MAX, DIGITS);
        Self(histogram.expect("the bounds are constants that a histogram takes"))
    }
}

impl Times {
    pub(crate) fn add(&mut self, time: Duration) {
        let microseconds = u64::try_from(time.as_micros()).unwrap_or(MICROSECONDS_MAX);
        self.0.saturating_record(microseconds);
    }

    /// A quantile, ms; 0 without any time.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        self.0.value_at_quantile(share) as f64 / 1_000.0
    }

    pub(crate) fn max_ms(&self) -> f64 {
        self.0.max() as f64 / 1_000.0
    }

    /// For programs, ms; null without any time.
    pub(crate) fn json(&self) -> Value {
        if self.0.is_empty() {
            return Value::Null;
        }
        json!({
            "p50": self.quantile_ms(0.5),
            "p99": self.quantile_ms(0.99),
            "p99_9": self.quantile_ms(0.999),
            "max": self.max_ms(),
        })
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        if self.0.is_empty() {
            return format!("{:>8}", "none");
        }
        format!(
            "{:8.1} p50 {:8.1} p99 {:8.1} p99.9 {:8.1} max ms",
            self.quantile_ms(0.5),
            self.quantile_ms(0.99),
            self.quantile_ms(0.999),
            self.max_ms()
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_not_a_short_time() {
        let mut times = Times::default();
        assert_eq!((times.json(), times.text().trim()), (Value::Null, "none"));
        times.add(Duration::from_millis(3));
        assert_eq!(times.json()["p99"], 3.001);
        assert!(times.text().contains("3.0 p50"), "{}", times.text());
    }
}
