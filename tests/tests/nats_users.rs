//! What a NATS client can do with the key of each program, and without one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use client_core::protocol::lobby::RoomSettings;
use client_core::protocol::snapshot::SnapshotHeader;
use client_core::protocol::{Epoch, Tick};
use fleet::NatsUsers;
use fleet::command::{run, stdout_of};
use fleet::wait::eventually;
use integration_tests::cluster::Cluster;
use integration_tests::programs::{program, programs};
use integration_tests::racer::Racer;
use integration_tests::raw_nats::RawNats;
use serde_json::{Value, json};

/// The users.
const USERS: [&str; 5] = [GATEWAY, RACE, CHAT, PERSISTENCE, OPERATOR];
const GATEWAY: &str = "gateway";
const RACE: &str = "race-worker";
const CHAT: &str = "chat-worker";
const PERSISTENCE: &str = "persistence";
const OPERATOR: &str = "operator";

/// Subjects, and all users that may publish on them.
const PUBLISHERS: &[(&str, &[&str])] = &[
    // Requests.
    ("race.create", &[GATEWAY]),
    ("race.claim", &[GATEWAY, RACE]),
    ("race.room.duel.ctl", &[GATEWAY]),
    ("race.worker.0000002a.ping", &[GATEWAY, OPERATOR]),
    ("race.worker.0000002a.drain", &[OPERATOR]),
    ("gateway.0000002a.ping", &[RACE]),
    ("chat.say", &[GATEWAY]),
    ("chat.join", &[GATEWAY]),
    ("chat.leave", &[GATEWAY]),
    ("account.signup", &[GATEWAY]),
    ("account.login", &[GATEWAY]),
    ("account.profile", &[GATEWAY]),
    ("account.change_password", &[GATEWAY]),
    ("account.delete", &[GATEWAY]),
    ("result.replay", &[OPERATOR]),
    ("$SRV.PING", &[OPERATOR]),
    // A race.
    ("race.room.duel.in", &[GATEWAY]),
    ("race.room.duel.snapshot", &[RACE]),
    ("race.room.duel.event", &[RACE]),
    ("race.room.duel.heartbeat", &[RACE]),
    ("race.room.duel.catchup", &[RACE]),
    ("chat.channel.global", &[CHAT]),
    ("chat.channel.other", &[]),
    // Records.
    (
        "record.result.01ARZ3NDEKTSV4RRFFQ69G5FAV",
        &[RACE, OPERATOR],
    ),
    ("record.room.01ARZ3NDEKTSV4RRFFQ69G5FAV", &[RACE, OPERATOR]),
    ("record.players.worker.0000002a.0", &[RACE, OPERATOR]),
    (
        "record.replay.01ARZ3NDEKTSV4RRFFQ69G5FAV.0",
        &[RACE, OPERATOR],
    ),
    // Buckets.
    ("$KV.checkpoints.duel", &[RACE, OPERATOR]),
    ("$KV.rooms.duel", &[RACE, OPERATOR]),
    ("$KV.results.01ARZ3NDEKTSV4RRFFQ69G5FAV", &[RACE, OPERATOR]),
    ("$KV.seats.ada", &[GATEWAY, OPERATOR]),
    ("$KV.sessions.ada.race", &[GATEWAY, OPERATOR]),
    ("$KV.presence.ada.0000002a", &[GATEWAY, CHAT, OPERATOR]),
    ("$KV.quarantine.x", &[RACE, PERSISTENCE, OPERATOR]),
    ("$KV.others.x", &[OPERATOR]),
    // Streams.
    ("$JS.API.STREAM.CREATE.EVERYTHING", &[OPERATOR]),
    ("$JS.API.STREAM.DELETE.NONE", &[OPERATOR]),
    ("$JS.API.STREAM.PURGE.NONE", &[OPERATOR]),
    ("$JS.API.STREAM.UPDATE.CHAT", &[CHAT, PERSISTENCE, OPERATOR]),
    (
        "$JS.API.STREAM.UPDATE.KV_rooms",
        &[RACE, PERSISTENCE, OPERATOR],
    ),
    ("$JS.API.STREAM.UPDATE.KV_seats", &[PERSISTENCE, OPERATOR]),
    (
        "$JS.API.STREAM.UPDATE.KV_sessions",
        &[PERSISTENCE, OPERATOR],
    ),
    (
        "$JS.API.STREAM.UPDATE.KV_presence",
        &[CHAT, PERSISTENCE, OPERATOR],
    ),
    (
        "$JS.API.STREAM.UPDATE.RESULTS",
        &[RACE, PERSISTENCE, OPERATOR],
    ),
    ("$JS.API.STREAM.MSG.GET.CHAT", &[OPERATOR]),
    ("$JS.API.STREAM.MSG.GET.KV_seats", &[GATEWAY, OPERATOR]),
    ("$JS.API.STREAM.MSG.GET.KV_sessions", &[GATEWAY, OPERATOR]),
    (
        "$JS.API.DIRECT.GET.KV_sessions.$KV.sessions.ada.race",
        &[OPERATOR],
    ),
    ("$JS.API.DIRECT.GET.KV_seats.$KV.seats.ada", &[OPERATOR]),
    (
        "$JS.API.DIRECT.GET.KV_checkpoints.$KV.checkpoints.duel",
        &[RACE, OPERATOR],
    ),
    ("$JS.API.CONSUMER.CREATE.CHAT.mine", &[GATEWAY, OPERATOR]),
    ("$JS.API.CONSUMER.CREATE.RESULTS.mine", &[OPERATOR]),
    (
        "$JS.API.CONSUMER.MSG.NEXT.RESULTS.persistence",
        &[PERSISTENCE, OPERATOR],
    ),
    (
        "$JS.ACK.RESULTS.persistence.1.1.1.1.0",
        &[PERSISTENCE, OPERATOR],
    ),
    // Answers.
    ("_INBOX_gateway.x", &[GATEWAY, RACE, CHAT, PERSISTENCE]),
    ("_INBOX_race-worker.x", &[GATEWAY, RACE]),
    ("_INBOX_chat-worker.x", &[CHAT]),
    ("_INBOX_persistence.x", &[PERSISTENCE]),
    ("_INBOX_operator.x", &[RACE, CHAT, PERSISTENCE, OPERATOR]),
    ("_INBOX.x", &[]),
    // What no program knows.
    ("else", &[]),
    ("$SYS.REQ.SERVER.PING", &[]),
];

/// Subjects, queue groups, and all users that may subscribe.
const SUBSCRIBERS: &[(&str, &str, &[&str])] = &[
    ("race.create", "race-workers", &[RACE]),
    ("race.create", "others", &[]),
    ("race.create", "", &[]),
    ("race.claim", "race-workers", &[RACE]),
    ("race.claim", "", &[]),
    ("chat.say", "chat-workers", &[CHAT]),
    ("chat.say", "", &[]),
    ("account.login", "persistence", &[PERSISTENCE]),
    ("account.login", "others", &[]),
    ("account.login", "", &[]),
    ("account.*", "", &[]),
    ("result.replay", "persistence", &[PERSISTENCE]),
    ("result.replay", "", &[]),
    ("race.room.*.ctl", "", &[RACE, OPERATOR]),
    ("race.room.*.in", "", &[RACE, OPERATOR]),
    ("race.room.*.snapshot", "", &[GATEWAY, OPERATOR]),
    ("race.room.*.event", "", &[GATEWAY, OPERATOR]),
    ("race.room.*.heartbeat", "", &[GATEWAY, OPERATOR]),
    ("race.room.*.catchup", "", &[GATEWAY, OPERATOR]),
    ("race.worker.*.drain", "", &[RACE, OPERATOR]),
    ("gateway.*.ping", "", &[GATEWAY, OPERATOR]),
    ("chat.channel.>", "", &[OPERATOR]),
    ("record.>", "", &[OPERATOR]),
    ("$KV.>", "", &[OPERATOR]),
    ("$SRV.PING", "", &[RACE, CHAT, PERSISTENCE, OPERATOR]),
    ("$SRV.PING.chat-worker", "", &[CHAT, OPERATOR]),
    ("_INBOX_gateway.>", "", &[GATEWAY]),
    ("_INBOX_race-worker.>", "", &[RACE]),
    ("_INBOX_chat-worker.>", "", &[CHAT]),
    ("_INBOX_persistence.>", "", &[PERSISTENCE]),
    ("_INBOX_operator.>", "", &[OPERATOR]),
    (">", "", &[OPERATOR]),
];

fn seats(seats: u8) -> RoomSettings {
    RoomSettings {
        seats,
        ..RoomSettings::default()
    }
}

#[tokio::test]
async fn each_user_may_do_what_its_program_does_and_nothing_else() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut wrong = Vec::new();
    for user in USERS {
        let mut nats = cluster.plain_nats_of(user).await?;
        for (subject, group, users) in SUBSCRIBERS {
            let is_refused = nats.may_not_subscribe(subject, group).await?;
            if is_refused == users.contains(&user) {
                wrong.push(format!(
                    "{user} subscribes to {subject} {group}: {is_refused}"
                ));
            }
        }
        for (subject, users) in PUBLISHERS {
            let is_refused = nats.may_not_publish(subject).await?;
            if is_refused == users.contains(&user) {
                wrong.push(format!("{user} publishes on {subject}: {is_refused}"));
            }
        }
    }
    ensure!(
        wrong.is_empty(),
        "refused (true) or not, wrongly: {wrong:#?}"
    );
    Ok(())
}

/// Longer than a message and a heartbeat of JetStream take, and a worker to end.
const HEARD: Duration = Duration::from_secs(1);

/// Every way to have JetStream send something onto `subject`, where the user may not
/// publish: the user, the subject of the request, and its payload.
fn reflections(subject: &str) -> Vec<(&'static str, String, String)> {
    let consumer = |name: &str, stream: &str, filter: &str| {
        let config = json!({"name": name, "deliver_subject": subject, "ack_policy": "none",
            "deliver_policy": "all", "idle_heartbeat": 100_000_000, "filter_subject": filter});
        json!({"stream_name": stream, "config": config}).to_string()
    };
    let create = "$JS.API.CONSUMER.CREATE";
    vec![
        // A delivery, and the heartbeats of a consumer that has nothing to deliver.
        (
            GATEWAY,
            format!("{create}.CHAT.mine.chat.channel.global"),
            consumer("mine", "CHAT", "chat.channel.global"),
        ),
        (
            GATEWAY,
            format!("{create}.KV_rooms.mine.$KV.rooms.none"),
            consumer("mine", "KV_rooms", "$KV.rooms.none"),
        ),
        // What was stored, as it was stored.
        (
            RACE,
            "$JS.API.DIRECT.GET.KV_rooms.$KV.rooms.duel".to_owned(),
            String::new(),
        ),
        // What JetStream says by itself.
        (
            GATEWAY,
            "$JS.API.STREAM.INFO.KV_rooms".to_owned(),
            String::new(),
        ),
        (
            GATEWAY,
            "$JS.API.STREAM.MSG.GET.KV_seats".to_owned(),
            json!({"last_by_subj": "$KV.seats.ada"}).to_string(),
        ),
        (GATEWAY, "$KV.seats.none".to_owned(), "{}".to_owned()),
    ]
}

/// Nobody but an operator ends a worker: the operator's subscription shows that JetStream
/// has sent each of these onto the subject, the worker lives on.
#[tokio::test]
async fn what_jetstream_is_made_to_send_is_not_heard() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let ada = cluster.racer("Ada").await?;
    ada.create("duel", seats(1)).await?;
    cluster.chatter("Joe").await?;
    let rooms = stdout_of(cluster.fleet.racectl(&["rooms", "--json"])?).await?;
    let rooms: Value = serde_json::from_str(&rooms)?;
    let worker = rooms[0]["owner"].as_str().context("an owner")?;
    let subject = format!("race.worker.{worker}.drain");
    let mut operator = cluster.plain_nats().await?;
    operator.subscribe(&subject).await?;
    for (user, request, payload) in reflections(&subject) {
        let mut nats = cluster.plain_nats_of(user).await?;
        assert!(nats.may_not_publish(&subject).await?, "{user}");
        nats.publish_for(&subject, &request, &payload).await?;
        // A delivery keeps the subject of what it delivers.
        operator.next().await.with_context(|| request.clone())?;
        tokio::time::sleep(HEARD).await;
        let log = cluster.fleet.race_workers[0].log();
        assert!(
            !log.contains("asked to hand all rooms over"),
            "{request}: {log}"
        );
    }
    let said = stdout_of(cluster.fleet.racectl(&["drain", worker])?).await?;
    assert!(said.contains("hands 1 rooms over"), "{said}");
    let worker = &mut cluster.fleet.race_workers[0];
    eventually("the worker ends", async || {
        Ok(worker.try_ended()?.is_some().then_some(()))
    })
    .await
}

#[tokio::test]
async fn nobody_comes_in_without_a_key_that_the_server_knows() -> Result<()> {
    let cluster = Cluster::start().await?;
    let url = cluster.fleet.nats_url();
    let folder = tempfile::tempdir()?;
    let others = NatsUsers::make(&programs()?, folder.path().join("users"))?;
    for outcome in [
        RawNats::connect_without_key(url).await,
        RawNats::connect(url, GATEWAY, &others.seed(GATEWAY)).await,
    ] {
        let said = format!("{:#}", outcome.err().context("it was let in")?);
        assert!(said.contains("Authorization Violation"), "{said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_program_says_what_is_wrong_with_its_seed() -> Result<()> {
    let cluster = Cluster::start().await?;
    let folder = tempfile::tempdir()?;
    let others = NatsUsers::make(&programs()?, folder.path().join("users"))?;
    let (missing, open) = (folder.path().join("none.nk"), folder.path().join("open.nk"));
    fs::copy(cluster.fleet.nats_users().operator(), &open)?;
    fs::set_permissions(&open, fs::Permissions::from_mode(0o644))?;
    for name in [GATEWAY, RACE, CHAT, PERSISTENCE, "racectl"] {
        let user = if name == "racectl" { OPERATOR } else { name };
        for (seed, words) in [
            (&missing, &["none.nk", "racectl nats-users"][..]),
            (&open, &["open.nk", "chmod 600"][..]),
            (
                &others.seed(user),
                &["does not let the user", user, "NKEY_"],
            ),
        ] {
            let mut command = command(&cluster, name)?;
            command.env("SLIPSTREAM_NATS_SEED", seed);
            let output = run(command).await?;
            let said = String::from_utf8(output.stderr)?;
            assert_eq!(output.status.code(), Some(1), "{name}: {said}");
            for word in words {
                assert!(said.contains(word), "{name}: {word}: {said}");
            }
        }
    }
    Ok(())
}

/// A program that ends at once when it cannot connect.
fn command(cluster: &Cluster, name: &str) -> Result<Command> {
    let mut command = program(name)?;
    command
        .env("SLIPSTREAM_NATS_URL", cluster.fleet.nats_url())
        .env("SLIPSTREAM_RACE_LISTEN", "127.0.0.1:0")
        .env("SLIPSTREAM_CHAT_LISTEN", "127.0.0.1:0")
        .env(
            "SLIPSTREAM_SESSION_KEY_FILE",
            cluster.folder().join("session.key"),
        );
    if name == "racectl" {
        command.arg("rooms");
    }
    Ok(command)
}

#[tokio::test]
async fn an_operator_who_sees_everything_sees_no_password() -> Result<()> {
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    nats.subscribe(">").await?;
    let ada = cluster.racer("Ada").await?;
    ada.create("duel", seats(1)).await?;
    // What was said before the lobby shows the room has been delivered.
    loop {
        let message = nats.next().await?;
        let subject = &message.subject;
        let is_private = subject.starts_with("account.") || subject.starts_with("_INBOX_");
        assert!(!is_private, "{subject}");
        let text = String::from_utf8_lossy(&message.payload);
        assert!(!text.contains("correct-horse"), "{subject}: {text}");
        if subject == "$KV.rooms.duel" {
            return Ok(());
        }
    }
}

#[tokio::test]
async fn an_epoch_or_a_tick_that_cannot_be_silences_no_room() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = cluster.racer("Ada").await?;
    ada.create("duel", seats(1)).await?;
    ada.racing().await?;
    let mut listener = cluster.plain_nats().await?;
    listener.subscribe("race.room.duel.snapshot").await?;
    let genuine = listener.next().await?.payload;
    let (header, body) = SnapshotHeader::split(&genuine)?;
    let forge = |change: &dyn Fn(&mut SnapshotHeader)| {
        let mut header = header.clone();
        change(&mut header);
        [header.encode_into(Vec::new()), body.to_vec()].concat()
    };
    let mut forger = cluster.plain_nats_of(RACE).await?;
    for forged in [
        forge(&|header| header.epoch = Epoch::MAX),
        forge(&|header| header.tick = Tick::MAX),
    ] {
        forger.publish("race.room.duel.snapshot", &forged).await?;
    }
    let (race, epoch) = (header.race, Epoch::MAX);
    let forged = json!({"race": race, "owner": header.owner, "epoch": epoch});
    forger
        .publish("race.room.duel.heartbeat", forged.to_string())
        .await?;
    let forged = json!({"race": race, "epoch": epoch, "tick": 1, "index": 0, "event": "started"});
    forger
        .publish("race.room.duel.event", forged.to_string())
        .await?;
    let claim = json!({"room": "duel", "seen_epoch": Epoch::MAX.0 - 1}).to_string();
    let claimed: Value = forger.request("race.claim", &claim).await?.json()?;
    assert_eq!(claimed["Err"]["code"], "unavailable", "{claimed}");

    let score = ada.look(Racer::score).unwrap_or_default();
    ada.until("scoring on", |racer| racer.score() > Some(score + 10))
        .await?;
    let metrics = cluster.fleet.gateways[0].metrics().await?;
    let refused = metrics.value("gateway_relay_dropped_total{reason=\"implausible\"}");
    assert_eq!(refused, 4.0, "two snapshots, a heartbeat and an event");
    Ok(())
}
