//! Frame pacing, and the frame rate.

use std::time::{Duration, Instant};

/// Frames per second of a screen that does not say.
const REFRESH_RATE_DEFAULT_HZ: u32 = 60;
/// The fastest screen that frames are paced for.
const REFRESH_RATE_MAX_HZ: u32 = 240;
/// The share of a frame below which vertical synchronisation did not hold it
/// back.
const SHORT_FRAME: f64 = 0.7;
/// The number of short frames in a row after which vertical synchronisation is
/// taken to be missing, whatever the renderer says: a screen that catches up
/// shows two or three.
const SHORT_FRAMES_MAX: u32 = 30;
/// Interval over which frames are counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// The duration of a frame, and what keeps to it.
#[derive(Debug)]
pub(super) struct Pace {
    interval: Duration,
    /// Whether presenting a frame waits for the screen.
    is_synchronised: bool,
    short_frames: u32,
    due: Instant,
    began: Instant,
}

impl Pace {
    fn new(interval: Duration, is_synchronised: bool, now: Instant) -> Self {
        Self {
            interval,
            is_synchronised,
            short_frames: 0,
            due: now + interval,
            began: now,
        }
    }

    /// Ends a frame at `now`. Returns the time until the next one is due.
    fn wait(&mut self, now: Instant) -> Duration {
        let spent = now.saturating_duration_since(self.began);
        if self.is_synchronised {
            let is_short = spent.as_secs_f64() < self.interval.as_secs_f64() * SHORT_FRAME;
            self.short_frames = if is_short { self.short_frames + 1 } else { 0 };
            self.is_synchronised = self.short_frames < SHORT_FRAMES_MAX;
            self.began = now;
            self.due = now + self.interval;
            return Duration::ZERO;
        }
        let wait = self.due.saturating_duration_since(now);
        self.began = now + wait;
        // A late frame delays those after it: they are not crowded together.
        self.due = self.due.max(now) + self.interval;
        wait
    }
}

/// Limits the frame rate and measures it.
#[derive(Debug)]
pub(super) struct FramePacer {
    pace: Pace,
    counting_since: Instant,
    frames: u32,
    fps: f64,
}

impl FramePacer {
    /// Makes a pacer for the frame rate of the command line, or for that of the
    /// screen. A screen's rate is 0 if it is not known.
    pub(super) fn new(
        frame_rate: Option<u32>,
        screen_hz: u32,
        is_synchronised: bool,
        now: Instant,
    ) -> Self {
        let screen_hz = match screen_hz {
            0 => REFRESH_RATE_DEFAULT_HZ,
            known => known.min(REFRESH_RATE_MAX_HZ),
        };
        let rate = frame_rate.unwrap_or(screen_hz).max(1);
        Self {
            pace: Pace::new(
                Duration::from_secs(1) / rate,
                is_synchronised && frame_rate.is_none(),
                now,
            ),
            counting_since: now,
            frames: 0,
            fps: 0.0,
        }
    }

    /// Returns the frame rate over the last second.
    pub(super) fn fps(&self) -> f64 {
        self.fps
    }

    /// Records that a frame is on the screen, and waits until the next one is due.
    pub(super) fn frame_done(&mut self) {
        std::thread::sleep(self.pace.wait(Instant::now()));
        self.frames += 1;
        let now = Instant::now();
        let counted = now - self.counting_since;
        if counted >= COUNT_INTERVAL {
            self.fps = f64::from(self.frames) / counted.as_secs_f64();
            self.frames = 0;
            self.counting_since = now;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FRAME: Duration = Duration::from_millis(16);

    /// Draws frames that each take `spent` and returns how many were begun within
    /// a second.
    fn frames_in_a_second(is_synchronised: bool, spent: Duration) -> u32 {
        let start = Instant::now();
        let mut pace = Pace::new(FRAME, is_synchronised, start);
        let (mut now, mut frames) = (start, 0);
        while now < start + Duration::from_secs(1) {
            now += spent;
            now += pace.wait(now);
            frames += 1;
        }
        frames
    }

    #[test]
    fn without_synchronisation_each_frame_waits_for_the_next() {
        let ms = Duration::from_millis;
        for spent in [ms(1), ms(5), ms(12), ms(16)] {
            let frames = frames_in_a_second(false, spent);
            assert!((62..=64).contains(&frames), "{spent:?}: {frames}");
        }
        assert_eq!(frames_in_a_second(false, ms(40)), 25);
    }

    #[test]
    fn a_screen_that_does_not_hold_frames_back_is_found_out() {
        let ms = Duration::from_millis;
        // The present itself took the rest of the frame.
        let held = frames_in_a_second(true, FRAME);
        assert!((62..=64).contains(&held), "{held}");
        let not_held = frames_in_a_second(true, ms(5));
        assert!(not_held < 64 + SHORT_FRAMES_MAX, "{not_held}");
    }

    #[test]
    fn after_a_long_frame_the_next_ones_are_not_crowded() {
        let start = Instant::now();
        let mut pace = Pace::new(FRAME, false, start);
        let late = start + 5 * FRAME;
        assert_eq!(pace.wait(late), Duration::ZERO);
        assert_eq!(
            pace.wait(late + Duration::from_millis(1)),
            Duration::from_millis(15)
        );
    }
}
