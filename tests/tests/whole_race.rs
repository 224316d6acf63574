//! A race from end to end, on NATS in a container, seen from everywhere.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use fleet::command::{run_with_input, stdout_of};
use fleet::wait::{eventually, eventually_within};
use fleet::{NatsSource, Plan, Process};
use integration_tests::cluster::Cluster;
use integration_tests::containers;
use integration_tests::programs::program;
use integration_tests::racectl::Tap;
use serde_json::{Value, json};

/// A lap takes a bot a good minute; the last one has 30 s more.
const RACE_TIMEOUT: Duration = Duration::from_secs(180);

#[tokio::test]
async fn a_race_of_bots_on_containerised_nats_ends_with_a_result_in_the_database() -> Result<()> {
    let nats = containers::nats().await?;
    let plan = Plan {
        nats: NatsSource::Existing {
            url: nats.service.url.clone(),
            users: nats.users.clone(),
        },
        race_workers: 2,
        ..Plan::default()
    };
    let cluster = Cluster::start_with(plan).await?;
    let events = Tap::start(&cluster, "tap-events", "race.room.*.event").await?;
    let snapshots = Tap::start(&cluster, "tap-snapshots", "race.room.*.snapshot").await?;

    let mut bots = start_bots(&cluster)?;
    let race = operator_sees_the_room(&cluster).await?;
    positions_move(&snapshots).await?;
    decode_reads_what_a_plain_client_got(&cluster).await?;
    let race = race.as_str().context("a race has an id")?.to_owned();

    let ended = eventually_within(RACE_TIMEOUT, "the bots have finished", async || {
        Ok(events
            .messages()?
            .into_iter()
            .find(|(_, event)| event["event"] == "closed"))
    });
    let (_subject, closed) = ended.await?;
    ensure!(bots.ended().await?.success(), "the bots report a winner");
    let output = bots.stdout();
    let summary = output.lines().last().context("the bots print a summary")?;
    let summary: Value = serde_json::from_str(summary)?;
    assert_eq!(summary["race"], race);
    assert_told_in_order(&events, &summary)?;
    assert_leaderboard(&closed, &summary);

    let row = eventually("the result is in the database", async || {
        Ok(cluster
            .fleet
            .database(&["result", "--race", &race])
            .await
            .ok())
    })
    .await?;
    assert_eq!(row["standings"], closed["leaderboard"], "{row}");
    assert_eq!(row["room"], "Grand-Prix");
    nothing_is_left(&cluster).await
}

fn start_bots(cluster: &Cluster) -> Result<Process> {
    let mut bots = program("bots")?;
    let gateway = cluster.race_address()?;
    bots.args([
        "race",
        "--gateway",
        &gateway,
        "--room",
        "Grand-Prix",
        "--create",
        "--json",
    ])
    .args(["--count", "3", "--laps", "1", "--skill", "expert"]);
    Process::start(bots, "bots", cluster.fleet.run_dir())
}

/// `racectl rooms`: who runs the room, under which epoch. Gives the race.
async fn operator_sees_the_room(cluster: &Cluster) -> Result<Value> {
    let room = eventually("racectl lists the race", async || {
        let rooms = stdout_of(cluster.fleet.racectl(&["rooms", "--json"])?).await?;
        let rooms: Value = serde_json::from_str(&rooms)?;
        Ok((rooms[0]["phase"] == "racing").then(|| rooms[0].clone()))
    })
    .await?;
    assert_eq!(room["name"], "Grand-Prix");
    assert_eq!(room["epoch"], 1);
    let players: BTreeSet<_> = list(&room["players"])
        .iter()
        .filter_map(Value::as_str)
        .collect();
    assert!(players.iter().eq(&["bot-1", "bot-2", "bot-3"]), "{room}");
    let owner = room["owner"].as_str().context("a room has an owner")?;
    let table = stdout_of(cluster.fleet.racectl(&["rooms"])?).await?;
    assert!(table.contains("EPOCH") && table.contains(owner), "{table}");
    Ok(room["race"].clone())
}

/// `racectl tap`: cars drive.
async fn positions_move(snapshots: &Tap) -> Result<()> {
    eventually("racectl shows every car move", async || {
        let messages = snapshots.messages()?;
        let places = |seat: usize| {
            let place = |(_, snapshot): &(String, Value)| {
                let car = &snapshot["cars"][seat];
                Some((car["x_m"].as_f64()? as i64, car["y_m"].as_f64()? as i64))
            };
            messages
                .iter()
                .filter_map(place)
                .collect::<HashSet<_>>()
                .len()
        };
        Ok((0..3).all(|seat| places(seat) > 20).then_some(()))
    })
    .await
}

/// `nats sub … --translate 'racectl decode'`, without that tool.
async fn decode_reads_what_a_plain_client_got(cluster: &Cluster) -> Result<()> {
    let mut nats = cluster.plain_nats().await?;
    nats.subscribe("race.room.*.snapshot").await?;
    let snapshot = nats.next().await?;
    let output = run_with_input(cluster.fleet.racectl(&["decode"])?, &snapshot.payload).await?;
    let decoded: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(
        decoded["cars"].as_array().map(Vec::len),
        Some(3),
        "{decoded}"
    );
    assert!(decoded["cars"][0]["speed_kmh"].is_number(), "{decoded}");

    let output = run_with_input(cluster.fleet.racectl(&["decode"])?, &[0xff; 9]).await?;
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr)?;
    assert!(said.contains("9 bytes that are neither"), "{said}");
    Ok(())
}

fn assert_told_in_order(events: &Tap, summary: &Value) -> Result<()> {
    let messages = events.messages()?;
    assert!(
        messages
            .iter()
            .all(|(subject, _)| subject == "race.room.grand-prix.event")
    );
    let kinds: Vec<&str> = messages
        .iter()
        .map(|(_, event)| event["event"].as_str().unwrap_or_default())
        .collect();
    let count = |kind: &str| kinds.iter().filter(|other| **other == kind).count();
    assert_eq!(count("joined"), 3, "{kinds:?}");
    for kind in ["countdown", "started", "winner", "closed"] {
        assert_eq!(count(kind), 1, "{kind} in {kinds:?}");
    }
    let places = ["joined", "countdown", "started", "lap", "winner", "closed"]
        .map(|kind| kinds.iter().position(|other| *other == kind));
    assert!(places.is_sorted() && places[0].is_some(), "{kinds:?}");
    let winner = messages
        .iter()
        .find(|(_, event)| event["event"] == "winner");
    let winner = winner.map(|(_, event)| &event["player"]);
    assert_eq!(winner, Some(&summary["winner"]));
    let mut identities = HashSet::new();
    for (_, event) in &messages {
        let identity = format!("{} {} {}", event["race"], event["tick"], event["index"]);
        assert!(identities.insert(identity), "twice: {event}");
    }
    Ok(())
}

fn assert_leaderboard(closed: &Value, summary: &Value) {
    assert_eq!(closed["reason"], "finished");
    let board = list(&closed["leaderboard"]);
    let scores: Vec<_> = board
        .iter()
        .filter_map(|line| line["score"].as_i64())
        .collect();
    assert_eq!(scores.len(), 3, "{closed}");
    assert!(
        scores.is_sorted_by(|a, b| a >= b),
        "highest first: {scores:?}"
    );
    assert_eq!(board[0]["player"], summary["winner"]);
    assert!(
        board[0]["time_ms"].is_number() && board[0]["laps"] == 1,
        "{closed}"
    );
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

async fn nothing_is_left(cluster: &Cluster) -> Result<()> {
    let rooms = stdout_of(cluster.fleet.racectl(&["rooms"])?).await?;
    assert_eq!(rooms, "no rooms\n");
    eventually("the database has no room", async || {
        Ok((cluster.fleet.database(&["rooms"]).await? == json!([])).then_some(()))
    })
    .await?;
    let mut nats = cluster.plain_nats().await?;
    eventually("no checkpoint is left", async || {
        let info = nats
            .request(
                "$JS.API.STREAM.INFO.KV_checkpoints",
                r#"{"subjects_filter":">"}"#,
            )
            .await?
            .json()?;
        // What is left of a key that was deleted is a marker without a value.
        let subject = "$JS.API.DIRECT.GET.KV_checkpoints.$KV.checkpoints.grand-prix";
        let last = nats.request(subject, "").await?;
        let is_gone = last.payload.is_empty();
        Ok((info["config"].is_object() && is_gone).then_some(()))
    })
    .await
}
