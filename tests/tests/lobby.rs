//! Accounts and rooms, up to the start of a race and after everybody has left.

use std::time::Duration;

use anyhow::Result;
use client_core::protocol::client::GoodbyeCode;
use client_core::protocol::lobby::{Phase, RoomSettings};
use client_core::protocol::room::RoomEventBody;
use client_core::protocol::{Epoch, RejectionCode};
use client_core::{RaceClient, RaceClientState};
use domain::CarClass;
use fleet::wait::{eventually, eventually_within};
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::racer::Racer;
use serde_json::json;

fn seats(seats: u8) -> RoomSettings {
    RoomSettings {
        seats,
        ..RoomSettings::default()
    }
}

#[tokio::test]
async fn a_player_signs_up_once_and_logs_in_in_any_case() -> Result<()> {
    let cluster = Cluster::start().await?;
    let guest = Racer::connect("guest", &cluster.race_address()?);
    let ada = cluster.racer("Ada").await?;
    drop(ada);
    type Act = fn(&mut RaceClient);
    let cases: [(Act, RejectionCode, &str); 7] = [
        (
            |c| c.sign_up("Ada", PASSWORD),
            RejectionCode::NameTaken,
            "Ada",
        ),
        (
            |c| c.sign_up("ADA", PASSWORD),
            RejectionCode::NameTaken,
            "ADA",
        ),
        (
            |c| c.log_in("Ada", "wrong-horse"),
            RejectionCode::WrongCredentials,
            "password",
        ),
        (
            |c| c.log_in("Nobody", PASSWORD),
            RejectionCode::WrongCredentials,
            "password",
        ),
        (
            |c| c.sign_up("two words", PASSWORD),
            RejectionCode::BadName,
            "A-Z a-z 0-9 _ -",
        ),
        (
            |c| c.sign_up("", PASSWORD),
            RejectionCode::BadName,
            "1 to 16 characters",
        ),
        (
            |c| c.sign_up("Bob", "short"),
            RejectionCode::BadPassword,
            "6 to 128 characters",
        ),
    ];
    guest
        .until("connected", |racer| {
            matches!(racer.client.state(), RaceClientState::Unauthenticated)
        })
        .await?;
    for (act, code, words) in cases {
        let rejection = guest.refused(act).await?;
        assert_eq!(rejection.code, code, "{rejection:?}");
        assert!(rejection.message.contains(words), "{rejection:?}");
    }
    guest.act(|racer| racer.client.log_in("ada", PASSWORD));
    guest.in_lobby().await?;
    let name = guest.look(|racer| racer.client.player().map(ToString::to_string));
    assert_eq!(name.as_deref(), Some("Ada"), "as chosen at sign-up");
    Ok(())
}

#[tokio::test]
async fn a_room_is_created_listed_joined_and_raced_in() -> Result<()> {
    let cluster = Cluster::start().await?;
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    assert_eq!(ada.create("Friday-Night", seats(2)).await?, 0);
    ada.in_phase(Phase::Waiting).await?;

    bob.lobby_shows("the waiting room", |rooms| {
        let [room] = rooms else { return false };
        let players: Vec<_> = room.players.iter().map(|player| player.as_str()).collect();
        room.name.as_str() == "Friday-Night"
            && room.phase == Phase::Waiting
            && room.settings.seats == 2
            && players == ["Ada"]
            && room.epoch == Epoch::FIRST
    })
    .await?;
    assert_eq!(
        bob.join("friday-night").await?,
        1,
        "a room's name has no case"
    );
    ada.notices("Bob joined").await?;
    for racer in [&ada, &bob] {
        racer
            .sees("the countdown", |event| {
                matches!(event, RoomEventBody::Countdown { seconds: 4, .. })
            })
            .await?;
        racer.racing().await?;
        let is_rising = racer.look(|r| r.snapshots.windows(2).all(|pair| pair[0] < pair[1]));
        assert!(is_rising, "no snapshot comes twice, or after a later one");
    }
    let eve = cluster.racer("Eve").await?;
    eve.lobby_shows("the race", |rooms| {
        rooms.len() == 1 && rooms[0].phase == Phase::Racing
    })
    .await
}

#[tokio::test]
async fn a_seat_that_cannot_be_had_is_refused_with_the_reason() -> Result<()> {
    let cluster = Cluster::start().await?;
    let (ada, bob, eve) = (
        cluster.racer("Ada").await?,
        cluster.racer("Bob").await?,
        cluster.racer("Eve").await?,
    );
    ada.create("duel", seats(2)).await?;

    type Act = fn(&mut RaceClient);
    let cases: [(Act, RejectionCode, &str); 5] = [
        (
            |c| c.join_room("nowhere", CarClass::Grip),
            RejectionCode::RoomMissing,
            "no room nowhere",
        ),
        (
            |c| c.create_room("duel", seats(2), CarClass::Grip),
            RejectionCode::RoomExists,
            "named duel",
        ),
        (
            |c| c.create_room("DUEL", seats(2), CarClass::Grip),
            RejectionCode::RoomExists,
            "named DUEL",
        ),
        (
            |c| c.create_room("a.b", seats(2), CarClass::Grip),
            RejectionCode::BadName,
            "has '.'",
        ),
        (
            |c| c.create_room("big", seats(17), CarClass::Grip),
            RejectionCode::BadSettings,
            "1 to 16 seats",
        ),
    ];
    for (act, code, words) in cases {
        let rejection = eve.refused(act).await?;
        assert_eq!(rejection.code, code, "{rejection:?}");
        assert!(rejection.message.contains(words), "{rejection:?}");
    }
    let rejection = ada
        .refused(|c| c.create_room("second", seats(2), CarClass::Grip))
        .await?;
    assert_eq!(rejection.code, RejectionCode::AlreadyInRoom);

    bob.join("duel").await?;
    let rejection = eve.refused(|c| c.join_room("duel", CarClass::Grip)).await?;
    assert_eq!(rejection.code, RejectionCode::RoomFull, "{rejection:?}");
    assert_eq!(rejection.message, "room duel is full");

    bob.racing().await?;
    let rejection = eve.refused(|c| c.join_room("duel", CarClass::Grip)).await?;
    assert_eq!(rejection.code, RejectionCode::RaceStarted, "{rejection:?}");
    eve.act(|racer| racer.client.spectate("duel"));
    eve.until("watching the race", |racer| racer.snapshots.len() > 10)
        .await?;
    assert_eq!(eve.look(Racer::seat), None);
    Ok(())
}

#[tokio::test]
async fn a_room_that_everybody_has_left_is_gone_from_lobby_and_database() -> Result<()> {
    let cluster = Cluster::start().await?;
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    ada.create("short", seats(3)).await?;
    bob.join("short").await?;
    eventually("the database has the room", async || {
        let rooms = cluster.fleet.database(&["rooms"]).await?;
        Ok((rooms[0]["name"] == "short" && rooms[0]["players"] == 2).then_some(()))
    })
    .await?;

    bob.leave().await?;
    ada.notices("Bob left").await?;
    ada.leave().await?;
    ada.lobby_shows("nothing", <[_]>::is_empty).await?;
    eventually("the database has no room", async || {
        Ok((cluster.fleet.database(&["rooms"]).await? == json!([])).then_some(()))
    })
    .await?;
    // The name is free again, for another race.
    bob.create("short", seats(2)).await?;
    Ok(())
}

#[tokio::test]
async fn a_person_may_type_for_longer_than_a_stranger_is_let_stay() -> Result<()> {
    let cluster = Cluster::start().await?;
    let guest = Racer::connect("Slow", &cluster.race_address()?);
    let dismissed = |racer: &Racer| racer.goodbyes.contains(&GoodbyeCode::Idle);
    guest
        .find_within(Duration::from_secs(70), "dismissed", |racer| {
            dismissed(racer).then_some(())
        })
        .await?;
    // The form stays on the screen, and nothing is sent until it is filled in.
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(guest.look(|racer| matches!(racer.client.state(), RaceClientState::Unauthenticated)));
    guest.act(|racer| racer.client.sign_up("Slow", PASSWORD));
    guest.in_lobby().await
}

#[tokio::test]
async fn a_room_that_nobody_is_connected_to_is_gone_after_a_minute() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.racer("Ada").await?;
    ada.create("deserted", seats(2)).await?;
    let bob = cluster.racer("Bob").await?;
    drop(ada);
    bob.lobby_shows("the deserted room", |rooms| rooms.len() == 1)
        .await?;
    eventually_within(
        Duration::from_secs(70),
        "lobby and database are empty",
        async || {
            bob.act(|racer| racer.client.list_rooms());
            let is_empty = bob.look(|racer| racer.client.lobby().is_empty());
            let rooms = cluster.fleet.database(&["rooms"]).await?;
            // Bob must not fall silent, nor must his gateway be bothered.
            tokio::time::sleep(Duration::from_millis(500)).await;
            Ok((is_empty && rooms == json!([])).then_some(()))
        },
    )
    .await
}

#[tokio::test]
async fn a_player_sits_in_one_room_wherever_connected() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let other_gateway = cluster.add_gateway().await?;
    let settings = RoomSettings {
        seats: 3,
        ..RoomSettings::default()
    };
    let ada = cluster.racer("Ada").await?;
    ada.create("first", settings.clone()).await?;
    let bob = cluster.racer("Bob").await?;
    bob.join("first").await?;

    let ada_elsewhere = cluster.racer_back_at("Ada", &other_gateway).await?;
    ada_elsewhere.create("second", settings).await?;
    bob.sees(
        "Ada leaves the first room",
        |event| matches!(event, RoomEventBody::Left { player, .. } if player.as_str() == "Ada"),
    )
    .await?;
    bob.lobby_shows_rooms_of("Ada", &["second"]).await?;
    // Her first connection is over: it drives no car there, whoever gets the seat.
    ada.until("dismissed", |racer| {
        matches!(racer.client.state(), RaceClientState::Ended(_))
    })
    .await?;

    // A refusal leaves the player where the seat is.
    let refused = bob
        .refused(|client| client.create_room("first", RoomSettings::default(), CarClass::Grip))
        .await?;
    assert_eq!(refused.code, RejectionCode::AlreadyInRoom);
    bob.lobby_shows_rooms_of("Bob", &["first"]).await
}

#[tokio::test]
async fn a_returning_player_is_told_the_last_race_and_whether_it_runs() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.racer("Ada").await?;
    let settings = RoomSettings {
        seats: 1,
        ..RoomSettings::default()
    };
    ada.create("marathon", settings).await?;
    ada.racing().await?;
    drop(ada);
    eventually("told of the race", async || {
        let ada = cluster.returning_racer("Ada").await?;
        let last = ada.look(|racer| racer.client.last_race().cloned());
        Ok(last.filter(|last| {
            last.race.room.as_str() == "marathon" && last.is_running && last.race.score > 0
        }))
    })
    .await?;

    let ada = cluster.returning_racer("Ada").await?;
    ada.act(|racer| {
        racer.client.request_profile(None);
        racer.client.request_leaderboard(0);
    });
    let name = ada
        .find("the own profile", |racer| {
            racer.client.profile().map(|profile| profile.name.clone())
        })
        .await?;
    assert_eq!(name.as_str(), "Ada");
    ada.find("a page of the leaderboard", |racer| {
        racer.client.leaderboard().cloned()
    })
    .await?;
    let refused = ada
        .refused(|client| client.request_profile(Some("nobody")))
        .await?;
    assert!(refused.message.contains("nobody"), "{refused}");
    Ok(())
}
