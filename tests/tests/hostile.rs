//! Hostile clients: whatever they send, they get the reason why it does not
//! work, it is counted, and everybody else plays on.

use anyhow::Result;
use client_core::protocol::lobby::RoomSettings;
use fleet::wait::eventually;
use fleet::{LOOPBACK, Plan, Program, http};
use integration_tests::cluster::Cluster;
use integration_tests::raw_client::{RawClient, VERSION, kind};
use serde_json::{Value, json};

/// The gateway must still be there for everybody else, and have counted.
async fn assert_lives(cluster: &Cluster, counters: &[(&str, f64)]) -> Result<()> {
    let racer = cluster.racer("Normal").await?;
    racer.create("normal", RoomSettings::default()).await?;
    let metrics = cluster.fleet.gateways[0].metrics().await?;
    for (series, at_least) in counters {
        let value = metrics.value(series);
        assert!(value >= *at_least, "{series} is {value}");
    }
    Ok(())
}

fn assert_goodbye(goodbye: &Value, code: &str, words: &str) {
    assert_eq!(goodbye["code"], code, "{goodbye}");
    let reason = goodbye["reason"].as_str().unwrap_or_default();
    assert!(reason.contains(words), "{goodbye}");
}

#[tokio::test]
async fn a_frame_of_a_megabyte_is_dismissed() -> Result<()> {
    let cluster = Cluster::start().await?;
    for address in [cluster.race_address()?, cluster.chat_address()?] {
        let mut guest = RawClient::greeted(&address).await?;
        let mut megabyte = vec![b'x'; 1 << 20];
        megabyte[..2].copy_from_slice(&u16::MAX.to_be_bytes());
        guest.pour(&megabyte).await;
        let goodbye = guest.dismissed().await?;
        assert_goodbye(&goodbye, "bad_frame", "a frame has at most 4096 bytes");
        assert_eq!(goodbye["retry"], false);
    }
    assert_lives(
        &cluster,
        &[(r#"gateway_goodbyes_total{code="bad_frame"}"#, 2.0)],
    )
    .await
}

#[tokio::test]
async fn random_bytes_are_dismissed() -> Result<()> {
    let cluster = Cluster::start().await?;
    // A small generator of its own: the same bytes every time.
    let mut state = 1_u64;
    for _stranger in 0..20 {
        let mut noise = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1);
            (state >> 56) as u8
        };
        // A short length, so that the frame is complete, and no hello.
        let mut bytes = vec![0, 64, 1 + noise() % 250];
        bytes.extend((0..200).map(|_| noise()));
        let mut guest = RawClient::connect(&cluster.race_address()?).await?;
        guest.pour(&bytes).await;
        let goodbye = guest.dismissed().await?;
        assert_eq!(goodbye["code"], "bad_frame", "{goodbye}");
    }
    assert_lives(
        &cluster,
        &[(r#"gateway_goodbyes_total{code="bad_frame"}"#, 20.0)],
    )
    .await
}

#[tokio::test]
async fn a_client_of_another_version_is_told_both_versions() -> Result<()> {
    let cluster = Cluster::start().await?;
    for version in [0, VERSION + 1] {
        let mut guest = RawClient::connect(&cluster.race_address()?).await?;
        guest.hello(version).await?;
        let goodbye = guest.dismissed().await?;
        let theirs = format!("the client version {version}");
        assert_goodbye(&goodbye, "version", &theirs);
        let ours = format!("this gateway speaks version {VERSION}");
        assert_goodbye(&goodbye, "version", &ours);
        assert_eq!(goodbye["retry"], false);
    }
    assert_lives(
        &cluster,
        &[(r#"gateway_goodbyes_total{code="version"}"#, 2.0)],
    )
    .await
}

#[tokio::test]
async fn whoever_says_no_hello_is_dismissed() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut silent = RawClient::connect(&cluster.race_address()?).await?;
    let mut rude = RawClient::connect(&cluster.race_address()?).await?;
    rude.say(&json!({"type": "list_rooms"})).await?;
    assert_goodbye(
        &rude.dismissed().await?,
        "bad_frame",
        "does not belong here",
    );
    assert_goodbye(&silent.dismissed().await?, "idle", "nothing was heard");
    assert_lives(&cluster, &[(r#"gateway_goodbyes_total{code="idle"}"#, 1.0)]).await
}

#[tokio::test]
async fn messages_that_make_no_sense_are_refused_and_the_connection_lives_on() -> Result<()> {
    let cluster = Cluster::start().await?;
    let race = RawClient::signed_up(&cluster.race_address()?, "Ada").await?;
    let chat = RawClient::signed_up(&cluster.chat_address()?, "Bob").await?;
    let guest = RawClient::greeted(&cluster.race_address()?).await?;
    let mut clients = [race, chat, guest];
    let mut codes = Vec::new();
    for (client, bytes, code) in [
        (0, "{", "bad_message"),
        (1, "\u{0}\u{1}nonsense", "bad_message"),
        (2, r#"{"type":"fly"}"#, "bad_message"),
        (0, r#"{"type":"join_room","name":"a b"}"#, "bad_name"),
        (0, r#"{"type":"leave_room"}"#, "not_in_room"),
        (
            0,
            r#"{"type":"sign_up","name":"Eve","password":"secret1"}"#,
            "already_logged_in",
        ),
        (
            0,
            r#"{"type":"say","text":"hi","sequence":1}"#,
            "wrong_port",
        ),
        (1, r#"{"type":"list_rooms"}"#, "wrong_port"),
        (1, r#"{"type":"create_room","name":"r"}"#, "wrong_port"),
        (2, r#"{"type":"list_rooms"}"#, "not_logged_in"),
        (
            2,
            r#"{"type":"say","text":"hi","sequence":1}"#,
            "not_logged_in",
        ),
        (2, r#"{"type":"resume","token":"forged"}"#, "bad_token"),
    ] {
        let client = &mut clients[client];
        client.frame(kind::CONTROL, bytes.as_bytes()).await?;
        let rejection = client.hears("rejected").await?;
        assert_eq!(rejection["code"], code, "{bytes}: {rejection}");
        assert!(!rejection["message"].as_str().unwrap_or_default().is_empty());
        codes.push(code);
    }
    // Of what cannot be read only the first is answered for a while.
    for client in &mut clients {
        let again = br#"{"type":"join_room","name":7}"#;
        client.frame(kind::CONTROL, again).await?;
        client.frame(kind::CONTROL, again).await?;
    }
    for client in &mut clients {
        client.say(&json!({"type": "ping", "nonce": 5})).await?;
        assert_eq!(client.hears("pong").await?["nonce"], 5);
    }
    let series: Vec<(String, f64)> = codes
        .iter()
        .map(|code| {
            let times = codes.iter().filter(|other| *other == code).count();
            (
                format!("gateway_rejected_total{{code=\"{code}\"}}"),
                times as f64,
            )
        })
        .collect();
    let counters: Vec<_> = series
        .iter()
        .map(|(name, times)| (name.as_str(), *times))
        .collect();
    assert_lives(&cluster, &counters).await
}

#[tokio::test]
async fn a_flood_of_inputs_is_cut_to_what_a_client_may_send() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut flooder = RawClient::signed_up(&cluster.race_address()?, "Flood").await?;
    let settings = json!({"seats": 1});
    flooder
        .say(&json!({"type": "create_room", "name": "flood", "settings": settings}))
        .await?;
    flooder.hears("entered").await?;
    // A gateway reads a hundred a second, and two hundred at once.
    for _ in 0..400 {
        flooder.frame(kind::INPUT, &[1, 1, 255, 1, 0, 0]).await?;
    }
    // It is still a player like anybody else.
    flooder.say(&json!({"type": "ping", "nonce": 1})).await?;
    flooder.hears("pong").await?;
    loop {
        if let Some((kind::SNAPSHOT, _)) = flooder.next().await? {
            break;
        }
    }
    let ignored = r#"gateway_frames_ignored_total{reason="input_rate"}"#;
    assert_lives(&cluster, &[(ignored, 100.0)]).await
}

#[tokio::test]
async fn inputs_that_cannot_be_read_harm_nobody() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut vandal = RawClient::signed_up(&cluster.race_address()?, "Vandal").await?;
    let settings = json!({"seats": 2});
    vandal
        .say(&json!({"type": "create_room", "name": "duel", "settings": settings}))
        .await?;
    vandal.hears("entered").await?;
    let ada = cluster.racer("Ada").await?;
    ada.join("duel").await?;
    ada.racing().await?;
    for body in [
        &[][..],
        &[0xff; 40],
        &[1, 65],
        &[0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0, 0, 0, 0],
    ] {
        vandal.frame(kind::INPUT, body).await?;
    }
    let worker = &cluster.fleet.race_workers[0];
    eventually("the worker has counted", async || {
        let unreadable = worker
            .metrics()
            .await?
            .value("race_input_frames_unreadable_total");
        Ok((unreadable >= 3.0).then_some(()))
    })
    .await?;
    let score = ada.look(integration_tests::racer::Racer::score);
    ada.until("scoring on", |racer| racer.score() > score)
        .await?;
    assert_lives(&cluster, &[]).await
}

#[tokio::test]
async fn guessing_passwords_is_slowed_down() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.racer("Ada").await?;
    let address = cluster.race_address()?;
    eventually("too many wrong passwords", async || {
        let mut guesser = RawClient::greeted(&address).await?;
        guesser
            .say(&json!({"type": "log_in", "name": "Ada", "password": "wrong-one"}))
            .await?;
        let code = guesser.hears("rejected").await?["code"].clone();
        assert!(code == "wrong_credentials" || code == "too_fast", "{code}");
        Ok((code == "too_fast").then_some(()))
    })
    .await?;
    ada.create("undisturbed", RoomSettings::default()).await?;
    Ok(())
}

#[tokio::test]
async fn logs_and_metrics_hold_no_secret_and_no_escape_sequence() -> Result<()> {
    const PASSWORD: &str = "marker-of-a-password";
    let mut cluster = Cluster::start_with(Plan {
        gateways: 0,
        ..Plan::default()
    })
    .await?;
    for program in [Program::Persistence, Program::Gateway] {
        let mut command = cluster.fleet.command(program)?;
        command.env("RUST_LOG", "debug");
        cluster
            .fleet
            .add_command(program, command, LOOPBACK)
            .await?;
    }
    // Only the one that writes everything down answers.
    cluster.fleet.persistence[0].terminate()?;
    cluster.fleet.persistence[0].ended().await?;

    let mut client = RawClient::connect(&cluster.race_address()?).await?;
    let mut hello = vec![VERSION];
    hello.extend(
        json!({"client": "\u{1b}[31mred\r\nforged line"})
            .to_string()
            .bytes(),
    );
    client.frame(kind::HELLO, &hello).await?;
    let account = |kind, password| json!({"type": kind, "name": "Ada", "password": password});
    client.say(&account("log_in", PASSWORD)).await?;
    client.hears("rejected").await?;
    client.say(&account("sign_up", PASSWORD)).await?;
    let welcome = client.hears("welcome").await?;
    let token = welcome["token"].as_str().unwrap_or_default().to_owned();
    client
        .say(&json!({"type": "change_password", "old": PASSWORD, "new": format!("{PASSWORD}-2")}))
        .await?;
    client.hears("password_changed").await?;
    // Part of a token in what cannot be read comes back to its sender alone.
    client
        .say(&json!({"type": "nonsense", "token": token}))
        .await?;
    client.hears("rejected").await?;

    let mut texts = Vec::new();
    for server in cluster.fleet.programs_mut() {
        texts.push((format!("log of {}", server.name()), server.log()));
        if server.try_ended()?.is_none() {
            let (_, metrics) = http::get(server.address("http")?, "/metrics").await?;
            texts.push((format!("metrics of {}", server.name()), metrics));
        }
    }
    assert!(
        texts.iter().any(|(_, text)| text.contains("forged line")),
        "the hello is logged"
    );
    for (what, text) in texts {
        for secret in [PASSWORD, &token] {
            assert!(
                !secret.is_empty() && !text.contains(secret),
                "{what} has {secret}"
            );
        }
        let is_control = |character: char| character.is_control() && character != '\n';
        assert!(!text.contains(is_control), "{what} has control characters");
        let is_forged = text.lines().any(|line| line.starts_with("forged line"));
        assert!(!is_forged, "{what} has a forged line");
    }
    Ok(())
}
