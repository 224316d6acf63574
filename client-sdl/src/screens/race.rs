//! The race: what is driven, and everything of the picture that has a memory.

use std::time::{Duration, Instant};

use client_core::RaceClient;
use domain::Controls;

use super::Action;
use crate::camera::Camera;
use crate::effects::Effects;
use crate::input::{Key, Pedals, UiEvent};
use crate::leaderboard::LeaderboardRows;
use crate::penalties::Penalties;
use crate::scene::RaceScene;

/// Escape must be pressed twice within this time to leave a race.
const LEAVE_CONFIRMATION: Duration = Duration::from_secs(3);
/// Snapshots come every 33 ms; after this long without any the person is told.
const SILENCE_SHOWN_AFTER: Duration = Duration::from_millis(500);
/// A frame that took longer than this was not drawing: nothing shall leap.
const FRAME_SECONDS_MAX: f64 = 0.1;

/// The race on the screen.
#[derive(Debug, Default)]
pub struct RaceScreen {
    /// The race at this instant; the last one known while the connection is
    /// away.
    pub scene: Option<RaceScene>,
    /// From where it is seen.
    pub camera: Camera,
    /// Rubber and dust.
    pub effects: Effects,
    /// The leaderboard's rows.
    pub rows: LeaderboardRows,
    /// What was just taken off the scores.
    pub penalties: Penalties,
    is_away: bool,
    pedals: Pedals,
    leave_asked_at: Option<Instant>,
    updated_at: Option<Instant>,
}

impl RaceScreen {
    /// What the driver does.
    #[must_use]
    pub fn input(&self) -> Controls {
        self.pedals.input()
    }

    /// Whether the connection is gone, or as good as gone.
    #[must_use]
    pub fn is_connection_lost(&self) -> bool {
        let silence = self.scene.as_ref().map(|scene| scene.silence);
        self.is_away || silence.is_some_and(|silence| silence > SILENCE_SHOWN_AFTER)
    }

    /// Whether Escape was pressed once.
    #[must_use]
    pub fn is_leaving(&self, now: Instant) -> bool {
        let asked = self.leave_asked_at;
        asked.is_some_and(|asked| now.saturating_duration_since(asked) < LEAVE_CONFIRMATION)
    }

    pub(super) fn handle(&mut self, event: &UiEvent, now: Instant) -> Option<Action> {
        match event {
            UiEvent::Drive(control, is_down) => self.pedals.set(*control, *is_down),
            UiEvent::FocusLost => self.pedals.release(),
            UiEvent::Key(Key::Escape) if self.is_leaving(now) => return Some(Action::Leave),
            UiEvent::Key(Key::Escape) => self.leave_asked_at = Some(now),
            UiEvent::Key(_) | UiEvent::Text(_) | UiEvent::Click { .. } => {}
        }
        None
    }

    pub(super) fn update(&mut self, client: &RaceClient, now: Instant) {
        let since = self.updated_at.replace(now);
        let elapsed = since.map_or(Duration::ZERO, |since| now.saturating_duration_since(since));
        let seconds = elapsed.as_secs_f64().min(FRAME_SECONDS_MAX);
        self.is_away = client.room().is_none();
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
    use crate::input::Control;

    #[test]
    fn leaves_at_the_second_escape_but_not_much_later() {
        let start = Instant::now();
        let escape = UiEvent::Key(Key::Escape);
        let mut screen = RaceScreen::default();
        assert_eq!(screen.handle(&escape, start), None);
        let late = start + Duration::from_secs(4);
        assert_eq!(screen.handle(&escape, late), None);
        let soon = late + Duration::from_secs(1);
        assert_eq!(screen.handle(&escape, soon), Some(Action::Leave));
    }

    #[test]
    fn a_window_that_loses_the_keyboard_lets_go_of_the_pedals() {
        let mut screen = RaceScreen::default();
        screen.handle(&UiEvent::Drive(Control::Throttle, true), Instant::now());
        assert_eq!(screen.input().throttle, 255);
        screen.handle(&UiEvent::FocusLost, Instant::now());
        assert_eq!(screen.input(), Controls::default());
    }
}
