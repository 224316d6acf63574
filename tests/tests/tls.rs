//! TLS on the client ports, between real programs: what it carries, and what both sides say
//! when they do not agree on it.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use client_core::protocol::lobby::RoomSettings;
use client_core::security::CaFile;
use client_core::{RaceClientState, Security};
use fleet::command::run;
use fleet::wait::eventually;
use fleet::{Plan, Process};
use integration_tests::cluster::Cluster;
use integration_tests::live::Live;
use integration_tests::programs::programs;
use integration_tests::racer::Racer;
use integration_tests::raw_client::{RawClient, VERSION};
use serde_json::json;

/// The time that a gateway gives a client for its handshake, and the slack of two busy cores.
const HELLO_TIMEOUT: Duration = Duration::from_secs(5);
const SLACK: Duration = Duration::from_secs(4);

fn seats(seats: u8) -> RoomSettings {
    RoomSettings {
        seats,
        ..RoomSettings::default()
    }
}

async fn cluster() -> Result<Cluster> {
    Cluster::start_with(Plan {
        tls: true,
        ..Plan::default()
    })
    .await
}

/// Waits until a gateway has counted so many handshakes with an outcome.
async fn counted(gateway: &Process, outcome: &str, times: f64) -> Result<()> {
    let series = format!(r#"gateway_tls_handshakes_total{{outcome="{outcome}"}}"#);
    eventually(&series, async || {
        Ok((gateway.metrics().await?.value(&series) >= times).then_some(()))
    })
    .await
}

async fn raw(cluster: &Cluster) -> Result<RawClient> {
    let Security::Tls(config) = &cluster.security else {
        anyhow::bail!("the cluster speaks plain text")
    };
    let address = cluster.fleet.gateways[0].address("race")?;
    RawClient::connect_with_tls(address, config.clone()).await
}

/// The reason for which a client gave up.
async fn given_up(racer: &Live<Racer>) -> Result<String> {
    let ended = |racer: &Racer| match racer.client.state() {
        RaceClientState::Ended(reason) => Some(reason.clone()),
        RaceClientState::Offline(_)
        | RaceClientState::Unauthenticated
        | RaceClientState::Lobby
        | RaceClientState::Room(_)
        | RaceClientState::Result(_) => None,
    };
    racer.find("giving up", ended).await
}

#[tokio::test]
async fn players_race_and_chat() -> Result<()> {
    let cluster = cluster().await?;
    let (ada, bob) = (cluster.racer("Ada").await?, cluster.racer("Bob").await?);
    ada.create("duel", seats(2)).await?;
    bob.join("duel").await?;
    ada.racing().await?;
    ada.until("scoring", |racer| racer.score() > Some(0))
        .await?;
    let (eve, joe) = (cluster.chatter("Eve").await?, cluster.chatter("Joe").await?);
    eve.reads("Joe just joined the chat!").await?;
    joe.say("can you read this?");
    eve.reads("Joe: can you read this?").await?;
    counted(&cluster.fleet.gateways[0], "done", 4.0).await
}

#[tokio::test]
async fn bots_race_through_a_ca_file() -> Result<()> {
    let cluster = cluster().await?;
    let mut command = bots(&cluster, "first")?;
    command.arg("--ca").arg(cluster.fleet.run_dir().ca());
    let output = run(command).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // Without it they say what to do, and do not try for ever.
    let output = run(bots(&cluster, "second")?).await?;
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("connect with TLS"),
        "{said}"
    );
    Ok(())
}

fn bots(cluster: &Cluster, room: &str) -> Result<Command> {
    let mut command = programs()?.command("bots")?;
    command.args([
        "race",
        "--room",
        room,
        "--gateway",
        &cluster.race_address()?,
    ]);
    command.args(["--create", "--mode", "highway", "--target", "50"]);
    Ok(command)
}

#[tokio::test]
async fn sighup_renews_the_certificate_while_races_go_on() -> Result<()> {
    let cluster = cluster().await?;
    let gateway = &cluster.fleet.gateways[0];
    let ada = cluster.racer("Ada").await?;
    ada.create("alone", seats(1)).await?;
    ada.racing().await?;
    let folder = cluster.fleet.run_dir().ca();
    let folder = folder.parent().context("a CA is in a folder")?;

    // A file that cannot be used changes nothing but the log.
    let certificate = folder.join("server.pem");
    let good = fs::read(&certificate)?;
    fs::write(&certificate, "no PEM")?;
    gateway.hang_up()?;
    eventually("a word about the bad file", async || {
        Ok(gateway
            .log()
            .contains("the certificate in use stays")
            .then_some(()))
    })
    .await?;
    cluster.racer("Bob").await?;

    // A new CA altogether: who connects later needs it, who is connected does not notice.
    fs::write(&certificate, good)?;
    let old = cluster.security.clone();
    fs::remove_dir_all(folder)?;
    cluster.fleet.renew_certificate().await?;
    gateway.hang_up()?;
    eventually("the new certificate", async || {
        Ok(gateway.log().contains("has been read again").then_some(()))
    })
    .await?;
    let new = Security::with_ca(&CaFile::read(&cluster.fleet.run_dir().ca())?);
    let eve = Racer::connect_with("Eve", &cluster.race_address()?, &new);
    eve.act(|racer| racer.client.sign_up("Eve", "correct-horse"));
    eve.in_lobby().await?;
    let late = Racer::connect_with("Late", &cluster.race_address()?, &old);
    let reason = given_up(&late).await?;
    assert!(reason.contains("is not trusted"), "{reason}");
    let score = ada.look(Racer::score);
    ada.until("scoring on", |racer| racer.score() > score)
        .await?;
    assert!(ada.look(|racer| racer.goodbyes.is_empty()));
    Ok(())
}

#[tokio::test]
async fn sighup_does_not_end_a_gateway_without_tls() -> Result<()> {
    let cluster = Cluster::start().await?;
    let gateway = &cluster.fleet.gateways[0];
    gateway.hang_up()?;
    eventually("a word about it", async || {
        Ok(gateway.log().contains("SIGHUP").then_some(()))
    })
    .await?;
    cluster.racer("Ada").await.map(drop)
}

#[tokio::test]
async fn a_handshake_that_is_not_over_at_the_hello_time_is_cut() -> Result<()> {
    let cluster = cluster().await?;
    let address = cluster.race_address()?;
    let begun = Instant::now();
    let mut silent = RawClient::connect(&address).await?;
    // The beginning of a record that promises 16 KiB.
    let mut half = RawClient::connect(&address).await?;
    half.bytes(&[0x16, 3, 1, 64, 0, 1]).await?;
    for client in [&mut silent, &mut half] {
        assert!(client.next().await?.is_none(), "closed without a word");
        assert!(begun.elapsed() >= HELLO_TIMEOUT);
        assert!(
            begun.elapsed() <= HELLO_TIMEOUT + SLACK,
            "{:?}",
            begun.elapsed()
        );
    }
    counted(&cluster.fleet.gateways[0], "timeout", 2.0).await?;
    cluster.racer("Ada").await.map(drop)
}

#[tokio::test]
async fn a_plain_client_is_told_to_use_tls() -> Result<()> {
    let cluster = cluster().await?;
    for address in [cluster.race_address()?, cluster.chat_address()?] {
        let mut guest = RawClient::greeted(&address).await?;
        let goodbye = guest.dismissed().await?;
        assert_eq!(goodbye["code"], "tls_required", "{goodbye}");
        assert_eq!(goodbye["retry"], false, "{goodbye}");
    }
    let racer = Racer::connect("Ada", &cluster.race_address()?);
    let reason = given_up(&racer).await?;
    assert_eq!(reason, "this gateway speaks TLS: connect with TLS");
    counted(&cluster.fleet.gateways[0], "plain_text", 3.0).await
}

#[tokio::test]
async fn a_tls_client_is_told_that_the_gateway_speaks_plain_text() -> Result<()> {
    let plain = Cluster::start().await?;
    let folder = plain.fleet.run_dir().ca();
    plain.fleet.renew_certificate().await?;
    let security = Security::with_ca(&CaFile::read(&folder)?);
    let racer = Racer::connect_with("Ada", &plain.race_address()?, &security);
    let reason = given_up(&racer).await?;
    assert_eq!(reason, "the gateway speaks plain text: leave --tls out");
    counted(&plain.fleet.gateways[0], "no_tls_here", 1.0).await
}

#[tokio::test]
async fn a_certificate_of_another_ca_ends_the_client() -> Result<()> {
    let (cluster, other) = (cluster().await?, cluster().await?);
    let racer = Racer::connect_with("Ada", &cluster.race_address()?, &other.security);
    let reason = given_up(&racer).await?;
    assert!(
        reason.contains("is not trusted: give its CA with --ca FILE"),
        "{reason}"
    );
    counted(&cluster.fleet.gateways[0], "failed", 1.0).await
}

#[tokio::test]
async fn a_client_of_another_version_is_told_so_over_tls() -> Result<()> {
    let cluster = cluster().await?;
    let mut guest = raw(&cluster).await?;
    guest.hello(VERSION + 1).await?;
    let goodbye = guest.dismissed().await?;
    assert_eq!(goodbye["code"], "version", "{goodbye}");
    // What cannot be read is dismissed as it is in plain text.
    let mut guest = raw(&cluster).await?;
    guest.pour(&[0x16, 3, 1, 0, 0, 0, 0]).await;
    assert_eq!(guest.dismissed().await?["code"], "bad_frame");
    let mut guest = raw(&cluster).await?;
    guest.hello(VERSION).await?;
    guest.say(&json!({"type": "ping", "nonce": 7})).await?;
    assert_eq!(guest.hears("pong").await?["nonce"], 7);
    Ok(())
}

#[tokio::test]
async fn a_gateway_does_not_start_with_files_that_cannot_be_used() -> Result<()> {
    let cluster = cluster().await?;
    let ca = cluster.fleet.run_dir().ca();
    let key = ca.with_file_name("ca.key");
    let mut command = programs()?.command("gateway")?;
    command.args([
        "--race-listen",
        "127.0.0.1:0",
        "--chat-listen",
        "127.0.0.1:0",
    ]);
    command
        .arg("--session-key-file")
        .arg(cluster.folder().join("other.key"));
    command
        .arg("--tls-certificate")
        .arg(ca.with_file_name("server.pem"));
    command.arg("--tls-key").arg(&key);
    let output = run(command).await?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned()
        + &String::from_utf8_lossy(&output.stdout);
    assert!(!output.status.success());
    assert!(said.contains("is not that of the certificate"), "{said}");
    Ok(())
}
