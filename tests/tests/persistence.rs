//! The database: the store's own suite on each of the three, and the real
//! program on those that are servers.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use client_core::protocol::RejectionCode;
use fleet::Plan;
use fleet::command::{run, stdout_of};
use fleet::wait::eventually;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::containers;
use integration_tests::programs::program;
use integration_tests::racer::Racer;
use integration_tests::raw_nats::RawNats;
use persistence::store::suite;
use serde_json::{Value, json};

const RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
const LATER_RACE: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAW";

#[tokio::test]
async fn the_store_keeps_its_promises_on_sqlite() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("suite.db");
    suite::run_all(&format!("sqlite://{}?mode=rwc", file.display())).await
}

#[tokio::test]
async fn the_store_keeps_its_promises_on_mysql() -> Result<()> {
    let database = containers::mysql().await?;
    suite::run_all(&database.url).await
}

#[tokio::test]
async fn the_store_keeps_its_promises_on_mariadb() -> Result<()> {
    let database = containers::mariadb().await?;
    suite::run_all(&database.url).await
}

#[tokio::test]
async fn accounts_and_results_are_kept_in_mysql() -> Result<()> {
    let database = containers::mysql().await?;
    accounts_and_results_are_kept_in(&database.url).await
}

#[tokio::test]
async fn accounts_and_results_are_kept_in_mariadb() -> Result<()> {
    let database = containers::mariadb().await?;
    accounts_and_results_are_kept_in(&database.url).await
}

/// Through gateway, NATS and the persistence process, as in production.
async fn accounts_and_results_are_kept_in(url: &str) -> Result<()> {
    let plan = Plan {
        database_url: Some(url.to_owned()),
        ..Plan::default()
    };
    let cluster = Cluster::start_with(plan).await?;
    let ada = cluster.racer("Ada").await?;
    let other = Racer::connect("other", &cluster.race_address()?);
    let rejection = other
        .refused(|client| client.sign_up("ada", PASSWORD))
        .await?;
    assert_eq!(rejection.code, RejectionCode::NameTaken);
    let rejection = other
        .refused(|client| client.log_in("Ada", "wrong-horse"))
        .await?;
    assert_eq!(rejection.code, RejectionCode::WrongCredentials);

    ada.create("kept", Default::default()).await?;
    eventually("the room is kept", async || {
        Ok((cluster.fleet.database(&["rooms"]).await?[0]["name"] == "kept").then_some(()))
    })
    .await?;
    ada.leave().await?;
    eventually("the room is forgotten", async || {
        Ok((cluster.fleet.database(&["rooms"]).await? == json!([])).then_some(()))
    })
    .await?;

    let standings = json!([
        {"place": 1, "player": "Ada", "seat": 0, "score": 2300, "laps": 1,
         "time_ms": 71_000, "best_lap_ms": 71_000, "ai": false},
        {"place": 2, "player": "Bob", "seat": 1, "score": 2120, "laps": 0,
         "time_ms": null, "best_lap_ms": null, "ai": false},
    ]);
    let result = json!({"kind": "result", "race": RACE, "room": "kept", "mode": "circuit",
        "track": "harbour-ring", "laps": 1, "ended_at": 1_750_000_000_000_u64, "epoch": 1,
        "tick": 4_500, "standings": standings});
    let mut nats = cluster.plain_nats().await?;
    // Delivered twice, kept once.
    for _time in 0..2 {
        nats.publish(&subject_of(RACE), result.to_string()).await?;
    }
    let row = eventually("the result is kept", async || {
        Ok(cluster
            .fleet
            .database(&["result", "--race", RACE])
            .await
            .ok())
    })
    .await?;
    assert_eq!(row["standings"], standings);
    assert_eq!(
        (&row["track"], &row["laps"]),
        (&json!("harbour-ring"), &json!(1))
    );
    let mut gateway = cluster.plain_nats_of("gateway").await?;
    eventually("Ada's profile counts the race once", async || {
        let profile = gateway
            .request("account.profile", r#"{"player":"ada"}"#)
            .await?
            .json()?;
        let profile = &profile["Ok"];
        Ok((profile["races"] == 1 && profile["wins"] == 1).then_some(()))
    })
    .await
}

#[tokio::test]
async fn results_wait_until_there_is_somebody_to_write_them() -> Result<()> {
    let mut cluster = cluster_without_persistence().await?;
    let mut nats = cluster.plain_nats().await?;
    nats.publish(&subject_of(RACE), &result_of(RACE)).await?;
    nats.publish(&subject_of(LATER_RACE), "not JSON at all")
        .await?;

    cluster.fleet.persistence[0].restart().await?;
    result_is_kept(&cluster, RACE).await?;
    // What cannot be read is set aside.
    queue_holds(&mut nats, "RESULTS", 0).await?;
    let failed = racectl(&cluster, &["persist", "failed"]).await?;
    assert!(failed.contains(&subject_of(LATER_RACE)), "{failed}");
    Ok(())
}

#[tokio::test]
async fn an_operator_decides_about_what_was_set_aside() -> Result<()> {
    let cluster = Cluster::start_with(without_rooms()).await?;
    let mut nats = cluster.plain_nats().await?;
    assert_eq!(
        racectl(&cluster, &["persist", "failed"]).await?,
        "nothing was set aside\n"
    );
    let absurd = result_of(RACE).replace("2300", &i64::MAX.to_string());
    nats.publish(&subject_of(RACE), &absurd).await?;
    nats.publish(&subject_of(LATER_RACE), "\u{1}\u{2}").await?;
    let failed = eventually("both were set aside", async || {
        let failed = set_aside(&cluster).await?;
        Ok((failed.len() == 2).then_some(failed))
    })
    .await?;
    let key = |subject: &str| {
        let found = failed.iter().find(|line| line["subject"] == subject);
        let key = found.and_then(|line| line["key"].as_str());
        key.map(str::to_owned).context("a key")
    };
    let (absurd_key, damaged_key) = (key(&subject_of(RACE))?, key(&subject_of(LATER_RACE))?);
    let shown = racectl(&cluster, &["persist", "show", &absurd_key]).await?;
    assert!(
        shown.contains("score is out of range: 9223372036854775807"),
        "{shown}"
    );
    assert!(shown.contains(&absurd), "{shown}");
    let shown = racectl(&cluster, &["persist", "show", &damaged_key]).await?;
    assert!(shown.ends_with("\n0102\n"), "{shown}");

    // It is as absurd the second time, and is set aside under another key.
    racectl(&cluster, &["persist", "retry", &absurd_key]).await?;
    eventually("it was set aside again", async || {
        let failed = set_aside(&cluster).await?;
        let is_other = failed.iter().all(|line| line["key"] != absurd_key.as_str());
        Ok((failed.len() == 2 && is_other).then_some(()))
    })
    .await?;
    for (arguments, problem) in [
        (
            ["show", absurd_key.as_str()],
            "there is no message record.results.",
        ),
        (
            ["drop", "checkpoint.duel.1"],
            "there is no message checkpoint.duel.1",
        ),
    ] {
        let command = cluster
            .fleet
            .racectl(&[&["persist"][..], &arguments].concat())?;
        let output = run(command).await?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(problem), "{said}");
    }
    racectl(&cluster, &["persist", "drop", "--all"]).await?;
    assert_eq!(set_aside(&cluster).await?, Vec::<Value>::new());
    Ok(())
}

#[tokio::test]
async fn a_record_of_an_unknown_kind_waits_and_holds_up_nothing() -> Result<()> {
    let cluster = Cluster::start_with(without_rooms()).await?;
    let mut nats = cluster.plain_nats().await?;
    let weather = json!({"version": 2, "kind": "weather", "race": RACE}).to_string();
    nats.publish(&subject_of(RACE), &weather).await?;
    nats.publish(&subject_of(LATER_RACE), &result_of(LATER_RACE))
        .await?;
    result_is_kept(&cluster, LATER_RACE).await?;
    queue_holds(&mut nats, "RESULTS", 1).await?;
    assert_eq!(set_aside(&cluster).await?, Vec::<Value>::new());
    let log = cluster.fleet.persistence[0].log();
    assert!(log.contains("weather"), "the log names it");
    Ok(())
}

#[tokio::test]
async fn the_oldest_replays_are_discarded_and_that_is_said() -> Result<()> {
    let mut cluster = cluster_without_persistence().await?;
    let mut nats = cluster.plain_nats().await?;
    let info = nats.request("$JS.API.STREAM.INFO.REPLAYS", "").await?;
    let mut config = info.json()?["config"].clone();
    assert_eq!(config["discard"], "old");
    config["max_bytes"] = json!(64 << 10);
    let updated = nats
        .request("$JS.API.STREAM.UPDATE.REPLAYS", &config.to_string())
        .await?
        .json()?;
    ensure!(updated["config"]["max_bytes"] == 64 << 10, "{updated}");
    for number in 0..20 {
        let chunk = json!({"kind": "replay_chunk", "race": RACE, "first_tick": number * 300,
            "ticks": 300, "epoch": 1, "bytes": "AAAA".repeat(2_048)});
        let subject = format!("record.replay.{RACE}.{}", number * 300);
        nats.publish(&subject, chunk.to_string()).await?;
    }
    let info = nats.request("$JS.API.STREAM.INFO.REPLAYS", "").await?;
    let kept = info.json()?["state"]["messages"].as_u64();
    let kept = kept.context("a number of messages")?;
    ensure!((1..20).contains(&kept), "{kept} are kept");
    cluster.fleet.persistence[0].restart().await?;
    queue_holds(&mut nats, "REPLAYS", 0).await?;
    let persistence = &cluster.fleet.persistence[0];
    let said = "the stream REPLAYS was full";
    assert_eq!(persistence.log().matches(said).count(), 1);
    let metrics = persistence.metrics().await?;
    let discarded = metrics.value("persistence_replays_discarded_total");
    assert_eq!(discarded, (20 - kept) as f64);
    Ok(())
}

#[tokio::test]
async fn the_latest_record_of_a_room_supersedes_the_others() -> Result<()> {
    let cluster = cluster_without_persistence().await?;
    let mut nats = cluster.plain_nats().await?;
    let subject = format!("record.room.{RACE}");
    for record in [
        json!({"kind": "room", "race": RACE, "name": "kept", "settings": {}, "phase": "waiting",
            "players": 1, "owner": "0000002a", "epoch": 1, "revision": 1}),
        json!({"kind": "room_closed", "race": RACE}),
    ] {
        nats.publish(&subject, record.to_string()).await?;
    }
    for _time in 0..3 {
        nats.publish("record.players.worker.0000002a.0", "{}")
            .await?;
    }
    queue_holds(&mut nats, "RECORDS", 2).await
}

#[tokio::test]
async fn the_queue_outlives_its_server_and_its_reader() -> Result<()> {
    let mut cluster = cluster_without_persistence().await?;
    let mut nats = cluster.plain_nats().await?;
    nats.publish(&subject_of(RACE), &result_of(RACE)).await?;
    queue_holds(&mut nats, "RESULTS", 1).await?;

    cluster.crash_nats(Duration::from_millis(100)).await?;
    cluster.fleet.persistence[0].restart().await?;
    // What was in the stream.
    result_is_kept(&cluster, RACE).await?;

    cluster.crash_nats(Duration::from_millis(100)).await?;
    let mut nats = cluster.plain_nats().await?;
    nats.publish(&subject_of(LATER_RACE), &result_of(LATER_RACE))
        .await?;
    // Who reads the stream has noticed.
    result_is_kept(&cluster, LATER_RACE).await
}

#[tokio::test]
async fn a_report_on_a_database_that_is_not_there_creates_none() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("missing.db");
    let mut command = program("persistence")?;
    command.args([
        "--database",
        &format!("sqlite://{}", file.display()),
        "rooms",
    ]);
    let output = run(command).await?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(!said.trim().is_empty());
    assert!(!file.try_exists().context("the folder is there")?);
    Ok(())
}

fn subject_of(race: &str) -> String {
    format!("record.result.{race}")
}

fn without_rooms() -> Plan {
    Plan {
        race_workers: 0,
        gateways: 0,
        ..Plan::default()
    }
}

async fn racectl(cluster: &Cluster, arguments: &[&str]) -> Result<String> {
    stdout_of(cluster.fleet.racectl(arguments)?).await
}

async fn set_aside(cluster: &Cluster) -> Result<Vec<Value>> {
    let lines = racectl(cluster, &["persist", "failed", "--json"]).await?;
    Ok(serde_json::from_str(&lines)?)
}

/// What a room records of a race that Ada has won.
fn result_of(race: &str) -> String {
    json!({"kind": "result", "race": race, "room": "kept", "mode": "circuit",
        "track": "harbour-ring", "laps": 1, "ended_at": 1, "epoch": 1, "tick": 1,
        "standings": [{"place": 1, "player": "Ada", "seat": 0, "score": 2300, "laps": 1,
            "time_ms": 1, "best_lap_ms": 1}]})
    .to_string()
}

async fn cluster_without_persistence() -> Result<Cluster> {
    let mut cluster = Cluster::start_with(without_rooms()).await?;
    cluster.fleet.persistence[0].terminate()?;
    let status = cluster.fleet.persistence[0].ended().await?;
    ensure!(status.success(), "persistence ends cleanly");
    Ok(cluster)
}

async fn result_is_kept(cluster: &Cluster, race: &str) -> Result<()> {
    let args = ["result", "--race", race];
    let kept = eventually("the result is kept", async || {
        Ok(cluster.fleet.database(&args).await.ok())
    });
    kept.await.map(drop)
}

async fn queue_holds(nats: &mut RawNats, stream: &str, messages: u64) -> Result<()> {
    let question = format!("$JS.API.STREAM.INFO.{stream}");
    eventually("the length of the queue", async || {
        let info = nats.request(&question, "").await?;
        Ok((info.json()?["state"]["messages"] == messages).then_some(()))
    })
    .await
}
