//! When what is hurt.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use fleet::{Harm, Program};

/// How long a killed process stays away, ms: an operator's supervisor takes
/// about as long.
const AWAY_MS: std::ops::Range<u64> = 500..1_500;
/// How long a stopped process stands still.
const STOPPED: Duration = Duration::from_secs(2);
/// After the last fault there is so much time to recover within the window.
const SETTLE: Duration = Duration::from_secs(5);

/// Something bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When, from the beginning of the measurement.
    pub at: Duration,
    /// To what.
    pub program: Program,
    /// What.
    pub harm: Harm,
    /// Which instance: this number modulo how many there are.
    pub victim: usize,
    /// After what time it is brought back.
    pub away: Duration,
}

/// The faults of a run of `length`: about one in `every`, each of `harms` as
/// likely as the others. The same seed gives the same.
#[must_use]
pub fn plan(seed: u64, length: Duration, every: Duration, harms: &[(Program, Harm)]) -> Vec<Fault> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut faults = Vec::new();
    let mut at = Duration::ZERO;
    if harms.is_empty() {
        return faults;
    }
    loop {
        at += every.mul_f64(random.random_range(0.5..1.5));
        if at + SETTLE > length {
            return faults;
        }
        let (program, harm) = harms[random.random_range(0..harms.len())];
        let victim = random.random_range(0..usize::from(u16::MAX));
        let away = Duration::from_millis(random.random_range(AWAY_MS));
        faults.push(Fault {
            at,
            program,
            harm,
            victim,
            away: match harm {
                Harm::Kill => away,
                Harm::Stop => STOPPED,
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HARMS: [(Program, Harm); 3] = [
        (Program::RaceWorker, Harm::Kill),
        (Program::Gateway, Harm::Kill),
        (Program::RaceWorker, Harm::Stop),
    ];
    const EVERY: Duration = Duration::from_secs(4);

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let length = Duration::from_secs(120);
        let faults = plan(7, length, EVERY, &HARMS);
        assert_eq!(faults, plan(7, length, EVERY, &HARMS));
        assert_ne!(faults, plan(8, length, EVERY, &HARMS));
    }

    #[test]
    fn faults_are_spread_and_leave_time_to_recover() {
        for seed in 0..100 {
            let length = Duration::from_secs(120);
            let faults = plan(seed, length, EVERY, &HARMS);
            assert!((19..=58).contains(&faults.len()), "{}", faults.len());
            for pair in faults.windows(2) {
                let between = pair[1].at - pair[0].at;
                assert!((EVERY / 2..EVERY * 3 / 2).contains(&between), "{between:?}");
            }
            assert!(faults.iter().all(|fault| fault.at + SETTLE <= length));
            for harm in HARMS {
                let is_it = |fault: &&Fault| (fault.program, fault.harm) == harm;
                assert!(faults.iter().any(|fault| is_it(&fault)), "{harm:?}");
            }
        }
    }

    #[test]
    fn nothing_happens_when_nothing_may() {
        assert_eq!(plan(1, Duration::from_secs(60), EVERY, &[]), []);
    }
}
