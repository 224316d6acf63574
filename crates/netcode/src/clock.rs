//! Which tick a client should be at, so that its inputs arrive in time.
//!
//! The room reports the margin of the newest input. Since the client knows when
//! it sent that input, each report yields the tick at which the room receives
//! a message sent at a given time: a sample that does not depend on how the
//! clock has been steered, so that steering cannot oscillate. The clock steers
//! towards the mean of the samples of the last second plus a margin of twice
//! their jitter, a little faster or slower than real time.

use std::time::{Duration, Instant};

use domain::TICK_RATE_HZ;
use protocol::limits::TICKS_PER_SNAPSHOT;
use protocol::snapshot::InputAck;

use crate::send_phase::SendPhase;

/// Number of new ticks in a message; the oldest must be in time.
const NEW_TICKS: f64 = TICKS_PER_SNAPSHOT as f64;
/// Smallest margin, ticks: the cost of rounding to ticks at both ends.
const MARGIN_MIN_TICKS: f64 = 1.0;
/// The margin in standard deviations of the samples.
const MARGIN_SIGMAS: f64 = 2.0;
/// Largest share by which the clock runs faster or slower than real time: too
/// little to be felt.
const RATE_SHARE_MAX: f64 = 0.05;
/// Time constant of steering an error away, within [`RATE_SHARE_MAX`].
const STEER_SECONDS: f64 = 0.5;
/// Error beyond which the estimate is wrong rather than imprecise: the clock
/// jumps.
const JUMP_TICKS: f64 = 10.0;
/// Number of samples in the estimate: about a second.
const SAMPLES: usize = 32;
/// Number of samples left out at either end: messages that were stalled say
/// nothing about those that are not.
const TRIMMED: usize = SAMPLES / 10;
/// Samples beyond [`JUMP_TICKS`] are left out unless this many come in a row:
/// half a second of them is not a stall.
const OUTLIERS_MAX: u32 = 15;
/// Smallest number of samples for which the jitter is known.
const SAMPLES_MIN: usize = 6;
/// Standard deviation assumed until the jitter is known, ticks.
const SIGMA_START_TICKS: f64 = 1.0;
/// Snapshots closer together than this are a burst after a stall and say nothing
/// about the clock.
const BURST: Duration = Duration::from_millis(12);
/// How long snapshots may be late before the room itself counts as late.
const PAUSED_AFTER: Duration = Duration::from_millis(300);
/// Weight of a new sample in the mean delay of snapshots.
const DELAY_GAIN: f64 = 0.05;
/// Round trip assumed until it is measured: a good home connection.
const ROUND_TRIP_START: Duration = Duration::from_millis(50);
/// Messages whose send time is kept: more than can be in flight.
const SENT: usize = 128;

/// An estimate of the tick that a client should be at.
#[derive(Clone, Debug)]
pub struct TickClock {
    origin: Instant,
    /// The tick to be at, at time `updated`.
    tick: f64,
    updated: Instant,
    /// Tick at which the room receives a message sent at `origin`.
    receive_tick_at_origin: f64,
    sigma: f64,
    samples: [f64; SAMPLES],
    /// Total number of samples taken.
    sampled: usize,
    /// Tick of the newest input sampled.
    sampled_stamp: u32,
    outliers: u32,
    sent: [(u32, f64); SENT],
    /// Mean of real time minus the tick of a snapshot, ticks; `None` after a reset
    /// until the next snapshot.
    delay: Option<f64>,
    snapshot_at: Instant,
    late_since: Option<Instant>,
    jumps: u32,
    phase: SendPhase,
}

impl TickClock {
    /// Creates a clock from a snapshot of `tick` that has just been received.
    #[must_use]
    pub fn new(tick: u32, round_trip: Option<Duration>, now: Instant) -> Self {
        let round_trip = round_trip.unwrap_or(ROUND_TRIP_START);
        let receive_tick_at_origin = f64::from(tick) + ticks(round_trip);
        let mut clock = Self {
            origin: now,
            tick: 0.0,
            updated: now,
            receive_tick_at_origin,
            sigma: SIGMA_START_TICKS,
            samples: [0.0; SAMPLES],
            sampled: 0,
            sampled_stamp: 0,
            outliers: 0,
            sent: [(u32::MAX, 0.0); SENT],
            delay: Some(-f64::from(tick)),
            snapshot_at: now,
            late_since: None,
            jumps: 0,
            phase: SendPhase::new(round_trip, now),
        };
        clock.tick = clock.wanted(now);
        clock
    }

    /// When to send the next input message, so that the room reads it soon after
    /// receiving it.
    #[must_use]
    pub fn send_due(&self) -> Instant {
        self.phase.due()
    }

    /// Records that an input message whose newest tick is `stamp` is sent.
    pub fn sent(&mut self, stamp: u32, now: Instant) {
        self.phase.sent(stamp, now);
        self.sent[stamp as usize % SENT] = (stamp, self.since_origin(now));
    }

    /// Records a snapshot of `tick` and its acknowledgement of the newest own
    /// input, if the room has one.
    pub fn snapshot(&mut self, tick: u32, ack: Option<InputAck>, now: Instant) {
        let is_burst = now.saturating_duration_since(self.snapshot_at) < BURST;
        self.snapshot_at = now;
        if !is_burst {
            self.phase.snapshot(now);
        }
        if let Some(ack) = ack {
            self.phase.acknowledged(ack.tick, now);
            self.acknowledged(ack);
        }
        self.observe_room_tick(tick, is_burst, now);
    }

    /// Steers the clock and returns the tick to be at, with its fraction.
    pub fn advance(&mut self, now: Instant) -> f64 {
        let elapsed = ticks(now.saturating_duration_since(self.updated));
        let wanted = self.wanted(now);
        let error = wanted - (self.tick + elapsed);
        self.updated = self.updated.max(now);
        if error.abs() > JUMP_TICKS {
            self.jumps += 1;
            self.tick = wanted;
        } else {
            let share = error / (STEER_SECONDS * f64::from(TICK_RATE_HZ));
            self.tick += elapsed * (1.0 + share.clamp(-RATE_SHARE_MAX, RATE_SHARE_MAX));
        }
        self.tick
    }

    /// The tick to be at, with its fraction, as steered so far.
    #[must_use]
    pub fn tick(&self, now: Instant) -> f64 {
        self.tick + ticks(now.saturating_duration_since(self.updated))
    }

    /// The tick that the room computes when it receives a message sent at `now`.
    #[must_use]
    pub fn receive_tick(&self, now: Instant) -> f64 {
        self.receive_tick_at_origin + self.since_origin(now)
    }

    /// Margin, in ticks, that the oldest new input of a message should have.
    #[must_use]
    pub fn margin_ticks(&self) -> f64 {
        (MARGIN_SIGMAS * self.sigma).max(MARGIN_MIN_TICKS)
    }

    /// Number of times the clock jumped because it was far off.
    #[must_use]
    pub fn jumps(&self) -> u32 {
        self.jumps
    }

    fn wanted(&self, now: Instant) -> f64 {
        self.receive_tick(now) + NEW_TICKS + self.margin_ticks()
    }

    fn since_origin(&self, now: Instant) -> f64 {
        ticks(now.saturating_duration_since(self.origin))
    }

    fn acknowledged(&mut self, ack: InputAck) {
        let (stamp, left) = self.sent[ack.tick as usize % SENT];
        // Each message is a sample once.
        if stamp != ack.tick || self.sampled_stamp == stamp && self.sampled > 0 {
            return;
        }
        self.sampled_stamp = stamp;
        let sample = f64::from(stamp) - f64::from(ack.margin_ticks) - left;
        if (sample - self.receive_tick_at_origin).abs() > JUMP_TICKS {
            self.outliers += 1;
            if self.outliers < OUTLIERS_MAX {
                return;
            }
            // If the room was paused, this corrects it.
            self.sampled = 0;
            self.delay = None;
        }
        self.outliers = 0;
        self.samples[self.sampled % SAMPLES] = sample;
        self.sampled += 1;
        let mut samples = self.samples;
        let samples = &mut samples[..self.sampled.min(SAMPLES)];
        samples.sort_unstable_by(f64::total_cmp);
        let trimmed = if samples.len() == SAMPLES { TRIMMED } else { 0 };
        let samples = &samples[trimmed..samples.len() - trimmed];
        let count = samples.len() as f64;
        self.receive_tick_at_origin = samples.iter().sum::<f64>() / count;
        if samples.len() >= SAMPLES_MIN {
            let square = |sample: &f64| {
                (sample - self.receive_tick_at_origin) * (sample - self.receive_tick_at_origin)
            };
            self.sigma = (samples.iter().map(square).sum::<f64>() / count).sqrt();
        }
    }

    /// Detects that the room's tick has shifted: the room or the client was paused.
    fn observe_room_tick(&mut self, tick: u32, is_burst: bool, now: Instant) {
        let delay = self.since_origin(now) - f64::from(tick);
        let known = *self.delay.get_or_insert(delay);
        let late = delay - known;
        let has_shifted = if late < -JUMP_TICKS {
            // A snapshot cannot be received before it is sent.
            true
        } else if late > JUMP_TICKS {
            let since = *self.late_since.get_or_insert(now);
            now.saturating_duration_since(since) >= PAUSED_AFTER
        } else {
            self.late_since = None;
            if !is_burst {
                self.delay = Some(known + late * DELAY_GAIN);
            }
            false
        };
        if has_shifted {
            self.reset_estimate(self.receive_tick_at_origin - late, delay);
        } else if self.receive_tick_at_origin + delay < 0.0 {
            // The estimate lies before a tick that is known to be over. With it no
            // input would be in time, and no sample would ever correct it.
            self.reset_estimate(-delay, delay);
        }
    }

    fn reset_estimate(&mut self, receive_tick: f64, delay: f64) {
        self.late_since = None;
        self.delay = Some(delay);
        self.receive_tick_at_origin = receive_tick;
        self.sampled = 0;
        self.outliers = 0;
        self.sent = [(u32::MAX, 0.0); SENT];
        self.sigma = SIGMA_START_TICKS;
        self.phase.forget();
    }
}

fn ticks(time: Duration) -> f64 {
    time.as_secs_f64() * f64::from(TICK_RATE_HZ)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A clock and the simulated connection that it is driven over.
    struct Connection {
        start: Instant,
        clock: TickClock,
        random: u64,
    }

    impl Connection {
        fn new(round_trip_ms: u64) -> Self {
            let start = Instant::now();
            let one_way = Duration::from_millis(round_trip_ms / 2);
            let round_trip = Duration::from_millis(round_trip_ms);
            Self {
                start,
                clock: TickClock::new(0, Some(round_trip), start + one_way),
                random: 1,
            }
        }

        fn jitter(&mut self, ms: f64) -> f64 {
            self.random = self
                .random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            ms * (self.random >> 33) as f64 / (1_u64 << 31) as f64
        }

        /// Runs from `from` to `to` ms with delays of `up` and `down` ms and up to
        /// `jitter` ms on top; returns the times at which inputs were late.
        fn run(&mut self, from: u64, to: u64, up: f64, down: f64, jitter: f64) -> Vec<u64> {
            let room = |ms: f64| (ms * 0.06).ceil();
            let mut acks: Vec<(f64, u32, InputAck)> = Vec::new();
            let mut late = Vec::new();
            let (mut last_up, mut last_down, mut sent) = (0.0_f64, 0.0_f64, 0);
            for ms in from..to {
                let now = self.start + Duration::from_millis(ms);
                let tick = self.clock.advance(now) as u32;
                if tick >= sent + 2 {
                    sent = tick;
                    self.clock.sent(tick - 1, now);
                    last_up = (ms as f64 + up + self.jitter(jitter)).max(last_up);
                    let margin = f64::from(tick - 1) - room(last_up);
                    if margin < 1.0 {
                        late.push(ms);
                    }
                    last_down = (last_up + down + self.jitter(jitter)).max(last_down);
                    let ack = InputAck {
                        tick: tick - 1,
                        margin_ticks: margin as i8,
                    };
                    acks.push((last_down, room(last_up) as u32, ack));
                }
                while acks.first().is_some_and(|(at, _, _)| *at <= ms as f64) {
                    let (_, tick, ack) = acks.remove(0);
                    self.clock.snapshot(tick, Some(ack), now);
                }
            }
            late
        }

        /// How far the estimate is from the truth at `ms`.
        fn error(&self, ms: u64, up: f64) -> f64 {
            let now = self.start + Duration::from_millis(ms);
            self.clock.receive_tick(now) - (ms as f64 + up) * 0.06
        }
    }

    #[test]
    fn is_within_a_tick_of_the_truth_after_two_seconds_of_jitter() {
        for seed in 1..50 {
            let mut connection = Connection::new(150);
            connection.random = seed;
            connection.run(75, 2_000, 75.0, 75.0, 30.0);
            // The mean of the jitter is 15 ms, and a tick is counted when it is over.
            let error = connection.error(2_000, 75.0 + 15.0) - 0.5;
            assert!(error.abs() <= 1.0, "seed {seed}: {error}");
        }
    }

    #[test]
    fn follows_a_step_of_the_delay_within_three_seconds() {
        for seed in 1..50 {
            let mut connection = Connection::new(100);
            connection.random = seed;
            assert_eq!(connection.run(50, 5_000, 50.0, 50.0, 5.0).last(), None);
            // All 80 ms on the way up: the worst case.
            connection.run(5_000, 8_000, 130.0, 50.0, 5.0);
            assert_eq!(
                connection.run(8_000, 15_000, 130.0, 50.0, 5.0),
                Vec::<u64>::new()
            );
            let error = connection.error(15_000, 132.5) - 0.5;
            assert!(error.abs() <= 1.0, "{error}");
            // And back: it does not stay as far ahead as it had to be.
            connection.run(15_000, 19_000, 50.0, 50.0, 5.0);
            let lead = connection
                .clock
                .tick(connection.start + Duration::from_secs(19))
                - 19.0 * 60.0;
            assert!(lead < 50.0 * 0.06 + 5.0, "{lead}");
        }
    }

    #[test]
    fn runs_at_most_five_percent_off_real_time_but_for_a_jump() {
        let mut connection = Connection::new(100);
        connection.run(50, 3_000, 50.0, 50.0, 0.0);
        let (start, jumps) = (connection.start, connection.clock.jumps());
        let mut before = connection.clock.tick(start + Duration::from_millis(3_000));
        for ms in (3_000..6_000).step_by(16) {
            connection.run(ms, ms + 16, 110.0, 50.0, 0.0);
            let tick = connection
                .clock
                .tick(start + Duration::from_millis(ms + 16));
            let rate = (tick - before) / (16.0 * 0.06);
            assert!((0.94..1.06).contains(&rate), "{rate} at {ms}");
            before = tick;
        }
        assert_eq!(connection.clock.jumps(), jumps);
    }

    #[test]
    fn jumps_to_a_room_that_is_ahead_at_once_and_to_one_that_paused_soon() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut clock = TickClock::new(0, Some(Duration::ZERO), start);
        clock.snapshot(1_000, None, at(10));
        assert!((clock.advance(at(10)) - 1_000.0).abs() < 6.0);
        // The room is paused for two seconds.
        let mut last = 0.0;
        for i in 0..30_u32 {
            let now = at(2_010 + u64::from(i) * 33);
            clock.snapshot(1_002 + 2 * i, None, now);
            last = clock.advance(now) - f64::from(1_002 + 2 * i);
        }
        assert!(last.abs() < 6.0, "{last}");
        assert_eq!(clock.jumps(), 2);
    }

    #[test]
    fn a_pause_of_the_room_is_corrected_once_though_seen_twice() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut clock = TickClock::new(0, Some(Duration::ZERO), start);
        for i in 1..60_u32 {
            let now = at(u64::from(i) * 33);
            clock.sent(2 * i + 4, now);
            let ack = InputAck {
                tick: 2 * i + 4,
                margin_ticks: 4,
            };
            clock.snapshot(2 * i, Some(ack), now);
            clock.advance(now);
        }
        // Two seconds later the inputs sent in between are acknowledged in a burst,
        // at the tick before the pause.
        for i in 0..u64::from(OUTLIERS_MAX) {
            clock.sent(128 + i as u32, at(3_000 + 20 * i));
        }
        for i in 0..OUTLIERS_MAX {
            let ack = InputAck {
                tick: 128 + i,
                margin_ticks: 8,
            };
            clock.snapshot(120 + i, Some(ack), at(4_000 + u64::from(i)));
        }
        for i in 0..30_u32 {
            let now = at(4_016 + u64::from(i) * 33);
            clock.snapshot(136 + 2 * i, None, now);
            clock.advance(now);
            let seen = f64::from(136 + 2 * i);
            assert!(clock.tick(now) > seen, "{} at {seen}", clock.tick(now));
        }
    }

    #[test]
    fn a_burst_after_a_stall_moves_nothing() {
        let start = Instant::now();
        let at = |ms: u64| start + Duration::from_millis(ms);
        let mut clock = TickClock::new(0, Some(Duration::ZERO), start);
        for i in 1..60_u32 {
            clock.snapshot(2 * i, None, at(u64::from(i) * 33));
            clock.advance(at(u64::from(i) * 33));
        }
        let before = clock.tick(at(3_000));
        for i in 60..90_u32 {
            clock.snapshot(2 * i, None, at(2_970));
        }
        clock.advance(at(2_970));
        assert!((clock.tick(at(3_000)) - before).abs() < 1.0);
    }
}
