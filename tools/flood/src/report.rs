//! The report of all floods, for people and for programs.

use std::collections::BTreeMap;
use std::fmt::Display;

use serde::Serialize;
use serde_json::{Value, json};

use crate::verdict::Measured;

/// What figures depend on.
const SETTING: &str = "the gateway has its usual limits, which the bots meet sixteen to an \
    address, and people and the attackers' accounts each with an address of its own";

/// The table, with a line for each bound that was exceeded.
#[must_use]
pub fn text(all: &[Measured]) -> String {
    let is_tls = all.iter().any(|measured| measured.flood.is_tls);
    let connections = if is_tls { "with TLS" } else { "without TLS" };
    let mut lines = vec![
        format!("{SETTING}; all connections {connections}"),
        row(&[
            "", "", "", "interval", "p99", "ms", "", "log-in", "p99 ms", "chat", "p99 ms", "KiB",
            "cores", "", "", "frames", "s to",
        ]),
        row(&[
            "flood", "from", "by", "before", "during", "noise", "max", "before", "during",
            "before", "during", "each", "before", "during", "flood", "per s", "recover",
        ]),
    ];
    lines.extend(all.iter().map(figures));
    for measured in all {
        let about = format!(
            "{} from {}",
            measured.flood.kind.name(),
            measured.flood.addresses
        );
        lines.push(format!("{about}: {}", outcome(measured)));
        lines.extend(
            measured
                .exceeded()
                .iter()
                .map(|what| format!("! {about}: {what}")),
        );
    }
    lines.join("\n")
}

/// The same and more for programs.
#[must_use]
pub fn json(all: &[Measured]) -> Value {
    let with_verdict = |measured: &Measured| {
        let mut value = json!(measured);
        value["kib_per_attacker"] = json!(measured.kib_per_attacker());
        value["exceeded"] = json!(measured.exceeded());
        value
    };
    json!({
        "is_well": is_well(all),
        "setting": SETTING,
        "floods": all.iter().map(with_verdict).collect::<Vec<_>>(),
    })
}

/// Whether no bound was exceeded.
#[must_use]
pub fn is_well(all: &[Measured]) -> bool {
    all.iter().all(|measured| measured.exceeded().is_empty())
}

fn figures(measured: &Measured) -> String {
    let (before, during) = (&measured.before, &measured.during);
    let (flood, seconds) = (&measured.flood, measured.flood.seconds.max(1) as f64);
    let recovered = measured.recovered_after_s;
    let ms = |value: f64| format!("{value:.1}");
    row(&[
        flood.kind.name(),
        &flood.addresses.to_string(),
        &flood.attackers.to_string(),
        &ms(before.snapshots.intervals.p99_ms),
        &ms(during.snapshots.intervals.p99_ms),
        &ms(measured.noise_ms),
        &format!("{:.0}", during.snapshots.intervals.max_ms),
        &format!("{:.0}", before.log_ins.times.p99_ms),
        &format!("{:.0}", during.log_ins.times.p99_ms),
        &format!("{:.0}", before.chat.times.p99_ms),
        &format!("{:.0}", during.chat.times.p99_ms),
        &ms(measured.kib_per_attacker()),
        &format!("{:.2}", before.gateway_cores),
        &format!("{:.2}", during.gateway_cores),
        &format!("{:.2}", measured.attackers_cores),
        &format!("{:.0}", measured.gateway.frames_received / seconds),
        &recovered.map_or_else(|| "never".to_owned(), |after| format!("{after:.1}")),
    ])
}

fn row(cells: &[&str]) -> String {
    let (name, numbers) = cells.split_first().unwrap_or((&"", &[]));
    let numbers = numbers.iter().map(|cell| format!("{cell:>9}"));
    format!("{name:<10}{}", numbers.collect::<String>())
}

/// What became of the attackers and of those who logged in meanwhile.
fn outcome(measured: &Measured) -> String {
    let attack = &measured.attack;
    let parts = [
        format!("{} connections", attack.connections),
        format!("{} accepted", attack.accepted),
        counts("rejected", &attack.rejected),
        counts("goodbyes", &attack.goodbyes),
        format!("{} lost", attack.lost),
        counts(
            "goodbyes that the gateway counts",
            &measured.gateway.goodbyes,
        ),
        counts(
            "refusals of others' log-ins",
            &measured.during.log_ins.refusals,
        ),
        counts("stalled", &attack.endings),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    parts.join("; ")
}

fn counts<K: Serialize, N: Display>(what: &str, counts: &BTreeMap<K, N>) -> String {
    if counts.is_empty() {
        return String::new();
    }
    let counts = counts
        .iter()
        .map(|(code, count)| format!("{count} {}", crate::wire::name(code)));
    format!("{what}: {}", counts.collect::<Vec<_>>().join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attack::{Ending, Tally};
    use crate::gateway::Counts;
    use crate::kind::FloodKind;
    use crate::options::Flood;
    use crate::verdict::Others;

    #[test]
    fn has_a_row_for_each_flood_and_a_line_for_each_excess() {
        let measured = Measured {
            flood: Flood {
                kind: FloodKind::Stalled,
                addresses: 50,
                attackers: 50,
                seconds: 60,
                is_tls: true,
            },
            before: Others::default(),
            during: Others::default(),
            noise_ms: 0.25,
            memory_before_kib: 0.0,
            memory_max_kib: 50.0,
            attackers_cores: 0.5,
            gateway: Counts::default(),
            attack: Tally {
                endings: [(Ending::Gap, 1), (Ending::CaughtUp, 49)].into(),
                ..Tally::default()
            },
            recovered_after_s: None,
            bots_ended: None,
        };
        let all = [measured];
        let text = text(&all);
        assert!(
            text.contains("\nstalled          50       50      0.0"),
            "{text}"
        );
        assert!(text.contains("all connections with TLS\n"), "{text}");
        assert!(text.contains("never"), "{text}");
        assert!(text.contains("stalled: 49 caught_up, 1 gap"), "{text}");
        assert!(
            text.ends_with("! stalled from 50: lost 1 stalled clients"),
            "{text}"
        );
        let json = json(&all);
        assert_eq!(
            (&json["is_well"], &json["floods"][0]["kind"]),
            (&json!(false), &json!("stalled"))
        );
        assert_eq!(json["floods"][0]["kib_per_attacker"], 1.0);
        assert!(is_well(&[]));
    }
}
