//! The race: the driver's controls, and the parts of the picture that have state.

use std::time::{Duration, Instant};

use client_core::RaceClient;

use super::Action;
use crate::camera::Camera;
use crate::effects::Effects;
use crate::input::{Key, UiEvent};
use crate::leaderboard::LeaderboardRows;
use crate::penalties::Penalties;
use crate::scene::RaceScene;

/// Time within which Escape has to be pressed twice to leave a race.
const LEAVE_CONFIRMATION: Duration = Duration::from_secs(3);
/// Age of the latest snapshot from which the connection is shown as lost.
/// Snapshots arrive every 33 ms.
const SNAPSHOT_AGE_MAX: Duration = Duration::from_millis(500);
/// The longest step of the animations: nothing jumps after a pause in drawing.
const FRAME_SECONDS_MAX: f64 = 0.1;

/// The race on the screen.
#[derive(Debug, Default)]
pub struct RaceScreen {
    /// The race in the current frame, or the last known one without a connection.
    pub scene: Option<RaceScene>,
    /// The camera.
    pub camera: Camera,
    /// Rubber, dust and smoke.
    pub effects: Effects,
    /// The leaderboard's rows.
    pub rows: LeaderboardRows,
    /// The latest penalties.
    pub penalties: Penalties,
    is_offline: bool,
    leave_requested_at: Option<Instant>,
    updated_at: Option<Instant>,
}

impl RaceScreen {
    /// Returns whether the connection is broken, or snapshots have stopped.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        let age = self.scene.as_ref().map(|scene| scene.snapshot_age);
        self.is_offline || age.is_some_and(|age| age > SNAPSHOT_AGE_MAX)
    }

    /// Returns whether Escape was pressed once.
    #[must_use]
    pub fn is_leaving(&self, now: Instant) -> bool {
        let requested = self.leave_requested_at;
        requested.is_some_and(|at| now.saturating_duration_since(at) < LEAVE_CONFIRMATION)
    }

    pub(super) fn handle(&mut self, event: &UiEvent, now: Instant) -> Option<Action> {
        match event {
            UiEvent::Key(Key::Escape) if self.is_leaving(now) => return Some(Action::Leave),
            UiEvent::Key(Key::Escape) => self.leave_requested_at = Some(now),
            UiEvent::Key(_)
            | UiEvent::Command(_)
            | UiEvent::Text(_)
            | UiEvent::Paste(_)
            | UiEvent::Click { .. }
            | UiEvent::DoubleClick { .. }
            | UiEvent::Hover { .. }
            | UiEvent::Wheel { .. } => {}
        }
        None
    }

    pub(super) fn update(&mut self, client: &RaceClient, now: Instant) {
        let since = self.updated_at.replace(now);
        let elapsed = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let seconds = elapsed.as_secs_f64().min(FRAME_SECONDS_MAX);
        self.is_offline = client.room().is_none();
        let Some(scene) = client.room().and_then(|room| RaceScene::of(room, now)) else {
            return;
        };
        if let Some(car) = scene.followed() {
            self.camera
                .follow(car.view.seat, car.view.position, car.velocity, seconds);
        }
        self.effects.update(&scene.cars, seconds);
        self.rows.update(&scene.lines, seconds);
        self.penalties.update(&scene.lines, seconds);
        self.scene = Some(scene);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_at_a_second_escape_within_three_seconds() {
        let start = Instant::now();
        let escape = UiEvent::Key(Key::Escape);
        let mut screen = RaceScreen::default();
        assert_eq!(screen.handle(&escape, start), None);
        let late = start + Duration::from_secs(4);
        assert_eq!(screen.handle(&escape, late), None);
        let soon = late + Duration::from_secs(1);
        assert_eq!(screen.handle(&escape, soon), Some(Action::Leave));
    }
}
