//! A recording of the followed car as drawn, frame by frame, as CSV. It shows
//! whether a car has jumped on the screen.

use std::fs::File;
use std::io::{self, LineWriter, Write};
use std::path::Path;
use std::time::{Instant, SystemTime};

use domain::Vec2;

use crate::app::App;
use crate::scene::RaceScene;
use crate::screens::Screen;

/// The names of the columns: Unix time in milliseconds, the tick that is drawn
/// with its fraction, the position of the car's centre in metres, its heading
/// counter-clockwise from the x axis in radians, its speed in metres a second,
/// and the age of the latest snapshot in milliseconds.
pub const HEADER: &str = "unix_ms,tick,x_m,y_m,heading_rad,speed_mps,snapshot_age_ms";

/// The followed car in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// The tick that is drawn, with its fraction.
    pub tick: f64,
    /// The car's centre, m.
    pub position: Vec2,
    /// The car's heading, counter-clockwise from the x axis, rad.
    pub heading_rad: f64,
    /// The car's speed, m/s.
    pub speed_mps: f64,
    /// The age of the latest snapshot, ms.
    pub snapshot_age_ms: f64,
}

impl Frame {
    /// Makes the frame that a client shows. `None` if it shows no car.
    #[must_use]
    pub fn of(app: &App) -> Option<Self> {
        match app.screen() {
            Screen::Race(screen) => Self::of_scene(screen.scene.as_ref()?),
            Screen::Offline
            | Screen::Login(_)
            | Screen::Lobby(_)
            | Screen::Create(_)
            | Screen::Settings(_)
            | Screen::Waiting
            | Screen::Result
            | Screen::Ended => None,
        }
    }

    fn of_scene(scene: &RaceScene) -> Option<Self> {
        let car = &scene.followed()?.view;
        Some(Self {
            tick: scene.tick,
            position: car.position,
            heading_rad: car.heading_rad,
            speed_mps: car.speed_mps,
            snapshot_age_ms: scene.snapshot_age.as_secs_f64() * 1e3,
        })
    }

    /// Formats the frame as a row of the file, in the order of [`HEADER`]. Positions
    /// have a tenth of a millimetre, so that rounding does not look like movement.
    #[must_use]
    pub fn row(&self, unix_ms: f64) -> String {
        let Self {
            tick,
            position: Vec2 { x, y },
            heading_rad,
            speed_mps,
            snapshot_age_ms,
        } = self;
        format!(
            "{unix_ms:.2},{tick:.3},{x:.4},{y:.4},{heading_rad:.5},{speed_mps:.3},\
             {snapshot_age_ms:.2}"
        )
    }
}

/// A file of frames. Each row is flushed as soon as it is complete.
#[derive(Debug)]
pub struct Recording {
    file: LineWriter<File>,
    begun: Instant,
    begun_unix_ms: f64,
}

impl Recording {
    /// Creates the file, replacing an existing one.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn create(path: &Path, now: Instant) -> io::Result<Self> {
        let mut file = LineWriter::new(File::create(path)?);
        writeln!(file, "{HEADER}")?;
        let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        Ok(Self {
            file,
            begun: now,
            begun_unix_ms: since_epoch.map_err(io::Error::other)?.as_secs_f64() * 1e3,
        })
    }

    /// Adds the frame that shows the race at `now`.
    ///
    /// # Errors
    /// Returns an error if the file cannot be written.
    pub fn add(&mut self, frame: &Frame, now: Instant) -> io::Result<()> {
        // Monotonic: a change of the wall clock does not look like a slow frame.
        let since = now.saturating_duration_since(self.begun);
        let unix_ms = self.begun_unix_ms + since.as_secs_f64() * 1e3;
        writeln!(self.file, "{}", frame.row(unix_ms))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FRAME: Frame = Frame {
        tick: 600.25,
        position: Vec2::new(-12.345_67, 8.0),
        heading_rad: 1.5,
        speed_mps: 40.0,
        snapshot_age_ms: 16.666_7,
    };

    #[test]
    fn a_row_has_what_the_header_names() {
        let row = FRAME.row(1_000.5);
        assert_eq!(row, "1000.50,600.250,-12.3457,8.0000,1.50000,40.000,16.67");
        assert_eq!(row.split(',').count(), HEADER.split(',').count());
    }

    #[test]
    fn a_frame_is_in_the_file_before_the_next_is_drawn() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("frames.csv");
        let start = Instant::now();
        let mut recording = Recording::create(&path, start).unwrap();
        recording.add(&FRAME, start).unwrap();
        let later = start + Duration::from_millis(33);
        recording.add(&FRAME, later).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!((lines[0], lines.len()), (HEADER, 3));
        let times = lines[1..].iter().filter_map(|line| line.split(',').next());
        let times: Vec<f64> = times.filter_map(|time| time.parse().ok()).collect();
        assert!((times[1] - times[0] - 33.0).abs() < 0.02, "{times:?}");
    }

    #[test]
    fn a_path_that_cannot_be_created_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("no/frames.csv");
        assert!(Recording::create(&path, Instant::now()).is_err());
    }
}
