use super::*;
use crate::baseline::Baseline;
use crate::floor::nats::NatsFloor;
use crate::floor::tcp::TcpFloor;
use crate::times::Quantiles;

/// As `bots load --json` writes it, with fields that are not used here.
const RACE: &str = r#"{
    "rooms": 25, "bots": 100, "netcode": "thin", "seconds": 10.0,
    "snapshots_per_second": 30.0, "inputs_per_second": 30.0,
    "interval_ms": {"p50": 33.3, "p99": 36.0, "p99_9": 40.0, "max": 50.0},
    "acknowledged_ms": {"p50": 22.0, "p99": 41.0, "p99_9": 44.0, "max": 50.0},
    "inputs": {"sent": 6000, "applied": null, "missed": null, "late": 3, "lost": 0},
    "bytes_per_second": {"down": 4000.0, "up": 500.0,
        "down_with_headers": 5560.0, "up_with_headers": 2060.0},
    "programs": [
        {"program": "gateway", "processes": 1, "cores": 0.03,
            "microseconds_per_player": 300.0, "memory_kib": 1},
        {"program": "nats-server", "processes": 1, "cores": 0.012,
            "microseconds_per_player": 120.0, "memory_kib": 1},
        {"program": "all", "processes": 3, "cores": 0.06,
            "microseconds_per_player": 600.0, "memory_kib": 1}],
    "processes": [{"name": "gateway-1", "pid": 7, "lives": true, "cpu_seconds": 0.3,
        "cores": 0.03, "memory_kib": 1, "memory_max_kib": 1}],
    "sessions": {"lost": 0, "resumed": 0, "away_ms": null},
    "failures": {"times": 0, "reasons": []},
    "cores": 0.02,
    "lateness_ms": {"p50": 0.1, "p99": 1.0, "p99_9": 1.0, "max": 2.0},
    "bottleneck": null
}"#;

fn race() -> Race {
    serde_json::from_str(RACE).unwrap()
}

fn machine() -> Machine {
    Machine {
        processor: "Z80".to_owned(),
        cores: 2,
        memory_mib: 1,
        kernel: "6".to_owned(),
    }
}

#[test]
fn reads_a_report_of_the_bots_and_divides_it_among_snapshots() {
    let race = race();
    assert_eq!(race.name(), "25x4");
    // 0.03 of a core for 3,000 snapshots a second.
    assert!((race.gateway_microseconds_per_snapshot() - 10.0).abs() < 1e-9);
    assert_eq!(race.cores_of("persistence"), 0.0);
}

#[test]
fn compares_with_raw_messages() {
    let mut report = Report::new(machine(), true);
    let mut race = race();
    assert_eq!(race.gateway_over_raw_write(), None);
    race.tcp_floor = Some(TcpFloor {
        writes: 3_000,
        bytes: 133,
        seconds: 1.0,
        cpu_seconds: 0.012,
    });
    report.races.push(race);
    report.nats_floor = Some(NatsFloor {
        scenario: "25x4".to_owned(),
        published: 750,
        delivered: 749,
        snapshot_bytes: 130,
        inputs_bytes: 60,
        seconds: 1.0,
        cpu_seconds: 0.003,
        latency_ms: Quantiles::default(),
    });
    let table = report.results().table();
    for line in [
        "| 25 × 4 | 100 | 0.030 | 0.012 | 0.000 | 0.060 cores | 600 µs/s |",
        "| 10.0, 4.0 µs: 2.50 |",
        "| 0.050 % / 0 |",
        "of 25x4, 750 a second",
        "0.003 core of nats-server, 4.0 µs each",
        "1 lost; with the checkpoints and everything else it used 4.00 times as much.",
    ] {
        assert!(table.contains(line), "{line} in {table}");
    }
}

#[test]
fn warns_of_bots_that_were_too_slow() {
    let mut report = Report::new(machine(), true);
    let mut slow = race();
    slow.bottleneck = Some("the load generator was late".to_owned());
    report.races.push(slow);
    assert!(
        report
            .results()
            .table()
            .contains("Warning, 25x4: the load generator was late.")
    );
}

#[test]
fn warns_of_failures_and_shows_missing_times_as_none() {
    let mut report = Report::new(machine(), true);
    let mut broken = race();
    (broken.interval_ms, broken.acknowledged_ms) = (None, None);
    broken.processes[0].lives = false;
    (broken.sessions.lost, broken.failures.times) = (4, 1);
    broken.failures.reasons.push("the room is full".to_owned());
    report.races.push(broken);
    report
        .failed
        .push(("chat".to_owned(), "no gateway answers.".to_owned()));
    let table = report.results().table();
    for line in [
        "| none | none | none |",
        "Warning, 25x4: gateway-1 has ended, and its use is not known.",
        "Warning, 25x4: 4 connections broke.",
        "Warning, 25x4: the bots failed 1 times: the room is full.",
        "Warning, chat: it could not be measured: no gateway answers.",
    ] {
        assert!(table.contains(line), "{line} in {table}");
    }
    report.races = vec![race()];
    report.failed.clear();
    assert!(!report.results().table().contains("Warning"));
}

#[test]
fn warns_of_a_kernel_that_tracks_connections() {
    let mut report = Report::new(machine(), true);
    assert!(!report.results().table().contains("netfilter"));
    report.tracks_connections = true;
    assert!(
        report
            .results()
            .table()
            .contains("Warning, run: the kernel tracked")
    );
}

#[test]
fn another_server_has_a_table_of_its_own() {
    let mut report = Report::new(machine(), true);
    report.races = vec![race(), race()];
    assert!(!report.results().table().contains("Colyseus"));
    let ms = report.races[0].interval_ms.unwrap();
    report.races[1].baseline = Some(Baseline {
        server: "Colyseus 1.2.3".to_owned(),
        cores: 0.12,
        players_cores: 0.01,
        snapshots_per_second: 29.0,
        interval_ms: Quantiles { p99: 47.0, ..ms },
        bytes_per_second: 4_100.0,
    });
    assert_eq!(report.races[0].over_baseline(), None);
    assert_eq!(report.races[1].over_baseline(), Some(0.5));
    let table = report.results().table();
    let row = "| 25 × 4 | 0.060 cores | 0.120 cores | 0.50 | 33.3 / 36.0 / 40.0 ms \
               | 33.3 / 47.0 / 40.0 ms | 30.0 | 29.0 | 4.00 kB/s | 4.10 kB/s | 0.010 cores |\n";
    assert!(table.contains(row), "{table}");
    assert_eq!(table.matches("25 × 4").count(), 3, "{table}");
}
