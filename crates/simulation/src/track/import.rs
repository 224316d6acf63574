//! The CSV format of the TUMFTM racetrack-database.

use super::spline::ControlPoint;
use super::{Track, TrackError, build};

/// Real circuits have wide run-off; where two parts are near, it is cut back.
const RUN_OFF_M: f64 = 10.0;

pub(super) fn from_csv(name: &str, csv: &str) -> Result<Track, TrackError> {
    let mut points = Vec::new();
    for (index, line) in csv.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        points.push(point(line).ok_or(TrackError::Row { line: index + 1 })?);
    }
    build::build(name, &points, RUN_OFF_M)
}

fn point(line: &str) -> Option<ControlPoint> {
    let mut numbers = line
        .split(',')
        .map(|field| field.trim().parse::<f64>().ok());
    let (x, y) = (numbers.next()??, numbers.next()??);
    let (road_right, road_left) = (numbers.next()??, numbers.next()??);
    if numbers.next().is_some() {
        return None;
    }
    Some(ControlPoint {
        x,
        y,
        road_left,
        road_right,
    })
}
