//! The CSV format of the TUMFTM racetrack-database.

use super::spline::ControlPoint;
use super::{Track, TrackError, build};

/// Real circuits have wide run-off; where two parts are near, it is cut back.
const RUN_OFF_M: f64 = 10.0;

pub(super) fn from_csv(name: &str, csv: &str) -> Result<Track, TrackError> {
    let mut points = Vec::new();
    let mut lines = Vec::new();
    for (index, text) in csv.lines().enumerate() {
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        points.push(point(index + 1, text)?);
        lines.push(index + 1);
    }
    build::build(name, &points, RUN_OFF_M).map_err(|error| match error {
        // The builder counts points; a person counts lines.
        TrackError::OutOfRange { line, column } => TrackError::OutOfRange {
            line: lines[line - 1],
            column,
        },
        other @ (TrackError::Columns { .. }
        | TrackError::Number { .. }
        | TrackError::TooFewPoints { .. }
        | TrackError::Length { .. }) => other,
    })
}

fn point(line: usize, text: &str) -> Result<ControlPoint, TrackError> {
    let mut numbers = [0.0; 4];
    let found = text.split(',').count();
    if found != numbers.len() {
        return Err(TrackError::Columns { line, found });
    }
    for (index, (number, field)) in numbers.iter_mut().zip(text.split(',')).enumerate() {
        let column = index + 1;
        *number = field
            .trim()
            .parse()
            .map_err(|_| TrackError::Number { line, column })?;
    }
    let [x, y, road_right, road_left] = numbers;
    Ok(ControlPoint {
        x,
        y,
        road_left,
        road_right,
    })
}
