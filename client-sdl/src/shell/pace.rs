//! The rhythm of frames, and how many there are.

use std::time::{Duration, Instant};

/// The time of a frame where the screen sets no rhythm: 60 a second.
const FRAME: Duration = Duration::from_micros(16_600);
/// A frame that took less than this was not held by the screen: the fastest
/// of them show 240 a second.
const FRAME_MIN: Duration = Duration::from_micros(4_000);
/// Over how long frames are counted.
const COUNTED: Duration = Duration::from_secs(1);

/// The rhythm of frames.
#[derive(Debug)]
pub(super) struct Pace {
    frame_began: Instant,
    counting_since: Instant,
    frames: u32,
    fps: f64,
}

impl Pace {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            frame_began: now,
            counting_since: now,
            frames: 0,
            fps: 0.0,
        }
    }

    /// Frames a second, lately.
    pub(super) fn fps(&self) -> f64 {
        self.fps
    }

    /// A frame is on the screen: waits if it is too early for the next.
    pub(super) fn frame_done(&mut self) {
        let spent = self.frame_began.elapsed();
        if spent < FRAME_MIN {
            std::thread::sleep(FRAME - spent);
        }
        self.frame_began = Instant::now();
        self.frames += 1;
        let counted = self.frame_began - self.counting_since;
        if counted >= COUNTED {
            self.fps = f64::from(self.frames) / counted.as_secs_f64();
            self.frames = 0;
            self.counting_since = self.frame_began;
        }
    }
}
