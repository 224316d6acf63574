//! A race is driven again: fetched from the database, from a file, and from a
//! file that was changed.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use anyhow::{Context, Result};
use fleet::command::{run, stdout_of};
use fleet::wait::{eventually, eventually_within};
use fleet::{Process, Program};
use integration_tests::cluster::Cluster;
use integration_tests::programs::program;
use integration_tests::racectl::Tap;
use serde_json::Value;

/// A lap takes a bot a good minute; the last one has 30 s more.
const RACE_TIMEOUT: Duration = Duration::from_secs(180);
/// The countdown is over, and a first chunk of inputs is in the database.
const HAND_OVER_TICK: u64 = 450;

#[tokio::test]
async fn a_race_that_changed_hands_is_fetched_and_driven_again() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let events = Tap::start(&cluster, "tap-events", "race.room.*.event").await?;
    let snapshots = Tap::start(&cluster, "tap-snapshots", "race.room.*.snapshot").await?;
    let mut bots = start_bots(&cluster)?;
    let race = eventually("the race is under way", async || {
        let messages = snapshots.messages()?;
        let last = messages.last().map(|(_, snapshot)| snapshot);
        let is_under_way = |snapshot: &&Value| snapshot["tick"].as_u64() > Some(HAND_OVER_TICK);
        Ok(last.filter(is_under_way).map(|last| text(&last["race"])))
    })
    .await?;
    drop(snapshots);
    let too_early = racectl(&cluster, &["replay", "--fetch", &race]).await?;
    assert_says(&too_early, 1, &["no replay of race", &race]);

    cluster.fleet.add(Program::RaceWorker).await?;
    cluster.fleet.race_workers[0].terminate()?;
    assert!(cluster.fleet.race_workers[0].ended().await?.success());
    let closed = eventually_within(RACE_TIMEOUT, "the race is over", async || {
        let mut messages = events.messages()?.into_iter();
        Ok(messages.find(|(_, event)| event["event"] == "closed"))
    });
    let (_, closed) = closed.await?;
    assert_eq!(closed["epoch"], 2, "another worker has ended it: {closed}");
    assert!(bots.ended().await?.success());

    let file = cluster.folder().join("race.replay");
    let fetched = fetch(&cluster, &race, &file).await?;
    assert_standings(&fetched, &closed["leaderboard"])?;
    a_file_tells_the_same(&cluster, &file, &fetched).await?;
    a_touched_file_is_refuted(&cluster, &file).await
}

fn start_bots(cluster: &Cluster) -> Result<Process> {
    let mut bots = program("bots")?;
    let gateway = cluster.race_address()?;
    bots.args([
        "race",
        "--gateway",
        &gateway,
        "--room",
        "Encore",
        "--create",
    ])
    .args(["--count", "2", "--laps", "1", "--skill", "expert"]);
    Process::start(bots, "bots", cluster.fleet.run_dir())
}

async fn racectl(cluster: &Cluster, arguments: &[&str]) -> Result<Output> {
    run(cluster.fleet.racectl(arguments)?).await
}

fn path(file: &Path) -> &str {
    file.to_str().expect("a folder for tests has a plain name")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Result and inputs reach the database soon after the end.
async fn fetch(cluster: &Cluster, race: &str, file: &Path) -> Result<Value> {
    eventually("the replay is there, with its result", async || {
        let arguments = ["replay", "--fetch", race, "--save", path(file), "--verify"];
        let mut command: Command = cluster.fleet.racectl(&arguments)?;
        command.arg("--json");
        let output = run(command).await?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let is_on_its_way = said.contains("no replay") || said.contains("not complete");
            assert!(is_on_its_way, "{said}");
            return Ok(None);
        }
        let report: Value = serde_json::from_slice(&output.stdout)?;
        Ok((report["is_compared_with_result"] == true).then_some(report))
    })
    .await
}

fn assert_standings(fetched: &Value, leaderboard: &Value) -> Result<()> {
    assert_eq!(fetched["is_confirmed"], true, "{fetched}");
    assert_eq!(fetched["mode"], "circuit");
    let computed = fetched["standings"].as_array().context("standings")?;
    let published = leaderboard.as_array().context("a leaderboard")?;
    assert_eq!(computed.len(), 2);
    for (computed, published) in computed.iter().zip(published) {
        for key in [
            "place",
            "player",
            "seat",
            "score",
            "laps",
            "time_ms",
            "best_lap_ms",
        ] {
            assert_eq!(computed[key], published[key], "{key} of {computed}");
        }
    }
    Ok(())
}

async fn a_file_tells_the_same(cluster: &Cluster, file: &Path, fetched: &Value) -> Result<()> {
    let arguments = ["replay", path(file), "--verify"];
    let report = stdout_of(cluster.fleet.racectl(&arguments)?).await?;
    println!("{report}");
    let score = fetched["standings"][0]["score"].to_string();
    for part in [
        &text(&fetched["track"]),
        &score,
        "the race ends as recorded",
    ] {
        assert!(report.contains(part), "{part} in {report}");
    }
    let bytes = fs::metadata(file)?.len();
    assert_eq!(fetched["bytes"], bytes);
    assert!(bytes < 25 * 1024, "{bytes} bytes");
    Ok(())
}

async fn a_touched_file_is_refuted(cluster: &Cluster, file: &Path) -> Result<()> {
    let good = fs::read(file)?;
    for at in [0, 30, good.len() / 2, good.len() - 1] {
        let mut bytes = good.clone();
        bytes[at] ^= 1;
        fs::write(file, &bytes)?;
        let output = racectl(cluster, &["replay", path(file), "--verify"]).await?;
        assert_says(&output, 1, &[path(file), "is not a replay"]);
    }
    fs::write(file, &good[..good.len() / 2])?;
    let output = racectl(cluster, &["replay", path(file)]).await?;
    assert_says(&output, 1, &["is not a replay"]);
    Ok(())
}

fn assert_says(output: &Output, status: i32, parts: &[&str]) {
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(status), "{said}");
    for part in parts {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[tokio::test]
async fn racectl_says_which_replay_it_cannot_show_and_why() -> Result<()> {
    let cluster = Cluster::start().await?;
    let race = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
    let cases: [(&[&str], i32, &str); 6] = [
        (&["replay", "--fetch", race], 1, race),
        (&["replay", "--fetch", "friday"], 64, "26 characters"),
        (&["replay"], 64, "FILE"),
        (&["replay", "a", "--fetch", race], 64, "cannot be used with"),
        (&["replay", "a", "--save", "b"], 64, "cannot be used with"),
        (
            &["replay", "/nowhere/race.replay"],
            1,
            "/nowhere/race.replay",
        ),
    ];
    for (arguments, status, part) in cases {
        let output = racectl(&cluster, arguments).await?;
        assert_says(&output, status, &[part]);
    }
    Ok(())
}
