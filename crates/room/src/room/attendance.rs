//! People who have a seat and do nothing: a connection that does not come back to a
//! waiting room, a driver who does not drive, a host who does not begin.
//!
//! None of it is in a checkpoint: under a new owner the times begin again.

use std::time::{Duration, Instant};

use domain::{SEATS_MAX, Vec2};
use protocol::lobby::Phase;
use protocol::room::{LeaveReason, RoomEventBody};
use protocol::{PlayerId, Seat};

use super::Room;
use super::seats::{Occupant, Presence};
use crate::limits::{
    ATTENDANCE_INTERVAL, ATTENDANCE_STEP_MAX, IDLE_DRIVER_AFTER, IDLE_HOST_AFTER, PARKED_WITHIN_M,
    WAITING_SEAT_AFTER,
};

/// How long a room waits for people who do nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For a driver to drive a metre.
    pub idle_driver: Duration,
    /// For the host of a waiting room to do something, or for anybody to join.
    pub idle_host: Duration,
    /// For a lost connection to come back to a waiting room.
    pub waiting_seat: Duration,
}

impl Timeouts {
    /// Those of [`limits`](crate::limits).
    pub const DEFAULT: Self = Self {
        idle_driver: IDLE_DRIVER_AFTER,
        idle_host: IDLE_HOST_AFTER,
        waiting_seat: WAITING_SEAT_AFTER,
    };

    /// How long before the end an idle driver is warned: 15 s of a minute.
    fn driver_warning(&self) -> Duration {
        self.idle_driver / 4
    }

    /// The same for a host: a minute of five.
    fn host_warning(&self) -> Duration {
        self.idle_host / 5
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self::DEFAULT
    }
}

/// Since when people do nothing.
#[derive(Debug, Default)]
pub(super) struct Attendance {
    timeouts: Timeouts,
    looked_at: Option<Instant>,
    /// How long the room has been awake: a pause of its owner is nobody's idleness.
    awake: Duration,
    lost: [Option<Duration>; SEATS_MAX],
    parked: [Option<Parked>; SEATS_MAX],
    host: Option<(PlayerId, Idleness)>,
}

/// A car that stands.
#[derive(Clone, Copy, Debug)]
struct Parked {
    at: Vec2,
    idleness: Idleness,
}

/// Since when a player does nothing, in the time of [`Attendance::awake`].
#[derive(Clone, Copy, Debug)]
struct Idleness {
    since: Duration,
    is_warned: bool,
}

/// What idleness leads to.
enum Consequence {
    Nothing,
    /// A warning: the time that is left.
    Warn(Duration),
    Leave,
}

impl Idleness {
    fn new(awake: Duration) -> Self {
        Self {
            since: awake,
            is_warned: false,
        }
    }

    fn check(&mut self, awake: Duration, after: Duration, warning: Duration) -> Consequence {
        let idle = awake.saturating_sub(self.since);
        if idle >= after {
            Consequence::Leave
        } else if idle + warning >= after && !self.is_warned {
            self.is_warned = true;
            Consequence::Warn(after - idle)
        } else {
            Consequence::Nothing
        }
    }
}

impl Attendance {
    /// Notes that time has passed; whether it is time to look at everybody.
    fn look(&mut self, now: Instant) -> bool {
        let Some(looked_at) = self.looked_at else {
            self.looked_at = Some(now);
            return false;
        };
        let step = now.saturating_duration_since(looked_at);
        if step < ATTENDANCE_INTERVAL {
            return false;
        }
        self.awake += step.min(ATTENDANCE_STEP_MAX);
        self.looked_at = Some(now);
        true
    }

    /// The seat has another occupant, or none.
    pub(super) fn vacated(&mut self, seat: Seat) {
        let seat = usize::from(seat);
        if let (Some(lost), Some(parked)) = (self.lost.get_mut(seat), self.parked.get_mut(seat)) {
            (*lost, *parked) = (None, None);
        }
    }

    /// The player in that seat has done something.
    pub(super) fn sign_of_life(&mut self, seat: Seat, player: &PlayerId) {
        if let Some(parked) = self.parked.get_mut(usize::from(seat)) {
            *parked = None;
        }
        if self.host.as_ref().is_some_and(|(host, _)| host == player) {
            self.host = None;
        }
    }

    /// A player has come: the host waits for something.
    pub(super) fn joined(&mut self) {
        self.host = None;
    }
}

impl Room {
    /// The same room, which waits for people for so long.
    #[must_use]
    pub fn with_timeouts(mut self, timeouts: Timeouts) -> Self {
        self.attendance.timeouts = timeouts;
        self
    }

    /// Warns people who do nothing, and takes the seats of those who go on.
    pub(super) fn attend(&mut self, now: Instant) {
        if self.ending.is_some() || !self.attendance.look(now) {
            return;
        }
        let host = self.host();
        match self.phase {
            Phase::Waiting => {
                self.free_lost_seats();
                self.tell_host(host.as_ref());
                self.watch_host();
            }
            Phase::Racing => self.watch_drivers(),
            Phase::Countdown | Phase::Finished | Phase::Closed => {}
        }
        self.note_connections(now);
    }

    fn free_lost_seats(&mut self) {
        let Attendance {
            awake, timeouts, ..
        } = self.attendance;
        for seat in 0..self.seats.len() as Seat {
            let person = self.seats.get(seat).and_then(Occupant::person);
            let is_lost = person.is_some_and(|person| person.presence == Presence::Lost);
            let Some(lost) = self.attendance.lost.get_mut(usize::from(seat)) else {
                return;
            };
            if !is_lost {
                *lost = None;
                continue;
            }
            let since = *lost.get_or_insert(awake);
            if awake.saturating_sub(since) >= timeouts.waiting_seat {
                self.vacate(seat, LeaveReason::Lost);
            }
        }
    }

    fn watch_host(&mut self) {
        let Some(host) = self.host() else {
            self.attendance.host = None;
            return;
        };
        let player = host.id();
        let Some(seat) = self.seats.of(&player) else {
            return;
        };
        let Attendance {
            awake, timeouts, ..
        } = self.attendance;
        let idleness = match &mut self.attendance.host {
            Some((host, idleness)) if *host == player => idleness,
            other => &mut other.insert((player, Idleness::new(awake))).1,
        };
        let (after, warning) = (timeouts.idle_host, timeouts.host_warning());
        match idleness.check(awake, after, warning) {
            Consequence::Nothing => {}
            Consequence::Warn(left) => self.warn(seat, left),
            Consequence::Leave => {
                self.vacate(seat, LeaveReason::Idle);
                self.tell_host(Some(&host));
            }
        }
    }

    fn watch_drivers(&mut self) {
        let Attendance {
            awake, timeouts, ..
        } = self.attendance;
        let (after, warning) = (timeouts.idle_driver, timeouts.driver_warning());
        for seat in 0..self.seats.len() as Seat {
            let race = self.race.as_ref();
            let car = race.and_then(|race| race.state.cars.get(usize::from(seat)));
            let is_driver = self.seats.get(seat).is_some_and(Occupant::is_connected);
            let at = car
                .filter(|car| is_driver && car.finish.is_none())
                .map(domain::Car::position_m);
            let Some(parked) = self.attendance.parked.get_mut(usize::from(seat)) else {
                return;
            };
            let consequence = match (at, &mut *parked) {
                (Some(at), Some(parked)) if (at - parked.at).length() < PARKED_WITHIN_M => {
                    parked.idleness.check(awake, after, warning)
                }
                (at, parked) => {
                    let idleness = Idleness::new(awake);
                    *parked = at.map(|at| Parked { at, idleness });
                    Consequence::Nothing
                }
            };
            match consequence {
                Consequence::Nothing => {}
                Consequence::Warn(left) => self.warn(seat, left),
                Consequence::Leave => self.vacate(seat, LeaveReason::Idle),
            }
        }
    }

    fn warn(&mut self, seat: Seat, left: Duration) {
        if let Some(occupant) = self.seats.get(seat) {
            let player = occupant.player.clone();
            let seconds = left.as_secs_f64().ceil() as u32;
            self.event(RoomEventBody::IdleWarning {
                player,
                seat,
                seconds,
            });
        }
    }
}
