//! What all measurements share.

pub(crate) mod processes;
mod times;
mod tokens;

pub(crate) use self::times::Times;
pub(crate) use self::tokens::Tokens;

/// The highest acceptable p99 of the generator's lateness, ms: more would show in what
/// it measures.
const LATE_MS_MAX: f64 = 5.0;
/// The highest acceptable use of its threads.
const CORES_SHARE_MAX: f64 = 0.9;

/// Why the figures may be this process's and not the servers': it was late, or used all
/// of its threads.
pub(crate) fn bottleneck(lateness: &Times, cores: Option<f64>, threads: u8) -> Option<String> {
    let late_ms = lateness.quantile_ms(0.99);
    if late_ms > LATE_MS_MAX {
        return Some(format!(
            "the load generator was late: one time in a hundred by {late_ms:.1} ms or more; \
             times seem longer than they were"
        ));
    }
    let threads = f64::from(threads);
    let cores = cores.filter(|cores| *cores > threads * CORES_SHARE_MAX)?;
    Some(format!(
        "the bots used {cores:.2} of {threads} cores: take more --threads, or fewer bots"
    ))
}

/// A line of a report for a person.
pub(crate) fn line(what: &str, figures: &str) -> String {
    format!("{what:<28} {figures}")
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn says_when_the_generator_is_too_slow() {
        let late = |ms| {
            let mut times = Times::default();
            (0..98).for_each(|_| times.add(Duration::ZERO));
            (0..2).for_each(|_| times.add(Duration::from_millis(ms)));
            times
        };
        let why = |ms, cores, threads| bottleneck(&late(ms), cores, threads);
        assert_eq!(why(4, Some(0.85), 1), None);
        assert_eq!(why(4, None, 1), None);
        assert_eq!(why(4, Some(1.7), 2), None);
        assert!(why(6, Some(0.1), 1).unwrap().contains("by 6.0 ms"));
        assert!(why(0, Some(0.95), 1).unwrap().contains("0.95 of 1 cores"));
        assert_eq!(bottleneck(&Times::default(), Some(0.1), 1), None);
    }
}
