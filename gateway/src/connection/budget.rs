//! How much of the gateway's time one connection may take.
//!
//! Each frame is charged, with its bytes, before anything looks into it: the time that a
//! client costs is bounded by the rate at which it is read, whatever it sends.

use std::time::{Duration, Instant};

use crate::limits::{FRAME_RATE, READ_BYTES_RATE, TURN_FRAMES};

/// The frames and bytes that a connection may still send.
#[derive(Debug)]
pub(super) struct Budget {
    frames: Account,
    bytes: Account,
    /// Frames since others had their turn.
    turn: u32,
}

impl Budget {
    /// A whole burst.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            frames: Account::new(FRAME_RATE, now),
            bytes: Account::new(READ_BYTES_RATE, now),
            turn: 0,
        }
    }

    /// Takes a frame, with its length, out of the budget.
    pub(super) fn charge(&mut self, bytes: usize, now: Instant) {
        self.frames.charge(1.0, now);
        self.bytes.charge(bytes as f64, now);
        self.turn += 1;
    }

    /// When the next frame may be read; `None`: at once.
    pub(super) fn exhausted_until(&self) -> Option<Instant> {
        self.frames
            .overdrawn_until()
            .max(self.bytes.overdrawn_until())
    }

    /// Whether other tasks must have their turn before the next frame. Each answer of
    /// yes is one turn.
    pub(super) fn ends_turn(&mut self) -> bool {
        let ends = self.turn >= TURN_FRAMES;
        if ends {
            self.turn = 0;
        }
        ends
    }
}

/// An account that is filled at a rate and may be overdrawn: what a frame costs is known
/// once it is here.
#[derive(Debug)]
struct Account {
    per_second: f64,
    burst: f64,
    balance: f64,
    at: Instant,
}

impl Account {
    fn new((per_second, burst): (f64, f64), now: Instant) -> Self {
        Self {
            per_second,
            burst,
            balance: burst,
            at: now,
        }
    }

    fn charge(&mut self, amount: f64, now: Instant) {
        let seconds = now.saturating_duration_since(self.at).as_secs_f64();
        self.balance = (self.balance + seconds * self.per_second).min(self.burst) - amount;
        self.at = now;
    }

    fn overdrawn_until(&self) -> Option<Instant> {
        let missing = -self.balance / self.per_second;
        (missing > 0.0).then(|| self.at + Duration::from_secs_f64(missing))
    }
}

#[cfg(test)]
mod tests {
    use protocol::limits::CLIENT_FRAME_BYTES_MAX;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// The frames that are read of a client which sends one of `bytes` at every moment.
    fn read_within(time: Duration, bytes: usize) -> usize {
        let start = Instant::now();
        let (mut now, mut budget, mut frames) = (start, Budget::new(start), 0);
        while now <= start + time {
            budget.charge(bytes, now);
            frames += 1;
            now = budget.exhausted_until().map_or(now, |at| at.max(now));
        }
        frames
    }

    #[test]
    fn a_flood_of_the_shortest_frames_is_read_at_the_rate_of_frames() {
        let (rate, burst) = FRAME_RATE;
        let frames = read_within(10 * SECOND, 2);
        let expected = burst + 10.0 * rate;
        assert!((frames as f64 - expected).abs() <= 2.0, "{frames}");
    }

    #[test]
    fn a_flood_of_the_longest_frames_is_read_at_the_rate_of_bytes() {
        let (rate, burst) = READ_BYTES_RATE;
        let frames = read_within(10 * SECOND, CLIENT_FRAME_BYTES_MAX);
        let expected = (burst + 10.0 * rate) / CLIENT_FRAME_BYTES_MAX as f64;
        assert!((frames as f64 - expected).abs() <= 2.0, "{frames}");
    }

    #[test]
    fn a_driver_never_meets_it_not_even_after_a_stall() {
        // Inputs with all ticks that a stall of a second leaves unacknowledged, pings
        // and a request; 350 bytes are the largest input.
        let start = Instant::now();
        let mut budget = Budget::new(start);
        for second in 0..60 {
            let (frames, sent_at_once) = if second % 10 == 5 { (64, 64) } else { (32, 1) };
            for frame in 0..frames {
                let now = start + SECOND * second + SECOND * frame / frames;
                let now = if sent_at_once > 1 {
                    start + SECOND * second
                } else {
                    now
                };
                budget.charge(350, now);
                assert_eq!(budget.exhausted_until(), None, "second {second}");
            }
        }
    }

    #[test]
    fn others_have_their_turn_after_a_few_frames() {
        let now = Instant::now();
        let mut budget = Budget::new(now);
        let mut turns = 0;
        for _ in 0..4 * TURN_FRAMES {
            budget.charge(3, now);
            turns += u32::from(budget.ends_turn());
        }
        assert_eq!(turns, 4);
        assert!(!budget.ends_turn());
    }
}
