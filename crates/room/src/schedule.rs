//! When in the snapshot interval a worker's rooms tick.
//!
//! Rooms that tick together cost less: one wake-up serves them all, and so it
//! does in NATS and in the gateways. All rooms at once would stand in each
//! other's queue. The interval is therefore divided into phases, as many as the
//! seats of this worker need; a room has a phase by its race, and its ticks slew to
//! it by a little with each snapshot. Checkpoints are staggered by phase, and a
//! tick waits a moment for inputs that are late. Nothing here is agreed with
//! another worker, gateway or clock, and all of it can be switched off.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use protocol::RaceId;
use protocol::limits::SNAPSHOT_INTERVAL;

use crate::limits::CHECKPOINT_SNAPSHOTS;

/// The parameters of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScheduleOptions {
    /// Most phases; zero: rooms tick at whatever time they began.
    pub phases_max: u32,
    /// Seats whose rooms tick together, before there are more phases.
    pub seats_per_phase: u32,
    /// How far a tick may be moved towards its phase with each snapshot.
    pub slew_max: Duration,
    /// How long a tick waits for inputs that came for the tick before; zero: it
    /// never waits.
    pub input_grace: Duration,
}

impl ScheduleOptions {
    /// The defaults of a worker. 180 seats are enough to share
    /// the cost of waking up, and few enough for their snapshots to be written
    /// within two milliseconds; more than eight phases cost more than shorter
    /// queues gain. A slew of 200 µs makes time 0.6 percent slower or faster, for
    /// 2.8 s at most. NATS keeps a message for 3 ms now and then.
    pub const DEFAULT: Self = Self {
        phases_max: 8,
        seats_per_phase: 180,
        slew_max: Duration::from_micros(200),
        input_grace: Duration::from_millis(3),
    };
}

/// The phase of a room: a share of the snapshot interval that no number of
/// phases changes by much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phase(u8);

impl Phase {
    /// The phase of a race: the last byte of its ULID, which is random.
    #[must_use]
    pub fn of(race: RaceId) -> Self {
        let [.., last] = race.seed().to_be_bytes();
        Self(last)
    }

    /// Which of `phases` it is.
    fn index(self, phases: u32) -> u32 {
        u32::from(self.0) * phases / (u32::from(u8::MAX) + 1)
    }
}

/// The schedule at one moment: cheap to copy, without I/O.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The start of some snapshot interval.
    origin: Instant,
    /// How many phases there are, up to their maximum.
    phases: u32,
    options: ScheduleOptions,
}

impl Schedule {
    /// A schedule with as many phases as there can be, counted from `origin`.
    #[must_use]
    pub fn new(origin: Instant, options: ScheduleOptions) -> Self {
        Self {
            origin,
            phases: options.phases_max,
            options,
        }
    }

    /// How long a tick waits for inputs that came for the tick before.
    #[must_use]
    pub fn input_grace(&self) -> Duration {
        self.options.input_grace
    }

    /// `due`, moved a little towards the nearest time of a phase.
    #[must_use]
    pub fn slew(&self, due: Instant, phase: Phase) -> Instant {
        if self.phases == 0 {
            return due;
        }
        let start = SNAPSHOT_INTERVAL * phase.index(self.phases) / self.phases;
        let past = self.past(due.checked_sub(start).unwrap_or(due));
        let left = SNAPSHOT_INTERVAL - past;
        if past <= left {
            due - past.min(self.options.slew_max)
        } else {
            due + left.min(self.options.slew_max)
        }
    }

    /// Whether a room writes its checkpoint with the snapshot that is due then:
    /// rooms of a phase together, one phase after the other.
    #[must_use]
    pub fn is_checkpoint_due(&self, due: Instant, phase: Phase) -> bool {
        let index = phase.index(self.phases.max(1));
        let start = SNAPSHOT_INTERVAL * index / self.phases.max(1);
        // Half an interval more, for a room that comes to its phase.
        let since = (due + SNAPSHOT_INTERVAL / 2).saturating_duration_since(self.origin + start);
        let interval = since.as_nanos() / SNAPSHOT_INTERVAL.as_nanos();
        (interval + u128::from(index)).is_multiple_of(CHECKPOINT_SNAPSHOTS)
    }

    /// How much of an interval is over at `at`.
    fn past(&self, at: Instant) -> Duration {
        let (later, earlier) = (at.max(self.origin), at.min(self.origin));
        let between = (later - earlier).as_nanos() % SNAPSHOT_INTERVAL.as_nanos();
        let between = Duration::from_nanos(u64::try_from(between).unwrap_or(0));
        if at >= self.origin || between.is_zero() {
            between
        } else {
            SNAPSHOT_INTERVAL - between
        }
    }
}

/// The schedule of a worker, which adapts its phases to the seats of its rooms.
#[derive(Debug)]
pub struct SharedSchedule {
    full: Schedule,
    phases: AtomicU32,
}

impl SharedSchedule {
    /// A schedule of a worker without rooms.
    #[must_use]
    pub fn new(origin: Instant, options: ScheduleOptions) -> Self {
        Self {
            full: Schedule::new(origin, options),
            phases: AtomicU32::new(options.phases_max.min(1)),
        }
    }

    /// The schedule as it is.
    #[must_use]
    pub fn load(&self) -> Schedule {
        Schedule {
            phases: self.phases.load(Ordering::Relaxed),
            ..self.full
        }
    }

    /// Adapts the number of phases to the seats of all rooms, and returns it.
    pub fn adapt(&self, seats: u32) -> u32 {
        let before = self.phases.load(Ordering::Relaxed);
        let phases = phases_for(seats, before, self.full.options);
        self.phases.store(phases, Ordering::Relaxed);
        phases
    }
}

/// The phases for that many seats where there are `before`: a doubling of one, so
/// that a room moves by half a phase at most. Rooms that come and go around a
/// limit change nothing.
fn phases_for(seats: u32, before: u32, options: ScheduleOptions) -> u32 {
    let capacity = |phases: u32| phases.saturating_mul(options.seats_per_phase);
    let needs_more = |phases| seats > capacity(phases);
    // An eighth less than half of them could hold.
    let needs_fewer = |phases| seats.saturating_mul(16) < capacity(phases).saturating_mul(7);
    let mut phases = before;
    while phases > 0 && 2 * phases <= options.phases_max && needs_more(phases) {
        phases *= 2;
    }
    while phases > 1 && needs_fewer(phases) {
        phases /= 2;
    }
    phases
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLEW_MAX: Duration = ScheduleOptions::DEFAULT.slew_max;

    const fn us(us: u64) -> Duration {
        Duration::from_micros(us)
    }

    const fn options(phases_max: u32) -> ScheduleOptions {
        ScheduleOptions {
            phases_max,
            ..ScheduleOptions::DEFAULT
        }
    }

    /// Times around the origin and long after it.
    fn times() -> impl Iterator<Item = (Instant, Instant)> {
        let origin = Instant::now() + Duration::from_secs(60);
        let offsets = [0, 777, 5_000, 16_000, 17_000, 33_000, 700_000_003].map(us);
        offsets.into_iter().flat_map(move |offset| {
            [
                (origin, origin + offset),
                (origin, origin - offset.min(us(900_000))),
            ]
        })
    }

    #[test]
    fn a_room_comes_to_its_phase_by_a_little_with_each_snapshot_and_stays() {
        for (origin, begun) in times() {
            for (phases, phase) in [(1, 0), (2, 200), (4, 64), (8, 255), (8, 32)] {
                let schedule = Schedule::new(origin, options(phases));
                let phase = Phase(phase);
                let start = SNAPSHOT_INTERVAL * phase.index(phases) / phases;
                let mut due = begun;
                for _ in 0..=(SNAPSHOT_INTERVAL.as_micros() / 2 / SLEW_MAX.as_micros()) {
                    let moved = schedule.slew(due, phase);
                    assert!(moved.max(due) - moved.min(due) <= SLEW_MAX);
                    due = moved + SNAPSHOT_INTERVAL;
                }
                assert!(
                    schedule.past(due - start).is_zero(),
                    "{phases} phases, {phase:?}"
                );
                assert_eq!(schedule.slew(due, phase), due);
            }
        }
    }

    #[test]
    fn switched_off_rooms_tick_as_they_began() {
        let now = Instant::now();
        let schedule = SharedSchedule::new(now, options(0));
        assert_eq!(schedule.adapt(10_000), 0);
        for offset in [0, 1, 777, 20_000].map(us) {
            assert_eq!(schedule.load().slew(now + offset, Phase(77)), now + offset);
        }
    }

    #[test]
    fn rooms_write_with_every_third_snapshot_one_phase_after_the_other() {
        let origin = Instant::now();
        for phases in [0, 1, 2, 4, 8_u32] {
            let schedule = Schedule::new(origin, options(phases));
            for index in 0..phases.max(1) {
                let phase = Phase((index * 256 / phases.max(1)) as u8);
                let start = origin + SNAPSHOT_INTERVAL * index / phases.max(1);
                for off in [us(0), us(200), us(9_000)] {
                    let is_due = |number: u32| {
                        let due = start + off + SNAPSHOT_INTERVAL * number;
                        schedule.is_checkpoint_due(due, phase)
                    };
                    let due: Vec<u32> = (0..9).filter(|number| is_due(*number)).collect();
                    let first = (3 - index % 3) % 3;
                    assert_eq!(
                        due,
                        [first, first + 3, first + 6],
                        "{phases} {index} {off:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn rooms_are_spread_over_all_phases() {
        for phases in [1, 2, 4, 8] {
            let mut rooms = vec![0; phases as usize];
            (0..=u8::MAX).for_each(|byte| rooms[Phase(byte).index(phases) as usize] += 1);
            assert_eq!(rooms, vec![256 / phases; phases as usize]);
        }
        let race: RaceId = "01ARZ3NDEKTSV4RRFFQ69G5FAV".parse().unwrap();
        assert_eq!(Phase::of(race), Phase(0x5b));
    }

    #[test]
    fn there_are_as_many_phases_as_the_seats_need() {
        let schedule = SharedSchedule::new(Instant::now(), options(8));
        let mut changes = 0;
        let mut before = schedule.load().phases;
        for rooms in (0..400).flat_map(|rooms| [rooms, rooms + 1, rooms]) {
            let phases = schedule.adapt(4 * rooms);
            changes += u32::from(phases != before);
            before = phases;
        }
        assert_eq!((before, changes), (8, 3));
        let fewer = [630, 629, 314, 157, 0].map(|seats| schedule.adapt(seats));
        assert_eq!(fewer, [8, 4, 2, 1, 1]);
        let few = SharedSchedule::new(Instant::now(), options(3));
        assert_eq!(few.adapt(10_000), 2, "a doubling of one");
    }
}
