//! Limits belong to people, addresses and names, not to connections: each test is a flood
//! with reconnects against a gateway with the usual limits.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use fleet::wait::eventually_within;
use fleet::{LOOPBACK, Plan, Program};
use futures::future::join_all;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::raw_client::{RawClient, kind};
use serde_json::{Value, json};

/// The seats of lost connections in a waiting room are free after 15 s.
const ROOM_OVER_TIMEOUT: Duration = Duration::from_secs(60);

/// Longer than an answer takes.
const QUIET: Duration = Duration::from_millis(300);

/// How long a flood lasts.
const FLOOD: Duration = Duration::from_secs(6);

/// A cluster whose gateway has the usual limits, but for some settings.
async fn cluster(settings: &[(&str, &str)]) -> Result<Cluster> {
    let mut cluster = Cluster::start_with(Plan {
        gateways: 0,
        has_wide_limits: false,
        ..Plan::default()
    })
    .await?;
    let mut command = cluster.fleet.command(Program::Gateway)?;
    command.envs(settings.iter().copied());
    let added = cluster
        .fleet
        .add_command(Program::Gateway, command, LOOPBACK);
    added.await?;
    Ok(cluster)
}

/// The connections of a flood of guesses. Each guess has one of its own: nothing that a
/// gateway does to a connection slows the guesser down.
const GUESSERS: u32 = 40;

/// Settings for a flood that comes by many connections.
const MANY_CONNECTS: (&str, &str) = ("SLIPSTREAM_LIMIT_CONNECTS", "off");
/// On two busy cores a hello may be read late.
const MANY_SILENT: (&str, &str) = ("SLIPSTREAM_SILENT_PER_ADDRESS", "100");

/// Passwords that were checked for a client which guesses until the flood is over. It
/// guesses on however long it is told to wait.
async fn guess(
    connect: impl AsyncFn() -> Result<RawClient>,
    name: String,
    until: Instant,
) -> Result<usize> {
    let mut checked = 0;
    while Instant::now() < until {
        let answer = connect().await?.log_in(&name, "wrong-one").await?;
        match answer["code"].as_str() {
            Some("wrong_credentials") => checked += 1,
            Some("too_fast") => assert_wait(&answer),
            // The servers may be busy with the other guesses.
            Some("unavailable") => {}
            _ => panic!("{answer}"),
        }
        // The test shares its processor with the servers.
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    Ok(checked)
}

/// A refusal says how long to wait, to people and to programs.
fn assert_wait(refusal: &Value) {
    assert_eq!(refusal["code"], "too_fast", "{refusal}");
    assert!(refusal["retry_after_ms"].as_u64() > Some(0), "{refusal}");
    let message = refusal["message"].as_str().unwrap_or_default();
    assert!(message.starts_with("too many "), "{refusal}");
    assert!(message.contains(", try again in "), "{refusal}");
}

async fn all(guesses: impl Iterator<Item: Future<Output = Result<usize>>>) -> Result<usize> {
    join_all(guesses).await.into_iter().sum()
}

async fn limited(cluster: &Cluster, limit: &str) -> Result<f64> {
    let metrics = cluster.fleet.gateways[0].metrics().await?;
    Ok(metrics.value(&format!("gateway_limited_total{{limit=\"{limit}\"}}")))
}

/// The token of a new account.
async fn token_of(address: &str, name: &str) -> Result<String> {
    let mut client = RawClient::greeted(address).await?;
    let sign_up = json!({"type": "sign_up", "name": name, "password": PASSWORD});
    let welcome = client.ask(&sign_up).await?;
    let token = welcome["token"].as_str();
    let token = token.with_context(|| format!("a token of {name}: {welcome}"))?;
    Ok(token.to_owned())
}

#[tokio::test]
async fn guesses_in_parallel_are_bounded_and_lock_nobody_out_behind_their_address() -> Result<()> {
    let cluster = cluster(&[MANY_CONNECTS, MANY_SILENT]).await?;
    let address = cluster.race_address()?;
    let address = address.as_str();
    token_of(address, "Ada").await?;
    token_of(address, "Ben").await?;
    // Forty connections with one name, then forty with a name each.
    for (names, most) in [(1, 5 + 3), (40, 20 + 3)] {
        let until = Instant::now() + FLOOD;
        let guesses = (0..GUESSERS).map(|number| {
            let name = match names {
                1 => "ada".to_owned(),
                _ => format!("nobody-{number}"),
            };
            guess(move || RawClient::greeted(address), name, until)
        });
        let checked = all(guesses).await?;
        assert!((1..=most).contains(&checked), "{checked} of {names} names");
    }
    // The address has no guess left for strangers; Ben has been here before.
    let mut stranger = RawClient::greeted(address).await?;
    let refused = stranger.log_in("stranger", "wrong-one").await?;
    assert_wait(&refused);
    let mut ben = RawClient::greeted(address).await?;
    assert_eq!(ben.log_in("Ben", PASSWORD).await?["type"], "welcome");
    assert!(limited(&cluster, "guesses").await? > 40.0);
    assert!(limited(&cluster, "guesses_of_address").await? > 40.0);
    Ok(())
}

#[tokio::test]
async fn a_name_is_guessed_slowly_from_many_addresses_and_its_player_comes_in() -> Result<()> {
    let settings = [
        ("SLIPSTREAM_PROXY_PROTOCOL", "true"),
        MANY_CONNECTS,
        MANY_SILENT,
    ];
    let cluster = cluster(&settings).await?;
    let address = cluster.race_address()?;
    let home = "203.0.113.200";
    let mut ada = RawClient::behind_balancer(&address, home).await?;
    let sign_up = json!({"type": "sign_up", "name": "Ada", "password": PASSWORD});
    assert_eq!(ada.ask(&sign_up).await?["type"], "welcome");
    let until = Instant::now() + FLOOD;
    let address = &address;
    let guesses = (0..GUESSERS).map(|number| {
        let connect = async move || {
            let from = format!("203.0.113.{number}");
            RawClient::behind_balancer(address, &from).await
        };
        guess(connect, "ada".to_owned(), until)
    });
    let checked = all(guesses).await?;
    assert!((20..=32).contains(&checked), "{checked}");
    let mut ada = RawClient::behind_balancer(address, home).await?;
    assert_eq!(ada.log_in("Ada", PASSWORD).await?["type"], "welcome");
    assert!(limited(&cluster, "guesses_of_name").await? > 20.0);
    // Another player at another address is nobody's business.
    let mut ben = RawClient::behind_balancer(address, "203.0.113.201").await?;
    let sign_up = json!({"type": "sign_up", "name": "Ben", "password": PASSWORD});
    assert_eq!(ben.ask(&sign_up).await?["type"], "welcome");
    Ok(())
}

#[tokio::test]
async fn a_balancer_must_say_whose_connection_it_is() -> Result<()> {
    let settings = [
        ("SLIPSTREAM_PROXY_PROTOCOL", "true"),
        ("SLIPSTREAM_CONNECTIONS_PER_ADDRESS", "2"),
    ];
    let cluster = cluster(&settings).await?;
    let address = cluster.race_address()?;
    let mut silent = RawClient::greeted(&address).await?;
    let goodbye = silent.dismissed().await?;
    let reason = goodbye["reason"].as_str().unwrap_or_default();
    assert!(reason.contains("PROXY protocol"), "{goodbye}");
    let mut clients = Vec::new();
    for from in ["203.0.113.1", "203.0.113.1", "203.0.113.2"] {
        let mut client = RawClient::behind_balancer(&address, from).await?;
        client.say(&json!({"type": "ping", "nonce": 1})).await?;
        client.hears("pong").await?;
        clients.push(client);
    }
    let mut third = RawClient::behind_balancer(&address, "203.0.113.1").await?;
    let goodbye = third.dismissed().await?;
    assert_eq!(goodbye["code"], "too_many", "{goodbye}");
    assert!(limited(&cluster, "connections").await? >= 1.0);
    Ok(())
}

#[tokio::test]
async fn a_reconnect_resets_neither_chat_lines_nor_join_notices() -> Result<()> {
    let cluster = cluster(&[]).await?;
    let address = cluster.chat_address()?;
    let ada = cluster.chatter("Ada").await?;
    let token = token_of(&address, "Flood").await?;
    let begun = Instant::now();
    let (mut sequence, mut refused) = (0, 0);
    for _connection in 0..40 {
        let mut flood = RawClient::greeted(&address).await?;
        let answer = flood.resume(&token).await?;
        if answer["type"] == "rejected" {
            assert_wait(&answer);
            refused += 1;
            continue;
        }
        for _ in 0..20 {
            sequence += 1;
            let line = json!({"type": "say", "text": "flood", "sequence": sequence});
            flood.say(&line).await?;
        }
        // Of many refusals the first is answered, and a flood is shown the door.
        while let Ok(answer) = tokio::time::timeout(QUIET, flood.message()).await {
            if answer.is_err() {
                break;
            }
        }
    }
    let seconds = begun.elapsed().as_secs_f64();
    ada.say("end");
    ada.reads("Ada: end").await?;
    let texts = ada.texts();
    let count = |text: &str| texts.iter().filter(|line| line.as_str() == text).count();
    let lines = count("Flood: flood");
    assert!(lines >= 8, "{lines}");
    assert!(
        lines as f64 <= 8.0 + 2.0 * seconds,
        "{lines} in {seconds} s"
    );
    // The sign-up was the first of ten.
    let notices = count("Flood just joined the chat!");
    assert!(
        notices <= 10 + (seconds / 6.0) as usize,
        "{notices} notices"
    );
    assert!(refused >= 20, "{refused} resumes were refused");
    assert!(limited(&cluster, "chat").await? >= 5.0);
    assert!(limited(&cluster, "log_ins").await? >= 20.0);
    Ok(())
}

/// Tries to make rooms, each on a connection of its own; counts those that are refused.
async fn make_rooms(address: &str, token: &str, rooms: &[&str]) -> Result<Vec<Value>> {
    let mut refused = Vec::new();
    for room in rooms {
        let mut host = RawClient::greeted(address).await?;
        assert_eq!(host.resume(token).await?["type"], "welcome");
        let create = json!({"type": "create_room", "name": room, "settings": {"seats": 8}});
        let answer = host.ask(&create).await?;
        if answer["type"] == "rejected" {
            refused.push(answer);
        } else {
            assert_eq!(answer["type"], "entered", "{answer}");
        }
    }
    Ok(refused)
}

#[tokio::test]
async fn one_player_makes_two_rooms_a_minute_however_it_connects() -> Result<()> {
    let cluster = cluster(&[]).await?;
    let address = cluster.race_address()?;
    let token = token_of(&address, "Maker").await?;
    let rooms = ["r1", "r2", "r3", "r4", "r5", "r6"];
    let refused = make_rooms(&address, &token, &rooms).await?;
    assert_eq!(refused.len(), 4);
    for refusal in &refused {
        assert_wait(refusal);
        let message = refusal["message"].as_str().unwrap_or_default();
        assert!(message.contains("2 a minute"), "{message}");
    }
    assert!(limited(&cluster, "rooms").await? >= 4.0);
    Ok(())
}

#[tokio::test]
async fn one_player_has_two_living_rooms_at_most() -> Result<()> {
    let cluster = cluster(&[("SLIPSTREAM_LIMIT_ROOMS", "off")]).await?;
    let address = cluster.race_address()?;
    let token = token_of(&address, "Maker").await?;
    let mut guests = Vec::new();
    // Guests keep the rooms alive.
    for (room, guest) in [("r1", "Ada"), ("r2", "Ben")] {
        let refused = make_rooms(&address, &token, &[room]).await?;
        assert!(refused.is_empty(), "{refused:?}");
        let guest = cluster.racer(guest).await?;
        guest.join(room).await?;
        guests.push(guest);
    }
    let refused = make_rooms(&address, &token, &["r3", "r4"]).await?;
    assert_eq!(refused.len(), 2);
    for refusal in &refused {
        assert_eq!(refusal["code"], "too_fast", "{refusal}");
        let message = refusal["message"].as_str().unwrap_or_default();
        assert!(message.contains("you may have 2 at a time"), "{message}");
    }
    drop(guests.pop());
    let over = eventually_within(ROOM_OVER_TIMEOUT, "room r2 is over", async || {
        // As often as a player may log in.
        tokio::time::sleep(Duration::from_secs(6)).await;
        let refused = make_rooms(&address, &token, &["r5"]).await?;
        Ok(refused.is_empty().then_some(()))
    });
    over.await
}

/// Whether an event of a room is about a player.
fn is_about(body: &[u8], name: &str) -> Result<bool> {
    let event: Value = serde_json::from_slice(body)?;
    Ok(event["player"] == name)
}

#[tokio::test]
async fn a_player_who_flaps_does_not_flood_the_rival() -> Result<()> {
    let cluster = cluster(&[]).await?;
    let address = cluster.race_address()?;
    let mut rival = RawClient::signed_up(&address, "Rival").await?;
    let create = json!({"type": "create_room", "name": "duel", "settings": {"seats": 2}});
    rival.say(&create).await?;
    rival.hears("entered").await?;
    let token = token_of(&address, "Flapper").await?;
    let begun = Instant::now();
    let (mut welcomes, mut refused) = (1, 0);
    for _connection in 0..60 {
        let mut flapper = RawClient::greeted(&address).await?;
        let answer = flapper.resume(&token).await?;
        if answer["type"] == "rejected" {
            assert_wait(&answer);
            refused += 1;
            continue;
        }
        welcomes += 1;
        let answer = flapper
            .ask(&json!({"type": "join_room", "name": "duel"}))
            .await?;
        assert_eq!(answer["type"], "entered", "{answer}");
    }
    let seconds = begun.elapsed().as_secs_f64();
    assert!(welcomes <= 10 + (seconds / 6.0) as usize, "{welcomes}");
    assert!(refused >= 45, "{refused}");
    rival.say(&json!({"type": "ping", "nonce": 9})).await?;
    let mut events = 0;
    loop {
        match rival.next().await?.context("the rival stays")? {
            (kind::EVENT, body) => events += usize::from(is_about(&body, "Flapper")?),
            (kind::CONTROL, body) => {
                let message: Value = serde_json::from_slice(&body)?;
                if message["type"] == "pong" {
                    break;
                }
            }
            _ => {}
        }
    }
    // Joined once, then lost and returned with each connection.
    assert!((1..=1 + 2 * welcomes).contains(&events), "{events} events");
    Ok(())
}

#[tokio::test]
async fn sign_ups_and_connections_of_one_address_are_bounded() -> Result<()> {
    let settings = [
        ("SLIPSTREAM_LIMIT_SIGN_UPS", "3/10m"),
        ("SLIPSTREAM_LIMIT_CONNECTS", "30/10m"),
    ];
    let cluster = cluster(&settings).await?;
    let address = cluster.race_address()?;
    let mut codes = Vec::new();
    for number in 0..10 {
        let mut client = RawClient::greeted(&address).await?;
        let name = format!("new-{number}");
        let sign_up = json!({"type": "sign_up", "name": name, "password": PASSWORD});
        let answer = client.ask(&sign_up).await?;
        if answer["type"] == "rejected" {
            assert_wait(&answer);
        }
        codes.push(answer["type"].as_str().unwrap_or_default().to_owned());
    }
    let welcomes = codes.iter().filter(|code| *code == "welcome").count();
    assert_eq!(welcomes, 3, "{codes:?}");
    for _ in 0..20 {
        RawClient::greeted(&address).await?;
    }
    let mut last = RawClient::greeted(&address).await?;
    let goodbye = last.dismissed().await?;
    assert_eq!(goodbye["code"], "too_many", "{goodbye}");
    let reason = goodbye["reason"].as_str().unwrap_or_default();
    assert!(
        reason.contains("30 in 10 minutes, try again in"),
        "{reason}"
    );
    // A race that goes on is not touched.
    assert!(limited(&cluster, "sign_ups").await? >= 7.0);
    assert!(limited(&cluster, "connects").await? >= 1.0);
    Ok(())
}
