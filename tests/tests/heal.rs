//! What happens to NATS, and that everything heals by itself: restarted, emptied, out
//! of disk, slow.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use client_core::protocol::lobby::RoomSettings;
use fleet::wait::eventually;
use integration_tests::cluster::Cluster;
use serde_json::json;

/// How long after a restart the lobby may be behind.
const CURRENT_WITHIN: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_program_without_nats_says_so_and_is_ready_again_by_itself() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    cluster.fleet.nats_servers[0].kill()?;
    cluster.fleet.nats_servers[0].ended().await?;
    for program in cluster.fleet.programs_mut() {
        let (status, text) = program.ready_page().await?;
        ensure!(status == 503, "{}: {status} {text}", program.name());
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines, ["not ready", "- there is no connection to NATS"]);
    }
    cluster.fleet.nats_servers[0].restart().await?;
    cluster.all_ready().await
}

#[tokio::test]
async fn the_lobby_is_current_within_a_second_of_a_restart() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    for restart in 0..3 {
        cluster.crash_nats(Duration::from_millis(300)).await?;
        let accepts = Instant::now();
        let name = format!("room-{restart}");
        ada.create(&name, RoomSettings::default()).await?;
        bob.sees_room(&name).await?;
        let took = accepts.elapsed();
        println!("restart {restart}: a new room was in the lobby after {took:?}");
        ensure!(took <= CURRENT_WITHIN, "after {took:?}");
        ada.leave().await?;
        bob.misses_room(&name).await?;
    }
    Ok(())
}

#[tokio::test]
async fn everything_works_on_a_nats_that_came_back_empty() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    ada.create("before", RoomSettings::default()).await?;
    bob.sees_room("before").await?;
    cluster.empty_nats(Duration::from_millis(300)).await?;
    cluster.all_ready().await?;
    bob.misses_room("before").await?;
    let cy = cluster.racer("Cy").await?;
    cy.create("after", RoomSettings::default()).await?;
    bob.sees_room("after").await?;
    bob.join("after").await?;
    Ok(())
}

#[tokio::test]
async fn a_deleted_bucket_is_there_again_and_what_was_in_it_is_gone_from_the_lobby() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    ada.create("before", RoomSettings::default()).await?;
    bob.sees_room("before").await?;
    let mut nats = cluster.plain_nats().await?;
    for stream in ["KV_rooms", "KV_checkpoints"] {
        let delete = format!("$JS.API.STREAM.DELETE.{stream}");
        let deleted = nats.request(&delete, "").await?.json()?;
        ensure!(deleted["success"] == true, "{deleted}");
    }
    bob.misses_room("before").await?;
    cluster.all_ready().await?;
    let cy = cluster.racer("Cy").await?;
    cy.create("after", RoomSettings::default()).await?;
    bob.sees_room("after").await
}

/// As when its disk is full: a stream that takes nothing.
#[tokio::test]
async fn a_bucket_that_takes_no_writes_is_said_and_forgotten_once_it_does() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    set_sealed(&mut nats, "KV_seats", 1).await?;
    let ada = cluster.racer("Ada").await?;
    let refused = ada
        .refused(|client| client.create_room("full", RoomSettings::default(), Default::default()))
        .await?;
    println!("{refused}");
    eventually("a gateway that says what is wrong", async || {
        ada.act(|racer| {
            let settings = RoomSettings::default();
            racer
                .client
                .create_room("full", settings, Default::default());
        });
        let (status, text) = cluster.fleet.gateways[0].ready_page().await?;
        Ok((status == 503 && text.contains("nothing in seats")).then_some(()))
    })
    .await?;
    set_sealed(&mut nats, "KV_seats", -1).await?;
    cluster.all_ready().await
}

/// Limits a bucket's stream to so many bytes, none of which is discarded.
async fn set_sealed(
    nats: &mut integration_tests::raw_nats::RawNats,
    stream: &str,
    bytes_max: i64,
) -> Result<()> {
    let info = nats
        .request(&format!("$JS.API.STREAM.INFO.{stream}"), "")
        .await?
        .json()?;
    let mut config = info["config"].clone();
    config["max_bytes"] = json!(bytes_max);
    config["discard"] = json!("new");
    let update = format!("$JS.API.STREAM.UPDATE.{stream}");
    let updated = nats.request(&update, &config.to_string()).await?.json()?;
    ensure!(updated["error"].is_null(), "{updated}");
    Ok(())
}
