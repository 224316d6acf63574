//! Which fault is injected when.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::fault::{FaultKind, StorageFault};

/// How long a killed process stays away, ms: about as long as a supervisor takes.
const AWAY_MS: std::ops::Range<u64> = 500..1_500;
/// How long a process is stopped.
const STOPPED: Duration = Duration::from_secs(2);
/// How long a process is cut off from NATS, ms: shorter and longer than a lease.
const CUT_MS: std::ops::Range<u64> = 500..6_000;
/// How long a disk is full, ms: long enough for streams and transactions to fail.
const FULL_MS: std::ops::Range<u64> = 2_000..8_000;
/// Time to recover after the last fault, within the window.
const RECOVERY: Duration = Duration::from_secs(5);

/// A fault to inject.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When, since the beginning of the measurement.
    pub at: Duration,
    /// The kind of fault, and the program that it happens to.
    pub kind: FaultKind,
    /// The instance: this number modulo the number of instances.
    pub victim: usize,
    /// How long until it ends: until the process is restarted or resumed.
    pub away: Duration,
}

/// The faults of a run of `length`: about one in `every`, all `kinds` equally likely. The
/// same seed gives the same faults.
#[must_use]
pub fn plan(seed: u64, length: Duration, every: Duration, kinds: &[FaultKind]) -> Vec<Fault> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut faults = Vec::new();
    let mut at = Duration::ZERO;
    if kinds.is_empty() {
        return faults;
    }
    loop {
        at += every.mul_f64(random.random_range(0.5..1.5));
        let kind = kinds[random.random_range(0..kinds.len())];
        let victim = random.random_range(0..usize::from(u16::MAX));
        let mut ms = |range| Duration::from_millis(random.random_range(range));
        let restarted = ms(AWAY_MS);
        let away = match kind {
            FaultKind::Kill(_)
            | FaultKind::Storage(StorageFault::NatsEmpty | StorageFault::DatabaseKill) => restarted,
            FaultKind::Stop(_) => STOPPED,
            FaultKind::Cut(_) => ms(CUT_MS),
            FaultKind::Storage(StorageFault::DiskFull | StorageFault::DatabaseFull) => ms(FULL_MS),
        };
        if at + away + RECOVERY > length {
            return faults;
        }
        faults.push(Fault {
            at,
            kind,
            victim,
            away,
        });
    }
}

#[cfg(test)]
mod tests {
    use fleet::Program;

    use super::*;

    const KINDS: [FaultKind; 5] = [
        FaultKind::Kill(Program::RaceWorker),
        FaultKind::Kill(Program::Gateway),
        FaultKind::Stop(Program::RaceWorker),
        FaultKind::Cut(Program::RaceWorker),
        FaultKind::Storage(StorageFault::DiskFull),
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
            assert!((17..=58).contains(&faults.len()), "{}", faults.len());
            for pair in faults.windows(2) {
                let between = pair[1].at - pair[0].at;
                assert!((EVERY / 2..EVERY * 3 / 2).contains(&between), "{between:?}");
            }
            let ends = faults.iter().map(|fault| fault.at + fault.away + RECOVERY);
            assert!(ends.max().is_none_or(|end| end <= length));
        }
        let faults: Vec<_> = (0..10)
            .flat_map(|seed| plan(seed, Duration::from_secs(120), EVERY, &KINDS))
            .collect();
        for kind in KINDS {
            assert!(faults.iter().any(|fault| fault.kind == kind), "{kind:?}");
        }
    }

    #[test]
    fn without_kinds_there_are_no_faults() {
        assert_eq!(plan(1, Duration::from_secs(60), EVERY, &[]), []);
    }
}
