//! Wrong passwords for one name from one address, and the delay that grows with them;
//! pure.

use std::time::{Duration, Instant};

use super::keyed::Spent;
use crate::limits::{
    WRONG_PASSWORD_DELAY, WRONG_PASSWORD_DELAY_MAX, WRONG_PASSWORDS_FORGOTTEN, WRONG_PASSWORDS_FREE,
};

/// Attempts to log in that failed or are under way, since the last that succeeded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Failures {
    count: u32,
    last: Option<Instant>,
}

impl Failures {
    /// Counts an attempt as failed, before its outcome is known.
    ///
    /// # Errors
    /// How long the next attempt has to wait; then none is counted.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if self.is_idle(now) {
            *self = Self::default();
        }
        self.check(now)?;
        self.count += 1;
        self.last = Some(now);
        Ok(())
    }

    /// Checks that an attempt may be made.
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn check(&self, now: Instant) -> Result<(), Duration> {
        let Some(last) = self.last.filter(|_| !self.is_idle(now)) else {
            return Ok(());
        };
        let passed = now.saturating_duration_since(last);
        match self.delay().saturating_sub(passed) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// Takes back an attempt that had no outcome.
    pub fn give_back(&mut self) {
        self.count = self.count.saturating_sub(1);
    }

    /// Forgets the failures: the right password was there.
    pub fn succeeded(&mut self) {
        *self = Self::default();
    }

    fn delay(&self) -> Duration {
        let Some(doublings) = self.count.checked_sub(WRONG_PASSWORDS_FREE) else {
            return Duration::ZERO;
        };
        let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
        let delay = WRONG_PASSWORD_DELAY.saturating_mul(factor);
        delay.min(WRONG_PASSWORD_DELAY_MAX)
    }
}

impl Spent for Failures {
    fn is_idle(&self, now: Instant) -> bool {
        let passed = |last: Instant| now.saturating_duration_since(last);
        self.count == 0 || self.last.map(passed) >= Some(WRONG_PASSWORDS_FORGOTTEN)
    }
}
