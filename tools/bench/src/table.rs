//! The results of a run as tables and sentences, in Markdown.

use std::fmt::{self, Write};

use crate::results::{Measured, Results};
use crate::scenario::Scenario;

const RACE_HEAD: &str = "\
| rooms × seats | players | gateway | NATS | workers | all servers | per player | interval p50 / p99 / p99.9 | acknowledged p50 / p99 | gateway adds p50 / p99 | per snapshot, per raw write | down, with TCP/IP | late / lost inputs | bots |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
";

const BASELINE_HEAD: &str = "\
| rooms × seats | Slipstream, all servers | Colyseus | ratio | interval p50 / p99 / p99.9 | Colyseus | snapshots a second per player | Colyseus | payload down | Colyseus | players of Colyseus |
| --- | --: | --: | --: | --: | --: | --: | --: | --: | --: | --: |
";

impl Results {
    /// All of it, for a person.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = self.write_table(&mut text);
        text
    }

    fn write_table(&self, text: &mut String) -> fmt::Result {
        let races = self.races();
        if self.is_tls() {
            writeln!(
                text,
                "Clients connected with TLS; raw TCP, raw NATS and Colyseus were plain.\n"
            )?;
        }
        write_races(&races, text)?;
        write_baselines(&races, text)?;
        write_idle(&self.scenario("idle"), text)?;
        write_chat(&self.scenario("chat"), text)?;
        write_connect(&self.scenario("connect"), text)?;
        for race in races.iter().filter(|race| race.has("raw NATS")) {
            write_nats_floor(race, text)?;
        }
        for (scenario, why) in self.warnings() {
            writeln!(text, "Warning, {scenario}: {why}.\n")?;
        }
        Ok(())
    }
}

fn write_races(races: &[Measured<'_>], text: &mut String) -> fmt::Result {
    if races.is_empty() {
        return Ok(());
    }
    text.push_str(RACE_HEAD);
    for race in races {
        let cores = |program| number(race, program, "processor time");
        writeln!(
            text,
            "| {} | {} | {:.3} | {:.3} | {:.3} | {:.3} cores | {:.0} µs/s \
             | {} | {} | {} | {} | {:.2}, {:.2} kB/s | {:.3} % / {} | {:.3} cores |",
            rooms_and_seats(race),
            number(race, "bots", "players"),
            cores("gateway"),
            cores("nats-server"),
            cores("race-worker"),
            cores("all"),
            number(race, "all", "processor time per player"),
            quantiles(
                race,
                "player",
                ["interval p50", "interval p99", "interval p99.9"],
                1
            ),
            quantiles(
                race,
                "player",
                ["acknowledgement p50", "acknowledgement p99"],
                1
            ),
            quantiles(race, "gateway", ["added delay p50", "added delay p99"], 2),
            over_raw_write(race),
            number(race, "player", "bytes down") / 1e3,
            number(race, "player", "bytes down with headers") / 1e3,
            number(race, "inputs", "late"),
            number(race, "inputs", "lost"),
            cores("bots")
        )?;
    }
    writeln!(
        text,
        "\nCores are seconds of processor time per second. What the gateway adds, from NATS to TCP, \
         is what spectators saw: one for each hundred players, ten at most. The processor time per \
         snapshot is the gateway's, with the input that it forwards for each; raw tokio writes of \
         the same bytes into as many sockets were measured right after. Late inputs came after \
         their tick was computed.\n"
    )
}

fn write_baselines(races: &[Measured<'_>], text: &mut String) -> fmt::Result {
    let mut all = races.iter();
    let Some(server) = all.find_map(|race| race.text("Colyseus", "version")) else {
        return Ok(());
    };
    writeln!(
        text,
        "Beside {server}, one process without a broker, with the same load after each race; the \
         ratio is the processor time of Slipstream's servers and NATS together, divided by that of \
         Colyseus:\n"
    )?;
    text.push_str(BASELINE_HEAD);
    for race in races.iter().filter(|race| race.has("Colyseus")) {
        let cores = |subject| number(race, subject, "processor time");
        let interval = |subject| {
            let names = ["interval p50", "interval p99", "interval p99.9"];
            quantiles(race, subject, names, 1)
        };
        writeln!(
            text,
            "| {} | {:.3} cores | {:.3} cores | {:.2} | {} | {} | {:.1} | {:.1} \
             | {:.2} kB/s | {:.2} kB/s | {:.3} cores |",
            rooms_and_seats(race),
            cores("all"),
            cores("Colyseus"),
            number(race, "all", "processor time over Colyseus"),
            interval("player"),
            interval("Colyseus"),
            number(race, "player", "snapshots"),
            number(race, "Colyseus", "snapshots"),
            number(race, "player", "bytes down") / 1e3,
            number(race, "Colyseus", "bytes down") / 1e3,
            cores("Colyseus players")
        )?;
    }
    text.push('\n');
    Ok(())
}

fn write_idle(idle: &Measured<'_>, text: &mut String) -> fmt::Result {
    let Some(cores) = idle.number("all", "processor time") else {
        return Ok(());
    };
    writeln!(
        text,
        "Idle: all servers together use {:.2} % of a core.\n",
        cores * 100.0
    )
}

fn write_chat(chat: &Measured<'_>, text: &mut String) -> fmt::Result {
    if !chat.has("chat") {
        return Ok(());
    }
    writeln!(
        text,
        "Chat: {} users, {} messages a second, {:.0} deliveries a second: {}; \
         {} lost, {} duplicates; all servers {:.3} cores.\n",
        number(chat, "chat", "users"),
        number(chat, "chat", "messages"),
        number(chat, "chat", "deliveries"),
        times(
            chat,
            "chat",
            ["delivery p50", "delivery p99", "delivery max"]
        ),
        number(chat, "chat", "lost"),
        number(chat, "chat", "duplicates"),
        number(chat, "all", "processor time")
    )
}

fn write_connect(connect: &Measured<'_>, text: &mut String) -> fmt::Result {
    let Some(rate) = connect.number("connect", "attempts") else {
        return Ok(());
    };
    writeln!(text, "Connecting, {rate} attempts a second:\n")?;
    for method in ["sign-up", "log-in", "resume"] {
        writeln!(
            text,
            "- {method}: {:.1} a second, {}, {} failed",
            number(connect, method, "successes"),
            times(
                connect,
                method,
                ["duration p50", "duration p99", "duration max"]
            ),
            number(connect, method, "failures")
        )?;
    }
    text.push('\n');
    Ok(())
}

fn write_nats_floor(race: &Measured<'_>, text: &mut String) -> fmt::Result {
    let raw = |measure| number(race, "raw NATS", measure);
    write!(
        text,
        "Raw NATS with the messages of {}, {:.0} a second between two connections, snapshots of {} \
         bytes one way and inputs of {} the other: {:.3} core of nats-server, {:.1} µs each, \
         {:.2} ms p50, {:.2} ms p99, {} lost",
        race.scenario,
        raw("messages"),
        raw("snapshot size"),
        raw("input batch size"),
        raw("processor time"),
        raw("processor time per message"),
        raw("latency p50"),
        raw("latency p99"),
        raw("lost")
    )?;
    match race.number("nats-server", "processor time over raw NATS") {
        Some(ratio) => writeln!(
            text,
            "; with the checkpoints and everything else it used {ratio:.2} times as much.\n"
        ),
        None => writeln!(text, ".\n"),
    }
}

fn rooms_and_seats(race: &Measured<'_>) -> String {
    match race.scenario.parse() {
        Ok(Scenario::Race { rooms, seats }) => format!("{rooms} × {seats}"),
        Ok(_) | Err(_) => race.scenario.to_owned(),
    }
}

/// A number of the table; what was not measured is 0 there.
fn number(measured: &Measured<'_>, subject: &str, measure: &str) -> f64 {
    measured.number(subject, measure).unwrap_or(0.0)
}

/// Quantiles with slashes between, or `none`.
fn quantiles<const N: usize>(
    measured: &Measured<'_>,
    subject: &str,
    names: [&str; N],
    decimals: usize,
) -> String {
    let values = names.map(|name| measured.number(subject, name));
    let values: Option<Vec<f64>> = values.into_iter().collect();
    let Some(values) = values else {
        return "none".to_owned();
    };
    let values = values.iter().map(|value| format!("{value:.decimals$}"));
    format!("{} ms", values.collect::<Vec<_>>().join(" / "))
}

/// The median, the 99th percentile and the maximum, or `no times`.
fn times(measured: &Measured<'_>, subject: &str, names: [&str; 3]) -> String {
    let [p50, p99, max] = names.map(|name| measured.number(subject, name));
    match (p50, p99, max) {
        (Some(p50), Some(p99), Some(max)) => {
            format!("{p50:.1} ms p50, {p99:.1} ms p99, {max:.1} ms at most")
        }
        _ => "no times".to_owned(),
    }
}

fn over_raw_write(race: &Measured<'_>) -> String {
    let gateway = |measure| race.number("gateway", measure);
    let snapshot = gateway("processor time per snapshot");
    let write = race.number("raw TCP", "processor time per write");
    match (snapshot, write, gateway("processor time over raw TCP")) {
        (Some(snapshot), Some(write), Some(ratio)) => {
            format!("{snapshot:.1}, {write:.1} µs: {ratio:.2}")
        }
        _ => "none".to_owned(),
    }
}
