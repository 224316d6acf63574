//! Results that the stream has acknowledged are in the database in the end, whatever
//! happens to the database and to its writer.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use client_core::protocol::RaceId;
use fleet::wait::eventually_within;
use fleet::{Plan, http};
use integration_tests::cluster::Cluster;
use integration_tests::containers::{self, Service};
use integration_tests::raw_nats::RawNats;
use integration_tests::small_disk::SmallDisk;
use persistence::database::DatabaseUrl;
use persistence::store::Store;
use serde_json::{Value, json};
use testcontainers_modules::testcontainers::Image;
use tokio::task::JoinHandle;

/// Kills of the process that writes.
const PERSISTENCE_KILLS: u32 = 100;
/// Kills of a database server.
const SERVER_KILLS: u32 = 20;
/// Rounds of results that fill a disk at last.
const ROUNDS_MAX: u32 = 100;
/// Between two looks whether the database is full.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);
/// Looks in a round: as long as from one batch to the next.
const ROUND_LOOKS: u32 = 12;
/// Between two results.
const PUBLISH_INTERVAL: Duration = Duration::from_millis(15);
/// The longest wait for everything to be written: the writer pauses up to five seconds
/// between attempts, and a server that was killed recovers first.
const WRITTEN_TIMEOUT: Duration = Duration::from_secs(60);
/// What the log says when the database fails, and when it works again.
const FAILED: &str = "cannot use the database";
const WORKS: &str = "the database works again";

/// NATS and a persistence process on a database, and results on their way to it.
struct Bench {
    cluster: Cluster,
    nats: RawNats,
    url: String,
    published: Vec<RaceId>,
}

impl Bench {
    async fn start(url: &str) -> Result<Self> {
        let plan = Plan {
            race_workers: 0,
            gateways: 0,
            database_url: Some(url.to_owned()),
            ..Plan::default()
        };
        let cluster = Cluster::start_with(plan).await?;
        Ok(Self {
            nats: cluster.plain_nats().await?,
            cluster,
            url: url.to_owned(),
            published: Vec::new(),
        })
    }

    async fn publish(&mut self, count: usize) -> Result<()> {
        for _result in 0..count {
            let race = publish(&mut self.nats, self.published.len()).await?;
            self.published.push(race);
        }
        Ok(())
    }

    /// Publishes at a steady rate while `disturb` runs.
    async fn publish_during(
        &mut self,
        disturb: impl AsyncFnOnce(&mut Cluster) -> Result<()>,
    ) -> Result<()> {
        let nats = self.cluster.plain_nats().await?;
        let publisher = Publisher::start(nats, self.published.len());
        let disturbed = disturb(&mut self.cluster).await;
        self.published.extend(publisher.stop().await?);
        disturbed
    }

    /// Waits until the stream is empty and looks for every result.
    async fn all_are_written(&mut self) -> Result<()> {
        eventually_within(WRITTEN_TIMEOUT, "the stream is empty", async || {
            let info = self.nats.request("$JS.API.STREAM.INFO.RESULTS", "").await?;
            Ok((info.json()?["state"]["messages"] == 0).then_some(()))
        })
        .await?;
        let store = Store::new(&DatabaseUrl::parse(&self.url)?.existing());
        let mut missing = Vec::new();
        for race in &self.published {
            if store.result(*race).await?.is_none() {
                missing.push(race);
            }
        }
        store.close().await;
        let (missing, all) = (missing.len(), self.published.len());
        ensure!(
            missing == 0,
            "{missing} of {all} acknowledged results are missing"
        );
        println!("all of {all} results are in the database");
        Ok(())
    }

    /// Publishes more than fits into what files of the database have in reserve.
    async fn publish_until_it_fails(&mut self) -> Result<()> {
        let address = self.cluster.fleet.persistence[0].address("http")?;
        for _round in 0..ROUNDS_MAX {
            self.publish(200).await?;
            // A batch is written every second.
            for _look in 0..ROUND_LOOKS {
                tokio::time::sleep(LOOK_INTERVAL).await;
                let (status, _text) = http::get(address, "/ready").await?;
                if status != 200 {
                    return Ok(());
                }
            }
        }
        bail!("the database is not full")
    }

    async fn is_ready(&self, ready: bool) -> Result<()> {
        let address = self.cluster.fleet.persistence[0].address("http")?;
        let what = format!("ready: {ready}");
        eventually_within(WRITTEN_TIMEOUT, &what, async || {
            let (status, _text) = http::get(address, "/ready").await?;
            Ok(((status == 200) == ready).then_some(()))
        })
        .await
    }

    /// How often the log says that the database fails, and that it works again.
    fn reports(&self) -> (usize, usize) {
        let log = self.cluster.fleet.persistence[0].log();
        (log.matches(FAILED).count(), log.matches(WORKS).count())
    }
}

/// Publishes results at a steady rate.
struct Publisher {
    is_stopped: Arc<AtomicBool>,
    task: JoinHandle<Result<Vec<RaceId>>>,
}

impl Publisher {
    fn start(mut nats: RawNats, first: usize) -> Self {
        let is_stopped = Arc::new(AtomicBool::new(false));
        let stopped = is_stopped.clone();
        let task = tokio::spawn(async move {
            let mut published = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                published.push(publish(&mut nats, first + published.len()).await?);
                tokio::time::sleep(PUBLISH_INTERVAL).await;
            }
            Ok(published)
        });
        Self { is_stopped, task }
    }

    async fn stop(self) -> Result<Vec<RaceId>> {
        self.is_stopped.store(true, Ordering::Relaxed);
        self.task.await?
    }
}

/// Publishes a result; the stream has acknowledged it when this returns.
async fn publish(nats: &mut RawNats, number: usize) -> Result<RaceId> {
    let race = RaceId::first_of(1_700_000_000_000 + number as u64);
    let standings: Vec<Value> = (1..=16)
        .map(|place| {
            json!({"place": place, "player": format!("Driver-{place}"), "seat": place - 1,
                "score": 100 - place, "laps": 3, "time_ms": 61_234, "best_lap_ms": null})
        })
        .collect();
    let result = json!({"kind": "result", "race": race, "room": "duel", "mode": "circuit",
        "track": "harbour-ring", "laps": 3, "ended_at": 1_700_000_000_000_u64, "epoch": 1,
        "tick": 4_500, "standings": standings});
    let subject = format!("record.result.{race}");
    let answer = nats.request(&subject, &result.to_string()).await?.json()?;
    ensure!(answer["stream"] == "RESULTS", "not acknowledged: {answer}");
    Ok(race)
}

/// Pauses that are the same in every run.
struct Pauses(u64);

impl Pauses {
    fn next(&mut self, longest_ms: u64) -> Duration {
        // The generator of Knuth's MMIX.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % longest_ms)
    }
}

fn sqlite_url(folder: &Path) -> String {
    format!(
        "sqlite://{}?mode=rwc",
        folder.join("slipstream.db").display()
    )
}

#[tokio::test]
async fn a_hundred_kills_of_persistence_lose_no_result() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut bench = Bench::start(&sqlite_url(folder.path())).await?;
    let mut pauses = Pauses(27);
    bench
        .publish_during(async |cluster| {
            for _kill in 0..PERSISTENCE_KILLS {
                tokio::time::sleep(pauses.next(500)).await;
                let persistence = &mut cluster.fleet.persistence[0];
                persistence.kill()?;
                persistence.restart().await?;
            }
            Ok(())
        })
        .await?;
    bench.all_are_written().await
}

#[tokio::test]
async fn twenty_kills_lose_no_result_in_mysql() -> Result<()> {
    twenty_kills_lose_no_result_in(&containers::mysql().await?).await
}

#[tokio::test]
async fn twenty_kills_lose_no_result_in_mariadb() -> Result<()> {
    twenty_kills_lose_no_result_in(&containers::mariadb().await?).await
}

async fn twenty_kills_lose_no_result_in<I: Image>(server: &Service<I>) -> Result<()> {
    let mut bench = Bench::start(&server.url).await?;
    let mut pauses = Pauses(28);
    bench
        .publish_during(async |_cluster| {
            for _kill in 0..SERVER_KILLS {
                // It serves.
                eventually_within(WRITTEN_TIMEOUT, "the server serves", async || {
                    Ok(server.sql("SELECT 1").await.ok())
                })
                .await?;
                tokio::time::sleep(pauses.next(2_500)).await;
                server.kill().await?;
                server.start_again().await?;
            }
            Ok(())
        })
        .await?;
    bench.all_are_written().await?;
    bench.is_ready(true).await?;
    let (failed, works) = bench.reports();
    ensure!(failed == works, "{failed} failures began, {works} ended");
    ensure!(
        (1..=2 * SERVER_KILLS as usize).contains(&failed),
        "{failed} failures were reported"
    );
    Ok(())
}

#[tokio::test]
async fn a_read_only_or_impatient_server_loses_no_result_in_mysql() -> Result<()> {
    a_read_only_or_impatient_server_loses_no_result(&containers::mysql().await?).await
}

#[tokio::test]
async fn a_read_only_or_impatient_server_loses_no_result_in_mariadb() -> Result<()> {
    a_read_only_or_impatient_server_loses_no_result(&containers::mariadb().await?).await
}

async fn a_read_only_or_impatient_server_loses_no_result<I: Image>(
    server: &Service<I>,
) -> Result<()> {
    let mut bench = Bench::start(&server.url).await?;
    bench.publish(20).await?;
    bench.all_are_written().await?;
    server.sql("SET GLOBAL read_only = ON").await?;
    bench.publish(20).await?;
    bench.is_ready(false).await?;
    server.sql("SET GLOBAL read_only = OFF").await?;
    bench.is_ready(true).await?;
    bench.all_are_written().await?;
    assert_eq!(bench.reports(), (1, 1));

    // Connections that are idle for a second are closed by the server.
    server.sql("SET GLOBAL wait_timeout = 1").await?;
    let persistence = &mut bench.cluster.fleet.persistence[0];
    persistence.terminate()?;
    persistence.restart().await?;
    for _pause in 0..3 {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        bench.publish(20).await?;
    }
    bench.all_are_written().await?;
    assert_eq!(bench.reports(), (0, 0));
    Ok(())
}

#[tokio::test]
async fn a_server_out_of_space_loses_no_result_in_mysql() -> Result<()> {
    let Some(disk) = SmallDisk::mount(640 << 10)? else {
        return Ok(());
    };
    a_server_out_of_space_loses_no_result(&containers::mysql_on(&disk).await?, &disk).await
}

#[tokio::test]
async fn a_server_out_of_space_loses_no_result_in_mariadb() -> Result<()> {
    let Some(disk) = SmallDisk::mount(400 << 10)? else {
        return Ok(());
    };
    a_server_out_of_space_loses_no_result(&containers::mariadb_on(&disk).await?, &disk).await
}

/// A server that aborts on a full disk is started again once there is space, as a
/// supervisor does.
async fn a_server_out_of_space_loses_no_result<I: Image>(
    server: &Service<I>,
    disk: &SmallDisk,
) -> Result<()> {
    let mut bench = Bench::start(&server.url).await?;
    bench.publish(20).await?;
    bench.all_are_written().await?;
    disk.fill()?;
    bench.publish_until_it_fails().await?;
    disk.free()?;
    server.start_again().await?;
    bench.is_ready(true).await?;
    bench.all_are_written().await
}

#[tokio::test]
async fn a_full_disk_loses_no_result() -> Result<()> {
    let Some(disk) = SmallDisk::mount(16_384)? else {
        return Ok(());
    };
    let mut bench = Bench::start(&sqlite_url(disk.path())).await?;
    bench.publish(20).await?;
    bench.all_are_written().await?;
    for time in 1..=2 {
        disk.fill()?;
        bench.publish_until_it_fails().await?;
        disk.free()?;
        bench.is_ready(true).await?;
        bench.publish(100).await?;
        bench.all_are_written().await?;
        assert_eq!(bench.reports(), (time, time));
    }
    Ok(())
}

#[tokio::test]
async fn a_removed_file_loses_nothing_that_is_acknowledged_later() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut bench = Bench::start(&sqlite_url(folder.path())).await?;
    bench.publish(20).await?;
    bench.all_are_written().await?;
    std::fs::remove_file(folder.path().join("slipstream.db"))?;
    // What was in it is gone.
    bench.published.clear();
    let mut nats = bench.cluster.plain_nats().await?;
    for number in 1_000..1_150 {
        bench.published.push(publish(&mut nats, number).await?);
    }
    bench.all_are_written().await?;
    let log = bench.cluster.fleet.persistence[0].log();
    let says_so = "the file of the database has been removed or replaced";
    ensure!(log.contains(says_so), "the log says what happened");
    bench.is_ready(true).await
}

#[tokio::test]
async fn sign_ups_that_were_told_to_wait_succeed_with_the_same_id() -> Result<()> {
    const PEOPLE: usize = 300;
    const CONNECTIONS: usize = 20;
    let Some(disk) = SmallDisk::mount(16_384)? else {
        return Ok(());
    };
    let bench = Bench::start(&sqlite_url(disk.path())).await?;
    let disk = Arc::new(disk);
    let mut people = tokio::task::JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mut nats = bench.cluster.plain_nats_of("gateway").await?;
        people.spawn(async move {
            let mut accounts = 0;
            for person in (connection..PEOPLE).step_by(CONNECTIONS) {
                let request = RaceId::first_of(person as u64).to_string();
                let name = format!("Person-{person}");
                let ask = json!({"name": name, "password": "correct-horse", "request": request});
                let ask = ask.to_string();
                let begun = Instant::now();
                let mut answer = nats.request("account.signup", &ask).await?.json()?;
                while answer["Err"]["code"] == "unavailable" {
                    ensure!(begun.elapsed() < WRITTEN_TIMEOUT, "no account: {answer}");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                    answer = nats.request("account.signup", &ask).await?.json()?;
                }
                ensure!(answer["Ok"]["name"] == name.as_str(), "{answer}");
                accounts += 1;
            }
            anyhow::Ok(accounts)
        });
    }
    let filler = disk.clone();
    for _time in 0..3 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        filler.fill()?;
        tokio::time::sleep(Duration::from_millis(600)).await;
        filler.free()?;
    }
    let mut accounts = 0;
    while let Some(done) = people.join_next().await {
        accounts += done??;
    }
    assert_eq!(accounts, PEOPLE);
    let store = Store::new(&DatabaseUrl::parse(&bench.url)?.existing());
    for person in 0..PEOPLE {
        let name = client_core::protocol::PlayerName::parse(&format!("Person-{person}"))?;
        store.profile(&name.id()).await.context("an account")?;
    }
    store.close().await;
    bench.is_ready(true).await
}
