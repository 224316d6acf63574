//! A token bucket as one instant, the generic cell rate algorithm (ITU-T I.371); pure.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Bound on what may happen at once, by option.
const BURST_MAX: u32 = 1_000_000;
/// Bound on the period of a limit, by option.
const PERIOD_MAX: Duration = Duration::from_hours(24);

/// How often something may happen: a number at once, which is there again after a period.
/// It is written `8/4s`: eight at once, and two a second in the long run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    burst: NonZeroU32,
    /// Zero for a limit that is off.
    period: Duration,
}

impl Limit {
    /// No limit.
    pub const OFF: Self = Self::new(NonZeroU32::MIN, Duration::ZERO);

    /// A number at once, which is there again after so many seconds; off for the number 0.
    #[must_use]
    pub const fn of((burst, seconds): (u32, u64)) -> Self {
        match NonZeroU32::new(burst) {
            Some(burst) => Self::new(burst, Duration::from_secs(seconds)),
            None => Self::OFF,
        }
    }

    /// A number at once, which is there again after the period.
    #[must_use]
    pub const fn new(burst: NonZeroU32, period: Duration) -> Self {
        Self { burst, period }
    }

    /// The time in which one token comes back.
    #[must_use]
    pub fn interval(&self) -> Duration {
        self.period / self.burst.get()
    }

    /// The time in which all tokens come back.
    fn refill_time(&self) -> Duration {
        self.interval() * self.burst.get()
    }

    /// The limit in words: `2 a minute`, `8 in 4 s`.
    #[must_use]
    pub fn in_words(&self) -> String {
        let burst = self.burst;
        match self.period.as_secs() {
            1 => format!("{burst} a second"),
            60 => format!("{burst} a minute"),
            3_600 => format!("{burst} an hour"),
            _ => format!("{burst} in {}", in_words(self.period)),
        }
    }
}

/// A time for people, rounded up: `23 s`, `10 minutes`.
#[must_use]
pub fn in_words(time: Duration) -> String {
    let seconds = time.as_nanos().div_ceil(1_000_000_000);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} minutes", seconds.div_ceil(60)),
        _ => format!("{} hours", seconds.div_ceil(3_600)),
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.period.as_secs() {
            0 => f.write_str("off"),
            seconds if seconds % 3_600 == 0 => write!(f, "{}/{}h", self.burst, seconds / 3_600),
            seconds if seconds % 60 == 0 => write!(f, "{}/{}m", self.burst, seconds / 60),
            seconds => write!(f, "{}/{seconds}s", self.burst),
        }
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "off" {
            return Ok(Self::OFF);
        }
        parse(text).ok_or_else(|| {
            format!(
                "a limit is NUMBER/TIME, as 8/4s, 2/1m or 10/1h, of at most {BURST_MAX} in at most \
                 {}, or off",
                in_words(PERIOD_MAX)
            )
        })
    }
}

fn parse(text: &str) -> Option<Limit> {
    let (burst, period) = text.split_once('/')?;
    let (count, unit) = period.split_at_checked(period.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        _ => return None,
    };
    let burst: NonZeroU32 = burst.parse().ok()?;
    let count: NonZeroU32 = count.parse().ok()?;
    let period = Duration::from_secs(u64::from(count.get()) * seconds);
    (burst.get() <= BURST_MAX && period <= PERIOD_MAX).then_some(Limit { burst, period })
}

/// The tokens of one key under a [`Limit`], full at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bucket {
    /// When all tokens are there again; `None` for a bucket that was never used.
    full_at: Option<Instant>,
}

impl Bucket {
    /// Takes a token.
    ///
    /// # Errors
    /// How long it takes until there is one; then none is taken.
    pub fn take(&mut self, limit: &Limit, now: Instant) -> Result<(), Duration> {
        self.check(limit, now)?;
        self.full_at = Some(self.busy_until(now) + limit.interval());
        Ok(())
    }

    /// Checks that there is a token.
    ///
    /// # Errors
    /// How long it takes until there is one.
    pub fn check(&self, limit: &Limit, now: Instant) -> Result<(), Duration> {
        let missing = self.busy_until(now) + limit.interval() - now;
        match missing.saturating_sub(limit.refill_time()) {
            Duration::ZERO => Ok(()),
            wait => Err(wait),
        }
    }

    /// Gives a token back.
    pub fn give_back(&mut self, limit: &Limit) {
        // What is given back to a full bucket is in the past, and counts for nothing.
        let before = |at: Instant| at.checked_sub(limit.interval());
        self.full_at = self.full_at.and_then(before);
    }

    /// Whether all tokens are there.
    #[must_use]
    pub fn is_full(&self, now: Instant) -> bool {
        self.full_at.is_none_or(|at| at <= now)
    }

    /// The thousandths of its tokens that are missing, rounded up.
    #[must_use]
    pub fn spent(&self, limit: &Limit, now: Instant) -> u16 {
        let missing = self.busy_until(now) - now;
        let all = limit.refill_time().as_nanos().max(1);
        (missing.as_nanos() * 1_000).div_ceil(all).min(1_000) as u16
    }

    /// Takes tokens until no more are left than in a bucket of which so many thousandths
    /// were missing a while ago.
    pub fn spend(&mut self, limit: &Limit, thousandths: u16, ago: Duration, now: Instant) {
        let missing = limit.refill_time() * u32::from(thousandths.min(1_000)) / 1_000;
        let full_at = now + missing.saturating_sub(ago);
        self.full_at = self.full_at.max(Some(full_at));
    }

    fn busy_until(&self, now: Instant) -> Instant {
        self.full_at.map_or(now, |at| at.max(now))
    }
}
