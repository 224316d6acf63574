//! Who is in the chat, whatever dies: gateways, chat workers, NATS and its store.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use client_core::ChatClientState;
use fleet::Plan;
use fleet::wait::eventually;
use integration_tests::chatter::Chatter;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::live::Live;
use integration_tests::raw_client::RawClient;
use serde_json::json;

/// What a presence may take to expire, and the notice to be asked for.
const NOTICED_WITHIN: Duration = Duration::from_secs(30);

/// In this time every gateway has asked for a notice that it misses: what has not been
/// doubled by then is not.
const ASKED_WITHIN: Duration = Duration::from_secs(4);

async fn cluster(gateways: usize) -> Result<Cluster> {
    let plan = Plan {
        gateways,
        ..Plan::default()
    };
    Cluster::start_with(plan).await
}

/// How often it has read a line.
fn count(chatter: &Live<Chatter>, line: &str) -> usize {
    let texts = chatter.texts();
    texts.iter().filter(|text| *text == line).count()
}

async fn lists(chatter: &Live<Chatter>, names: &[&str]) -> Result<()> {
    let listed = |chatter: &Chatter| {
        let present = chatter.client.present().map(ToString::to_string);
        present.eq(names.iter().map(ToString::to_string))
    };
    chatter.until(&format!("{names:?} are here"), listed).await
}

async fn reads_late(chatter: &Live<Chatter>, line: &str) -> Result<()> {
    let find = |chatter: &Chatter| chatter.texts().iter().find(|it| *it == line).cloned();
    let what = format!("reading {line:?}");
    let found = chatter.find_within(NOTICED_WITHIN, &what, find).await;
    found.map(drop)
}

#[tokio::test]
async fn users_of_a_killed_gateway_are_reported_gone_once() -> Result<()> {
    let mut cluster = cluster(3).await?;
    let ada = cluster.chatter_at("Ada", 0).await?;
    let bob = cluster.chatter_at("Bob", 1).await?;
    let cyd = cluster.chatter_at("Cyd", 2).await?;
    lists(&ada, &["Ada", "Bob", "Cyd"]).await?;
    cluster.fleet.gateways[1].kill()?;
    cluster.fleet.gateways[1].ended().await?;
    drop(bob);
    for chatter in [&ada, &cyd] {
        reads_late(chatter, "Bob disconnected").await?;
        lists(chatter, &["Ada", "Cyd"]).await?;
    }
    tokio::time::sleep(ASKED_WITHIN).await;
    ada.say("end");
    for chatter in [&ada, &cyd] {
        chatter.reads("Ada: end").await?;
        assert_eq!(count(chatter, "Bob disconnected"), 1);
    }
    Ok(())
}

#[tokio::test]
async fn a_departure_without_a_chat_worker_is_noticed_when_one_is_back() -> Result<()> {
    let mut cluster = cluster(2).await?;
    let ada = cluster.chatter_at("Ada", 0).await?;
    let bob = cluster.chatter_at("Bob", 1).await?;
    lists(&ada, &["Ada", "Bob"]).await?;
    let chat_worker = &mut cluster.fleet.chat_workers[0];
    chat_worker.kill()?;
    chat_worker.ended().await?;
    drop(bob);
    // Longer than a gateway waits for the answer.
    tokio::time::sleep(ASKED_WITHIN).await;
    chat_worker.restart().await?;
    reads_late(&ada, "Bob disconnected").await?;
    lists(&ada, &["Ada"]).await?;
    tokio::time::sleep(ASKED_WITHIN).await;
    ada.say("end");
    ada.reads("Ada: end").await?;
    assert_eq!(count(&ada, "Bob disconnected"), 1);
    Ok(())
}

#[tokio::test]
async fn a_log_in_at_another_gateway_is_no_departure() -> Result<()> {
    let cluster = cluster(2).await?;
    let ada = cluster.chatter_at("Ada", 0).await?;
    let first = cluster.chatter_at("Bob", 0).await?;
    let address = cluster.fleet.gateways[1].address("chat")?.to_string();
    let second = Chatter::connect("Bob", &address);
    second.act(|chatter| chatter.client.log_in("Bob", PASSWORD));
    second.in_chat().await?;
    first
        .until("dismissed", |chatter| {
            matches!(chatter.client.state(), ChatClientState::Ended(_))
        })
        .await?;
    tokio::time::sleep(ASKED_WITHIN).await;
    second.say("still here");
    ada.reads("Bob: still here").await?;
    assert_eq!(count(&ada, "Bob disconnected"), 0);
    lists(&ada, &["Ada", "Bob"]).await?;
    drop(second);
    ada.reads("Bob disconnected").await?;
    lists(&ada, &["Ada"]).await?;
    tokio::time::sleep(ASKED_WITHIN).await;
    assert_eq!(count(&ada, "Bob disconnected"), 1);
    Ok(())
}

#[tokio::test]
async fn a_list_of_thousands_is_complete() -> Result<()> {
    const PEOPLE: usize = 4_000;
    let cluster = cluster(1).await?;
    let mut nats = cluster.plain_nats().await?;
    for number in 0..PEOPLE {
        let (player, nonce) = (format!("long-name-{number:06}"), format!("{number:08x}"));
        let value = json!({"version": 2, "player": player, "nonce": nonce, "gateway": "00000000"});
        let subject = format!("$KV.presence.{player}.{nonce}");
        nats.publish(&subject, value.to_string()).await?;
    }
    // No notices announce them: gateways believe the bucket after a while.
    let mut bob = RawClient::signed_up(&cluster.chat_address()?, "Bob").await?;
    eventually("all are listed", async || {
        // A gateway refuses more than twenty requests a second, of which this takes some.
        tokio::time::sleep(Duration::from_millis(500)).await;
        bob.say(&json!({"type": "list_present"})).await?;
        let mut listed = BTreeSet::new();
        loop {
            let page = bob.hears("present").await?;
            let names = page["players"].as_array().context("a page of names")?;
            listed.extend(names.iter().map(ToString::to_string));
            if page["has_more"] != true {
                break;
            }
            let last = names.last().context("a page before another has names")?;
            bob.say(&json!({"type": "list_present", "after": last}))
                .await?;
        }
        Ok((listed.len() == PEOPLE + 1).then_some(()))
    })
    .await?;
    let ada = cluster.chatter("Ada").await?;
    ada.until("all are listed", |chatter| {
        chatter.client.present().count() == PEOPLE + 2
    })
    .await
}

#[tokio::test]
async fn an_emptied_nats_loses_no_line_and_nobody() -> Result<()> {
    let mut cluster = cluster(2).await?;
    let ada = cluster.chatter_at("Ada", 0).await?;
    let bob = cluster.chatter_at("Bob", 1).await?;
    for number in 1..=3 {
        ada.say(&format!("before {number}"));
    }
    bob.reads("Ada: before 3").await?;
    ada.until("confirmed", |chatter| chatter.said == Some(3))
        .await?;
    cluster.empty_nats(Duration::from_millis(500)).await?;
    ada.say("after");
    for chatter in [&ada, &bob] {
        chatter.reads("Ada: after").await?;
    }
    let cyd = cluster.chatter_at("Cyd", 1).await?;
    bob.say("welcome");
    for chatter in [&ada, &bob, &cyd] {
        chatter.reads("Bob: welcome").await?;
        lists(chatter, &["Ada", "Bob", "Cyd"]).await?;
    }
    assert_eq!(cyd.texts(), ["Cyd just joined the chat!", "Bob: welcome"]);
    // Longer than gateways wait for the presence of each other's connections.
    tokio::time::sleep(ASKED_WITHIN * 2).await;
    ada.say("end");
    let said = ["before 1", "before 2", "before 3", "after", "end"];
    for chatter in [&ada, &bob, &cyd] {
        chatter.reads("Ada: end").await?;
        lists(chatter, &["Ada", "Bob", "Cyd"]).await?;
        for name in ["Ada", "Bob", "Cyd"] {
            assert_eq!(count(chatter, &format!("{name} disconnected")), 0);
        }
    }
    for line in said.map(|text| format!("Ada: {text}")) {
        assert_eq!((count(&ada, &line), count(&bob, &line)), (1, 1), "{line}");
    }
    Ok(())
}

#[tokio::test]
async fn a_line_is_heard_within_a_second_of_a_restart_of_nats() -> Result<()> {
    let mut cluster = cluster(2).await?;
    let ada = cluster.chatter_at("Ada", 0).await?;
    let bob = cluster.chatter_at("Bob", 1).await?;
    let mut took_ms = Vec::new();
    for number in 1..=3 {
        cluster.crash_nats(Duration::from_millis(500)).await?;
        let begun = Instant::now();
        ada.say(&format!("restart {number}"));
        bob.reads(&format!("Ada: restart {number}")).await?;
        ada.until("confirmed", |chatter| chatter.said == Some(number))
            .await?;
        took_ms.push(begun.elapsed().as_millis());
    }
    println!("heard and confirmed after restarts of NATS: {took_ms:?} ms");
    ensure!(took_ms.iter().all(|ms| *ms <= 1_000), "{took_ms:?} ms");
    assert!(
        bob.texts()
            .iter()
            .all(|text| !text.ends_with("disconnected"))
    );
    Ok(())
}
