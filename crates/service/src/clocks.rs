//! What time it is, by both clocks at once.

use std::time::{Duration, Instant, SystemTime, SystemTimeError, UNIX_EPOCH};

/// How often they are read. A process that loses its processor between the one and
/// the other would believe for as long as it lives that they differ by milliseconds.
const READINGS: usize = 8;

/// The instant, and the time since 1970 by the wall clock, of the same moment: right to
/// some microseconds where it matters to agree with other processes.
///
/// # Errors
/// When the wall clock stands before 1970.
pub fn now_by_both_clocks() -> Result<(Instant, Duration), SystemTimeError> {
    let readings = [(); READINGS].map(|()| {
        let (before, wall) = (Instant::now(), SystemTime::now());
        (before.elapsed(), before, wall)
    });
    let (took, before, wall) = readings.into_iter().min().unwrap_or(readings[0]);
    Ok((before + took / 2, wall.duration_since(UNIX_EPOCH)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_are_of_the_same_moment() {
        let (earliest, earliest_wall) = (Instant::now(), SystemTime::now());
        let (now, since_1970) = now_by_both_clocks().unwrap();
        let (latest_wall, latest) = (SystemTime::now(), Instant::now());
        assert!((earliest..=latest).contains(&now));
        assert!((earliest_wall..=latest_wall).contains(&(UNIX_EPOCH + since_1970)));
    }
}
