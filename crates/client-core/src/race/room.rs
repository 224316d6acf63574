//! A room as one client knows it: who is there, where the cars are.
//!
//! [`told`] is what the room's events change, and what a person is told of them.

mod told;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{CarClass, Controls, TICK_RATE_HZ, Vec2};
use netcode::client::Commands;
use netcode::simulation::highway::{self, TrafficCar};
use netcode::simulation::{RaceState, Rules, TICK_SECONDS, Track};
use protocol::room::{RoomView, SeatView};
use protocol::{PlayerName, Seat};

use crate::tracks;

/// A room as one client knows it.
#[derive(Debug)]
pub struct RoomClient {
    view: RoomView,
    seat: Option<Seat>,
    netcode: netcode::Client,
    winner: Option<PlayerName>,
}

/// A car to be drawn.
#[derive(Clone, Debug, PartialEq)]
pub struct CarView {
    /// Whose seat.
    pub seat: Seat,
    /// Who drives it.
    pub player: PlayerName,
    /// What it is.
    pub class: CarClass,
    /// Centre, m.
    pub position: Vec2,
    /// Along the centre line from the start line, m.
    pub station_m: f64,
    /// Counter-clockwise from the x axis, rad.
    pub heading_rad: f64,
    /// Of the front wheels, to the left, rad.
    pub steer_rad: f64,
    /// m/s.
    pub speed_mps: f64,
    /// Whether it is the own car.
    pub is_own: bool,
    /// Whether it touches nothing: finished, or without a driver.
    pub is_ghost: bool,
    /// Whether it has left the road.
    pub is_off_road: bool,
}

/// A line of the leaderboard while the race is on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaderboardLine {
    /// 1 for the first.
    pub place: usize,
    /// Whose seat.
    pub seat: Seat,
    /// Who.
    pub player: PlayerName,
    /// Metres, penalties taken off.
    pub score: i64,
    /// What was taken off it, metres.
    pub penalty_metres: u32,
    /// Laps completed.
    pub laps: u16,
    /// Whether the player has a connection.
    pub is_connected: bool,
    /// Whether an AI drives.
    pub is_ai: bool,
    /// Whether the car has reached the target.
    pub is_finished: bool,
    /// Whether it is the own line.
    pub is_own: bool,
}

impl RoomClient {
    /// A room that has just been entered.
    ///
    /// # Errors
    /// The track's name, when this client does not have it.
    pub fn new(view: RoomView, seat: Option<Seat>) -> Result<Self, String> {
        let name = &view.settings.track;
        let track = tracks::by_name(name).ok_or_else(|| name.clone())?;
        let mut room = Self {
            netcode: netcode::Client::new(view.race, seat, track),
            view,
            seat,
            winner: None,
        };
        room.begin();
        Ok(room)
    }

    /// Goes on where a lost connection left off, so that nothing jumps.
    pub(super) fn take_over(&mut self, before: Self) {
        if before.view.race == self.view.race && before.seat == self.seat {
            self.netcode = before.netcode;
            self.netcode.reconnected();
            self.winner = before.winner;
            self.begin();
        }
    }

    /// The race has its rules once the tick of its start is known.
    fn begin(&mut self) {
        if let Some(start_tick) = self.view.start_tick {
            let RoomView { settings, race, .. } = &self.view;
            let rules = netcode::rules(settings, *race, self.netcode.track(), start_tick);
            self.netcode.begin(rules);
        }
    }

    /// The room.
    #[must_use]
    pub fn view(&self) -> &RoomView {
        &self.view
    }

    /// The own seat; `None` for a spectator.
    #[must_use]
    pub fn seat(&self) -> Option<Seat> {
        self.seat
    }

    /// The track.
    #[must_use]
    pub fn track(&self) -> &Arc<Track> {
        self.netcode.track()
    }

    /// How the race is kept in step with the room.
    #[must_use]
    pub fn netcode(&self) -> &netcode::Client {
        &self.netcode
    }

    /// What the own seat drives; `None` for a spectator.
    #[must_use]
    pub fn own_class(&self) -> Option<CarClass> {
        self.seat_view(self.seat?).map(|view| view.class)
    }

    /// Whether the own player may fill the free seats with AI drivers.
    #[must_use]
    pub fn is_host(&self) -> bool {
        let own = self.seat.and_then(|seat| self.seat_view(seat));
        own.is_some_and(|own| self.view.host.as_ref() == Some(&own.player))
    }

    /// Who has won, once somebody has.
    #[must_use]
    pub fn winner(&self) -> Option<&PlayerName> {
        self.winner.as_ref()
    }

    /// The race as it is predicted, and its rules; `None` before it begins.
    #[must_use]
    pub fn race(&self) -> Option<(&RaceState, &Rules)> {
        Some((self.netcode.predicted()?, self.netcode.rules()?))
    }

    /// Seconds until the cars are let go; negative once they are.
    #[must_use]
    pub fn seconds_to_start(&self, now: Instant) -> Option<f64> {
        let start_tick = f64::from(self.netcode.rules()?.start_tick);
        let tick = self.netcode.clock()?.tick(now);
        Some((start_tick - tick) / f64::from(TICK_RATE_HZ))
    }

    /// How long ago the last snapshot came.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Option<Duration> {
        self.netcode.snapshot_age(now)
    }

    /// The cars, where they are drawn since the last call of
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

    /// The highway's traffic within `reach_m` metres of `x_m`, where it is in
    /// the same instant as [`RoomClient::cars`]. None on a circuit.
    #[must_use]
    pub fn traffic(&self, x_m: f64, reach_m: f64) -> Vec<TrafficCar> {
        let (Some(rules), Some(drawn)) = (self.netcode.rules(), self.netcode.drawn_tick()) else {
            return Vec::new();
        };
        let tick = drawn as u32;
        // It stands until the start, as everybody does.
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

    /// The order of the race as the room last told it, highest score first.
    #[must_use]
    pub fn leaderboard(&self) -> Vec<LeaderboardLine> {
        let Some(state) = self.netcode.confirmed() else {
            return Vec::new();
        };
        let order = state.leaderboard();
        let line = |(index, seat): (usize, &usize)| {
            let view = self.seat_view(*seat as Seat)?;
            Some(LeaderboardLine {
                place: index + 1,
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
        let taken = self.netcode.snapshot(bytes, now);
        tracing::trace!(?taken, "snapshot");
    }

    pub(super) fn pong(&mut self, nonce: u64, now: Instant) {
        self.netcode.pong(nonce, now);
    }

    /// Predicts up to now; gives what is to be sent.
    pub(super) fn drive(&mut self, input: Controls, now: Instant) -> Commands {
        self.netcode.drive(input, now)
    }

    fn seat_view(&self, seat: Seat) -> Option<&SeatView> {
        self.view.seats.iter().find(|view| view.seat == seat)
    }
}

/// Minutes, seconds and milliseconds, as at a race track.
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
    fn writes_lap_times_as_people_read_them() {
        assert_eq!(lap_time(62_405), "1:02.405");
        assert_eq!(lap_time(9_007), "0:09.007");
    }
}
