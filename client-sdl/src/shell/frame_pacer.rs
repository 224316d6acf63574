//! Frame pacing, and the frame rate.

use std::time::{Duration, Instant};

/// Duration of a frame without vertical synchronisation: 60 frames a second.
const FRAME: Duration = Duration::from_micros(16_600);
/// A shorter frame was not held back by vertical synchronisation: the fastest
/// screens show 240 frames a second.
const FRAME_MIN: Duration = Duration::from_micros(4_000);
/// Interval over which frames are counted.
const COUNT_INTERVAL: Duration = Duration::from_secs(1);

/// Limits the frame rate and measures it.
#[derive(Debug)]
pub(super) struct FramePacer {
    frame_began: Instant,
    counting_since: Instant,
    frames: u32,
    fps: f64,
    /// The duration of a frame, if the command line sets the frame rate.
    frame_duration: Option<Duration>,
}

impl FramePacer {
    /// Makes a pacer for a frame rate, or for that of the screen.
    pub(super) fn new(frame_rate: Option<u32>, now: Instant) -> Self {
        Self {
            frame_duration: frame_rate.map(|rate| Duration::from_secs(1) / rate.max(1)),
            frame_began: now,
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
        std::thread::sleep(wait(self.frame_duration, self.frame_began.elapsed()));
        self.frame_began = Instant::now();
        self.frames += 1;
        let counted = self.frame_began - self.counting_since;
        if counted >= COUNT_INTERVAL {
            self.fps = f64::from(self.frames) / counted.as_secs_f64();
            self.frames = 0;
            self.counting_since = self.frame_began;
        }
    }
}

/// Returns the time to wait after a frame that took `spent`.
fn wait(wanted: Option<Duration>, spent: Duration) -> Duration {
    match wanted {
        Some(frame) => frame.saturating_sub(spent),
        None if spent < FRAME_MIN => FRAME - spent,
        None => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_if_neither_the_screen_nor_drawing_took_the_whole_frame() {
        let ms = Duration::from_millis;
        let thirty = Some(ms(33));
        for (wanted, spent, expected) in [
            (None, ms(1), FRAME - ms(1)),
            (None, ms(16), Duration::ZERO),
            (thirty, ms(16), ms(17)),
            (thirty, ms(40), Duration::ZERO),
        ] {
            assert_eq!(wait(wanted, spent), expected, "{wanted:?} {spent:?}");
        }
    }
}
