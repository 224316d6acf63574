//! The report of a load, for programs and for people.

use serde_json::{Value, json};

use client_core::protocol::room::CloseReason;

use super::record::{Jumps, Record, Volume};
use super::thin::INPUTS_PER_SECOND;
use crate::measure::processes::{Share, Usage, programs};
use crate::measure::{bottleneck, line};
use crate::options::{LoadOptions, NetcodeOption};

/// The least share of the due frames that shows that this process was fast enough.
const FRAMES_SHARE_MIN: f64 = 0.97;
/// The headers of a segment, bytes: IP 20, TCP 20 and its timestamps 12.
const SEGMENT_HEADER_BYTES: f64 = 52.0;

/// A measurement, apart from the record.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) bots: usize,
    /// The measured window.
    pub(crate) seconds: f64,
    /// What was received and sent in it.
    pub(crate) window: Volume,
    /// Bots that were still in a race at the end.
    pub(crate) unfinished: usize,
    /// Processor time of this process in the window.
    pub(crate) cores: Option<f64>,
    pub(crate) processes: Vec<Usage>,
    /// The report of the chat, if the bots were in it.
    pub(crate) chat: Option<Value>,
}

impl Run {
    fn per_bot_and_second(&self, count: u64) -> f64 {
        count as f64 / self.seconds / self.bots as f64
    }

    /// Bytes down per bot and second with estimated headers of TCP and IP: a segment
    /// for each snapshot, which carries the other frames too. Acknowledgements travel
    /// with the inputs.
    fn down_with_headers(&self) -> f64 {
        self.per_bot_and_second(self.window.bytes_down)
            + SEGMENT_HEADER_BYTES * self.per_bot_and_second(self.window.snapshots)
    }

    /// Bytes up, as [`Run::down_with_headers`]: a segment for each input frame.
    fn up_with_headers(&self) -> f64 {
        self.per_bot_and_second(self.window.bytes_up)
            + SEGMENT_HEADER_BYTES * self.per_bot_and_second(self.window.inputs)
    }

    /// Why the figures may be this process's and not the servers'.
    fn bottleneck(&self, options: &LoadOptions, record: &Record) -> Option<String> {
        let due = f64::from(frames_due(options.netcode));
        let frames_per_second = self.per_bot_and_second(self.window.frames);
        if frames_per_second < due * FRAMES_SHARE_MIN {
            return Some(format!(
                "the bots drove {frames_per_second:.1} frames a second instead of {due}: \
                 they had too little processor time, or no room"
            ));
        }
        bottleneck(&record.lateness, self.cores, options.threads)
    }
}

/// The report as a JSON object.
pub(crate) fn json(options: &LoadOptions, run: &Run, record: &Record) -> Value {
    let frames = run.per_bot_and_second(run.window.frames);
    let predicts = options.netcode == NetcodeOption::Full;
    let longest = record.longest.as_ref().map(|longest| {
        json!({
            "ms": longest.gap.as_secs_f64() * 1_000.0,
            "end_unix_ms": longest.end_unix_ms,
            "room": longest.room,
            "bot": longest.bot,
        })
    });
    json!({
        "rooms": options.rooms,
        "bots": run.bots,
        "netcode": options.netcode.name(),
        "seconds": run.seconds,
        "frames_per_second": frames,
        "snapshots_per_second": run.per_bot_and_second(run.window.snapshots),
        "inputs_per_second": run.per_bot_and_second(run.window.inputs),
        "interval_ms": record.intervals.json(),
        "longest_gap": longest,
        "stale_snapshots": record.stale,
        "ticks_skipped": {
            "same_owner": jumps(record.skipped_unexcused),
            "new_owner": jumps(record.skipped_new_owner),
            "new_connection": jumps(record.skipped_new_connection),
        },
        "ticks_back": jumps(record.ticks_back),
        "scores_back": record.scores_back,
        "inputs": {
            "sent": record.inputs.sent,
            "applied": predicts.then_some(record.inputs.applied),
            "missed": predicts.then_some(record.inputs.missed),
            "late": record.inputs.late,
            "lost": record.inputs.lost,
        },
        "acknowledged_ms": record.acknowledged.json(),
        "corrections": predicts.then(|| json!({
            "snapshots": record.corrections.snapshots(),
            "corrected": record.corrections.corrected(),
            "above_5_cm": record.corrections_visible,
            "p99_m": record.corrections.percentile_m(0.99),
            "max_m": record.correction_max_m,
        })),
        "sessions": {
            "lost": record.sessions.lost,
            "resumed": record.sessions.resumed,
            "away_ms": record.away.json(),
        },
        "bytes_per_second": {
            "down": run.per_bot_and_second(run.window.bytes_down),
            "up": run.per_bot_and_second(run.window.bytes_up),
            "down_with_headers": run.down_with_headers(),
            "up_with_headers": run.up_with_headers(),
        },
        "races": races(run, record),
        "chat": run.chat,
        "failures": {
            "times": record.failures,
            "reasons": record.failure_reasons,
        },
        "processes": run.processes,
        "programs": programs(&run.processes, run.bots),
        "cores": run.cores,
        "lateness_ms": record.lateness.json(),
        "bottleneck": run.bottleneck(options, record),
    })
}

fn jumps(jumps: Jumps) -> Value {
    json!({"times": jumps.times, "ticks": jumps.ticks})
}

fn races(run: &Run, record: &Record) -> Value {
    let ended = record.races.iter().map(|(race, ended)| {
        let order = ended.standings.iter().map(|standing| &standing.player);
        let winner = ended.standings.first().map(|first| &first.player);
        json!({
            "race": race,
            "room": ended.room,
            "reason": ended.reason,
            "winner": winner,
            "order": order.collect::<Vec<_>>(),
            "reports": ended.reports,
            "contradicted": ended.contradicted,
        })
    });
    let with_result = with_result(record);
    json!({
        "with_result": with_result,
        "without_result": record.races.len() - with_result,
        "contradicted": record.races.values().filter(|race| race.contradicted > 0).count(),
        "thrown_out": record.seats_lost,
        "stalled": record.stalled_before,
        "stalled_at_end": record.stalled.keys().collect::<Vec<_>>(),
        "unfinished_bots": run.unfinished,
        "ended": ended.collect::<Vec<_>>(),
    })
}

fn with_result(record: &Record) -> usize {
    let has_result = |reason| reason == CloseReason::Finished;
    let races = record.races.values();
    races.filter(|race| has_result(race.reason)).count()
}

/// The report as lines for a person.
pub(crate) fn text(options: &LoadOptions, run: &Run, record: &Record) -> String {
    let frames = run.per_bot_and_second(run.window.frames);
    let skipped = |jumps: Jumps| format!("{:8} times {:8} ticks", jumps.times, jumps.ticks);
    let missed = match options.netcode {
        NetcodeOption::Full => format!("{:8}", record.inputs.missed),
        // Thin bots read no snapshots.
        NetcodeOption::Thin => format!("{:>8}", "?"),
    };
    let mut lines = vec![
        format!(
            "{} {} bots in {} rooms for {:.0} s",
            run.bots,
            options.netcode.name(),
            options.rooms,
            run.seconds
        ),
        line("frames a second and bot", &format!("{frames:8.1}")),
        line(
            "snapshots a second and bot",
            &format!("{:8.1}", run.per_bot_and_second(run.window.snapshots)),
        ),
        line(
            "inputs a second and bot",
            &format!("{:8.1}", run.per_bot_and_second(run.window.inputs)),
        ),
        line(
            "bytes a second and bot",
            &format!(
                "{:8.0} down {:8.0} up",
                run.per_bot_and_second(run.window.bytes_down),
                run.per_bot_and_second(run.window.bytes_up)
            ),
        ),
        line(
            "with TCP and IP, estimated",
            &format!(
                "{:8.0} down {:8.0} up",
                run.down_with_headers(),
                run.up_with_headers()
            ),
        ),
        line("between two snapshots", &record.intervals.text()),
        line("input to acknowledgement", &record.acknowledged.text()),
        line("skipped, same owner", &skipped(record.skipped_unexcused)),
        line("skipped, new owner", &skipped(record.skipped_new_owner)),
        line(
            "skipped, new connection",
            &skipped(record.skipped_new_connection),
        ),
        line("back", &skipped(record.ticks_back)),
        line(
            "inputs",
            &format!(
                "{:8} sent {missed} missed {:8} late {:8} lost",
                record.inputs.sent, record.inputs.late, record.inputs.lost
            ),
        ),
        line(
            "corrections",
            &match options.netcode {
                NetcodeOption::Full => format!(
                    "{:8} {:8} above 5 cm, at most {:.3} m",
                    record.corrections.corrected(),
                    record.corrections_visible,
                    record.correction_max_m
                ),
                NetcodeOption::Thin => "thin bots predict nothing".to_owned(),
            },
        ),
        line(
            "sessions",
            &format!(
                "{:8} lost {:8} resumed",
                record.sessions.lost, record.sessions.resumed
            ),
        ),
        line(
            "races",
            &format!(
                "{:8} with a result {:8} without {:8} bots unfinished",
                with_result(record),
                record.races.len() - with_result(record),
                run.unfinished
            ),
        ),
        line(
            "rooms that stalled",
            &format!(
                "{:8} {:8} at the end",
                record.stalled_before.len(),
                record.stalled.len()
            ),
        ),
    ];
    if let Some(chat) = &run.chat {
        let counts = format!(
            "{:>8} said {:>8} confirmed {:>8} lost {:>8} doubled",
            chat["said"], chat["acknowledged"], chat["lost"], chat["doubled"]
        );
        lines.push(line("chat", &counts));
    }
    lines.extend(run.processes.iter().map(Usage::line));
    let programs = programs(&run.processes, run.bots);
    lines.extend(programs.iter().map(Share::line));
    lines.push(line("this process was late", &record.lateness.text()));
    if let Some(cores) = run.cores {
        lines.push(line("this process", &format!("{cores:8.3} cores")));
    }
    lines.extend(record.failure_reasons.iter().map(|why| format!("! {why}")));
    let bottleneck = run.bottleneck(options, record);
    lines.extend(bottleneck.map(|why| format!("! {why}")));
    lines.join("\n")
}
/// Frames of a bot per second.
const fn frames_due(netcode: NetcodeOption) -> u32 {
    match netcode {
        NetcodeOption::Full => domain::TICK_RATE_HZ,
        NetcodeOption::Thin => INPUTS_PER_SECOND,
    }
}
