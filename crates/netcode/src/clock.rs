//! Which tick a client should be at, so that its inputs arrive in time.
//!
//! Snapshots tell where the room is; the margin that the room reports for own
//! inputs steers how far ahead of that the client runs.

use std::time::Instant;

use simulation::TICK_RATE_HZ;

/// Ticks by which inputs should be early.
const TARGET_MARGIN_TICKS: f64 = 2.0;
/// How much of an error of the margin one snapshot corrects.
const MARGIN_GAIN: f64 = 0.05;
/// How much of a late snapshot counts: an early one counts in full, since
/// nothing arrives before it is sent.
const LATE_GAIN: f64 = 0.02;
/// Beyond this the estimate is wrong, not imprecise: start anew.
const JUMP_TICKS: f64 = 30.0;
/// A client never runs further ahead than its inputs are kept.
const LEAD_TICKS_MAX: f64 = 60.0;
/// Before the first margin is known: enough for a good home connection.
const LEAD_TICKS_START: f64 = 4.0;

/// An estimate of the room's tick.
#[derive(Clone, Copy, Debug)]
pub struct TickClock {
    origin: Instant,
    /// The room's tick at `origin`, as far as snapshots tell.
    tick_at_origin: f64,
    lead_ticks: f64,
}

impl TickClock {
    /// From the first snapshot of a race.
    #[must_use]
    pub fn new(tick: u32, now: Instant) -> Self {
        Self {
            origin: now,
            tick_at_origin: f64::from(tick),
            lead_ticks: LEAD_TICKS_START,
        }
    }

    /// A snapshot of `tick` has come; the room reports `margin_ticks` for the
    /// newest own input, if it has one.
    pub fn snapshot(&mut self, tick: u32, margin_ticks: Option<i8>, now: Instant) {
        let error = f64::from(tick) - self.room_tick(now);
        if error.abs() > JUMP_TICKS {
            self.tick_at_origin += error;
        } else {
            self.tick_at_origin += if error > 0.0 {
                error
            } else {
                error * LATE_GAIN
            };
        }
        if let Some(margin) = margin_ticks {
            let short = TARGET_MARGIN_TICKS - f64::from(margin);
            self.lead_ticks = (self.lead_ticks + short * MARGIN_GAIN).clamp(0.0, LEAD_TICKS_MAX);
        }
    }

    /// The tick to predict, with its fraction.
    #[must_use]
    pub fn target(&self, now: Instant) -> f64 {
        self.room_tick(now) + self.lead_ticks
    }

    fn room_tick(&self, now: Instant) -> f64 {
        let seconds = now.saturating_duration_since(self.origin).as_secs_f64();
        self.tick_at_origin + seconds * f64::from(TICK_RATE_HZ)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn runs_ahead_so_far_that_inputs_are_in_time() {
        let start = Instant::now();
        let one_way = Duration::from_millis(50);
        let mut clock = TickClock::new(0, start);
        // The room is at 30 · i ticks when it sends; inputs take 3 ticks.
        for i in 1..=3_000_u32 {
            let sent = start + Duration::from_millis(u64::from(i) * 100 / 3);
            let arrived = sent + one_way;
            let sent_for = clock.target(arrived - Duration::from_millis(100));
            let margin = sent_for - f64::from(2 * i);
            clock.snapshot(2 * i, Some(margin.clamp(-100.0, 100.0) as i8), arrived);
        }
        let now = start + Duration::from_secs(100) + one_way;
        let lead = clock.target(now) - (100.0 + one_way.as_secs_f64()) * 60.0;
        // 3 ticks of way each direction are in the estimate and in the lead.
        assert!((2.0..7.0).contains(&lead), "{lead}");
    }

    #[test]
    fn jumps_when_the_room_is_somewhere_else() {
        let start = Instant::now();
        let mut clock = TickClock::new(0, start);
        clock.snapshot(10_000, None, start);
        assert!(clock.target(start) >= 10_000.0);
    }
}
