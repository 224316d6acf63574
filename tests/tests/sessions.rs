//! Sessions: a player is in one place at each port, and no copy of a token gets in.

use std::time::Duration;

use anyhow::{Context, Result};
use fleet::Plan;
use fleet::command::stdout_of;
use fleet::wait::eventually;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::raw_client::{RawClient, kind};
use serde_json::{Value, json};

/// Longer than a gateway needs to hear of a session that another one has taken.
const DISMISSAL: Duration = Duration::from_secs(1);

/// After an answer that all servers are busy.
const BUSY_PAUSE: Duration = Duration::from_millis(300);

async fn two_gateways() -> Result<(Cluster, Vec<String>, Vec<String>)> {
    let cluster = Cluster::start_with(Plan {
        gateways: 2,
        ..Plan::default()
    })
    .await?;
    let race = cluster.fleet.race_addresses()?;
    let chat = cluster.fleet.chat_addresses()?;
    Ok((cluster, race, chat))
}

/// A client that has logged in, and its token.
async fn logs_in(address: &str, how: &str, name: &str) -> Result<(RawClient, String)> {
    let mut client = RawClient::greeted(address).await?;
    let message = json!({"type": how, "name": name, "password": PASSWORD});
    loop {
        let answer = client.ask(&message).await?;
        if answer["code"] == "unavailable" {
            // Of many log-ins of one name only some wait for a hash at a time.
            tokio::time::sleep(BUSY_PAUSE).await;
            continue;
        }
        let token = answer["token"].as_str();
        let token = token.with_context(|| format!("no token: {answer}"))?;
        return Ok((client, token.to_owned()));
    }
}

/// What a gateway answers to a token: a welcome or a rejection.
async fn resumes(address: &str, token: &str) -> Result<(RawClient, Value)> {
    let mut client = RawClient::greeted(address).await?;
    client
        .say(&json!({"type": "resume", "token": token}))
        .await?;
    let answer = client.message().await?;
    Ok((client, answer))
}

async fn refused(address: &str, token: &str) -> Result<String> {
    let (_client, answer) = resumes(address, token).await?;
    assert_eq!(answer["type"], "rejected", "{answer}");
    assert_eq!(answer["code"], "bad_token", "{answer}");
    Ok(answer["message"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_that_was_replaced_ends_the_session_at_every_gateway() -> Result<()> {
    let (_cluster, race, _chat) = two_gateways().await?;
    let (_first, copied) = logs_in(&race[0], "sign_up", "Ada").await?;
    let mut token = copied.clone();
    let mut clients = Vec::new();
    for turn in 0..5 {
        let (mut client, answer) = resumes(&race[turn % 2], &token).await?;
        assert_eq!(answer["type"], "welcome", "{answer}");
        let next = answer["token"].as_str().context("no token")?.to_owned();
        assert_ne!(next, token);
        token = next;
        client.say(&json!({"type": "ping", "nonce": 1})).await?;
        client.hears("pong").await?;
        clients.push(client);
    }
    let reason = refused(&race[1], &copied).await?;
    assert!(reason.contains("used before"), "{reason}");
    // The thief may have the newest one as well as the player: both have to log in.
    let goodbye = clients.last_mut().context("none")?.dismissed().await?;
    assert_eq!(goodbye["code"], "session_ended", "{goodbye}");
    for gateway in &race {
        refused(gateway, &token).await?;
    }
    logs_in(&race[0], "log_in", "Ada").await?;
    Ok(())
}

#[tokio::test]
async fn a_welcome_that_is_lost_costs_nothing() -> Result<()> {
    let (_cluster, race, _chat) = two_gateways().await?;
    let (_first, token) = logs_in(&race[0], "sign_up", "Ada").await?;
    // Three times the answer with the next token does not arrive.
    for turn in 0..3 {
        let (_lost, answer) = resumes(&race[turn % 2], &token).await?;
        assert_eq!(answer["type"], "welcome", "{answer}");
    }
    let (_client, answer) = resumes(&race[1], &token).await?;
    let next = answer["token"].as_str().context("no token")?;
    let (_client, answer) = resumes(&race[0], next).await?;
    assert_eq!(answer["type"], "welcome", "{answer}");
    refused(&race[0], &token).await.map(drop)
}

#[tokio::test]
async fn the_connection_at_another_gateway_gets_its_reason_and_nothing_more() -> Result<()> {
    let (_cluster, race, chat) = two_gateways().await?;
    let (mut old, _token) = logs_in(&race[0], "sign_up", "Ada").await?;
    let (mut old_chat, _token) = logs_in(&chat[0], "log_in", "Ada").await?;
    let settings = json!({"seats": 1, "laps": 9});
    let create = json!({"type": "create_room", "name": "solo", "settings": settings});
    old.say(&create).await?;
    while old.next().await?.context("closed")?.0 != kind::SNAPSHOT {}

    let (mut new, _token) = logs_in(&race[1], "log_in", "Ada").await?;
    let goodbye = tokio::time::timeout(DISMISSAL, old.dismissed()).await??;
    assert_eq!(goodbye["code"], "replaced", "{goodbye}");

    // The chat is another session, and lives.
    old_chat
        .say(&json!({"type": "say", "text": "still here", "sequence": 1}))
        .await?;
    old_chat.hears("said").await?;
    new.say(&json!({"type": "join_room", "name": "solo"}))
        .await?;
    new.hears("entered").await?;
    while new.next().await?.context("closed")?.0 != kind::SNAPSHOT {}
    Ok(())
}

#[tokio::test]
async fn of_log_ins_at_many_gateways_at_once_one_stays() -> Result<()> {
    let (_cluster, race, _chat) = two_gateways().await?;
    logs_in(&race[0], "sign_up", "Ada").await?;
    let attempts = (0..8).map(|turn| logs_in(&race[turn % 2], "log_in", "Ada"));
    let mut living = 0;
    for outcome in futures::future::join_all(attempts).await {
        let (mut client, _token) = outcome?;
        client.say(&json!({"type": "ping", "nonce": 7})).await?;
        tokio::time::sleep(DISMISSAL / 8).await;
        let answered = tokio::time::timeout(DISMISSAL, client.message()).await;
        match answered {
            Ok(Ok(message)) if message["type"] == "pong" => {
                let more = tokio::time::timeout(DISMISSAL / 2, client.message()).await;
                living += usize::from(more.is_err());
            }
            Ok(Ok(message)) => assert_eq!(message["code"], "replaced", "{message}"),
            other => anyhow::bail!("neither an answer nor a goodbye: {other:?}"),
        }
    }
    assert_eq!(living, 1);
    Ok(())
}

#[tokio::test]
async fn a_session_ends_by_log_out_and_by_an_operator() -> Result<()> {
    let (cluster, race, chat) = two_gateways().await?;
    let (mut ada, token) = logs_in(&race[0], "sign_up", "Ada").await?;
    ada.say(&json!({"type": "log_out"})).await?;
    let goodbye = ada.dismissed().await?;
    assert_eq!(goodbye["code"], "session_ended", "{goodbye}");
    let reason = refused(&race[1], &token).await?;
    assert!(reason.contains("has ended"), "{reason}");

    let (mut at_race, race_token) = logs_in(&race[1], "log_in", "Ada").await?;
    let (mut at_chat, chat_token) = logs_in(&chat[0], "log_in", "Ada").await?;
    let listed = stdout_of(cluster.fleet.racectl(&["sessions", "list", "--json"])?).await?;
    let listed: Value = serde_json::from_str(&listed)?;
    let ports: Vec<_> = listed.as_array().context("no list")?.iter().collect();
    assert_eq!(ports.len(), 2, "{listed}");
    stdout_of(cluster.fleet.racectl(&["sessions", "end", "ada"])?).await?;
    for client in [&mut at_race, &mut at_chat] {
        let goodbye = client.dismissed().await?;
        assert_eq!(goodbye["code"], "session_ended", "{goodbye}");
    }
    refused(&race[0], &race_token).await?;
    refused(&chat[1], &chat_token).await?;
    let nobody = stdout_of(cluster.fleet.racectl(&["sessions", "end", "ada"])?).await;
    assert!(nobody.is_err(), "there is none any longer");
    Ok(())
}

#[tokio::test]
async fn a_changed_password_ends_all_other_sessions() -> Result<()> {
    let (_cluster, race, chat) = two_gateways().await?;
    let (mut ada, old_token) = logs_in(&race[0], "sign_up", "Ada").await?;
    let (mut at_chat, chat_token) = logs_in(&chat[1], "log_in", "Ada").await?;
    let change = json!({"type": "change_password", "old": PASSWORD, "new": "battery-staple"});
    ada.say(&change).await?;
    let changed = ada.hears("password_changed").await?;
    let token = changed["token"].as_str().context("no token")?;
    assert_eq!(at_chat.dismissed().await?["code"], "session_ended");
    refused(&chat[0], &chat_token).await?;
    ada.say(&json!({"type": "ping", "nonce": 1})).await?;
    ada.hears("pong").await?;
    // Someone with a copy of the token from before is out, the player is not.
    refused(&race[1], &old_token).await?;
    let (mut ada, answer) = resumes(&race[1], token).await?;
    assert_eq!(answer["type"], "welcome", "{answer}");

    let token = answer["token"].as_str().context("no token")?;
    ada.say(&json!({"type": "delete_account", "password": "battery-staple"}))
        .await?;
    ada.hears("account_deleted").await?;
    assert_eq!(ada.dismissed().await?["code"], "account_deleted");
    refused(&race[0], token).await.map(drop)
}

#[tokio::test]
async fn a_ticket_opens_the_chat_once() -> Result<()> {
    let (_cluster, race, chat) = two_gateways().await?;
    let (mut ada, race_token) = logs_in(&race[0], "sign_up", "Ada").await?;
    ada.say(&json!({"type": "chat_token"})).await?;
    let ticket = ada.hears("chat_token").await?;
    let ticket = ticket["token"].as_str().context("no token")?.to_owned();
    let wrong_port = refused(&race[0], &ticket).await?;
    assert!(wrong_port.contains("other port"), "{wrong_port}");
    refused(&chat[0], &race_token).await?;

    let (_chat, answer) = resumes(&chat[1], &ticket).await?;
    assert_eq!(answer["type"], "welcome", "{answer}");
    let token = answer["token"].as_str().context("no token")?;
    let (mut chatter, answer) = resumes(&chat[0], token).await?;
    assert_eq!(answer["type"], "welcome", "{answer}");
    // Whoever copied the ticket ends the session rather than share it.
    refused(&chat[1], &ticket).await?;
    assert_eq!(chatter.dismissed().await?["code"], "session_ended");
    refused(&chat[1], &ticket).await?;

    // A ticket of a session that has ended opens nothing.
    ada.say(&json!({"type": "chat_token"})).await?;
    let ticket = ada.hears("chat_token").await?;
    let ticket = ticket["token"].as_str().context("no token")?.to_owned();
    ada.say(&json!({"type": "log_out"})).await?;
    ada.dismissed().await?;
    refused(&chat[0], &ticket).await.map(drop)
}

#[tokio::test]
async fn keys_are_replaced_while_tokens_of_the_one_before_stay_good() -> Result<()> {
    let (cluster, race, _chat) = two_gateways().await?;
    let (_ada, token) = logs_in(&race[0], "sign_up", "Ada").await?;
    let keys = cluster.fleet.run_dir().session_key();
    let keys = keys.to_str().context("a path")?;
    stdout_of(cluster.fleet.racectl(&["sessions", "rotate-key", keys])?).await?;
    let (_client, answer) = resumes(&race[1], &token).await?;
    assert_eq!(answer["type"], "welcome", "{answer}");
    let key_of = |token: &str| token.split('.').next().map(str::to_owned);
    let fresh = eventually("a token of the new key", async || {
        let (_client, fresh) = logs_in(&race[0], "log_in", "Ada").await?;
        Ok((key_of(&fresh) != key_of(&token)).then_some(fresh))
    })
    .await?;
    let (_client, answer) = resumes(&race[1], &fresh).await?;
    assert_eq!(answer["type"], "welcome", "{answer}");
    Ok(())
}

#[tokio::test]
async fn sessions_of_living_connections_outlive_an_emptied_nats() -> Result<()> {
    let (mut cluster, race, _chat) = two_gateways().await?;
    let (mut ada, token) = logs_in(&race[0], "sign_up", "Ada").await?;
    let (bob, bobs) = logs_in(&race[0], "sign_up", "Bob").await?;
    drop(bob);
    cluster.empty_nats(Duration::from_millis(300)).await?;
    cluster.all_ready().await?;
    ada.say(&json!({"type": "ping", "nonce": 1})).await?;
    ada.hears("pong").await?;
    // NATS is still being filled: a client that is told to try again keeps its token.
    let _client = eventually("a resume", async || {
        let (client, answer) = resumes(&race[1], &token).await?;
        let is_early = answer["code"] == "unavailable";
        anyhow::ensure!(is_early || answer["type"] == "welcome", "{answer}");
        Ok((!is_early).then_some(client))
    })
    .await?;
    assert_eq!(ada.dismissed().await?["code"], "replaced");
    refused(&race[1], &bobs).await?;
    logs_in(&race[1], "log_in", "Bob").await?;

    // A gateway that dies takes no session with it.
    let (_client, token) = logs_in(&race[0], "log_in", "Ada").await?;
    cluster.fleet.gateways[0].kill()?;
    let (_client, answer) = resumes(&race[1], &token).await?;
    assert_eq!(answer["type"], "welcome", "{answer}");
    Ok(())
}
