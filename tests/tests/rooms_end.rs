//! How rooms end, and that nothing holds that up: a full stream, a damaged
//! checkpoint, people who do nothing.

use std::time::Duration;

use anyhow::{Context, Result};
use client_core::protocol::lobby::{Phase, RoomSettings};
use client_core::protocol::room::{CloseReason, LeaveReason, RoomEventBody};
use domain::Mode;
use fleet::command::stdout_of;
use fleet::wait::eventually;
use fleet::{LOOPBACK, Plan, Program};
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::racer::Racer;
use integration_tests::raw_nats::RawNats;
use integration_tests::tcp_proxy::TcpProxy;
use serde_json::{Value, json};

/// A race of some seconds.
fn sprint(seats: u8) -> RoomSettings {
    RoomSettings {
        seats,
        mode: Mode::Highway,
        target_metres: 60,
        ..RoomSettings::default()
    }
}

fn seats(seats: u8) -> RoomSettings {
    RoomSettings {
        seats,
        ..RoomSettings::default()
    }
}

/// A cluster whose race worker has these arguments.
async fn cluster_with(arguments: &[&str]) -> Result<Cluster> {
    let plan = Plan {
        race_workers: 0,
        ..Plan::default()
    };
    let mut cluster = Cluster::start_with(plan).await?;
    let mut command = cluster.fleet.command(Program::RaceWorker)?;
    command.args(arguments);
    let added = cluster
        .fleet
        .add_command(Program::RaceWorker, command, LOOPBACK);
    added.await?;
    Ok(cluster)
}

/// Gives all streams of records as much space.
async fn limit_streams(nats: &mut RawNats, bytes_max: i64) -> Result<()> {
    let names = nats.request("$JS.API.STREAM.NAMES", "{}").await?.json()?;
    let names = names["streams"].as_array().context("names of streams")?;
    for name in names.iter().filter_map(Value::as_str) {
        if name.starts_with("KV_") || name == "CHAT" {
            continue;
        }
        let subject = format!("$JS.API.STREAM.INFO.{name}");
        let info = nats.request(&subject, "").await?;
        let mut config = info.json()?["config"].take();
        config["max_bytes"] = json!(bytes_max);
        let subject = format!("$JS.API.STREAM.UPDATE.{name}");
        let updated = nats.request(&subject, &config.to_string()).await?.json()?;
        anyhow::ensure!(updated["error"].is_null(), "{name}: {updated}");
    }
    Ok(())
}

/// The keys of a bucket.
async fn keys(nats: &mut RawNats, bucket: &str) -> Result<Vec<String>> {
    let subject = format!("$JS.API.STREAM.INFO.KV_{bucket}");
    let filter = json!({"subjects_filter": format!("$KV.{bucket}.>")});
    let info = nats.request(&subject, &filter.to_string()).await?.json()?;
    let mut there = Vec::new();
    for subject in info["state"]["subjects"].as_object().into_iter().flatten() {
        let get = json!({"last_by_subj": subject.0});
        let message = nats
            .request(
                &format!("$JS.API.STREAM.MSG.GET.KV_{bucket}"),
                &get.to_string(),
            )
            .await?
            .json()?;
        // A marker of a deletion has a header, and no bytes.
        if !message["message"]["data"].is_null() {
            there.extend(subject.0.rsplit('.').next().map(str::to_owned));
        }
    }
    Ok(there)
}

#[tokio::test]
async fn a_room_ends_while_its_streams_are_full_and_its_result_arrives_later() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    let ada = cluster.racer("Ada").await?;
    ada.create("sprint", sprint(1)).await?;
    ada.in_phase(Phase::Racing).await?;
    let race = ada.look(|racer| racer.client.room().map(|room| room.view().race));
    let race = race.context("Ada is in a room")?.to_string();
    cluster.fleet.persistence[0].suspend()?;
    limit_streams(&mut nats, 1).await?;

    let result = ada
        .find("the result", |racer| racer.result().cloned())
        .await?;
    assert_eq!(result.reason, CloseReason::Finished);
    ada.act(|racer| racer.client.dismiss_result());
    ada.lobby_shows("nothing", <[_]>::is_empty).await?;
    eventually("the result is kept", async || {
        let kept = keys(&mut nats, "results").await?;
        Ok(kept.contains(&race).then_some(()))
    })
    .await?;
    // The name is free, and no other owner has taken the room over.
    ada.create("sprint", sprint(2)).await?;
    let log = cluster.fleet.race_workers[0].log();
    assert!(!log.contains("room taken over"), "{log}");

    limit_streams(&mut nats, 64 << 20).await?;
    cluster.fleet.persistence[0].resume()?;
    eventually("the result is in the database", async || {
        let found = cluster.fleet.database(&["result", "--race", &race]).await;
        Ok(found.ok())
    })
    .await?;
    eventually("the bucket is empty", async || {
        let kept = keys(&mut nats, "results").await?;
        Ok(kept.is_empty().then_some(()))
    })
    .await
}

#[tokio::test]
async fn a_damaged_checkpoint_is_set_aside_and_its_name_is_free() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    // Of the version that is written, and cut off. The other is of a later version.
    nats.request("$KV.checkpoints.made", "\u{2}\u{1}").await?;
    nats.request("$KV.checkpoints.left", "\u{2}\u{1}").await?;
    nats.request("$KV.checkpoints.newer", "\u{3}\u{1}").await?;

    let ada = cluster.racer("Ada").await?;
    ada.create("made", seats(2)).await?;
    let racectl = async |arguments: &[&str]| stdout_of(cluster.fleet.racectl(arguments)?).await;
    let list = eventually("both are set aside", async || {
        let list: Value =
            serde_json::from_str(&racectl(&["rooms", "quarantined", "--json"]).await?)?;
        let is_complete = list.as_array().is_some_and(|list| list.len() == 2);
        Ok(is_complete.then_some(list))
    })
    .await?;
    let rooms: Vec<_> = (0..2)
        .filter_map(|index| list[index]["quarantined"]["origin"]["room"].as_str())
        .collect();
    assert!(rooms.contains(&"made") && rooms.contains(&"left"), "{list}");
    let table = racectl(&["rooms", "quarantined"]).await?;
    assert!(table.contains("a damaged checkpoint"), "{table}");
    let mut checkpoints = keys(&mut nats, "checkpoints").await?;
    checkpoints.sort();
    assert_eq!(
        checkpoints,
        ["made", "newer"],
        "a later version is left alone"
    );
    let bob = cluster.racer("Bob").await?;
    bob.create("left", seats(2)).await?;

    let key = list[0]["key"].as_str().context("a key")?;
    racectl(&["rooms", "drop", key]).await?;
    racectl(&["rooms", "drop", "--all"]).await?;
    assert_eq!(
        racectl(&["rooms", "quarantined"]).await?,
        "no damaged checkpoints\n"
    );
    Ok(())
}

#[tokio::test]
async fn an_epoch_beyond_the_largest_silences_no_race() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats_of("gateway").await?;
    let ada = cluster.racer("Ada").await?;
    ada.create("duel", seats(1)).await?;
    ada.racing().await?;
    for (epoch, code) in [
        (u32::MAX, "bad_message"),
        (i32::MAX as u32 + 1, "bad_message"),
        (i32::MAX as u32, "unavailable"),
    ] {
        let claim = json!({"room": "duel", "seen_epoch": epoch}).to_string();
        let answer = nats.request("race.claim", &claim).await?.json()?;
        assert!(answer.to_string().contains(code), "{epoch}: {answer}");
    }
    let score = ada.look(Racer::score);
    ada.until("scoring on", |racer| racer.score() > score).await
}

#[tokio::test]
async fn a_create_request_that_is_repeated_gets_its_first_answer() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats_of("gateway").await?;
    let create = |creator: &str, request: &str| {
        json!({"name": "duel", "settings": {}, "creator": creator, "request": request}).to_string()
    };
    let first = create("Ada", "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    let made = nats.request("race.create", &first).await?.json()?;
    assert!(made["Ok"]["race"].is_string(), "{made}");
    assert_eq!(nats.request("race.create", &first).await?.json()?, made);
    for other in [
        create("Bob", "01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        create("Ada", "01ARZ3NDEKTSV4RRFFQ69G5FAW"),
    ] {
        let refused = nats.request("race.create", &other).await?.json()?;
        assert!(refused.to_string().contains("room_exists"), "{refused}");
    }
    Ok(())
}

#[tokio::test]
async fn an_idle_driver_is_warned_and_its_race_of_one_closes() -> Result<()> {
    let cluster = cluster_with(&["--idle-driver-s", "4"]).await?;
    let ada = cluster.racer("Ada").await?;
    ada.act(|racer| racer.is_idle = true);
    ada.create("solo", seats(1)).await?;
    ada.sees("a warning", |event| {
        matches!(event, RoomEventBody::IdleWarning { seconds: 1, .. })
    })
    .await?;
    let watcher = cluster.racer("Eve").await?;
    ada.notices("you did nothing for too long and have left the room")
        .await?;
    watcher.lobby_shows("nothing", <[_]>::is_empty).await
}

#[tokio::test]
async fn a_driver_that_answers_the_warning_stays() -> Result<()> {
    let cluster = cluster_with(&["--idle-driver-s", "4"]).await?;
    let ada = cluster.racer("Ada").await?;
    ada.act(|racer| racer.is_idle = true);
    ada.create("solo", seats(1)).await?;
    let warnings = |racer: &Racer| {
        let is_warning = |event: &&client_core::protocol::room::RoomEvent| {
            matches!(event.body, RoomEventBody::IdleWarning { .. })
        };
        racer.events.iter().filter(is_warning).count()
    };
    for warning in 1..=2 {
        ada.until("warned", |racer| warnings(racer) == warning)
            .await?;
        ada.act(|racer| racer.client.stay());
    }
    assert_eq!(ada.look(Racer::phase), Some(Phase::Racing));
    Ok(())
}

#[tokio::test]
async fn an_idle_host_goes_to_the_lobby_and_the_room_to_the_next() -> Result<()> {
    let cluster = cluster_with(&["--idle-host-s", "5"]).await?;
    let ada = cluster.racer("Ada").await?;
    let bob = cluster.racer("Bob").await?;
    ada.create("duel", seats(3)).await?;
    bob.join("duel").await?;
    bob.sees(
        "another host",
        |event| matches!(event, RoomEventBody::HostChanged { player } if player.as_str() == "Bob"),
    )
    .await?;
    ada.in_lobby().await?;
    bob.in_lobby().await?;
    ada.lobby_shows("nothing", <[_]>::is_empty).await
}

#[tokio::test]
async fn a_lost_connection_frees_its_seat_and_no_race_starts_against_nobody() -> Result<()> {
    let cluster = cluster_with(&["--waiting-seat-s", "2"]).await?;
    let proxy = TcpProxy::to(cluster.race_address()?).await?;
    let ada = Racer::connect("Ada", &proxy.address());
    ada.act(|racer| racer.client.sign_up("Ada", PASSWORD));
    ada.in_lobby().await?;
    let bob = cluster.racer("Bob").await?;
    ada.create("duel", seats(3)).await?;
    bob.join("duel").await?;
    proxy.cut();
    bob.sees("a seat that is free", |event| {
        matches!(
            event,
            RoomEventBody::Left {
                reason: LeaveReason::Lost,
                ..
            }
        )
    })
    .await?;
    let eve = cluster.racer("Eve").await?;
    eve.join("duel").await?;
    assert_eq!(eve.look(Racer::phase), Some(Phase::Waiting));
    proxy.restore();
    ada.find("its room again", Racer::seat).await.map(drop)
}

#[tokio::test]
async fn rows_of_all_players_of_a_worker_travel_together() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    nats.subscribe("record.players.worker.>").await?;
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    ada.create("one", seats(1)).await?;
    bob.create("two", seats(1)).await?;
    ada.racing().await?;
    bob.racing().await?;
    let together = async {
        loop {
            let message = nats.next().await?.json()?;
            let players = message["players"].as_array().context("rows")?;
            let of = |name: &str| players.iter().any(|row| row["player"] == name);
            if of("Ada") && of("Bob") {
                return anyhow::Ok(());
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(20), together)
        .await
        .context("rows of both races in one message")?
}
