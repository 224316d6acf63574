//! A room as one client knows it: who is there, where the cars are.
//!
//! [`told`] is what the room's events change, and what a person is told of them.

mod told;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use netcode::simulation::highway::{self, TrafficCar};
use netcode::simulation::{Input, RaceState, Rules, TICK_RATE_HZ, TICK_SECONDS, Track, Vec2};
use netcode::{Prediction, TickClock, TrackCourse, wire};
use protocol::car::CarClass;
use protocol::frame::{self, FrameKind};
use protocol::room::{RoomView, SeatView};
use protocol::snapshot::SnapshotHeader;
use protocol::{PlayerName, Seat};

/// Inputs leave 30 times a second; a frame that is drawn a little early must
/// not make it 20.
const INPUT_INTERVAL: Duration = Duration::from_micros(32_000);

/// A room as one client knows it.
#[derive(Debug)]
pub struct RoomClient {
    view: RoomView,
    seat: Option<Seat>,
    track: Arc<Track>,
    course: TrackCourse,
    race: Option<Race>,
    sent_at: Option<Instant>,
    winner: Option<PlayerName>,
}

/// What is known once a snapshot has come.
#[derive(Debug)]
struct Race {
    prediction: Prediction,
    clock: TickClock,
    snapshot_at: Instant,
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
        let track = Track::by_name(&view.settings.track).ok_or(view.settings.track.clone())?;
        let track = Arc::new(track);
        Ok(Self {
            course: TrackCourse::shared(&track),
            view,
            seat,
            track,
            race: None,
            sent_at: None,
            winner: None,
        })
    }

    /// Goes on where a lost connection left off, so that nothing jumps.
    pub(super) fn take_over(&mut self, before: Self) {
        if before.view.race == self.view.race && before.seat == self.seat {
            self.race = before.race;
            self.winner = before.winner;
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
        &self.track
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
        self.race
            .as_ref()
            .map(|race| (race.prediction.predicted(), race.prediction.rules()))
    }

    /// Seconds until the cars are let go; negative once they are.
    #[must_use]
    pub fn seconds_to_start(&self, now: Instant) -> Option<f64> {
        let race = self.race.as_ref()?;
        let start_tick = f64::from(race.prediction.rules().start_tick);
        Some((start_tick - race.clock.target(now)) / f64::from(TICK_RATE_HZ))
    }

    /// How long ago the last snapshot came.
    #[must_use]
    pub fn silence(&self, now: Instant) -> Option<Duration> {
        self.race
            .as_ref()
            .map(|race| now.saturating_duration_since(race.snapshot_at))
    }

    /// The cars, where they are now.
    #[must_use]
    pub fn cars(&self, now: Instant) -> Vec<CarView> {
        let Some(race) = &self.race else {
            return Vec::new();
        };
        let (before, after) = (race.prediction.before(), race.prediction.predicted());
        // The picture is up to one tick behind, between two that are known.
        let along = (race.clock.target(now) - f64::from(before.tick)).clamp(0.0, 1.0);
        let seats = self.view.seats.iter();
        seats
            .filter_map(|seat| {
                let index = usize::from(seat.seat);
                let (old, new) = (before.cars.get(index)?, after.cars.get(index)?);
                let turn = wrap(new.heading_rad() - old.heading_rad());
                Some(CarView {
                    seat: seat.seat,
                    player: seat.player.clone(),
                    class: seat.class,
                    position: old.position_m().lerp(new.position_m(), along),
                    heading_rad: old.heading_rad() + turn * along,
                    steer_rad: new.steer_rad(),
                    speed_mps: new.speed_mps(),
                    is_own: self.seat == Some(seat.seat),
                    is_ghost: new.is_ghost(),
                    is_off_road: new.off_road,
                })
            })
            .collect()
    }

    /// The highway's traffic within `reach_m` metres of `x_m`, where it is in
    /// the same instant as [`RoomClient::cars`]. None on a circuit.
    #[must_use]
    pub fn traffic(&self, x_m: f64, reach_m: f64, now: Instant) -> Vec<TrafficCar> {
        let Some(race) = &self.race else {
            return Vec::new();
        };
        let rules = race.prediction.rules();
        let tick = race.prediction.before().tick;
        let along = (race.clock.target(now) - f64::from(tick)).clamp(0.0, 1.0);
        // It stands until the start, as everybody does.
        let moved_ticks = if tick < rules.start_tick { 0.0 } else { along };
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
        let Some(race) = &self.race else {
            return Vec::new();
        };
        let state = race.prediction.confirmed();
        let order = state.leaderboard();
        let line = |(index, seat): (usize, &usize)| {
            let view = self.seat_view(*seat as Seat)?;
            Some(LeaderboardLine {
                place: index + 1,
                seat: view.seat,
                player: view.player.clone(),
                score: state.score(*seat),
                penalty_metres: state.cars[*seat].penalty_metres,
                laps: state.cars[*seat].laps_completed(&self.track),
                is_connected: view.connected,
                is_ai: view.ai,
                is_finished: state.cars[*seat].finish.is_some(),
                is_own: self.seat == Some(view.seat),
            })
        };
        order.iter().enumerate().filter_map(line).collect()
    }

    pub(super) fn snapshot(&mut self, bytes: &[u8], now: Instant) {
        let Some(start_tick) = self.view.start_tick else {
            return;
        };
        let Ok((header, body)) = SnapshotHeader::split(bytes) else {
            return;
        };
        if header.race != self.view.race {
            return;
        }
        let Ok(told) = wire::told(body, header.tick, &self.course) else {
            return;
        };
        let ack = self
            .seat
            .and_then(|seat| header.acks.get(usize::from(seat)))
            .copied();
        // Before the first input there is nothing to measure.
        let ack = ack.filter(|ack| ack.tick > 0);
        match &mut self.race {
            Some(race) => {
                race.prediction
                    .snapshot(&self.track, &told, ack.map(|ack| ack.tick));
                race.clock
                    .snapshot(header.tick, ack.map(|ack| ack.margin_ticks), now);
                race.snapshot_at = now;
            }
            None => {
                let RoomView { settings, race, .. } = &self.view;
                let rules = netcode::rules(settings, *race, &self.track, start_tick);
                let prediction = Prediction::new(rules, self.seat, &told);
                let clock = TickClock::new(header.tick, now);
                self.race = Some(Race {
                    prediction,
                    clock,
                    snapshot_at: now,
                });
            }
        }
    }

    /// Predicts up to now; gives the frame to send when one is due.
    pub(super) fn drive(&mut self, input: Input, now: Instant) -> Option<Bytes> {
        let race = self.race.as_mut()?;
        // One tick more than is due, so that drawing lies between two.
        let target = (race.clock.target(now) as u32).saturating_add(1);
        race.prediction.advance(&self.track, target, input);
        self.seat?;
        let is_due = self.sent_at.is_none_or(|sent| now - sent >= INPUT_INTERVAL);
        if !is_due {
            return None;
        }
        let frame = race.prediction.input_frame()?;
        self.sent_at = Some(now);
        Some(frame::binary(
            FrameKind::Input,
            &frame.encode_into(Vec::new()),
        ))
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

/// The shorter way round.
fn wrap(angle: f64) -> f64 {
    use std::f64::consts::{PI, TAU};
    (angle + PI).rem_euclid(TAU) - PI
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_lap_times_as_people_read_them() {
        assert_eq!(lap_time(62_405), "1:02.405");
        assert_eq!(lap_time(9_007), "0:09.007");
    }

    #[test]
    fn turns_the_shorter_way() {
        assert!((wrap(6.2) - (6.2 - std::f64::consts::TAU)).abs() < 1e-12);
        assert!((wrap(-0.5) + 0.5).abs() < 1e-12);
    }
}
