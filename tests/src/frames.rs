//! Whether a car jumps on the screen: the frames that the race client has
//! recorded (`--record-frames`), and the steps between them.

use anyhow::{Context, Result, ensure};
use client_core::simulation::TICK_SECONDS;

/// What the client writes above its rows.
const HEADER: &str = "unix_ms,tick,x_m,y_m,heading_rad,speed_mps,snapshot_age_ms";

/// A frame that took longer has kept back two messages of inputs: more than the
/// margin that the client's clock holds, so that the room went on without them.
const STALL_MS: f64 = 66.0;

/// A correction has faded after this time.
const SETTLING_MS: f64 = 500.0;

/// The followed car in one frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Frame {
    /// When it was drawn, Unix time in ms.
    pub unix_ms: f64,
    /// Which tick, with its fraction.
    pub tick: f64,
    /// Where, m.
    pub position: [f64; 2],
    /// Where it points, counter-clockwise from the x axis, rad.
    pub heading_rad: f64,
    /// How fast it is, m/s.
    pub speed_mps: f64,
    /// How old the last snapshot was, ms.
    pub snapshot_age_ms: f64,
}

/// From one frame to the next.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Step {
    /// When the second was drawn, Unix time in ms.
    pub unix_ms: f64,
    /// How long the first was shown, ms.
    pub time_ms: f64,
    /// Ticks from the first to the second.
    pub ticks: f64,
    /// Way of the car, m.
    pub length_m: f64,
    /// How much of it was forwards, m.
    pub forward_m: f64,
    /// How far the car is drawn from where its speed in both frames brings it in
    /// these ticks, m.
    pub jump_m: f64,
}

impl Step {
    /// The way a second, m/s: frames do not all take as long.
    #[must_use]
    pub fn pace_mps(&self) -> f64 {
        self.length_m / self.time_ms * 1e3
    }

    /// The room's time a second, s: 1 but for what the client's clock is steered.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.ticks * TICK_SECONDS / self.time_ms * 1e3
    }

    fn between(before: &Frame, after: &Frame) -> Self {
        let time_ms = after.unix_ms - before.unix_ms;
        let ticks = after.tick - before.tick;
        let [x, y] = [0, 1].map(|axis| after.position[axis] - before.position[axis]);
        let length_m = x.hypot(y);
        let speed_mps = (before.speed_mps + after.speed_mps) / 2.0;
        Self {
            unix_ms: after.unix_ms,
            time_ms,
            ticks,
            length_m,
            forward_m: x * before.heading_rad.cos() + y * before.heading_rad.sin(),
            jump_m: (length_m - speed_mps * ticks * TICK_SECONDS).abs(),
        }
    }
}

/// The frames of a recording.
///
/// # Errors
/// When it is none, naming the line.
pub fn parse(csv: &str) -> Result<Vec<Frame>> {
    let mut lines = csv.lines();
    ensure!(lines.next() == Some(HEADER), "the first line is {HEADER}");
    let rows = lines.zip(2..);
    rows.map(|(line, number)| row(line).with_context(|| format!("line {number}: {line:?}")))
        .collect()
}

fn row(line: &str) -> Result<Frame> {
    let values: Vec<f64> = line.split(',').map(str::parse).collect::<Result<_, _>>()?;
    let [unix_ms, tick, x, y, heading_rad, speed_mps, snapshot_age_ms] = values[..] else {
        anyhow::bail!("{} values instead of 7", values.len());
    };
    Ok(Frame {
        unix_ms,
        tick,
        position: [x, y],
        heading_rad,
        speed_mps,
        snapshot_age_ms,
    })
}

/// The rows of a recording within `within_ms` of a time (Unix time in ms), as a
/// table of its own: the time is counted from there.
#[must_use]
pub fn excerpt(csv: &str, at_ms: f64, within_ms: f64) -> String {
    let mut table = HEADER.replacen("unix_ms", "since_kill_ms", 1);
    for row in csv.lines().skip(1) {
        let Some((time, values)) = row.split_once(',') else {
            continue;
        };
        let since = time.parse().map_or(f64::INFINITY, |time: f64| time - at_ms);
        if since.abs() <= within_ms {
            table += &format!("\n{since:.2},{values}");
        }
    }
    table + "\n"
}

/// The steps between frames.
#[must_use]
pub fn steps(frames: &[Frame]) -> Vec<Step> {
    let pairs = frames.windows(2);
    pairs
        .map(|pair| Step::between(&pair[0], &pair[1]))
        .collect()
}

/// The steps that no stall of the client itself can have moved: for so long
/// before them every frame was drawn within `STALL_MS`.
#[must_use]
pub fn calm(steps: &[Step]) -> Vec<Step> {
    let is_calm = |step: &&Step| {
        let before = steps.iter().filter(|it| it.unix_ms <= step.unix_ms);
        let mut recent = before.filter(|it| it.unix_ms > step.unix_ms - SETTLING_MS);
        recent.all(|it| it.time_ms <= STALL_MS)
    };
    steps.iter().filter(is_calm).copied().collect()
}

/// The largest of something; 0 of nothing.
#[must_use]
pub fn largest<'a>(steps: impl IntoIterator<Item = &'a Step>, value: impl Fn(&Step) -> f64) -> f64 {
    steps.into_iter().map(value).fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Half a second at 30 m/s in the direction of (3, 4), 30 frames a second,
    /// with the car `jump_m` further on from the tenth frame on.
    fn drive(jump_m: f64) -> Vec<Frame> {
        let frame = |number: i32| {
            let way = f64::from(number) + if number >= 10 { jump_m } else { 0.0 };
            Frame {
                unix_ms: f64::from(number) * 1e3 / 30.0,
                tick: f64::from(number) * 2.0,
                position: [way * 0.6, way * 0.8],
                heading_rad: 0.8_f64.atan2(0.6),
                speed_mps: 30.0,
                snapshot_age_ms: 10.0,
            }
        };
        (0..15).map(frame).collect()
    }

    #[test]
    fn a_steady_car_does_not_jump() {
        let steps = steps(&drive(0.0));
        assert_eq!(steps.len(), 14);
        assert!(largest(&steps, |step| step.jump_m) < 1e-9);
        assert!((largest(&steps, Step::pace_mps) - 30.0).abs() < 1e-9);
        assert!((largest(&steps, Step::rate) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn what_follows_a_stall_is_not_calm() {
        let mut frames = drive(0.0);
        assert_eq!(calm(&steps(&frames)).len(), 14);
        for frame in &mut frames[5..] {
            frame.unix_ms += 50.0;
        }
        assert_eq!(calm(&steps(&frames)).len(), 4);
    }

    #[test]
    fn a_jump_forwards_and_a_step_back_are_found_where_they_are() {
        for jump_m in [0.25, -1.5] {
            let steps = steps(&drive(jump_m));
            let jump = steps.iter().position(|step| step.jump_m > 0.01);
            assert_eq!(jump, Some(9));
            let is_back = steps[9].forward_m < 0.0;
            assert_eq!(is_back, jump_m < -1.0, "{:?}", steps[9]);
            assert!(steps[8].forward_m > 0.9);
        }
    }

    #[test]
    fn reads_what_the_client_writes_and_names_the_line_that_is_wrong() {
        let good = format!("{HEADER}\n1000.5,600.25,1.0,2.0,0.5,40.0,16.7\n");
        assert_eq!(parse(&good).unwrap()[0].position, [1.0, 2.0]);
        let cases = [
            ("x\n", "the first line"),
            ("1,2,3\n", "line 3"),
            ("a,2,3,4,5,6,7\n", "line 3"),
        ];
        for (rest, named) in cases {
            let csv = if rest == "x\n" {
                rest.to_owned()
            } else {
                format!("{good}{rest}")
            };
            let error = parse(&csv).unwrap_err().to_string();
            assert!(error.contains(named), "{error}");
        }
    }

    #[test]
    fn an_excerpt_counts_the_time_from_the_kill() {
        let csv = format!("{HEADER}\n1,0,0,0,0,0,0\n5,1,0,0,0,0,0\n9,2,0,0,0,0,0\n");
        let table = excerpt(&csv, 6.0, 2.0);
        let mut lines = table.lines();
        assert!(
            lines
                .next()
                .is_some_and(|it| it.starts_with("since_kill_ms,tick"))
        );
        assert_eq!(lines.collect::<Vec<_>>(), ["-1.00,1,0,0,0,0,0"]);
    }
}
