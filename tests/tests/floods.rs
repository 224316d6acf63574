//! Floods: what some clients send as fast as they can, or leave unread, costs others
//! neither time nor memory.

use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use client_core::protocol::lobby::RoomSettings;
use fleet::wait::eventually;
use integration_tests::cluster::Cluster;
use integration_tests::flood::{self, Flood};
use integration_tests::live::Live;
use integration_tests::racer::Racer;
use integration_tests::raw_client::{RawClient, VERSION, kind};
use serde_json::json;

/// How long a race is watched.
const WATCHED: Duration = Duration::from_secs(5);
/// What a flood may add to the longest interval between two snapshots.
const GAP_ADDED_MAX: Duration = Duration::from_millis(150);

/// What a flood may add to the time of the gateway, as a share of a core.
const CORE_ADDED_MAX: f64 = 0.25;
/// In which Linux counts the time of processes, on every machine.
const CLOCK_TICKS_PER_SECOND: f64 = 100.0;

/// What others see while something goes on.
struct Seen {
    /// The 99th percentile of the intervals between a player's snapshots.
    p99: Duration,
    /// The longest of them.
    longest: Duration,
    /// How much of a core the gateway takes.
    cores: f64,
}

impl Seen {
    fn assert_like(&self, quiet: &Self) {
        let added = self.longest.saturating_sub(quiet.longest);
        assert!(added <= GAP_ADDED_MAX, "a gap of {:?}", self.longest);
        let added = self.p99.saturating_sub(quiet.p99);
        assert!(added <= GAP_ADDED_MAX / 3, "a p99 of {:?}", self.p99);
        let added = self.cores - quiet.cores;
        assert!(added <= CORE_ADDED_MAX, "{added:.2} cores for the flood");
    }
}

/// The time that a process has taken.
fn cpu_seconds(process: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // After the name: the state, and ten numbers before the two times.
    let (_, fields) = stat.rsplit_once(')').context("a name in brackets")?;
    let times = fields.split_whitespace().skip(11).take(2);
    let ticks = times.map(str::parse::<f64>).sum::<Result<f64, _>>()?;
    Ok(ticks / CLOCK_TICKS_PER_SECOND)
}

async fn watch(racer: &Live<Racer>, cluster: &Cluster, what: &str) -> Result<Seen> {
    let gateway = cluster.fleet.gateways[0].id()?;
    let (begun, time) = (Instant::now(), cpu_seconds(gateway)?);
    tokio::time::sleep(WATCHED).await;
    let cores = (cpu_seconds(gateway)? - time) / begun.elapsed().as_secs_f64();
    let times = racer.look(|racer| racer.snapshot_times.clone());
    let times: Vec<_> = times.into_iter().filter(|time| *time >= begun).collect();
    let mut intervals: Vec<_> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    intervals.sort();
    let longest = *intervals.last().context("snapshots")?;
    let p99 = intervals[intervals.len() * 99 / 100];
    eprintln!("{what}: p99 {p99:?}, max {longest:?}, {cores:.2} cores");
    Ok(Seen {
        p99,
        longest,
        cores,
    })
}

async fn racing(cluster: &Cluster) -> Result<Live<Racer>> {
    let ada = cluster.racer("Ada").await?;
    let settings = RoomSettings {
        seats: 1,
        laps: 99,
        ..RoomSettings::default()
    };
    ada.create("calm", settings).await?;
    ada.racing().await?;
    Ok(ada)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn junk_of_some_delays_nobody_else() -> Result<()> {
    let cluster = Cluster::start().await?;
    let ada = racing(&cluster).await?;
    let address = cluster.race_address()?;
    let mut guest = RawClient::greeted(&address).await?;
    let welcome = guest.sign_up("Junk").await?;
    let quiet = watch(&ada, &cluster, "quiet").await?;

    let junk = flood::frame(kind::CONTROL, b"{\"type\":\"fly\",\"to\":\"the moon\"}");
    let opening = [flood::hello(), flood::resume(&welcome)].concat();
    let player = Flood::start(&address, opening, &junk);
    let seen = watch(&ada, &cluster, "a player floods").await?;
    drop(player);
    seen.assert_like(&quiet);

    let short = flood::frame(kind::CONTROL, b"");
    let strangers = || Flood::start(&address, flood::hello(), &short);
    let strangers: Vec<_> = (0..4).map(|_| strangers()).collect();
    let seen = watch(&ada, &cluster, "four strangers flood").await?;
    drop(strangers);
    seen.assert_like(&quiet);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_read_at_a_rate_and_ends_after_its_goodbye() -> Result<()> {
    const WITHIN: Duration = Duration::from_secs(15);
    let cluster = Cluster::start().await?;
    let address = cluster.race_address()?;
    let mut guest = RawClient::greeted(&address).await?;
    let welcome = guest.sign_up("Flood").await?;
    let gateway = &cluster.fleet.gateways[0];
    let received = async || {
        Ok::<_, anyhow::Error>(
            gateway
                .metrics()
                .await?
                .value("gateway_frames_received_total"),
        )
    };

    let known = [flood::hello(), flood::resume(&welcome)].concat();
    let ping = flood::frame(kind::CONTROL, br#"{"type":"ping","nonce":1}"#);
    let short = flood::frame(kind::CONTROL, b"");
    for (opening, flood, frames_max) in [
        (known.clone(), short.clone(), 100.0),
        (known, ping, 200.0),
        (flood::hello(), short, 20.0),
        (Vec::new(), vec![0; 3], 10.0),
    ] {
        let before = received().await?;
        let address = address.clone();
        let flooding = move || flood::until_closed(&address, &opening, &flood, WITHIN);
        let took = tokio::task::spawn_blocking(flooding).await??;
        let frames = received().await? - before;
        eprintln!("closed after {took:?}, {frames} frames");
        assert!(frames <= frames_max, "{frames} frames were handled");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn inputs_beyond_their_rate_wait() -> Result<()> {
    let cluster = Cluster::start().await?;
    let address = cluster.race_address()?;
    let mut guest = RawClient::greeted(&address).await?;
    let welcome = guest.sign_up("Flood").await?;
    let gateway = &cluster.fleet.gateways[0];
    let opening = [flood::hello(), flood::resume(&welcome)].concat();
    let input = flood::frame(kind::INPUT, &[1, 1, 255, 1, 0, 0]);
    let before = gateway
        .metrics()
        .await?
        .value("gateway_frames_received_total");
    let flood = Flood::start(&address, opening, &input);
    tokio::time::sleep(WATCHED).await;
    let metrics = gateway.metrics().await?;
    drop(flood);
    let frames = metrics.value("gateway_frames_received_total") - before;
    let throttled = metrics.value("gateway_clients_throttled_total");
    eprintln!("{frames} frames in {WATCHED:?}");
    // 256 at once and 100 a second, for each of a few connections.
    assert!(
        frames <= 3.0 * (256.0 + 100.0 * WATCHED.as_secs_f64()),
        "{frames}"
    );
    assert!(throttled >= 1.0);
    Ok(())
}

/// The resident memory of a process.
fn resident_kib(process: u32) -> Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1));
    Ok(kib.context("a process has memory")?.parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lists_that_nobody_reads_cost_little_memory() -> Result<()> {
    const CLIENTS: usize = 60;
    const ROOMS: usize = 1_000;
    const KIB_MAX: u64 = 64 + 16;
    let cluster = Cluster::start().await?;
    let mut nats = cluster.plain_nats().await?;
    for number in 0..ROOMS {
        let room = format!("a-room-with-a-name-{number:04}");
        let players = vec!["a-player-so-long"; 4];
        let value = json!({"version": 2, "race": "01ARZ3NDEKTSV4RRFFQ69G5FAV", "name": room,
            "phase": "racing", "seats": 4, "mode": "circuit", "track": "harbour-ring",
            "laps": 3, "target_metres": 20_000, "players": players, "owner": "00000001",
            "epoch": 1});
        nats.publish(&format!("$KV.rooms.{room}"), value.to_string())
            .await?;
    }
    let address = cluster.race_address()?;
    let mut clients = Vec::new();
    for number in 0..CLIENTS {
        let mut client = RawClient::narrow(&address).await?;
        client.hello(VERSION).await?;
        client.sign_up(&format!("idle-{number}")).await?;
        clients.push(client);
    }
    let list = flood::frame(kind::CONTROL, br#"{"type":"list_rooms"}"#);
    clients[0].bytes(&list).await?;
    let page = clients[0].hears("rooms").await?;
    let rooms = page["rooms"].as_array().map_or(0, Vec::len);
    assert!(rooms >= 20, "a page of {rooms} rooms");

    // Who reads gets all of them.
    let ada = cluster.racer("Ada").await?;
    ada.lobby_shows("every room", |rooms| rooms.len() == ROOMS)
        .await?;

    let gateway = &cluster.fleet.gateways[0];
    let before = resident_kib(gateway.id()?)?;
    for client in &mut clients {
        client.pour(&list.repeat(500)).await;
    }
    let begun = Instant::now();
    let mut most = before;
    while begun.elapsed() < WATCHED {
        most = most.max(resident_kib(gateway.id()?)?);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let each = most.saturating_sub(before) / CLIENTS as u64;
    eprintln!("{before} KiB before, {most} KiB at most: {each} KiB each");
    assert!(each <= KIB_MAX, "{each} KiB for each client");

    // They are told once they read again.
    let slow = r#"gateway_goodbyes_total{code="slow_reader"}"#;
    eventually("all are dismissed", async || {
        Ok((gateway.metrics().await?.value(slow) >= CLIENTS as f64).then_some(()))
    })
    .await?;
    for client in &mut clients {
        let goodbye = client.dismissed().await?;
        assert_eq!(goodbye["code"], "slow_reader", "{goodbye}");
        assert_eq!(goodbye["retry"], true);
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_connection_costs_little_memory() -> Result<()> {
    const CLIENTS: u64 = 2_000;
    const KIB_MAX: u64 = 12;
    let cluster = Cluster::start().await?;
    let address = cluster.race_address()?;
    let gateway = &cluster.fleet.gateways[0];
    let connect = async |count: u64| {
        let mut clients = Vec::new();
        for number in 0..count {
            let mut client = RawClient::greeted(&address).await?;
            client
                .say(&json!({"type": "ping", "nonce": number}))
                .await?;
            client.hears("pong").await?;
            clients.push(client);
        }
        Ok::<_, anyhow::Error>(clients)
    };
    // What a program takes once.
    let first = connect(100).await?;
    let before = resident_kib(gateway.id()?)?;
    let clients = connect(CLIENTS).await?;
    let after = resident_kib(gateway.id()?)?;
    let each = (after - before) as f64 / CLIENTS as f64;
    eprintln!("{before} KiB before, {after} KiB after: {each:.1} KiB each");
    assert!(each <= KIB_MAX as f64, "{each:.1} KiB for each connection");
    drop((first, clients));
    Ok(())
}
