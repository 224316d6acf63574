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
    /// The time of a frame where the command line sets a rhythm.
    wanted: Option<Duration>,
}

impl Pace {
    /// With so many frames a second, or as many as the screen shows.
    pub(super) fn new(frame_rate: Option<u32>, now: Instant) -> Self {
        Self {
            wanted: frame_rate.map(|rate| Duration::from_secs(1) / rate.max(1)),
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
        std::thread::sleep(rest(self.wanted, self.frame_began.elapsed()));
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

/// How long to wait after a frame that took so long.
fn rest(wanted: Option<Duration>, spent: Duration) -> Duration {
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
    fn rests_where_neither_screen_nor_work_has_taken_the_time() {
        let ms = Duration::from_millis;
        let thirty = Some(ms(33));
        for (wanted, spent, expected) in [
            (None, ms(1), FRAME - ms(1)),
            (None, ms(16), Duration::ZERO),
            (thirty, ms(16), ms(17)),
            (thirty, ms(40), Duration::ZERO),
        ] {
            assert_eq!(rest(wanted, spent), expected, "{wanted:?} {spent:?}");
        }
    }
}
