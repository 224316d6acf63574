//! When inputs are sent, so that they are received just before the room reads them.
//!
//! A room reads its inputs once per snapshot. An input received right afterwards
//! waits for a whole interval, and with a random phase inputs wait for half of
//! one on average. A client does not know when that moment is, but it sees when
//! snapshots come and which of them acknowledges which input. It therefore sends
//! some time ahead of the snapshot that is to acknowledge the message, and each
//! time a little later, until a message is acknowledged one snapshot late: then
//! it sends earlier by some milliseconds. That adapts to delay and jitter of the
//! connection without a clock that two machines share.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use protocol::limits::SNAPSHOT_INTERVAL;

/// Initial time that an acknowledgement takes beyond the round trip: the
/// gateway's lead, its messages to the room and back, and some margin.
const AHEAD_START: Duration = Duration::from_millis(10);
/// How much earlier inputs are sent after one that was too late.
const EARLIER: Duration = Duration::from_millis(3);
/// How much later inputs are sent after one in time: one in 150 is then too
/// late, together with those in flight on a long connection.
const LATER: Duration = Duration::from_micros(20);
/// Upper bound of the time ahead.
const AHEAD_MAX: Duration = Duration::from_secs(2);
/// Weight of a new snapshot in the mean receive time.
const RECEIVE_TIME_GAIN: f64 = 0.1;
/// Messages that wait to be acknowledged: more than can be in flight.
const IN_FLIGHT_MAX: usize = 128;

/// The schedule of one client's input messages.
#[derive(Clone, Debug)]
pub(crate) struct SendPhase {
    /// Mean receive time of one snapshot; the others are whole intervals before
    /// and after it.
    received_at: Instant,
    /// How long before a snapshot is received the message that it acknowledges
    /// is sent.
    ahead: Duration,
    due: Instant,
    /// Newest tick of each message and the expected receive time of the snapshot
    /// that acknowledges it.
    in_flight: VecDeque<(u32, Instant)>,
}

impl SendPhase {
    /// Creates the schedule when a snapshot has just been received.
    pub(crate) fn new(round_trip: Duration, now: Instant) -> Self {
        Self {
            received_at: now,
            ahead: round_trip + AHEAD_START,
            due: now,
            in_flight: VecDeque::with_capacity(IN_FLIGHT_MAX),
        }
    }

    /// When the next message is to be sent.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Records that a message whose newest tick is `stamp` is sent.
    pub(crate) fn sent(&mut self, stamp: u32, now: Instant) {
        if self
            .in_flight
            .back()
            .is_some_and(|(last, _)| *last >= stamp)
        {
            self.forget();
        }
        if self.in_flight.len() == IN_FLIGHT_MAX {
            self.in_flight.pop_front();
        }
        // A message that was due earlier may have waited for the next frame.
        let on_time = now.saturating_duration_since(self.due) < SNAPSHOT_INTERVAL;
        let from = if on_time { self.due } else { now };
        let expected = self.receive_time_near(from + self.ahead);
        self.in_flight.push_back((stamp, expected));
        self.due = expected + SNAPSHOT_INTERVAL - self.ahead;
        if self.due <= now {
            self.due += SNAPSHOT_INTERVAL;
        }
    }

    /// Records that a snapshot is received.
    pub(crate) fn snapshot(&mut self, now: Instant) {
        let near = self.receive_time_near(now);
        self.received_at = if now >= near {
            near + (now - near).mul_f64(RECEIVE_TIME_GAIN)
        } else {
            near - (near - now).mul_f64(RECEIVE_TIME_GAIN)
        };
    }

    /// Records that the snapshot received at `now` acknowledges the messages up to
    /// `stamp`.
    pub(crate) fn acknowledged(&mut self, stamp: u32, now: Instant) {
        let (mut late, mut early, mut in_time) = (false, false, 0);
        while let Some((_, expected)) = self.in_flight.pop_front_if(|(sent, _)| *sent <= stamp) {
            late |= now > expected + SNAPSHOT_INTERVAL / 2;
            early |= now + SNAPSHOT_INTERVAL / 2 < expected;
            in_time += 1;
        }
        let ahead = if late {
            self.ahead + EARLIER
        } else if early {
            self.ahead.saturating_sub(SNAPSHOT_INTERVAL)
        } else {
            self.ahead = self.ahead.saturating_sub(LATER * in_time);
            return;
        };
        self.ahead = ahead.min(AHEAD_MAX);
        // Messages in flight were sent with the old value and say nothing about
        // the new one.
        self.forget();
    }

    /// Forgets the messages in flight: their acknowledgements do not count.
    pub(crate) fn forget(&mut self) {
        self.in_flight.clear();
    }

    /// The expected receive time of a snapshot nearest to `at`.
    fn receive_time_near(&self, at: Instant) -> Instant {
        let interval = SNAPSHOT_INTERVAL.as_nanos();
        let whole = |time: Duration| (time.as_nanos() + interval / 2) / interval;
        let intervals = |time| SNAPSHOT_INTERVAL * u32::try_from(whole(time)).unwrap_or(u32::MAX);
        match at.checked_duration_since(self.received_at) {
            Some(after) => self.received_at + intervals(after),
            None => self.received_at - intervals(self.received_at - at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A room that reads its inputs every interval and acknowledges them at once.
    struct Room {
        start: Instant,
        phase: SendPhase,
        random: u64,
    }

    const fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    impl Room {
        fn new(round_trip: Duration) -> Self {
            let start = Instant::now();
            Self {
                start,
                phase: SendPhase::new(round_trip, start),
                random: 1,
            }
        }

        fn jitter(&mut self, most: Duration) -> Duration {
            self.random = self
                .random
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            most.mul_f64((self.random >> 33) as f64 / f64::from(1_u32 << 31))
        }

        /// Runs from snapshot `from` to `to`, drawing every `frame`; returns how
        /// long each input waited in the room.
        fn run(
            &mut self,
            from: u32,
            to: u32,
            one_way: Duration,
            jitter: Duration,
            frame: Duration,
        ) -> Vec<Duration> {
            let mut now = self.start + SNAPSHOT_INTERVAL * from;
            let end = self.start + SNAPSHOT_INTERVAL * to;
            let mut reads = from;
            let (mut stamp, mut in_flight, mut snapshots) =
                (2 * from, VecDeque::new(), VecDeque::new());
            let mut waits = Vec::new();
            let (mut last_up, mut last_down) = (now, now);
            while now < end {
                let read = self.start + SNAPSHOT_INTERVAL * reads;
                if now >= read {
                    let mut newest = None;
                    while let Some((stamp, came)) =
                        in_flight.pop_front_if(|(_, came)| *came <= read)
                    {
                        waits.push(read - came);
                        newest = Some(stamp);
                    }
                    last_down = last_down.max(read + one_way + self.jitter(jitter));
                    snapshots.push_back((last_down, newest));
                    reads += 1;
                }
                while let Some((at, newest)) = snapshots.pop_front_if(|(at, _)| *at <= now) {
                    self.phase.snapshot(at);
                    if let Some(newest) = newest {
                        self.phase.acknowledged(newest, at);
                    }
                }
                let is_frame = (now - self.start).as_nanos() % frame.as_nanos() < 500_000;
                if is_frame && self.phase.due() <= now {
                    stamp += 2;
                    self.phase.sent(stamp, now);
                    last_up = last_up.max(now + one_way + self.jitter(jitter));
                    in_flight.push_back((stamp, last_up));
                }
                now += Duration::from_micros(500);
            }
            waits
        }
    }

    fn median(mut times: Vec<Duration>) -> Duration {
        times.sort_unstable();
        times[times.len() / 2]
    }

    fn late(waits: &[Duration]) -> usize {
        waits
            .iter()
            .filter(|wait| **wait > SNAPSHOT_INTERVAL * 3 / 4)
            .count()
    }

    #[test]
    fn inputs_are_received_shortly_before_they_are_read() {
        for one_way in [ms(0), ms(7), ms(40), ms(150)] {
            let mut room = Room::new(one_way * 2);
            room.run(0, 900, one_way, ms(0), ms(1));
            let waits = room.run(900, 3_900, one_way, ms(0), ms(1));
            assert!((2_990..3_010).contains(&waits.len()), "{}", waits.len());
            assert!(late(&waits) <= 90, "{one_way:?}: {} late", late(&waits));
            assert!(median(waits) <= ms(6), "{one_way:?}");
        }
    }

    #[test]
    fn jitter_is_allowed_for() {
        let mut room = Room::new(ms(50));
        room.run(0, 900, ms(25), ms(8), ms(1));
        let waits = room.run(900, 3_900, ms(25), ms(8), ms(1));
        assert!(late(&waits) <= 60, "{} late", late(&waits));
        assert!(median(waits) <= ms(12));
    }

    #[test]
    fn frames_at_sixty_hertz_are_early_enough() {
        let mut room = Room::new(ms(50));
        room.run(0, 900, ms(25), ms(2), ms(16));
        let waits = room.run(900, 3_900, ms(25), ms(2), ms(16));
        assert!((2_980..3_020).contains(&waits.len()), "{}", waits.len());
        assert!(late(&waits) <= 60, "{} late", late(&waits));
    }

    #[test]
    fn follows_when_the_delay_changes() {
        let mut room = Room::new(ms(20));
        room.run(0, 300, ms(10), ms(1), ms(1));
        for (begin, one_way) in [(300, ms(60)), (3_000, ms(10))] {
            let known = begin + 1_200;
            room.run(begin, known, one_way, ms(1), ms(1));
            let waits = room.run(known, begin + 2_700, one_way, ms(1), ms(1));
            assert!(late(&waits) <= 30, "{one_way:?}: {} late", late(&waits));
            assert!(median(waits) <= ms(8), "{one_way:?}");
        }
    }
}
