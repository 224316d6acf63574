//! The database: the store's own suite on each of the three, and the real
//! program on those that are servers.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use client_core::protocol::RejectionCode;
use fleet::Plan;
use fleet::command::run;
use fleet::wait::eventually;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::containers;
use integration_tests::programs::program;
use integration_tests::racer::Racer;
use integration_tests::raw_nats::RawNats;
use persistence::store::suite;
use serde_json::json;

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
        nats.publish("persist.result", &result.to_string()).await?;
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
    eventually("Ada's profile counts the race once", async || {
        let profile = nats
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
    nats.publish("persist.result", &result_of(RACE)).await?;
    nats.publish("persist.result", "not JSON at all").await?;

    cluster.fleet.persistence[0].restart().await?;
    result_is_kept(&cluster, RACE).await?;
    // What cannot be read is given up.
    queue_holds(&mut nats, 0).await
}

#[tokio::test]
async fn the_queue_outlives_its_server_and_its_reader() -> Result<()> {
    let mut cluster = cluster_without_persistence().await?;
    let mut nats = cluster.plain_nats().await?;
    nats.publish("persist.result", &result_of(RACE)).await?;
    queue_holds(&mut nats, 1).await?;

    cluster.crash_nats(Duration::from_millis(100)).await?;
    cluster.fleet.persistence[0].restart().await?;
    // What was in the stream.
    result_is_kept(&cluster, RACE).await?;

    cluster.crash_nats(Duration::from_millis(100)).await?;
    let mut nats = cluster.plain_nats().await?;
    nats.publish("persist.result", &result_of(LATER_RACE))
        .await?;
    // Who reads the stream has noticed.
    result_is_kept(&cluster, LATER_RACE).await
}

#[tokio::test]
async fn the_reader_that_an_earlier_version_left_is_replaced() -> Result<()> {
    let mut cluster = cluster_without_persistence().await?;
    let mut nats = cluster.plain_nats().await?;
    let delete = "$JS.API.CONSUMER.DELETE.PERSIST.persistence";
    let deleted = nats.request(delete, "").await?.json()?;
    ensure!(deleted["success"] == true, "{deleted}");
    let reader = json!({"stream_name": "PERSIST", "config": {"durable_name": "persistence",
        "deliver_policy": "all", "ack_policy": "explicit", "replay_policy": "instant"}});
    let create = "$JS.API.CONSUMER.DURABLE.CREATE.PERSIST.persistence";
    let created = nats.request(create, &reader.to_string()).await?.json()?;
    ensure!(created["name"] == "persistence", "{created}");
    nats.publish("persist.result", &result_of(RACE)).await?;

    cluster.fleet.persistence[0].restart().await?;
    result_is_kept(&cluster, RACE).await
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

/// What a room records of a race that Ada has won.
fn result_of(race: &str) -> String {
    json!({"kind": "result", "race": race, "room": "kept", "mode": "circuit",
        "track": "harbour-ring", "laps": 1, "ended_at": 1, "epoch": 1, "tick": 1,
        "standings": [{"place": 1, "player": "Ada", "seat": 0, "score": 2300, "laps": 1,
            "time_ms": 1, "best_lap_ms": 1}]})
    .to_string()
}

async fn cluster_without_persistence() -> Result<Cluster> {
    let mut cluster = Cluster::start().await?;
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

async fn queue_holds(nats: &mut RawNats, messages: u64) -> Result<()> {
    eventually("the length of the queue", async || {
        let info = nats.request("$JS.API.STREAM.INFO.PERSIST", "").await?;
        Ok((info.json()?["state"]["messages"] == messages).then_some(()))
    })
    .await
}
