//! The programs as processes: how they start, refuse to start, and end.

use std::process::Command;

use anyhow::Result;
use client_core::protocol::client::GoodbyeCode;
use client_core::protocol::lobby::RoomSettings;
use fleet::command::run;
use fleet::{NatsUsers, Program};
use integration_tests::chatter::Chatter;
use integration_tests::cluster::Cluster;
use integration_tests::programs::{program, programs};
use tokio::net::TcpListener;

#[tokio::test]
async fn every_server_ends_cleanly_when_asked() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let ada = cluster.racer("Ada").await?;
    ada.create("unfinished", RoomSettings::default()).await?;
    let bob = cluster.chatter("Bob").await?;
    for process in cluster.fleet.programs_mut() {
        assert!(process.has_announcement());
        process.terminate()?;
        let status = process.ended().await?;
        assert!(status.success(), "{} ended with {status}", process.name());
        assert!(
            !process.has_announcement(),
            "{} left its announcement",
            process.name()
        );
    }
    let goodbye = ada.look(|racer| racer.goodbyes.clone());
    assert_eq!(goodbye, [GoodbyeCode::Draining], "players get a goodbye");
    drop(bob);
    Ok(())
}

#[tokio::test]
async fn a_bad_option_is_named_with_its_value_and_what_is_allowed() -> Result<()> {
    let cases: [(&str, &[&str], &str); 14] = [
        ("gateway", &["--race-listen", "here"], "--race-listen"),
        (
            "gateway",
            &["--connections-per-address", "many"],
            "--connections-per-address",
        ),
        ("gateway", &["--http", "1.2.3.4"], "--http"),
        ("race-worker", &["--rooms-max", "0"], "1..=10000"),
        ("race-worker", &["--log-format", "xml"], "text, json"),
        ("chat-worker", &["--http", "x"], "--http"),
        (
            "persistence",
            &["--database", "postgres://db/x"],
            "mysql://",
        ),
        ("bots", &["race", "--room", "a b"], "A-Z a-z 0-9 _ -"),
        ("bots", &["load", "--pids", "gateway"], "gateway-1=4711"),
        ("chaos", &["--kill", "mysql"], "nats-server"),
        ("flood", &["measure", "--floods", "water"], "sign-ups"),
        ("bots", &["race", "--room", "r", "--count", "17"], "1..=16"),
        (
            "bots",
            &["race", "--room", "r", "--create", "--track", "moon"],
            "harbour-ring",
        ),
        ("racectl", &["decode", "--kind", "poem"], "checkpoint"),
    ];
    for (name, arguments, allowed) in cases {
        let mut command = program(name)?;
        command.args(arguments);
        let output = run(command).await?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(
            output.status.code(),
            Some(64),
            "{name} {arguments:?}: {said}"
        );
        let (flag, value) = (
            arguments[arguments.len() - 2],
            arguments[arguments.len() - 1],
        );
        for part in [flag, value, allowed] {
            assert!(
                said.contains(part),
                "{name} {arguments:?} does not say {part}: {said}"
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_bad_environment_variable_is_refused_like_an_option() -> Result<()> {
    let mut command = program("race-worker")?;
    command.env("SLIPSTREAM_ROOMS_MAX", "lots");
    let output = run(command).await?;
    let said = String::from_utf8(output.stderr)?;
    assert_eq!(output.status.code(), Some(64), "{said}");
    assert!(
        said.contains("lots") && said.contains("--rooms-max"),
        "{said}"
    );
    Ok(())
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() -> Result<()> {
    let cluster = Cluster::start().await?;
    let taken = TcpListener::bind("127.0.0.1:0").await?;
    let address = taken.local_addr()?.to_string();
    for (name, flag) in [
        ("gateway", "--race-listen"),
        ("gateway", "--chat-listen"),
        ("gateway", "--http"),
        ("race-worker", "--http"),
    ] {
        let mut command = server(&cluster, name)?;
        command.args([flag, &address]);
        let output = run(command).await?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(1), "{name} {flag}: {said}");
        assert!(
            said.contains(flag) && said.contains(&address),
            "{name} {flag}: {said}"
        );
        assert!(said.contains("in use"), "{name} {flag}: {said}");
    }
    Ok(())
}

/// A server of the cluster that has not been started; what is not said by an
/// option of the test takes a free port.
fn server(cluster: &Cluster, name: &str) -> Result<Command> {
    let mut command = program(name)?;
    command
        .env("SLIPSTREAM_NATS_URL", cluster.fleet.nats_url())
        .env(
            "SLIPSTREAM_NATS_SEED",
            cluster.fleet.nats_users().seed(name),
        )
        .env(
            "SLIPSTREAM_SESSION_KEY_FILE",
            cluster.folder().join("session.key"),
        )
        .env("SLIPSTREAM_RACE_LISTEN", "127.0.0.1:0")
        .env("SLIPSTREAM_CHAT_LISTEN", "127.0.0.1:0");
    Ok(command)
}

#[tokio::test]
async fn a_server_without_nats_says_where_it_looked() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let users = NatsUsers::make(&programs()?, folder.path().join("users"))?;
    for name in ["gateway", "race-worker", "chat-worker", "persistence"] {
        let mut command = program(name)?;
        command
            .args(["--nats", "nats://127.0.0.1:1"])
            .env("SLIPSTREAM_NATS_SEED", users.seed(name))
            .env(
                "SLIPSTREAM_SESSION_KEY_FILE",
                folder.path().join("session.key"),
            )
            .env("SLIPSTREAM_RACE_LISTEN", "127.0.0.1:0")
            .env("SLIPSTREAM_CHAT_LISTEN", "127.0.0.1:0");
        let output = run(command).await?;
        let said = String::from_utf8(output.stderr)?;
        assert_eq!(output.status.code(), Some(1), "{name}: {said}");
        assert!(said.contains("nats://127.0.0.1:1"), "{name}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn two_gateways_with_one_key_accept_each_others_tokens() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let ada = cluster.racer("Ada").await?;
    ada.act(|racer| racer.client.request_chat_token());
    let token = ada
        .find("a chat token", |racer| racer.chat_token.clone())
        .await?;
    let second = cluster.fleet.add(Program::Gateway).await?;
    let address = second.address("chat")?.to_string();
    let chatter = Chatter::connect("Ada", &address);
    chatter.act(|chatter| chatter.client.resume(&token));
    chatter.in_chat().await?;
    let bob = cluster.chatter("Bob").await?;
    bob.say("from the other gateway");
    chatter.reads("Bob: from the other gateway").await
}
