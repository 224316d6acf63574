//! More than one worker.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use client_core::protocol::lobby::RoomSettings;
use domain::CarClass;
use fleet::command::stdout_of;
use fleet::{Plan, Program};
use integration_tests::cluster::Cluster;
use integration_tests::raw_nats::RawNats;
use serde_json::Value;

const ROOMS: usize = 48;

#[tokio::test]
async fn three_workers_share_48_rooms() -> Result<()> {
    let plan = Plan {
        race_workers: 3,
        ..Plan::default()
    };
    let cluster = Cluster::start_with(plan).await?;
    let mut racers = Vec::new();
    for number in 0..ROOMS {
        let racer = cluster.racer(&format!("racer-{number}")).await?;
        racer.act(|racer| {
            racer.client.create_room(
                &format!("room-{number}"),
                RoomSettings::default(),
                CarClass::Grip,
            );
        });
        racers.push(racer);
    }
    for racer in &racers {
        racer
            .until("in the own room", |racer| racer.seat() == Some(0))
            .await?;
    }
    let rooms = stdout_of(cluster.fleet.racectl(&["rooms", "--json"])?).await?;
    let rooms: Vec<Value> = serde_json::from_str(&rooms)?;
    assert_eq!(rooms.len(), ROOMS);
    let mut owned = BTreeMap::<&str, usize>::new();
    for room in &rooms {
        *owned
            .entry(room["owner"].as_str().context("a room has an owner")?)
            .or_default() += 1;
    }
    assert_eq!(owned.len(), 3, "all three own some: {owned:?}");

    for racer in &racers {
        racer.leave().await?;
    }
    racers[0].lobby_shows("nothing", <[_]>::is_empty).await
}

/// A subject of the operator's own.
const STARTED: &str = "_INBOX_operator.started";

#[tokio::test]
async fn a_process_more_changes_no_stream_unless_an_earlier_version_left_it() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    nats.subscribe("$JS.EVENT.ADVISORY.STREAM.*.>").await?;
    nats.subscribe(STARTED).await?;
    cluster.fleet.add(Program::RaceWorker).await?;
    cluster.add_gateway().await?;
    cluster.fleet.persistence[0].terminate()?;
    cluster.fleet.persistence[0].ended().await?;
    cluster.fleet.persistence[0].restart().await?;
    nats.publish(STARTED, "").await?;
    let next = nats.next().await?;
    let said = String::from_utf8_lossy(&next.payload);
    assert_eq!(next.subject, STARTED, "{said}");

    let mut rooms = bucket(&mut nats, "rooms").await?;
    let description = rooms["description"].take();
    rooms["description"] = "of an earlier version".into();
    let update = "$JS.API.STREAM.UPDATE.KV_rooms";
    nats.request(update, &rooms.to_string()).await?;
    cluster.fleet.add(Program::RaceWorker).await?;
    assert_eq!(
        bucket(&mut nats, "rooms").await?["description"],
        description
    );
    Ok(())
}

/// How a bucket is set up.
async fn bucket(nats: &mut RawNats, name: &str) -> Result<Value> {
    let info = format!("$JS.API.STREAM.INFO.KV_{name}");
    let mut info = nats.request(&info, "").await?.json()?;
    Ok(info["config"].take())
}
