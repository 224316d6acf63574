//! What an operator sees who knows NATS and nothing of Slipstream, and what the
//! monitoring sees.

use std::collections::BTreeSet;

use anyhow::{Context, Result, ensure};
use client_core::protocol::lobby::RoomSettings;
use fleet::command::{run, stdout_of};
use fleet::http;
use fleet::wait::eventually;
use integration_tests::cluster::Cluster;
use serde_json::Value;

#[tokio::test]
async fn a_plain_nats_client_reads_events_and_lobby_as_json() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    nats.subscribe("race.room.*.event").await?;
    let ada = cluster.racer("Ada").await?;
    ada.create(
        "Open-Air",
        RoomSettings {
            seats: 2,
            ..RoomSettings::default()
        },
    )
    .await?;

    let joined = nats.next().await?;
    assert_eq!(joined.subject, "race.room.open-air.event");
    let joined = joined.json()?;
    assert_eq!(
        (&joined["event"], &joined["player"]),
        (&"joined".into(), &"Ada".into())
    );
    assert_eq!(
        (&joined["players"], &joined["seats"]),
        (&1.into(), &2.into())
    );

    let entry = nats
        .request("$JS.API.DIRECT.GET.KV_rooms.$KV.rooms.open-air", "")
        .await?
        .json()?;
    for (key, value) in [
        ("name", Value::from("Open-Air")),
        ("phase", "waiting".into()),
        ("mode", "circuit".into()),
        ("seats", 2.into()),
        ("players", vec!["Ada"].into()),
        ("epoch", 1.into()),
        ("race", joined["race"].clone()),
    ] {
        assert_eq!(entry[key], value, "{key} of {entry}");
    }
    assert!(
        entry["track"].is_string() && entry["owner"].is_string(),
        "{entry}"
    );

    // `nats kv watch rooms`, while a second player comes.
    nats.subscribe("$KV.rooms.>").await?;
    let bob = cluster.racer("Bob").await?;
    bob.join("open-air").await?;
    let mut seen = BTreeSet::new();
    while !(seen.contains("joined") && seen.contains("countdown") && seen.contains("lobby")) {
        let message = nats.next().await?;
        let json = message.json()?;
        let is_lobby = message.subject == "$KV.rooms.open-air";
        seen.insert(match is_lobby {
            true => "lobby".to_owned(),
            false => json["event"]
                .as_str()
                .context("an event has a name")?
                .to_owned(),
        });
    }
    Ok(())
}

#[tokio::test]
async fn services_are_listed_as_nats_micro_ls_shows_them() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    let pings = nats.requests("$SRV.PING", "", 3).await?;
    let mut names = BTreeSet::new();
    for ping in pings {
        let ping = ping.json()?;
        assert_eq!(ping["type"], "io.nats.micro.v1.ping_response");
        names.insert(
            ping["name"]
                .as_str()
                .context("a service has a name")?
                .to_owned(),
        );
    }
    assert_eq!(
        names.into_iter().collect::<Vec<_>>(),
        ["chat-worker", "persistence", "race-worker"]
    );

    let mut subjects = BTreeSet::new();
    for info in nats.requests("$SRV.INFO", "", 3).await? {
        let info = info.json()?;
        ensure!(
            info["description"]
                .as_str()
                .is_some_and(|text| !text.is_empty()),
            "{info}"
        );
        for endpoint in info["endpoints"]
            .as_array()
            .context("a service has endpoints")?
        {
            let (subject, group) = (&endpoint["subject"], &endpoint["queue_group"]);
            subjects.insert(format!("{} @{}", text(subject), text(group)));
        }
    }
    let expected = [
        "account.change_password @persistence",
        "account.delete @persistence",
        "account.last_race @persistence",
        "account.leaderboard @persistence",
        "account.login @persistence",
        "account.profile @persistence",
        "account.signup @persistence",
        "chat.join @chat-workers",
        "chat.leave @chat-workers",
        "chat.say @chat-workers",
        "race.claim @race-workers",
        "race.create @race-workers",
        "result.replay @persistence",
    ];
    assert_eq!(subjects.into_iter().collect::<Vec<_>>(), expected);
    Ok(())
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[tokio::test]
async fn a_plain_nats_client_of_a_gateway_may_ask_the_services() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats_of("gateway").await?;
    let created = nats
        .request("race.create", r#"{"name":"by-hand","settings":{"laps":1}}"#)
        .await?;
    assert!(created.json()?["Ok"]["race"].is_string(), "{created:?}");
    let again = nats
        .request("race.create", r#"{"name":"BY-HAND","settings":{}}"#)
        .await?
        .json()?;
    assert_eq!(again["Err"]["code"], "room_exists");
    let nonsense = nats.request("race.create", "{").await?.json()?;
    assert_eq!(nonsense["Err"]["code"], "bad_message");

    let credentials = r#"{"name":"Ada","password":"secret1"}"#;
    let account = nats.request("account.signup", credentials).await?.json()?;
    assert_eq!(account["Ok"]["name"], "Ada");
    let profile = nats
        .request("account.profile", r#"{"player":"ada"}"#)
        .await?
        .json()?;
    assert_eq!(profile["Ok"]["races"], 0, "{profile}");
    Ok(())
}

#[tokio::test]
async fn the_chat_is_a_stream_of_json() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    nats.subscribe("chat.channel.>").await?;
    let ada = cluster.chatter("Ada").await?;
    ada.say("hello");
    let (joined, said) = (nats.next().await?.json()?, nats.next().await?.json()?);
    assert_eq!(
        (text(&joined["kind"]), text(&joined["player"])),
        ("joined", "Ada")
    );
    assert_eq!((text(&said["from"]), text(&said["text"])), ("Ada", "hello"));
    Ok(())
}

#[tokio::test]
async fn every_program_tells_how_it_is() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let _ada = cluster.racer("Ada").await?;
    for process in cluster.fleet.programs_mut() {
        let address = process.address("http")?;
        for (path, body) in [("/live", "live\n"), ("/ready", "ready\n")] {
            let answer = http::get(address, path).await?;
            assert_eq!(
                answer,
                (200, body.to_owned()),
                "{path} of {}",
                process.name()
            );
        }
        assert_eq!(http::get(address, "/nothing").await?.0, 404);
        let (status, _metrics) = http::get(address, "/metrics").await?;
        assert_eq!(status, 200);
    }
    let metrics = cluster.fleet.gateways[0].metrics().await?;
    assert!((metrics.value(r#"gateway_connections{port="race"}"#) - 1.0).abs() < 0.1);
    Ok(())
}

#[tokio::test]
async fn racectl_tells_an_operator_what_is_wrong() -> Result<()> {
    let cluster = Cluster::start().await?;
    assert_eq!(
        stdout_of(cluster.fleet.racectl(&["rooms"])?).await?,
        "no rooms\n"
    );
    let output = run(cluster.fleet.racectl(&["tap", "race..event"])?).await?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(
        said.contains("race..event") && said.contains("words with dots"),
        "{said}"
    );

    let mut nowhere = integration_tests::programs::program("racectl")?;
    nowhere.args(["--nats", "nats://127.0.0.1:1", "--nats-seed"]);
    nowhere
        .arg(cluster.fleet.nats_users().operator())
        .arg("rooms");
    let output = run(nowhere).await?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("nats://127.0.0.1:1"), "{said}");
    Ok(())
}

#[tokio::test]
async fn the_gateway_counts_who_is_there() -> Result<()> {
    let cluster = Cluster::start().await?;
    let racers = [cluster.racer("Ada").await?, cluster.racer("Bob").await?];
    let here = r#"gateway_connections{port="race"}"#;
    let metrics = cluster.fleet.gateways[0].metrics().await?;
    assert!((metrics.value(here) - 2.0).abs() < 0.1);
    drop(racers);
    eventually("nobody is there", async || {
        Ok((cluster.fleet.gateways[0].metrics().await?.value(here) < 0.1).then_some(()))
    })
    .await
}
