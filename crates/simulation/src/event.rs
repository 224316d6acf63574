//! Events of a tick.

use arrayvec::ArrayVec;
use domain::{PenaltyReason, SEATS_MAX};

/// Most events of one tick: eight per seat, one per pair of cars, one winner.
/// The buffer therefore never overflows.
pub const EVENTS_PER_TICK_MAX: usize = 8 * SEATS_MAX + SEATS_MAX * (SEATS_MAX - 1) / 2 + 1;

/// The events of one tick, in the order in which they happened.
pub type Events = ArrayVec<Event, EVENTS_PER_TICK_MAX>;

/// Something that happened in a tick, for players, logs and sounds.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A car completed a lap.
    Lap {
        /// Seat of the car.
        seat: u8,
        /// Number of the lap completed, from 1.
        lap: u16,
        /// Lap time from line to line; the first lap begins when the car, coming
        /// from the grid, crosses the line.
        ticks: u32,
        /// Whether it is the car's best lap of this race so far.
        best: bool,
    },
    /// A car reached the target.
    Finished {
        /// Seat of the car.
        seat: u8,
        /// 1 for the winner.
        place: u8,
        /// Time since the start of the race.
        ticks: u32,
    },
    /// The race has a winner: emitted once per race, right after its `Finished`.
    Winner {
        /// Seat of the car.
        seat: u8,
    },
    /// A car has been going the wrong way for a second.
    WrongWay {
        /// Seat of the car.
        seat: u8,
    },
    /// All wheels of a car have left the road.
    OffRoad {
        /// Seat of the car.
        seat: u8,
    },
    /// Two cars touched.
    Contact {
        /// The lower seat.
        seat: u8,
        /// The higher seat.
        other: u8,
        /// Impulse in newton seconds, at least [`Event::IMPULSE_MIN_NS`].
        impulse_ns: u32,
    },
    /// A car hit a car of the highway's traffic.
    Traffic {
        /// Seat of the car.
        seat: u8,
        /// Impulse in newton seconds; may be 0.
        impulse_ns: u32,
    },
    /// Metres were taken off a score.
    Penalty {
        /// Seat of the car.
        seat: u8,
        /// Number of metres.
        metres: u32,
        /// Reason of the penalty.
        reason: PenaltyReason,
    },
    /// A car hit a wall.
    Wall {
        /// Seat of the car.
        seat: u8,
        /// Impulse in newton seconds, at least [`Event::IMPULSE_MIN_NS`].
        impulse_ns: u32,
    },
}

impl Event {
    /// Weakest contact that is reported: leaning against a wall or another car
    /// would otherwise be an event in every tick. 650 N s change a car's speed by
    /// 0.5 m/s.
    pub const IMPULSE_MIN_NS: u32 = 650;
}
