//! What happened in a tick.

use arrayvec::ArrayVec;
use domain::{PenaltyReason, SEATS_MAX};

/// Most events of one tick: eight per seat, one per pair of cars, one winner.
/// The buffer therefore never overflows.
pub const EVENTS_PER_TICK_MAX: usize = 8 * SEATS_MAX + SEATS_MAX * (SEATS_MAX - 1) / 2 + 1;

/// The events of one tick, in the order in which they came about.
pub type Events = ArrayVec<Event, EVENTS_PER_TICK_MAX>;

/// Something a player, a log or a loudspeaker wants to know.
#[derive(Copy, Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// A car completed a lap.
    Lap {
        /// Whose.
        seat: u8,
        /// Number of the lap completed, from 1.
        lap: u16,
        /// From line to line; the first lap begins where the car, coming from
        /// the grid, crosses the line.
        ticks: u32,
        /// Whether it is the car's best so far in this race.
        best: bool,
    },
    /// A car reached the target.
    Finished {
        /// Whose.
        seat: u8,
        /// 1 for the winner.
        place: u8,
        /// Time since the start of the race.
        ticks: u32,
    },
    /// The race has a winner: once per race, right after its `Finished`.
    Winner {
        /// Whose.
        seat: u8,
    },
    /// A car has been going the wrong way for a second.
    WrongWay {
        /// Whose.
        seat: u8,
    },
    /// All wheels of a car have left the road.
    OffRoad {
        /// Whose.
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
        /// Whose.
        seat: u8,
        /// Impulse in newton seconds; may be 0.
        impulse_ns: u32,
    },
    /// Metres were taken off a score.
    Penalty {
        /// Whose.
        seat: u8,
        /// How many.
        metres: u32,
        /// What for.
        reason: PenaltyReason,
    },
    /// A car hit a wall.
    Wall {
        /// Whose.
        seat: u8,
        /// Impulse in newton seconds, at least [`Event::IMPULSE_MIN_NS`].
        impulse_ns: u32,
    },
}

impl Event {
    /// Weaker contacts are not reported: leaning against a wall or a neighbour
    /// would otherwise be an event in every tick. 650 N s change a car by 0.5 m/s.
    pub const IMPULSE_MIN_NS: u32 = 650;
}
