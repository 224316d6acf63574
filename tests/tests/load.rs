//! The load generator on real servers: what it must notice.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use fleet::command::run;
use fleet::wait::eventually;
use integration_tests::cluster::Cluster;
use integration_tests::programs::{program, programs};
use serde_json::Value;

/// A short bench of two scenarios takes half a minute.
const BENCH_TIMEOUT: Duration = Duration::from_secs(150);

/// Two bots in one room, for that many seconds, on these gateways.
fn load(cluster: &Cluster, gateways: &[String], seconds: u32, samples: &Path) -> Result<Command> {
    let pid = format!("gateway-1={}", cluster.fleet.gateways[0].id()?);
    let mut command = program("bots")?;
    command
        .args(["load", "--json", "--rooms", "1", "--seats", "2"])
        .args(["--gateways", &gateways.join(",")])
        .args(["--seconds", &seconds.to_string(), "--pids", &pid])
        .arg("--samples")
        .arg(samples);
    Ok(command)
}

fn count(report: &Value, path: &str) -> Result<u64> {
    let number = report.pointer(path).and_then(Value::as_u64);
    number.with_context(|| format!("{path} in {report}"))
}

#[tokio::test]
async fn a_quiet_race_is_measured_as_one() -> Result<()> {
    let cluster = Cluster::start().await?;
    let samples = cluster.folder().join("samples.jsonl");
    let gateways = [cluster.race_address()?];
    let output = run(load(&cluster, &gateways, 3, &samples)?).await?;
    let report: Value = serde_json::from_slice(&output.stdout)?;

    let rate = report["snapshots_per_second"].as_f64();
    let rate = rate.context("a rate")?;
    assert!((28.0..32.0).contains(&rate), "{report}");
    assert_eq!(count(&report, "/sessions/lost")?, 0);
    assert_eq!(count(&report, "/races/unfinished_bots")?, 2);
    assert!(count(&report, "/inputs/applied")? > 200, "{report}");
    assert_eq!(count(&report, "/inputs/lost")?, 0);
    for gap in ["/interval_ms/p50", "/acknowledged_ms/p50"] {
        let ms = report.pointer(gap).and_then(Value::as_f64);
        let ms = ms.with_context(|| gap.to_owned())?;
        assert!((1.0..60.0).contains(&ms), "{gap}: {report}");
    }
    for way in ["down", "up"] {
        let bytes = report["bytes_per_second"][way].as_f64();
        assert!(bytes.is_some_and(|bytes| bytes > 100.0), "{report}");
    }
    let gateway = &report["processes"][0];
    assert_eq!(
        (&gateway["name"], &gateway["lives"]),
        (&"gateway-1".into(), &true.into())
    );

    let text = fs::read_to_string(samples)?;
    let lines: Vec<Value> = text
        .lines()
        .map(serde_json::from_str)
        .collect::<Result<_, _>>()?;
    assert!(lines[0]["begun_unix_ms"].is_u64(), "{text}");
    let bots = lines[1..].iter().map(|line| line["bot"].as_str());
    for name in ["load-0", "load-1"] {
        assert!(bots.clone().any(|bot| bot == Some(name)), "{name}: {text}");
    }
    Ok(())
}

#[tokio::test]
async fn thin_players_come_again_without_a_password_and_are_measured_alike() -> Result<()> {
    let cluster = Cluster::start().await?;
    let samples = cluster.folder().join("samples.jsonl");
    let tokens = cluster.folder().join("tokens.json");
    let gateways = [cluster.race_address()?];
    // The first makes the accounts, the second, in the same room, has tokens.
    for _ in 0..2 {
        let mut command = load(&cluster, &gateways, 3, &samples)?;
        command.args(["--netcode", "thin", "--ramp", "1", "--warm-up", "1"]);
        command.arg("--tokens").arg(&tokens);
        let output = run(command).await?;
        let report: Value = serde_json::from_slice(&output.stdout)?;
        // Thirty; beside other tests it may be fewer, but never more.
        for rate in ["snapshots_per_second", "inputs_per_second"] {
            let measured = report[rate].as_f64().context(rate)?;
            assert!((10.0..32.0).contains(&measured), "{rate}: {report}");
        }
        assert_eq!(count(&report, "/inputs/lost")?, 0, "{report}");
        assert_eq!(count(&report, "/failures/times")?, 0, "{report}");
        assert!(report["inputs"]["applied"].is_null(), "{report}");
        let acknowledged = report
            .pointer("/acknowledged_ms/p50")
            .and_then(Value::as_f64);
        let acknowledged = acknowledged.context("acknowledgements")?;
        assert!((1.0..500.0).contains(&acknowledged), "{report}");
        let known: Value = serde_json::from_slice(&fs::read(&tokens)?)?;
        let names: Vec<_> = known.as_object().context("tokens")?.keys().collect();
        assert_eq!(names, ["load-0", "load-1"]);
    }
    Ok(())
}

#[tokio::test]
async fn everybody_hears_what_chatting_bots_say() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut command = program("bots")?;
    command
        .args([
            "chat",
            "--json",
            "--users",
            "4",
            "--rate",
            "4",
            "--seconds",
            "3",
        ])
        .args(["--gateways", &cluster.chat_address()?]);
    let report: Value = serde_json::from_slice(&run(command).await?.stdout)?;
    assert_eq!(count(&report, "/said")?, 12, "{report}");
    assert_eq!(count(&report, "/delivered")?, 48, "{report}");
    assert_eq!(count(&report, "/lost")?, 0, "{report}");
    assert_eq!(count(&report, "/twice")?, 0, "{report}");
    Ok(())
}

#[tokio::test]
async fn people_come_in_each_way() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut command = program("bots")?;
    command
        .args(["connect", "--json", "--rate", "3", "--seconds", "2"])
        .args(["--gateways", &cluster.race_address()?]);
    let report: Value = serde_json::from_slice(&run(command).await?.stdout)?;
    for way in ["sign_up", "log_in", "resume"] {
        assert_eq!(count(&report[way], "/successes")?, 6, "{way}: {report}");
        assert_eq!(report[way]["errors"], serde_json::json!({}));
    }
    Ok(())
}

#[tokio::test]
async fn bots_go_on_at_another_gateway_and_are_counted() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let gateways = [cluster.race_address()?, cluster.add_gateway().await?];
    let samples = cluster.folder().join("samples.jsonl");
    let command = load(&cluster, &gateways, 6, &samples)?;
    let measured = tokio::spawn(run(command));
    eventually("the measurement begins", async || {
        let text = fs::read_to_string(&samples).unwrap_or_default();
        Ok(text.contains("begun_unix_ms").then_some(()))
    })
    .await?;
    cluster.fleet.gateways[0].terminate()?;
    let report: Value = serde_json::from_slice(&measured.await??.stdout)?;

    assert_eq!(count(&report, "/sessions/lost")?, 2, "{report}");
    assert_eq!(count(&report, "/sessions/resumed")?, 2, "{report}");
    assert_eq!(count(&report, "/failures/times")?, 0, "{report}");
    assert_eq!(count(&report, "/scores_back")?, 0, "{report}");
    assert_eq!(report["races"]["thrown_out"], serde_json::json!([]));
    assert_eq!(report["processes"][0]["lives"], false);
    Ok(())
}

#[tokio::test]
async fn a_bench_measures_and_writes_its_page() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (json, docs) = (
        folder.path().join("report.json"),
        folder.path().join("docs"),
    );
    let mut command = program("bench")?;
    let bin_dir = Path::new(command.get_program()).parent();
    let bin_dir = bin_dir.context("bench without a folder")?.to_owned();
    command
        .args(["run", "--quick", "--scenarios", "idle,1x4", "--bin-dir"])
        .arg(bin_dir)
        .arg("--nats-server")
        .arg(programs()?.nats_server)
        .arg("--folder")
        .arg(folder.path())
        .arg("--json")
        .arg(&json)
        .arg("--docs")
        .arg(&docs);
    let mut bench = tokio::process::Command::from(command);
    let ended = tokio::time::timeout(BENCH_TIMEOUT, bench.kill_on_drop(true).status());
    assert!(ended.await.context("the bench does not end")??.success());
    let report: Value = serde_json::from_slice(&fs::read(json)?)?;
    assert_eq!(report["failed"], serde_json::json!([]));
    let cores = |path: &str| report.pointer(path).and_then(Value::as_f64);
    assert!(cores("/idle/cores").is_some_and(|cores| cores > 0.0));
    let race = &report["races"][0];
    assert_eq!(count(race, "/passage/rooms")?, 1, "{race}");
    assert_eq!(count(race, "/inputs/lost")?, 0, "{race}");
    let raw = cores("/races/0/tcp_floor/cpu_seconds");
    assert!(raw.is_some_and(|seconds| seconds > 0.0), "{report}");
    let page = fs::read_to_string(docs.join("benchmarks.md"))?;
    for part in ["`deploy/bench --quick", "nats-server 2.", "| 1 × 4 | 4 |"] {
        assert!(page.contains(part), "{part} in {page}");
    }
    Ok(())
}
