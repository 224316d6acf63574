//! Which fault is injected when.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use fleet::Program;

use crate::fault::FaultKind;

/// How long a killed process stays away, ms: about as long as a supervisor takes.
const AWAY_MS: std::ops::Range<u64> = 500..1_500;
/// How long a process is stopped.
const STOPPED: Duration = Duration::from_secs(2);
/// Time to recover after the last fault, within the window.
const RECOVERY: Duration = Duration::from_secs(5);

/// A fault to inject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When, since the beginning of the measurement.
    pub at: Duration,
    /// The program.
    pub program: Program,
    /// The kind of fault.
    pub kind: FaultKind,
    /// The instance: this number modulo the number of instances.
    pub victim: usize,
    /// How long until the process is restarted or resumed.
    pub away: Duration,
}

/// The faults of a run of `length`: about one in `every`, all `kinds` equally likely. The
/// same seed gives the same faults.
#[must_use]
pub fn plan(
    seed: u64,
    length: Duration,
    every: Duration,
    kinds: &[(Program, FaultKind)],
) -> Vec<Fault> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut faults = Vec::new();
    let mut at = Duration::ZERO;
    if kinds.is_empty() {
        return faults;
    }
    loop {
        at += every.mul_f64(random.random_range(0.5..1.5));
        if at + RECOVERY > length {
            return faults;
        }
        let (program, kind) = kinds[random.random_range(0..kinds.len())];
        let victim = random.random_range(0..usize::from(u16::MAX));
        let away = Duration::from_millis(random.random_range(AWAY_MS));
        faults.push(Fault {
            at,
            program,
            kind,
            victim,
            away: match kind {
                FaultKind::Kill => away,
                FaultKind::Stop => STOPPED,
            },
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KINDS: [(Program, FaultKind); 3] = [
        (Program::RaceWorker, FaultKind::Kill),
        (Program::Gateway, FaultKind::Kill),
        (Program::RaceWorker, FaultKind::Stop),
    ];
    const EVERY: Duration = Duration::from_secs(4);

    #[test]
    fn the_same_seed_gives_the_same_faults() {
        let length = Duration::from_secs(120);
        let faults = plan(7, length, EVERY, &KINDS);
        assert_eq!(faults, plan(7, length, EVERY, &KINDS));
        assert_ne!(faults, plan(8, length, EVERY, &KINDS));
    }

    #[test]
    fn faults_are_spread_and_leave_time_to_recover() {
        for seed in 0..100 {
            let length = Duration::from_secs(120);
            let faults = plan(seed, length, EVERY, &KINDS);
            assert!((19..=58).contains(&faults.len()), "{}", faults.len());
            for pair in faults.windows(2) {
                let between = pair[1].at - pair[0].at;
                assert!((EVERY / 2..EVERY * 3 / 2).contains(&between), "{between:?}");
            }
            assert!(faults.iter().all(|fault| fault.at + RECOVERY <= length));
            for kind in KINDS {
                let is_same = |fault: &&Fault| (fault.program, fault.kind) == kind;
                assert!(faults.iter().any(|fault| is_same(&fault)), "{kind:?}");
            }
        }
    }

    #[test]
    fn without_kinds_there_are_no_faults() {
        assert_eq!(plan(1, Duration::from_secs(60), EVERY, &[]), []);
    }
}
