//! A report as the rows of its run.

use std::collections::BTreeMap;

use super::{Chat, Connect, Idle, Race, Report, Share};
use crate::baseline::Baseline;
use crate::floor::nats::NatsFloor;
use crate::results::{CONNECTIONS, RUN, Results, Row, TEXT, TLS, UNKNOWN, WARNING};
use crate::times::Quantiles;

/// Digits behind the point: more would be noise.
const DECIMALS: f64 = 1e6;

impl Report {
    /// All that was measured, with the ratios that follow from it.
    #[must_use]
    pub fn results(&self) -> Results {
        let mut rows = Rows::new(self);
        rows.text("bench", "command", &self.command);
        if self.is_tls {
            rows.text("bench", CONNECTIONS, TLS);
        }
        rows.text("nats-server", "version", &self.nats);
        rows.add("bench", "duration", "s", self.seconds);
        if self.tracks_connections {
            rows.text(
                "kernel",
                WARNING,
                "the kernel tracked every connection for netfilter, as with Docker's rules, which \
                 makes writes slower",
            );
        }
        if let Some(idle) = &self.idle {
            rows.idle(idle);
        }
        let mut repeats = BTreeMap::new();
        for race in &self.races {
            let repeat = repeats.entry(race.name()).or_insert(0);
            *repeat += 1;
            rows.scenario(&race.name(), *repeat);
            rows.race(race);
        }
        if let Some(chat) = &self.chat {
            rows.chat(chat);
        }
        if let Some(connect) = &self.connect {
            rows.connect(connect);
        }
        if let Some(floor) = &self.nats_floor {
            rows.nats_floor(floor, self.nats_over_raw());
        }
        for (name, why) in &self.failed {
            rows.scenario(name, 1);
            let why = why.trim_end_matches('.');
            rows.text(
                "bench",
                WARNING,
                &format!("it could not be measured: {why}"),
            );
        }
        Results(rows.rows)
    }
}

/// Rows, each with the columns that a scenario's rows have in common.
struct Rows {
    common: Row,
    rows: Vec<Row>,
}

impl Rows {
    fn new(report: &Report) -> Self {
        Self {
            common: Row {
                date: report.date.clone(),
                commit: report.commit.as_deref().unwrap_or(UNKNOWN).to_owned(),
                machine: report.machine.to_string(),
                scenario: RUN.to_owned(),
                repeat: 1,
                subject: String::new(),
                measure: String::new(),
                unit: String::new(),
                value: String::new(),
            },
            rows: Vec::new(),
        }
    }

    /// The following rows are of this scenario.
    fn scenario(&mut self, name: &str, repeat: u32) {
        (self.common.scenario, self.common.repeat) = (name.to_owned(), repeat);
    }

    fn push(&mut self, subject: &str, measure: &str, unit: &str, value: String) {
        self.rows.push(Row {
            subject: subject.to_owned(),
            measure: measure.to_owned(),
            unit: unit.to_owned(),
            value,
            ..self.common.clone()
        });
    }

    fn text(&mut self, subject: &str, measure: &str, text: &str) {
        self.push(subject, measure, TEXT, text.to_owned());
    }

    fn add(&mut self, subject: &str, measure: &str, unit: &str, value: f64) {
        let rounded = (value * DECIMALS).round() / DECIMALS;
        self.push(subject, measure, unit, rounded.to_string());
    }

    fn count(&mut self, subject: &str, measure: &str, count: u64) {
        self.push(subject, measure, "1", count.to_string());
    }

    fn ratio(&mut self, subject: &str, measure: &str, ratio: Option<f64>) {
        if let Some(ratio) = ratio {
            self.add(subject, measure, "1", ratio);
        }
    }

    fn times(&mut self, subject: &str, measure: &str, ms: Option<Quantiles>) {
        let Some(Quantiles {
            p50,
            p99,
            p99_9,
            max,
        }) = ms
        else {
            return;
        };
        for (name, value) in [("p50", p50), ("p99", p99), ("p99.9", p99_9), ("max", max)] {
            self.add(subject, &format!("{measure} {name}"), "ms", value);
        }
    }

    fn warnings(&mut self, subject: &str, warnings: impl IntoIterator<Item = String>) {
        for warning in warnings {
            self.text(subject, WARNING, &warning);
        }
    }

    fn programs(&mut self, programs: &[Share]) {
        for share in programs {
            let program = &share.program;
            self.add(program, "processor time", "cores", share.cores);
            let each = share.microseconds_per_player;
            self.add(program, "processor time per player", "µs/s", each);
            self.add(program, "memory", "KiB", share.memory_kib as f64);
        }
    }

    fn idle(&mut self, idle: &Idle) {
        self.scenario("idle", 1);
        for (process, cores) in &idle.by_process {
            self.add(process, "processor time", "cores", *cores);
        }
        self.add("all", "processor time", "cores", idle.cores);
    }

    fn race(&mut self, race: &Race) {
        self.count("bots", "players", race.bots as u64);
        self.programs(&race.programs);
        self.add("player", "snapshots", "1/s", race.snapshots_per_second);
        self.add("player", "inputs", "1/s", race.inputs_per_second);
        self.times("player", "interval", race.interval_ms);
        self.times("player", "acknowledgement", race.acknowledged_ms);
        let bytes = race.bytes_per_second;
        self.add("player", "bytes down", "B/s", bytes.down);
        self.add("player", "bytes up", "B/s", bytes.up);
        let (down, up) = (bytes.down_with_headers, bytes.up_with_headers);
        self.add("player", "bytes down with headers", "B/s", down);
        self.add("player", "bytes up with headers", "B/s", up);
        let late = race.inputs.late as f64 * 100.0 / race.inputs.sent.max(1) as f64;
        self.count("inputs", "sent", race.inputs.sent);
        self.add("inputs", "late", "%", late);
        self.count("inputs", "lost", race.inputs.lost);
        if let Some(delay) = race.relay_delay {
            self.times("gateway", "added delay", Some(delay.ms));
        }
        if let Some(floor) = &race.tcp_floor {
            let snapshot = race.gateway_microseconds_per_snapshot();
            self.add("gateway", "processor time per snapshot", "µs", snapshot);
            self.add("raw TCP", "bytes per write", "B", floor.bytes as f64);
            let write = floor.microseconds_per_write();
            self.add("raw TCP", "processor time per write", "µs", write);
            let ratio = race.gateway_over_raw_write();
            self.ratio("gateway", "processor time over raw TCP", ratio);
        }
        self.add("bots", "processor time", "cores", race.cores.unwrap_or(0.0));
        self.times("bots", "lateness", race.lateness_ms);
        self.warnings("bots", race.warnings());
        if let Some(baseline) = &race.baseline {
            self.baseline(baseline, race.over_baseline());
        }
    }

    fn baseline(&mut self, baseline: &Baseline, ratio: Option<f64>) {
        self.text("Colyseus", "version", &baseline.server);
        self.add("Colyseus", "processor time", "cores", baseline.cores);
        self.ratio("all", "processor time over Colyseus", ratio);
        let snapshots = baseline.snapshots_per_second;
        self.add("Colyseus", "snapshots", "1/s", snapshots);
        self.times("Colyseus", "interval", Some(baseline.interval_ms));
        self.add("Colyseus", "bytes down", "B/s", baseline.bytes_per_second);
        let players = baseline.players_cores;
        self.add("Colyseus players", "processor time", "cores", players);
    }

    fn chat(&mut self, chat: &Chat) {
        self.scenario("chat", 1);
        self.count("chat", "users", chat.users as u64);
        self.add("chat", "messages", "1/s", f64::from(chat.rate));
        self.add("chat", "deliveries", "1/s", chat.delivered_per_second);
        self.times("chat", "delivery", chat.delivery_ms);
        self.count("chat", "lost", chat.lost);
        self.count("chat", "duplicates", chat.duplicates);
        self.programs(&chat.programs);
        self.warnings("chat", chat.bottleneck.clone());
    }

    fn connect(&mut self, connect: &Connect) {
        self.scenario("connect", 1);
        self.add("connect", "attempts", "1/s", f64::from(connect.rate));
        for (name, method) in connect.methods() {
            self.add(name, "successes", "1/s", method.per_second);
            self.times(name, "duration", method.ms);
            self.count(name, "failures", method.errors.values().sum());
            let warning = method.bottleneck.as_ref();
            self.warnings(name, warning.map(|why| format!("{name}: {why}")));
        }
    }

    fn nats_floor(&mut self, floor: &NatsFloor, ratio: Option<f64>) {
        self.scenario(&floor.scenario, 1);
        let per_second = floor.published as f64 / floor.seconds;
        self.add("raw NATS", "messages", "1/s", per_second);
        self.add(
            "raw NATS",
            "snapshot size",
            "B",
            floor.snapshot_bytes as f64,
        );
        let inputs = floor.inputs_bytes as f64;
        self.add("raw NATS", "input batch size", "B", inputs);
        self.add("raw NATS", "processor time", "cores", floor.cores());
        let each = floor.cpu_seconds * 1e6 / floor.published.max(1) as f64;
        self.add("raw NATS", "processor time per message", "µs", each);
        self.times("raw NATS", "latency", Some(floor.latency_ms));
        let lost = floor.published.saturating_sub(floor.delivered);
        self.count("raw NATS", "lost", lost);
        self.ratio("nats-server", "processor time over raw NATS", ratio);
    }
}
