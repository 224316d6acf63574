//! When inputs leave, so that they come just before somebody looks at them.
//!
//! A room looks at inputs once for each snapshot. One that comes right
//! afterwards waits for a whole interval, and in the mean they wait for half of
//! one. Nobody tells a client when that moment is, but it sees when snapshots
//! come, and which of them acknowledges what. So it sends some time ahead of the
//! snapshot that is to acknowledge it, and each time a little later, until one is
//! acknowledged by the snapshot after it: then it was too late, and those to
//! come are sent earlier by some milliseconds. That finds the way's delay and its
//! jitter without a clock that two machines share.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use protocol::limits::SNAPSHOT_INTERVAL;

/// What an input needs to be acknowledged but for the round trip, at first: the
/// gateway's lead, its ways to the room and back, and some margin.
const AHEAD_START: Duration = Duration::from_millis(10);
/// After an input that was too late those to come are sent so much earlier.
const EARLIER: Duration = Duration::from_millis(3);
/// After one in time they are sent later by this: one in a hundred and fifty is
/// too late then, and on a long way those that were under way with it.
const LATER: Duration = Duration::from_micros(20);
/// A longer way is not looked for.
const AHEAD_MAX: Duration = Duration::from_secs(2);
/// Share of a snapshot in the mean of when they come.
const ARRIVAL_SHARE: f64 = 0.1;
/// Messages that wait to be acknowledged: more than can be under way.
const UNDER_WAY_MAX: usize = 128;

/// When one client's inputs leave.
#[derive(Clone, Debug)]
pub(crate) struct SendPhase {
    /// When some snapshot came; the others come whole intervals before and after.
    arrival: Instant,
    /// So long before a snapshot comes leaves what it acknowledges.
    ahead: Duration,
    due: Instant,
    /// By their newest ticks: when the snapshot comes that is to acknowledge them.
    under_way: VecDeque<(u32, Instant)>,
}

impl SendPhase {
    /// A snapshot has just come.
    pub(crate) fn new(round_trip: Duration, now: Instant) -> Self {
        Self {
            arrival: now,
            ahead: round_trip + AHEAD_START,
            due: now,
            under_way: VecDeque::with_capacity(UNDER_WAY_MAX),
        }
    }

    /// When the next message is to leave.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// A message leaves whose newest tick is `stamp`.
    pub(crate) fn sent(&mut self, stamp: u32, now: Instant) {
        if self
            .under_way
            .back()
            .is_some_and(|(last, _)| *last >= stamp)
        {
            self.forget();
        }
        if self.under_way.len() == UNDER_WAY_MAX {
            self.under_way.pop_front();
        }
        // One that was to leave earlier may have waited for the next picture.
        let on_time = now.saturating_duration_since(self.due) < SNAPSHOT_INTERVAL;
        let from = if on_time { self.due } else { now };
        let expected = self.arrival_near(from + self.ahead);
        self.under_way.push_back((stamp, expected));
        self.due = expected + SNAPSHOT_INTERVAL - self.ahead;
        if self.due <= now {
            self.due += SNAPSHOT_INTERVAL;
        }
    }

    /// A snapshot has come `now`.
    pub(crate) fn snapshot(&mut self, now: Instant) {
        let near = self.arrival_near(now);
        self.arrival = if now >= near {
            near + (now - near).mul_f64(ARRIVAL_SHARE)
        } else {
            near - (near - now).mul_f64(ARRIVAL_SHARE)
        };
    }

    /// The snapshot that has come `now` acknowledges the messages up to `stamp`.
    pub(crate) fn acknowledged(&mut self, stamp: u32, now: Instant) {
        let (mut late, mut early, mut in_time) = (false, false, 0);
        while let Some((_, expected)) = self.under_way.pop_front_if(|(sent, _)| *sent <= stamp) {
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
        // What left before says nothing about what is done now.
        self.forget();
    }

    /// What is under way is not what will be acknowledged.
    pub(crate) fn forget(&mut self) {
        self.under_way.clear();
    }

    /// When a snapshot comes, or would, nearest to `at`.
    fn arrival_near(&self, at: Instant) -> Instant {
        let interval = SNAPSHOT_INTERVAL.as_nanos();
        let whole = |time: Duration| (time.as_nanos() + interval / 2) / interval;
        let intervals = |time| SNAPSHOT_INTERVAL * u32::try_from(whole(time)).unwrap_or(u32::MAX);
        match at.checked_duration_since(self.arrival) {
            Some(after) => self.arrival + intervals(after),
            None => self.arrival - intervals(self.arrival - at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A room that looks at its inputs every interval, and tells at once.
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

        /// Runs for so many snapshots, with pictures every `frame`; gives the
        /// waits of the inputs in the room.
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
            let mut looks = from;
            let (mut stamp, mut under_way, mut told) = (2 * from, VecDeque::new(), VecDeque::new());
            let mut waits = Vec::new();
            let (mut last_up, mut last_down) = (now, now);
            while now < end {
                let look = self.start + SNAPSHOT_INTERVAL * looks;
                if now >= look {
                    let mut newest = None;
                    while let Some((stamp, came)) =
                        under_way.pop_front_if(|(_, came)| *came <= look)
                    {
                        waits.push(look - came);
                        newest = Some(stamp);
                    }
                    last_down = last_down.max(look + one_way + self.jitter(jitter));
                    told.push_back((last_down, newest));
                    looks += 1;
                }
                while let Some((at, newest)) = told.pop_front_if(|(at, _)| *at <= now) {
                    self.phase.snapshot(at);
                    if let Some(newest) = newest {
                        self.phase.acknowledged(newest, at);
                    }
                }
                let is_picture = (now - self.start).as_nanos() % frame.as_nanos() < 500_000;
                if is_picture && self.phase.due() <= now {
                    stamp += 2;
                    self.phase.sent(stamp, now);
                    last_up = last_up.max(now + one_way + self.jitter(jitter));
                    under_way.push_back((stamp, last_up));
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
    fn inputs_come_shortly_before_they_are_looked_at() {
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
    fn pictures_at_sixty_hertz_are_early_enough() {
        let mut room = Room::new(ms(50));
        room.run(0, 900, ms(25), ms(2), ms(16));
        let waits = room.run(900, 3_900, ms(25), ms(2), ms(16));
        assert!((2_980..3_020).contains(&waits.len()), "{}", waits.len());
        assert!(late(&waits) <= 60, "{} late", late(&waits));
    }

    #[test]
    fn follows_when_the_way_becomes_another() {
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
