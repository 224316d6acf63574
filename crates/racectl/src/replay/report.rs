//! The report of a replay.

use std::fmt::Write;
use std::time::Duration;

use domain::TICK_RATE_HZ;
use protocol::record::ResultRecord;
use serde_json::{Value, json};
use simulation::{ModeRules, RaceState, Replay, Rules, Track};

/// What came of driving a race again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It ends as recorded, and as published.
    Confirmed,
    /// It does not, and how.
    Refuted(String),
}

/// A line of the final order, as driving again gives it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    seat: usize,
    score: i64,
    laps: u16,
    time_ms: Option<u64>,
    best_lap_ms: Option<u64>,
}

/// The whole report.
pub(super) struct Report<'a> {
    pub(super) replay: &'a Replay,
    /// What the database says of the race.
    pub(super) published: Option<&'a ResultRecord>,
    pub(super) standings: Vec<Line>,
    pub(super) verdict: Verdict,
    /// To drive the race again.
    pub(super) took: Duration,
}

/// The final order of a race.
pub(super) fn standings(track: &Track, rules: &Rules, end: &RaceState) -> Vec<Line> {
    let line = |&seat: &usize| {
        let car = &end.cars[seat];
        let since_start = |tick: u32| ms(tick.saturating_sub(rules.start_tick));
        Line {
            seat,
            score: end.score(seat),
            laps: track.laps_completed(car),
            time_ms: car.finish.map(|finish| since_start(finish.tick)),
            best_lap_ms: (car.best_lap_ticks > 0).then(|| ms(car.best_lap_ticks)),
        }
    };
    end.leaderboard().iter().map(line).collect()
}

/// Compares the order with the one that was published. A seat that nobody had
/// is in none.
pub(super) fn compare(standings: &[Line], published: &ResultRecord) -> Verdict {
    let lines = published.standings.iter().map(|standing| Line {
        seat: standing.seat.into(),
        score: standing.score,
        laps: standing.laps,
        time_ms: standing.time_ms,
        best_lap_ms: standing.best_lap_ms,
    });
    let published: Vec<Line> = lines.collect();
    let had = |line: &&Line| published.iter().any(|other| other.seat == line.seat);
    let computed: Vec<&Line> = standings.iter().filter(had).collect();
    match computed
        .iter()
        .zip(&published)
        .find(|(one, other)| **one != *other)
    {
        Some((one, other)) => Verdict::Refuted(format!(
            "seat {} has a score of {} and {} laps where the published result has seat {} \
             with {} and {}",
            one.seat, one.score, one.laps, other.seat, other.score, other.laps
        )),
        None if computed.len() == published.len() => Verdict::Confirmed,
        None => Verdict::Refuted("the published result has seats that the race has not".into()),
    }
}

impl Report<'_> {
    /// Seconds of the race in a second of driving it again.
    fn speed(&self) -> f64 {
        seconds(self.replay.header().ticks) / self.took.as_secs_f64().max(1e-9)
    }

    fn name(&self, seat: usize) -> Option<&str> {
        let standings = &self.published?.standings;
        let standing = standings.iter().find(|it| usize::from(it.seat) == seat)?;
        Some(standing.player.as_str())
    }

    fn class(&self, seat: usize) -> String {
        let class = self.replay.header().classes.get(seat);
        class.map_or_else(String::new, |class| format!("{class:?}").to_lowercase())
    }

    pub(super) fn text(&self) -> String {
        let header = self.replay.header();
        let mut text = format!("track    {}\n", header.track);
        // Writing to a string cannot fail.
        let _ = match header.rules.mode {
            ModeRules::Circuit { laps } => writeln!(text, "mode     circuit, {laps} laps"),
            ModeRules::Highway { seed } => writeln!(text, "mode     highway, traffic {seed:016x}"),
        };
        let _ = writeln!(text, "target   {} m", header.rules.target_metres);
        let _ = writeln!(text, "cars     {}", header.classes.len());
        let length = seconds(header.ticks);
        let _ = writeln!(text, "length   {length:.1} s, {} ticks", header.ticks);
        let _ = writeln!(text, "size     {} bytes", self.replay.to_bytes().len());
        let speed = self.speed();
        let _ = writeln!(text, "driven   again at {speed:.0} times its speed\n");
        let _ = writeln!(
            text,
            "{:>5} {:>4} {:<16} {:<6} {:>8} {:>4} {:>9} {:>9}",
            "PLACE", "SEAT", "DRIVER", "CLASS", "SCORE", "LAPS", "TIME", "BEST LAP"
        );
        for (place, line) in (1..).zip(&self.standings) {
            let _ = writeln!(
                text,
                "{place:>5} {:>4} {:<16} {:<6} {:>8} {:>4} {:>9} {:>9}",
                line.seat,
                self.name(line.seat).unwrap_or("-"),
                self.class(line.seat),
                line.score,
                line.laps,
                clock(line.time_ms),
                clock(line.best_lap_ms),
            );
        }
        let _ = match (&self.verdict, self.published) {
            (Verdict::Confirmed, None) => writeln!(text, "\nthe race ends as recorded"),
            (Verdict::Confirmed, Some(_)) => {
                writeln!(text, "\nthe race ends as recorded and as published")
            }
            (Verdict::Refuted(reason), _) => writeln!(text, "\nrefuted: {reason}"),
        };
        text
    }

    pub(super) fn json(&self) -> Value {
        let header = self.replay.header();
        let mode = header.rules.mode.mode();
        let (laps, seed) = match header.rules.mode {
            ModeRules::Circuit { laps } => (Some(laps), None),
            ModeRules::Highway { seed } => (None, Some(format!("{seed:016x}"))),
        };
        let refutation = match &self.verdict {
            Verdict::Confirmed => None,
            Verdict::Refuted(reason) => Some(reason),
        };
        let line = |(place, line): (usize, &Line)| {
            json!({
                "place": place, "seat": line.seat, "player": self.name(line.seat),
                "class": self.class(line.seat), "score": line.score, "laps": line.laps,
                "time_ms": line.time_ms, "best_lap_ms": line.best_lap_ms,
            })
        };
        json!({
            "track": header.track,
            "mode": mode,
            "laps": laps,
            "seed": seed,
            "target_metres": header.rules.target_metres,
            "start_tick": header.rules.start_tick,
            "ticks": header.ticks,
            "seconds": seconds(header.ticks),
            "bytes": self.replay.to_bytes().len(),
            "final_hash": format!("{:016x}", header.final_hash),
            "speed": self.speed(),
            "standings": (1..).zip(&self.standings).map(line).collect::<Vec<_>>(),
            "is_compared_with_result": self.published.is_some(),
            "is_confirmed": refutation.is_none(),
            "refutation": refutation,
        })
    }
}

fn seconds(ticks: u32) -> f64 {
    f64::from(ticks) / f64::from(TICK_RATE_HZ)
}

fn ms(ticks: u32) -> u64 {
    u64::from(ticks) * 1_000 / u64::from(TICK_RATE_HZ)
}

/// Minutes and seconds.
fn clock(ms: Option<u64>) -> String {
    ms.map_or_else(
        || "-".to_owned(),
        |ms| format!("{}:{:06.3}", ms / 60_000, (ms % 60_000) as f64 / 1_000.0),
    )
}
