//! When the screenshot of the command line is due.

use std::time::Instant;

use client_core::RaceClientState;

use crate::app::App;

/// The longest wait for the ground to be rendered, s.
const GROUND_WAIT_MAX: f64 = 10.0;

/// Waits for the time of the screenshot, once.
#[derive(Debug)]
pub(super) struct ScreenshotTimer {
    after_seconds: f64,
    is_taken: bool,
}

impl ScreenshotTimer {
    /// Makes a timer for a time after the start of the race.
    pub(super) fn new(after_seconds: f64) -> Self {
        Self {
            after_seconds,
            is_taken: false,
        }
    }

    /// Returns whether the screenshot is due, which is true once only. If the race
    /// ends sooner, the screenshot shows its result.
    pub(super) fn is_due(&mut self, app: &App, is_ground_ready: bool, now: Instant) -> bool {
        let client = app.client();
        let is_over = matches!(client.state(), RaceClientState::Result(_));
        let to_start = client.room().and_then(|room| room.seconds_to_start(now));
        let late = to_start.map(|seconds| -seconds - self.after_seconds);
        let is_time =
            late.is_some_and(|late| late >= 0.0 && (is_ground_ready || late > GROUND_WAIT_MAX));
        if self.is_taken || !(is_over || is_time) {
            return false;
        }
        self.is_taken = true;
        true
    }
}
