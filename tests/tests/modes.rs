//! The highway, classes of car, and rooms that AI drivers fill.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use client_core::protocol::RejectionCode;
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::room::RoomEventBody;
use domain::{CarClass, Mode, Skill};
use fleet::Process;
use fleet::wait::{eventually, eventually_within};
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::programs::program;
use integration_tests::racectl::Tap;
use integration_tests::racer::Racer;
use serde_json::Value;

/// A kilometre and a half take half a minute, a lap a good one; the last one has
/// 30 s more.
const RACE_TIMEOUT: Duration = Duration::from_secs(180);
const TARGET_METRES: i64 = 1_500;

/// Runs bots to the end; gives the events of their room and what they print.
async fn race(cluster: &Cluster, arguments: &[&str]) -> Result<(Vec<Value>, Value)> {
    let tap = Tap::start(cluster, "tap-events", "race.room.*.event").await?;
    let mut bots = program("bots")?;
    let gateway = cluster.race_address()?;
    bots.args(["race", "--gateway", &gateway, "--create", "--json"])
        .args(arguments);
    let mut bots = Process::start(bots, "bots", cluster.fleet.run_dir())?;
    let events = eventually_within(RACE_TIMEOUT, "the room has closed", async || {
        let events: Vec<Value> = tap.messages()?.into_iter().map(|(_, it)| it).collect();
        let is_closed = events.iter().any(|event| event["event"] == "closed");
        Ok(is_closed.then_some(events))
    })
    .await?;
    ensure!(bots.ended().await?.success(), "the bots report a winner");
    let output = bots.stdout();
    let summary = output.lines().last().context("the bots print a summary")?;
    Ok((events, serde_json::from_str(summary)?))
}

async fn stored(cluster: &Cluster, race: &Value) -> Result<Value> {
    let race = race.as_str().context("a race has an id")?;
    eventually("the result is in the database", async || {
        Ok(cluster
            .fleet
            .database(&["result", "--race", race])
            .await
            .ok())
    })
    .await
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

#[tokio::test]
async fn a_race_of_bots_on_the_highway_ends_at_its_target() -> Result<()> {
    let cluster = Cluster::start().await?;
    let target = TARGET_METRES.to_string();
    let arguments = ["--room", "rush", "--count", "2", "--mode", "highway"];
    let (events, summary) =
        race(&cluster, &[&arguments[..], &["--target", &target]].concat()).await?;
    let winner = events.iter().find(|event| event["event"] == "winner");
    let winner = winner.context("a winner")?;
    assert_eq!(winner["score"], TARGET_METRES);
    assert_eq!(winner["player"], summary["winner"]);
    assert_eq!(summary["target_metres"], TARGET_METRES);

    // Bots hit others now and then; the events must fit the costs.
    for event in events.iter().filter(|event| event["event"] == "penalty") {
        let metres = match event["reason"].as_str() {
            Some("traffic") => 100,
            Some("off_road") => 1_000,
            _ => 0,
        };
        assert_eq!(event["metres"], metres, "{event}");
    }
    let scores = list(&summary["leaderboard"]).iter();
    let scores: Vec<i64> = scores.filter_map(|it| it["score"].as_i64()).collect();
    assert!(scores.len() == 2 && scores[1] <= TARGET_METRES, "{summary}");
    let row = stored(&cluster, &summary["race"]).await?;
    assert_eq!(
        (&row["mode"], &row["track"]),
        (&"highway".into(), &"highway".into())
    );
    assert_eq!(row["target_metres"], TARGET_METRES);
    assert_eq!(row["standings"][0]["player"], summary["winner"]);
    Ok(())
}

#[tokio::test]
async fn who_leaves_the_highway_is_told_and_pays() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.racer("Ada").await?;
    let settings = RoomSettings {
        seats: 1,
        mode: Mode::Highway,
        ..RoomSettings::default()
    };
    ada.act(|racer| racer.steers_off = true);
    ada.create("verge", settings).await?;
    ada.racing().await?;
    ada.notices("Ada left the road: −1000 m").await?;
    ada.sees("a penalty", |event| {
        matches!(event, RoomEventBody::Penalty { metres: 1_000, .. })
    })
    .await?;
    ada.until("a score below zero", |racer| {
        racer.score().is_some_and(|score| score < 0)
    })
    .await
}

#[tokio::test]
async fn a_room_that_one_bot_fills_ends_with_four_standings() -> Result<()> {
    let cluster = Cluster::start().await?;
    let arguments = ["--room", "full", "--count", "1", "--seats", "4", "--fill"];
    let options = ["--mode", "highway", "--target", "1500", "--skill", "expert"];
    let (events, summary) = race(&cluster, &[&arguments[..], &options].concat()).await?;
    let closed = events.iter().find(|event| event["event"] == "closed");
    let closed = closed.context("the room closes")?;
    assert_eq!(closed["reason"], "finished");
    let standings = list(&closed["leaderboard"]);
    let ai = standings.iter().filter(|standing| standing["ai"] == true);
    assert_eq!((standings.len(), ai.count()), (4, 3), "{closed}");
    assert!(
        standings
            .iter()
            .all(|standing| standing["score"].as_i64() > Some(500)),
        "everybody was driven: {closed}"
    );
    let row = stored(&cluster, &summary["race"]).await?;
    assert_eq!(row["standings"], closed["leaderboard"]);
    Ok(())
}

#[tokio::test]
async fn the_host_fills_the_room_and_everybody_has_the_car_they_chose() -> Result<()> {
    let cluster = Cluster::start().await?;
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    let settings = RoomSettings {
        seats: 3,
        ..RoomSettings::default()
    };
    ada.create("mixed", settings).await?;
    bob.join("mixed").await?;
    let refused = bob.refused(|client| client.fill_seats(Skill::Club)).await?;
    assert_eq!(refused.code, RejectionCode::NotHost);
    bob.act(|racer| racer.client.choose_class(CarClass::Drift));
    let chosen = |event: &RoomEventBody| {
        matches!(
            event,
            RoomEventBody::ClassChosen {
                seat: 1,
                class: CarClass::Drift,
                ..
            }
        )
    };
    ada.sees("Bob takes another car", chosen).await?;
    ada.act(|racer| racer.client.fill_seats(Skill::Expert));
    for racer in [&ada, &bob] {
        racer.racing().await?;
        let classes = racer.look(|racer| {
            let room = racer.client.room()?;
            let (state, _) = room.race()?;
            Some(
                state
                    .cars
                    .iter()
                    .map(|car| car.class.name())
                    .collect::<Vec<_>>(),
            )
        });
        assert_eq!(classes, Some(vec!["grip", "drift", "drift"]));
    }
    Ok(())
}

#[tokio::test]
async fn nobody_signs_up_with_the_name_of_an_ai_driver() -> Result<()> {
    let cluster = Cluster::start().await?;
    let racer = Racer::connect("AI-Ada", &cluster.race_address()?);
    let refused = racer.refused(|client| client.sign_up("AI-Ada", PASSWORD));
    let refused = refused.await?;
    assert_eq!(refused.code, RejectionCode::BadName);
    assert!(
        refused.message.contains("belong to the AI drivers"),
        "{refused}"
    );
    Ok(())
}
