//! The state of a room at one client: its seats and its cars.
//!
//! [`events`] applies the room's events and makes notices of them.

mod events;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{CarClass, Controls, TICK_RATE_HZ, Vec2};
use netcode::client::Commands;
use netcode::simulation::highway::{self, TrafficCar};
use netcode::simulation::{RaceState, Rules, TICK_SECONDS, Track};
use protocol::room::{RoomView, SeatView};
use protocol::{PlayerName, Seat};

use crate::tracks;

/// The state of a room at one client.
#[derive(Debug)]
pub struct RoomClient {
    view: RoomView,
    seat: Option<Seat>,
    netcode: netcode::Client,
    winner: Option<PlayerName>,
    idle_warning: Option<IdleWarning>,
}

/// A warning that the player leaves the room unless it does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IdleWarning {
    /// Seconds that were left when it came.
    pub seconds: u32,
    /// Whether the player was to drive, rather than to do anything.
    pub is_driver: bool,
}

/// A car as it is drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct CarView {
    /// The seat.
    pub seat: Seat,
    /// The name of its driver.
    pub player: PlayerName,
    /// Its class.
    pub class: CarClass,
    /// Centre, m.
    pub position: Vec2,
    /// Distance along the centre line from the start line, m.
    pub station_m: f64,
    /// Heading, counter-clockwise from the x axis, rad.
    pub heading_rad: f64,
    /// Angle of the front wheels, positive to the left, rad.
    pub steer_rad: f64,
    /// Speed, m/s.
    pub speed_mps: f64,
    /// Whether it is the player's own car.
    pub is_own: bool,
    /// Whether it is a ghost, which collides with no other car: it has finished
    /// or has no driver.
    pub is_ghost: bool,
    /// Whether it has left the road.
    pub is_off_road: bool,
}

/// A line of the leaderboard during the race.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderboardLine {
    /// The rank, 1 for the first.
    pub rank: usize,
    /// The seat.
    pub seat: Seat,
    /// The player.
    pub player: PlayerName,
    /// The score in metres, less penalties.
    pub score: i64,
    /// The sum of penalties, metres.
    pub penalty_metres: u32,
    /// The number of completed laps.
    pub laps: u16,
    /// Whether the player has a connection.
    pub is_connected: bool,
    /// Whether an AI driver has the seat.
    pub is_ai: bool,
    /// Whether the car has reached the target.
    pub is_finished: bool,
    /// Whether it is the player's own line.
    pub is_own: bool,
}

impl RoomClient {
    /// Makes the state of a room that the client has entered.
    ///
    /// # Errors
    /// Returns the track's name if this client does not have it.
    pub fn new(view: RoomView, seat: Option<Seat>) -> Result<Self, String> {
        let name = &view.settings.track;
        let track = tracks::by_name(name).ok_or_else(|| name.clone())?;
        let mut room = Self {
            netcode: netcode::Client::new(view.race, seat, track),
            view,
            seat,
            winner: None,
            idle_warning: None,
        };
        room.begin();
        Ok(room)
    }

    /// Continues with the prediction from before a lost connection, so that no
    /// car jumps.
    pub(super) fn continue_from(&mut self, before: Self) {
        if before.view.race == self.view.race && before.seat == self.seat {
            self.netcode = before.netcode;
            self.netcode.reconnected();
            self.winner = before.winner;
            self.begin();
        }
    }

    /// Gives the netcode the rules of the race, once its start tick is known.
    fn begin(&mut self) {
        if let Some(start_tick) = self.view.start_tick {
            let RoomView { settings, race, .. } = &self.view;
            let rules = netcode::rules(settings, *race, self.netcode.track(), start_tick);
            self.netcode.begin(rules);
        }
    }

    /// Returns the room as the gateway describes it.
    #[must_use]
    pub fn view(&self) -> &RoomView {
        &self.view
    }

    /// Returns the player's own seat. `None` for a spectator.
    #[must_use]
    pub fn seat(&self) -> Option<Seat> {
        self.seat
    }

    /// Returns the track.
    #[must_use]
    pub fn track(&self) -> &Arc<Track> {
        self.netcode.track()
    }

    /// Returns the netcode, which keeps the race in step with the room.
    #[must_use]
    pub fn netcode(&self) -> &netcode::Client {
        &self.netcode
    }

    /// Returns the warning that the player has not answered.
    #[must_use]
    pub fn idle_warning(&self) -> Option<IdleWarning> {
        self.idle_warning
    }

    /// Takes the warning away; returns whether there was one.
    pub(super) fn answer_idle_warning(&mut self) -> bool {
        self.idle_warning.take().is_some()
    }

    /// Returns the class of the player's own car. `None` for a spectator.
    #[must_use]
    pub fn own_class(&self) -> Option<CarClass> {
        self.seat_view(self.seat?).map(|view| view.class)
    }

    /// Returns whether the player is the host, who may fill the free seats with
    /// AI drivers.
    #[must_use]
    pub fn is_host(&self) -> bool {
        let own = self.seat.and_then(|seat| self.seat_view(seat));
        own.is_some_and(|own| self.view.host.as_ref() == Some(&own.player))
    }

    /// Returns the winner, once there is one.
    #[must_use]
    pub fn winner(&self) -> Option<&PlayerName> {
        self.winner.as_ref()
    }

    /// Returns the predicted race and its rules. `None` before it begins.
    #[must_use]
    pub fn race(&self) -> Option<(&RaceState, &Rules)> {
        Some((self.netcode.predicted()?, self.netcode.rules()?))
    }

    /// Returns the seconds until the start; negative after it.
    #[must_use]
    pub fn seconds_to_start(&self, now: Instant) -> Option<f64> {
        let start_tick = f64::from(self.netcode.rules()?.start_tick);
        let tick = self.netcode.clock()?.tick(now);
        Some((start_tick - tick) / f64::from(TICK_RATE_HZ))
    }

    /// Returns the time since the latest snapshot arrived.
    #[must_use]
    pub fn time_since_snapshot(&self, now: Instant) -> Option<Duration> {
        self.netcode.snapshot_age(now)
    }

    /// Returns the cars with their poses as of the last call of
    /// [`RaceClient::drive`](crate::RaceClient::drive).
    #[must_use]
    pub fn cars(&self, now: Instant) -> Vec<CarView> {
        let drawn: Vec<_> = self.netcode.cars(now).collect();
        let seats = self.view.seats.iter();
        seats
            .filter_map(|seat| {
                let drawn = drawn.get(usize::from(seat.seat))?;
                Some(CarView {
                    seat: seat.seat,
                    player: seat.player.clone(),
                    class: seat.class,
                    position: drawn.pose.position,
                    station_m: self.netcode.track().station_m(&drawn.car),
                    heading_rad: drawn.pose.heading_rad,
                    steer_rad: drawn.car.steer_rad(),
                    speed_mps: drawn.car.speed_mps(),
                    is_own: self.seat == Some(seat.seat),
                    is_ghost: drawn.is_ghost,
                    is_off_road: drawn.car.off_road,
                })
            })
            .collect()
    }

    /// Returns the highway's traffic within `reach_m` metres of `x_m`, at the same
    /// instant as [`RoomClient::cars`]. Empty on a circuit.
    #[must_use]
    pub fn traffic(&self, x_m: f64, reach_m: f64) -> Vec<TrafficCar> {
        let (Some(rules), Some(drawn)) = (self.netcode.rules(), self.netcode.drawn_tick()) else {
            return Vec::new();
        };
        let tick = drawn as u32;
        // Traffic is stationary until the start, like the players' cars.
        let moved_ticks = if tick < rules.start_tick {
            0.0
        } else {
            drawn.fract()
        };
        highway::traffic(rules, tick, highway::around(x_m, reach_m))
            .map(|mut car| {
                car.position.x += car.speed_mps * TICK_SECONDS * moved_ticks;
                car
            })
            .collect()
    }

    /// Returns the leaderboard as of the latest snapshot, highest score first.
    #[must_use]
    pub fn leaderboard(&self) -> Vec<LeaderboardLine> {
        let Some(state) = self.netcode.confirmed() else {
            return Vec::new();
        };
        let order = state.leaderboard();
        let line = |(index, seat): (usize, &usize)| {
            let view = self.seat_view(*seat as Seat)?;
            Some(LeaderboardLine {
                rank: index + 1,
                seat: view.seat,
                player: view.player.clone(),
                score: state.score(*seat),
                penalty_metres: state.cars[*seat].penalty_metres,
                laps: self.netcode.track().laps_completed(&state.cars[*seat]),
                is_connected: view.connected,
                is_ai: view.ai,
                is_finished: state.cars[*seat].finish.is_some(),
                is_own: self.seat == Some(view.seat),
            })
        };
        order.iter().enumerate().filter_map(line).collect()
    }

    pub(super) fn snapshot(&mut self, bytes: &[u8], now: Instant) {
        let outcome = self.netcode.snapshot(bytes, now);
        tracing::trace!(?outcome, "snapshot");
    }

    pub(super) fn pong(&mut self, nonce: u64, now: Instant) {
        self.netcode.pong(nonce, now);
    }

    /// Predicts the race up to `now` and returns what is to be sent.
    pub(super) fn drive(&mut self, input: Controls, now: Instant) -> Commands {
        self.netcode.drive(input, now)
    }

    fn seat_view(&self, seat: Seat) -> Option<&SeatView> {
        self.view.seats.iter().find(|view| view.seat == seat)
    }
}

/// Formats a time as minutes, seconds and milliseconds: `1:02.405`.
#[must_use]
pub fn lap_time(time_ms: u64) -> String {
    format!(
        "{}:{:02}.{:03}",
        time_ms / 60_000,
        time_ms / 1_000 % 60,
        time_ms % 1_000
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_lap_times() {
        assert_eq!(lap_time(62_405), "1:02.405");
        assert_eq!(lap_time(9_007), "0:09.007");
    }
}
