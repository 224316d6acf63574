//! The chat, before, during and after a race.

use anyhow::Result;
use client_core::ChatClient;
use client_core::protocol::RejectionCode;
use client_core::protocol::lobby::RoomSettings;
use integration_tests::chatter::Chatter;
use integration_tests::cluster::Cluster;
use integration_tests::raw_client::{RawClient, VERSION};
use serde_json::json;

#[tokio::test]
async fn everybody_reads_the_same_from_their_own_notice_on() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.chatter("Ada").await?;
    ada.say("nobody is here yet");
    ada.reads("Ada: nobody is here yet").await?;
    let bob = cluster.chatter("Bob").await?;
    for number in 1..=4 {
        ada.say(&format!("a{number}"));
        bob.say(&format!("b{number}"));
    }
    for chatter in [&ada, &bob] {
        chatter.reads("Ada: a4").await?;
        chatter.reads("Bob: b4").await?;
    }
    let (of_ada, of_bob) = (ada.texts(), bob.texts());
    assert_eq!(
        of_ada[..2],
        ["Ada just joined the chat!", "Ada: nobody is here yet"]
    );
    assert_eq!(
        of_bob[0], "Bob just joined the chat!",
        "nothing from before"
    );
    assert_eq!(of_ada[2..], of_bob, "the same order for everybody");
    for (name, letter) in [("Ada", "a"), ("Bob", "b")] {
        let own: Vec<_> = of_bob
            .iter()
            .filter(|line| line.starts_with(&format!("{name}: ")))
            .collect();
        let said: Vec<_> = (1..=4)
            .map(|number| format!("{name}: {letter}{number}"))
            .collect();
        assert!(
            own.iter().zip(&said).all(|(a, b)| *a == b),
            "in the order of {name}: {own:?}"
        );
    }
    Ok(())
}

#[tokio::test]
async fn who_comes_and_goes_is_noticed_once() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.chatter("Ada").await?;
    let bob = cluster.chatter("Bob").await?;
    ada.reads("Bob just joined the chat!").await?;
    ada.until("Bob among those who are here", |chatter| {
        chatter.client.present().count() == 2
    })
    .await?;
    drop(bob);
    ada.reads("Bob disconnected").await?;
    ada.until("alone", |chatter| chatter.client.present().count() == 1)
        .await?;
    ada.say("end");
    ada.reads("Ada: end").await?;
    let expected = [
        "Ada just joined the chat!",
        "Bob just joined the chat!",
        "Bob disconnected",
        "Ada: end",
    ];
    assert_eq!(ada.texts(), expected);
    Ok(())
}

#[tokio::test]
async fn what_must_not_be_said_is_refused_with_the_reason() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.chatter("Ada").await?;
    let long = "x".repeat(501);
    let cases = [
        ("", "1 to 500 characters"),
        ("   ", "1 to 500 characters"),
        (long.as_str(), "this one has 501"),
        ("two\nlines", "no control characters"),
        ("\u{1b}[2J", "no control characters"),
    ];
    for (number, (text, words)) in cases.into_iter().enumerate() {
        ada.say(text);
        let rejection = ada
            .find("refused", |chatter| chatter.rejections.get(number).cloned())
            .await?;
        assert_eq!(rejection.code, RejectionCode::BadText, "{text:?}");
        assert!(rejection.message.contains(words), "{text:?}: {rejection:?}");
    }
    ada.say(&"ö".repeat(500));
    ada.until("reading 500 characters", |chatter| chatter.lines.len() == 2)
        .await?;
    Ok(())
}

#[tokio::test]
async fn who_talks_too_fast_is_slowed_down() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.chatter("Ada").await?;
    for number in 0..20 {
        ada.say(&format!("line {number}"));
    }
    let rejection = ada
        .find("refused", |chatter| chatter.rejections.first().cloned())
        .await?;
    assert_eq!(rejection.code, RejectionCode::TooFast);
    ada.reads("Ada: line 7").await
}

#[tokio::test]
async fn a_message_sent_again_is_not_said_twice() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.chatter("Ada").await?;
    let mut bob = RawClient::signed_up(&cluster.chat_address()?, "Bob").await?;
    bob.hears("chat_joined").await?;
    let message = json!({"type": "say", "text": "only once", "sequence": 7});
    for _attempt in 0..2 {
        bob.say(&message).await?;
        assert_eq!(
            bob.hears("said").await?["sequence"],
            7,
            "each attempt is confirmed"
        );
    }
    bob.say(&json!({"type": "say", "text": "after it", "sequence": 8}))
        .await?;
    ada.reads("Bob: after it").await?;
    assert_eq!(
        ada.texts()
            .iter()
            .filter(|text| *text == "Bob: only once")
            .count(),
        1
    );
    Ok(())
}

#[tokio::test]
async fn a_token_opens_the_chat_before_during_and_after_a_race() -> Result<()> {
    let cluster = Cluster::start().await?;
    let racer = cluster.racer("Ada").await?;
    racer.act(|racer| racer.client.request_chat_token());
    let token = racer
        .find("a chat token", |racer| racer.chat_token.clone())
        .await?;
    let chatter = Chatter::connect("Ada", &cluster.chat_address()?);
    chatter.act(|chatter| chatter.client.resume(&token));
    chatter.in_chat().await?;
    chatter.say("before");
    chatter.reads("Ada: before").await?;

    racer
        .create(
            "solo",
            RoomSettings {
                seats: 1,
                ..RoomSettings::default()
            },
        )
        .await?;
    racer.racing().await?;
    chatter.say("during");
    chatter.reads("Ada: during").await?;

    racer.leave().await?;
    racer.lobby_shows("no room", <[_]>::is_empty).await?;
    chatter.say("after");
    chatter.reads("Ada: after").await
}

#[tokio::test]
async fn a_token_for_the_chat_opens_nothing_else() -> Result<()> {
    let cluster = Cluster::start().await?;
    let racer = cluster.racer("Ada").await?;
    racer.act(|racer| racer.client.request_chat_token());
    let token = racer
        .find("a chat token", |racer| racer.chat_token.clone())
        .await?;
    let mut guest = RawClient::connect(&cluster.race_address()?).await?;
    guest.hello(VERSION).await?;
    guest
        .say(&json!({"type": "resume", "token": token}))
        .await?;
    assert_eq!(guest.hears("rejected").await?["code"], "bad_token");

    let forged = Chatter::connect("forger", &cluster.chat_address()?);
    let resume: fn(&mut ChatClient, &str) = ChatClient::resume;
    forged.act(|chatter| resume(&mut chatter.client, &format!("{token}x")));
    let rejection = forged
        .find("refused", |chatter| chatter.rejections.first().cloned())
        .await?;
    assert_eq!(rejection.code, RejectionCode::BadToken);
    Ok(())
}
