//! A race that is on, while connections and workers come and go.

use anyhow::{Context, Result};
use client_core::RaceClientState;
use client_core::protocol::client::GoodbyeCode;
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::room::{CloseReason, RoomEventBody};
use fleet::Program;
use integration_tests::chatter::Chatter;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::live::Live;
use integration_tests::racer::Racer;
use integration_tests::tcp_proxy::TcpProxy;

fn seats(seats: u8) -> RoomSettings {
    RoomSettings {
        seats,
        ..RoomSettings::default()
    }
}

/// Two players in a race that is on.
async fn duel(cluster: &Cluster) -> Result<(Live<Racer>, Live<Racer>)> {
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    ada.create("duel", seats(2)).await?;
    bob.join("duel").await?;
    ada.racing().await?;
    bob.racing().await?;
    Ok((ada, bob))
}

#[tokio::test]
async fn a_lost_connection_keeps_its_seat_and_comes_back_by_itself() -> Result<()> {
    let cluster = Cluster::start().await?;
    let proxy = TcpProxy::to(cluster.race_address()?).await?;
    let ada = Racer::connect("Ada", &proxy.address());
    ada.act(|racer| racer.client.sign_up("Ada", PASSWORD));
    ada.in_lobby().await?;
    let bob = cluster.racer("Bob").await?;
    let seat = ada.create("duel", seats(2)).await?;
    bob.join("duel").await?;
    ada.racing().await?;
    let score = ada.look(Racer::score);

    // Who comes back before the gateway has looked at the old connection, within a
    // period, was missed by nobody.
    proxy.cut();
    bob.notices("Ada disconnected").await?;
    proxy.restore();
    bob.notices("Ada is back").await?;
    ada.notices("back in the room").await?;
    assert_eq!(ada.look(Racer::seat), Some(seat));
    assert!(ada.look(Racer::score) >= score, "the score is not lower");
    let events = bob.look(|racer| racer.events.clone());
    let lost = events
        .iter()
        .filter(|e| matches!(e.body, RoomEventBody::Lost { .. }))
        .count();
    assert_eq!(lost, 1, "one event");
    ada.until("scoring on", |racer| racer.score() > score).await
}

#[tokio::test]
async fn a_player_whose_window_crashed_finds_the_race_again_after_a_new_log_in() -> Result<()> {
    let cluster = Cluster::start().await?;
    let (ada, bob) = duel(&cluster).await?;
    let (seat, score) = ada.look(|racer| (racer.seat(), racer.score()));
    drop(ada);
    bob.notices("Ada disconnected").await?;

    let ada = cluster.returning_racer("Ada").await?;
    assert_eq!(Some(ada.join("duel").await?), seat);
    ada.racing().await?;
    assert!(ada.look(Racer::score) >= score, "the score is not lower");
    bob.notices("Ada is back").await
}

#[tokio::test]
async fn a_second_log_in_ends_the_first_but_not_the_chat() -> Result<()> {
    let cluster = Cluster::start().await?;
    let first = cluster.racer("Ada").await?;
    first.act(|racer| racer.client.request_chat_token());
    let token = first
        .find("a chat token", |racer| racer.chat_token.clone())
        .await?;
    let chatter = Chatter::connect("Ada", &cluster.chat_address()?);
    chatter.act(|chatter| chatter.client.resume(&token));
    chatter.in_chat().await?;

    let _second = cluster.returning_racer("Ada").await?;
    first
        .until("dismissed", |racer| {
            matches!(racer.client.state(), RaceClientState::Ended(_))
        })
        .await?;
    assert_eq!(
        first.look(|racer| racer.goodbyes.clone()),
        [GoodbyeCode::Replaced]
    );
    chatter.say("still here");
    chatter.reads("Ada: still here").await
}

#[tokio::test]
async fn a_worker_that_ends_hands_its_races_over_without_a_step_back() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let (ada, bob) = duel(&cluster).await?;
    cluster.fleet.add(Program::RaceWorker).await?;
    let score = ada.look(Racer::score);

    cluster.fleet.race_workers[0].terminate()?;
    for racer in [&ada, &bob] {
        racer
            .until("racing on under a later epoch", |racer| {
                let (first, last) = (
                    racer.snapshots[0],
                    racer.snapshots[racer.snapshots.len() - 1],
                );
                last.0 > first.0 && last.1 > first.1 + 120 && racer.score() > score
            })
            .await?;
        let snapshots = racer.look(|racer| racer.snapshots.clone());
        let back = snapshots.windows(2).find(|pair| pair[1].1 <= pair[0].1);
        assert_eq!(back, None, "the race never goes back");
        let lost = racer.look(|racer| racer.has_seen(|e| matches!(e, RoomEventBody::Lost { .. })));
        assert!(!lost, "no connection was reported lost");
    }
    assert!(cluster.fleet.race_workers[0].ended().await?.success());
    ada.leave().await?;
    bob.leave().await?;
    ada.lobby_shows("nothing", <[_]>::is_empty).await
}

#[tokio::test]
async fn a_race_that_everybody_has_left_ends_without_a_result() -> Result<()> {
    let cluster = Cluster::start().await?;
    let (ada, bob) = duel(&cluster).await?;
    let race = ada.look(|racer| racer.client.room().map(|room| room.view().race));
    let race = race.context("Ada is in a room")?.to_string();
    let watcher = cluster.racer("Eve").await?;
    watcher.act(|racer| racer.client.spectate("duel"));
    watcher
        .until("watching", |racer| !racer.snapshots.is_empty())
        .await?;
    ada.leave().await?;
    bob.leave().await?;
    let result = watcher
        .find("the room's end", |racer| racer.result().cloned())
        .await?;
    assert_eq!(
        (result.reason, result.standings.len()),
        (CloseReason::Empty, 0)
    );
    let result = cluster.fleet.database(&["result", "--race", &race]).await;
    let error = result.expect_err("there must be no result").to_string();
    assert!(error.contains("there is no result"), "{error}");
    Ok(())
}
