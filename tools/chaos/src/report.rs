//! What the bots saw, by the fault that caused it.
//!
//! A sample is the longest gap of a bot in one second, with its other counts of that
//! second. A gap belongs to the first fault during it; without one, to the last fault
//! before it, whose consequence it may be; before the first fault it belongs to none.
//! The counts belong to the fault of the gap, so they are attributed to within a
//! second.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use crate::leftovers::Leftovers;
use crate::results::Results;
use crate::samples::Sample;

/// Which bots a fault affects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Affected {
    /// The bots in these rooms.
    Rooms(BTreeSet<String>),
    /// The bots that lose their connection.
    Disconnected,
    /// All bots.
    All,
}

/// A fault that was injected.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Done {
    /// The program.
    pub program: String,
    /// The kind of fault.
    pub kind: String,
    /// The instance of the program.
    pub instance: String,
    /// When, ms since 1970.
    pub at_unix_ms: u64,
    /// When, seconds since the measurement began.
    pub at_seconds: f64,
    /// From the fault until the process or its successor served, ms.
    pub back_after_ms: u64,
    /// Which bots it affects.
    pub affected: Affected,
}

/// Quantiles over bots of the longest gap of each bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Gaps {
    /// The number of bots.
    pub bots: usize,
    /// The median, ms.
    pub p50_ms: f64,
    /// The 99th percentile, ms.
    pub p99_ms: f64,
    /// The longest, ms.
    pub max_ms: f64,
}

/// What bots saw of a fault, or before the first fault.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Seen {
    /// Gaps of the bots that it affects.
    pub gaps_affected: Gaps,
    /// Gaps of all bots.
    pub gaps_all: Gaps,
    /// Bots whose gap had not ended when the run did.
    pub bots_stalled: usize,
    /// The rooms of these bots.
    pub rooms_stalled: BTreeSet<String>,
    /// Times that ticks were skipped on one connection.
    pub skipped: u64,
    /// Times that ticks went back.
    pub back: u64,
    /// Inputs that were not applied in their ticks.
    pub inputs_missed: u64,
    /// Ticks that were computed before their input came.
    pub inputs_late: u64,
    /// Inputs that were given up before they were acknowledged.
    pub inputs_lost: u64,
    /// Corrections above 5 cm.
    pub corrections: u64,
    /// Connections lost.
    pub sessions_lost: u64,
}

/// A fault with what the bots saw of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FaultReport {
    /// The fault.
    #[serde(flatten)]
    pub fault: Done,
    /// What the bots saw.
    pub seen: Seen,
}

/// What the servers say and hold after the faults.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Verdict {
    /// What each server says that is not ready ten seconds after the last fault.
    pub unready: BTreeMap<String, String>,
    /// What remains of what is gone.
    pub leftovers: Leftovers,
}

/// The report of a run.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The seed, which gives the same faults again.
    pub seed: u64,
    /// When the faults ended, ms since 1970. Races continued to their end.
    pub end_unix_ms: u64,
    /// Before the first fault.
    pub quiet: Seen,
    /// The faults, in the order of time.
    pub faults: Vec<FaultReport>,
    /// The results in the database.
    pub results: Results,
    /// What the servers say and hold after the faults.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The report of the bots, over the whole run.
    pub bots: Value,
}

impl Report {
    /// Attributes samples to faults.
    #[must_use]
    pub fn new(
        seed: u64,
        end_unix_ms: u64,
        done: Vec<Done>,
        samples: &[Sample],
        results: Results,
        verdict: Verdict,
        bots: Value,
    ) -> Self {
        let times: Vec<u64> = done.iter().map(|fault| fault.at_unix_ms).collect();
        let mut by_fault = vec![Vec::new(); done.len()];
        let mut quiet = Vec::new();
        for sample in samples {
            match cause(&times, sample) {
                Some(fault) => by_fault[fault].push(sample),
                None => quiet.push(sample),
            }
        }
        let faults = done.into_iter().zip(by_fault).map(|(fault, samples)| {
            let seen = seen(&samples, &fault.affected);
            FaultReport { fault, seen }
        });
        Self {
            seed,
            end_unix_ms,
            quiet: seen(&quiet, &Affected::All),
            faults: faults.collect(),
            results,
            verdict,
            bots,
        }
    }

    /// Whether nothing was lost, doubled or left behind, and all servers are ready.
    #[must_use]
    pub fn is_correct(&self) -> bool {
        let chat = |key| self.bots["chat"][key].as_u64().unwrap_or(0);
        self.results.lost.is_empty()
            && self.results.doubled.is_empty()
            && self.verdict.unready.is_empty()
            && self.verdict.leftovers.is_empty()
            && chat("lost") == 0
            && chat("doubled") == 0
    }

    /// What has to be 0, and what it is if it is not.
    fn correctness(&self) -> Vec<String> {
        let Verdict { unready, leftovers } = &self.verdict;
        let mut lines = Vec::new();
        if let Some(chat) = self.bots.get("chat").filter(|chat| chat.is_object()) {
            lines.push(format!(
                "chat: {} lines said, {} acknowledged, lost {}, doubled {}",
                chat["said"], chat["acknowledged"], chat["lost"], chat["doubled"]
            ));
            let examples = chat["examples"].as_array().into_iter().flatten();
            lines.extend(examples.map(|example| format!("! chat: {example}")));
        }
        lines.push(format!(
            "left behind: lobby {}, checkpoints {}, seats {}, presence {}; servers that are not ready {}",
            leftovers.lobby.len(),
            leftovers.checkpoints.len(),
            leftovers.seats.len(),
            leftovers.presence.len(),
            unready.len(),
        ));
        for (what, names) in [
            ("lobby", &leftovers.lobby),
            ("checkpoint", &leftovers.checkpoints),
            ("seat", &leftovers.seats),
            ("presence", &leftovers.presence),
        ] {
            lines.extend(
                names
                    .iter()
                    .map(|name| format!("! left behind: {what} {name}")),
            );
        }
        lines.extend(
            unready
                .iter()
                .map(|(name, words)| format!("! not ready: {name}: {words}")),
        );
        lines
    }

    /// A table and warnings, for a person.
    #[must_use]
    pub fn text(&self) -> String {
        let mut lines = vec![format!(
            "{:>7} {:<20} {:>7} {:>5} {:>7} {:>7} {:>7} {:>6} {:>6} {:>5} {:>5} {:>4} {:>5} {:>8} {:>7}",
            "at s",
            "fault",
            "back ms",
            "bots",
            "p50 ms",
            "p99 ms",
            "max ms",
            "missed",
            "late",
            "lost",
            "skips",
            "back",
            ">5 cm",
            "sessions",
            "stalled"
        )];
        lines.push(row("", "before the first", 0, &self.quiet));
        for FaultReport { fault, seen } in &self.faults {
            let (at, what) = (
                format!("{:.1}", fault.at_seconds),
                format!("{} {}", fault.kind, fault.instance),
            );
            lines.push(row(&at, &what, fault.back_after_ms, seen));
        }
        lines.extend(self.overall());
        lines.join("\n")
    }

    fn overall(&self) -> Vec<String> {
        let bots = &self.bots;
        let number = |path: &str| bots.pointer(path).and_then(Value::as_f64).unwrap_or(0.0);
        let names = |path: &str| {
            let rooms = bots.pointer(path).and_then(Value::as_array);
            let rooms = rooms.into_iter().flatten().filter_map(Value::as_str);
            rooms.collect::<Vec<_>>().join(" ")
        };
        let mut lines = vec![
            format!(
                "all: gap p50 {:.1} p99 {:.1} p99.9 {:.1} max {:.1} ms; inputs {} sent, {} missed, \
                 {} late, {} lost",
                number("/interval_ms/p50"),
                number("/interval_ms/p99"),
                number("/interval_ms/p99_9"),
                number("/interval_ms/max"),
                number("/inputs/sent"),
                number("/inputs/missed"),
                number("/inputs/late"),
                number("/inputs/lost"),
            ),
            format!(
                "ticks: {} skips with the same owner, {} with a new one, {} back; scores back {}; \
                 {} corrections above 5 cm, at most {:.3} m",
                number("/ticks_skipped/same_owner/times"),
                number("/ticks_skipped/new_owner/times"),
                number("/ticks_back/times"),
                number("/scores_back"),
                number("/corrections/above_5_cm"),
                number("/corrections/max_m"),
            ),
            format!(
                "sessions: {} lost, {} resumed, away at most {:.0} ms",
                number("/sessions/lost"),
                number("/sessions/resumed"),
                number("/sessions/away_ms/max"),
            ),
            format!(
                "races: {} with a result, {} without, {} lost to a player; results lost {}, doubled {}; \
                 bots unfinished {}",
                number("/races/with_result"),
                number("/races/without_result"),
                bots["races"]["thrown_out"].as_array().map_or(0, Vec::len),
                self.results.lost.len(),
                self.results.doubled.len(),
                number("/races/unfinished_bots"),
            ),
        ];
        lines.extend(self.correctness());
        let (stalled, at_end) = (names("/races/stalled"), names("/races/stalled_at_end"));
        if !stalled.is_empty() {
            lines.push(format!("! stalled for 3 s or more: {stalled}"));
        }
        if !at_end.is_empty() {
            lines.push(format!("! stalled at the end: {at_end}"));
        }
        let bottleneck = bots["bottleneck"].as_str();
        lines.extend(bottleneck.map(|why| format!("! {why}")));
        lines
    }
}

fn row(at: &str, what: &str, back_ms: u64, seen: &Seen) -> String {
    let gaps = &seen.gaps_affected;
    format!(
        "{at:>7} {what:<20} {back_ms:>7} {:>5} {:>7.1} {:>7.1} {:>7.1} {:>6} {:>6} {:>5} {:>5} {:>4} {:>5} {:>8} {:>7}",
        gaps.bots,
        gaps.p50_ms,
        gaps.p99_ms,
        gaps.max_ms,
        seen.inputs_missed,
        seen.inputs_late,
        seen.inputs_lost,
        seen.skipped,
        seen.back,
        seen.corrections,
        seen.sessions_lost,
        seen.bots_stalled,
    )
}

/// The fault to which a sample belongs, by the times of the faults.
fn cause(times: &[u64], sample: &Sample) -> Option<usize> {
    let (start, end) = (sample.gap_start_unix_ms(), sample.unix_ms);
    let first_from_start = times.partition_point(|at| *at < start);
    match times.get(first_from_start) {
        Some(at) if *at < end => Some(first_from_start),
        Some(_) | None => first_from_start.checked_sub(1),
    }
}

fn seen(samples: &[&Sample], affected: &Affected) -> Seen {
    let mut longest = BTreeMap::<&str, f64>::new();
    let mut disconnected = BTreeSet::new();
    let mut rooms = BTreeMap::new();
    let mut seen = Seen::default();
    for sample in samples {
        let gap = longest.entry(&sample.bot).or_default();
        *gap = gap.max(sample.gap_ms);
        rooms.insert(sample.bot.as_str(), sample.room.as_str());
        if sample.sessions_lost > 0 {
            disconnected.insert(sample.bot.as_str());
        }
        if sample.is_open {
            seen.bots_stalled += 1;
            seen.rooms_stalled.insert(sample.room.clone());
        }
        seen.skipped += sample.skipped;
        seen.back += sample.back;
        seen.inputs_missed += sample.missed;
        seen.inputs_late += sample.late;
        seen.inputs_lost += sample.lost;
        seen.corrections += sample.corrections;
        seen.sessions_lost += sample.sessions_lost;
    }
    let is_affected = |bot: &str| match affected {
        Affected::Rooms(affected) => rooms.get(bot).is_some_and(|room| affected.contains(*room)),
        Affected::Disconnected => disconnected.contains(bot),
        Affected::All => true,
    };
    let of_affected = longest.iter().filter(|(bot, _)| is_affected(bot));
    seen.gaps_affected = gaps(of_affected.map(|(_, gap)| *gap).collect());
    seen.gaps_all = gaps(longest.values().copied().collect());
    seen
}

fn gaps(mut longest_ms: Vec<f64>) -> Gaps {
    longest_ms.sort_unstable_by(f64::total_cmp);
    // The nearest rank: a real gap, not a mean of two.
    let quantile = |share: f64| {
        let rank = (longest_ms.len() as f64 * share).ceil() as usize;
        longest_ms.get(rank.saturating_sub(1)).copied()
    };
    Gaps {
        bots: longest_ms.len(),
        p50_ms: quantile(0.5).unwrap_or(0.0),
        p99_ms: quantile(0.99).unwrap_or(0.0),
        max_ms: quantile(1.0).unwrap_or(0.0),
    }
}

#[cfg(test)]
mod tests;
