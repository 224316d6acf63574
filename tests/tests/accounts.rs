//! Accounts under load and under change: floods of guesses and sign-ups leave others
//! their log-ins, a password can be replaced, an account deleted, and the files of all
//! this are their owner's alone.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, ensure};
use client_core::ChatClientState;
use client_core::account::AccountChange;
use client_core::protocol::RejectionCode;
use fleet::Plan;
use fleet::wait::eventually;
use integration_tests::chatter::Chatter;
use integration_tests::cluster::{Cluster, PASSWORD};
use integration_tests::racer::Racer;
use integration_tests::raw_nats::RawNats;
use serde_json::{Value, json};
use tokio::task::JoinSet;

/// How long a flood lasts.
const FLOOD: Duration = Duration::from_secs(8);
/// Those who take part in it.
const FLOODING: usize = 200;
/// Between two log-ins of the same player.
const PAUSE: Duration = Duration::from_millis(40);
/// Longest log-in of others during a flood, on a machine that has nothing else to do.
const LOG_IN_P99_MAX: Duration = Duration::from_millis(500);
/// On one that has, several times what a log-in took before the flood.
const LOG_IN_SLOWER_MAX: u32 = 5;

/// NATS and persistence, and gateways as asked for.
async fn cluster(gateways: usize) -> Result<Cluster> {
    Cluster::start_with(Plan {
        race_workers: 0,
        gateways,
        ..Plan::default()
    })
    .await
}

fn credentials(name: &str, password: &str) -> String {
    json!({"name": name, "password": password, "deadline": unix_ms() + 5_000}).to_string()
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}

/// Those who ask for hashes until they are dropped.
struct Flood {
    is_over: Arc<AtomicBool>,
    asked: Arc<AtomicU64>,
    tasks: JoinSet<Result<()>>,
}

impl Flood {
    /// Each asks again as soon as it has an answer, as through a gateway.
    async fn start(
        cluster: &Cluster,
        subject: &'static str,
        request: impl Fn(usize, u64) -> String + Copy + Send + 'static,
    ) -> Result<Self> {
        let (is_over, asked) = (Arc::new(AtomicBool::new(false)), Arc::default());
        let mut tasks = JoinSet::new();
        for number in 0..FLOODING {
            let mut nats = cluster.plain_nats_of("gateway").await?;
            let (is_over, asked) = (Arc::clone(&is_over), Arc::<AtomicU64>::clone(&asked));
            tasks.spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let count = asked.fetch_add(1, Ordering::Relaxed);
                    nats.request(subject, &request(number, count)).await?;
                    // The way through a gateway, there and back.
                    tokio::time::sleep(Duration::from_millis(30)).await;
                }
                Ok(())
            });
        }
        Ok(Self {
            is_over,
            asked,
            tasks,
        })
    }

    /// Ends it; every request in flight was answered.
    async fn end(mut self) -> Result<u64> {
        self.is_over.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended??;
        }
        Ok(self.asked.load(Ordering::Relaxed))
    }
}

/// What a player met who asked again and again.
#[derive(Debug, Default)]
struct Met {
    served: Vec<Duration>,
    busy: Vec<Duration>,
}

impl Met {
    fn p99(times: &[Duration]) -> Duration {
        let mut times = times.to_vec();
        times.sort();
        let last = times.len().saturating_sub(1);
        times
            .get(last.min(times.len() * 99 / 100))
            .copied()
            .unwrap_or_default()
    }
}

/// Asks again and again for so long. Refusals must be honest ones.
async fn ask_for(
    nats: &mut RawNats,
    time: Duration,
    subject: &str,
    request: impl Fn() -> String,
) -> Result<Met> {
    let mut met = Met::default();
    let begun = Instant::now();
    while begun.elapsed() < time {
        let asked = Instant::now();
        let answer = nats.request(subject, &request()).await?.json()?;
        let took = asked.elapsed();
        if answer["Ok"].is_object() {
            met.served.push(took);
        } else {
            let refused = &answer["Err"];
            ensure!(refused["code"] == "unavailable", "{answer}");
            let words = refused["message"].as_str().unwrap_or_default();
            ensure!(words.contains("busy with log-ins, try again in"), "{words}");
            met.busy.push(took);
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(met)
}

async fn sign_up(nats: &mut RawNats, name: &str) -> Result<()> {
    let answer = nats
        .request("account.signup", &credentials(name, PASSWORD))
        .await?
        .json()?;
    ensure!(answer["Ok"]["name"] == name, "{answer}");
    Ok(())
}

fn say(what: &str, met: &Met) {
    println!(
        "{what}: {} served, p99 {:?}, longest {:?}; {} told that it is busy, p99 {:?}",
        met.served.len(),
        Met::p99(&met.served),
        met.served.iter().max(),
        met.busy.len(),
        Met::p99(&met.busy),
    );
}

/// What a player sees during a flood and right after it. Those who are served are served
/// in time.
async fn others_are_served(
    cluster: &Cluster,
    subject: &'static str,
    request: impl Fn(usize, u64) -> String + Copy + Send + 'static,
) -> Result<Met> {
    let mut nats = cluster.plain_nats_of("gateway").await?;
    let mut other = cluster.plain_nats_of("gateway").await?;
    sign_up(&mut nats, "Ada").await?;
    let log_in = || credentials("Ada", PASSWORD);
    let before = ask_for(&mut nats, Duration::from_secs(1), "account.login", log_in).await?;
    say("log-ins before", &before);
    let longest = LOG_IN_P99_MAX.max(Met::p99(&before.served) * LOG_IN_SLOWER_MAX);
    let flood = Flood::start(cluster, subject, request).await?;
    let (log_ins, profiles) = tokio::join!(
        ask_for(&mut nats, FLOOD, "account.login", log_in),
        ask_for(&mut other, FLOOD, "account.profile", || {
            json!({"player": "ada"}).to_string()
        }),
    );
    let asked = flood.end().await?;
    let (log_ins, profiles) = (log_ins?, profiles?);
    println!("{asked} requests on {subject}");
    say("log-ins", &log_ins);
    say("profiles", &profiles);
    // Some wait for seconds until they are answered.
    ensure!(asked > 2 * FLOODING as u64, "that was no flood: {asked}");
    ensure!(profiles.busy.is_empty(), "profiles do not wait for hashes");
    ensure!(
        Met::p99(&profiles.served) <= longest / 2,
        "profiles were slow"
    );
    ensure!(Met::p99(&log_ins.served) <= longest, "log-ins were slow");
    ensure!(Met::p99(&log_ins.busy) <= longest / 2, "refusals were slow");

    // The flood leaves no queue behind.
    let after = ask_for(&mut nats, Duration::from_secs(1), "account.login", log_in).await?;
    say("log-ins afterwards", &after);
    ensure!(after.busy.is_empty() && Met::p99(&after.served) <= longest);
    Ok(log_ins)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_log_in_while_two_hundred_guess_passwords() -> Result<()> {
    let cluster = cluster(0).await?;
    let guess = |number, _count| credentials(&format!("Victim-{}", number % 20), "wrong-horse");
    let log_ins = others_are_served(&cluster, "account.login", guess).await?;
    // Before each of them has failed once there may be no room.
    ensure!(log_ins.busy.len() < log_ins.served.len());
    let metrics = cluster.fleet.persistence[0].metrics().await?;
    let refused =
        metrics.value(r#"persistence_hashes_total{lane="log_in_after_failure",outcome="busy"}"#);
    ensure!(refused > 100.0, "{refused} guesses were refused");
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_hear_at_once_while_two_hundred_guess_under_ever_new_names() -> Result<()> {
    let cluster = cluster(0).await?;
    let guess = |_number, count| credentials(&format!("Victim-{count}"), "wrong-horse");
    // Persistence cannot tell a player from the others; gateways limit each address.
    others_are_served(&cluster, "account.login", guess).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn others_log_in_while_two_hundred_sign_up() -> Result<()> {
    let cluster = cluster(0).await?;
    let sign_up = |_number, count| credentials(&format!("New-{count}"), PASSWORD);
    let log_ins = others_are_served(&cluster, "account.signup", sign_up).await?;
    ensure!(log_ins.busy.is_empty(), "log-ins have a lane of their own");
    Ok(())
}

#[tokio::test]
async fn a_request_that_comes_too_late_is_not_hashed() -> Result<()> {
    let cluster = cluster(0).await?;
    let mut nats = cluster.plain_nats_of("gateway").await?;
    sign_up(&mut nats, "Ada").await?;
    let late = json!({"name": "Ada", "password": PASSWORD, "deadline": unix_ms() - 2_000});
    let answer = nats
        .request("account.login", &late.to_string())
        .await?
        .json()?;
    ensure!(answer["Err"]["code"] == "unavailable", "{answer}");
    let metrics = cluster.fleet.persistence[0].metrics().await?;
    let series =
        |outcome| format!(r#"persistence_hashes_total{{lane="log_in",outcome="{outcome}"}}"#);
    ensure!(metrics.value(&series("computed")) == 0.0);
    Ok(())
}

#[tokio::test]
async fn a_player_changes_the_password_and_deletes_the_account() -> Result<()> {
    let cluster = cluster(1).await?;
    let address = cluster.race_address()?;
    let ada = Racer::connect("Ada", &address);
    ada.act(|racer| racer.client.sign_up("Ada", PASSWORD));
    ada.in_lobby().await?;
    let refused = ada
        .refused(|client| client.change_password("wrong-horse", "battery-staple"))
        .await?;
    assert_eq!(refused.code, RejectionCode::WrongCredentials);
    assert_eq!(refused.message, "that is not your password");
    ada.act(|racer| racer.client.change_password(PASSWORD, "battery-staple"));
    eventually("the password is changed", async || {
        let change = ada.act(|racer| racer.client.take_account_change());
        Ok((change == Some(AccountChange::PasswordChanged)).then_some(()))
    })
    .await?;
    let other = Racer::connect("other", &address);
    let refused = other
        .refused(|client| client.log_in("Ada", PASSWORD))
        .await?;
    assert_eq!(refused.code, RejectionCode::WrongCredentials);

    // At the chat port, too.
    let chatter = Chatter::connect("Ada", &cluster.chat_address()?);
    chatter.act(|it| it.client.log_in("Ada", "battery-staple"));
    chatter.in_chat().await?;
    chatter.act(|it| it.client.delete_account("battery-staple"));
    let anonymous = eventually("the account is deleted", async || {
        match chatter.act(|it| it.client.take_account_change()) {
            Some(AccountChange::Deleted { anonymous }) => Ok(Some(anonymous)),
            Some(AccountChange::PasswordChanged) | None => Ok(None),
        }
    })
    .await?;
    ensure!(anonymous.as_str().starts_with("deleted-"), "{anonymous}");
    eventually("the connection has ended for good", async || {
        let state = chatter.look(|it| it.client.state().clone());
        Ok(matches!(state, ChatClientState::Ended(_)).then_some(()))
    })
    .await?;
    let refused = other
        .refused(|client| client.log_in("Ada", "battery-staple"))
        .await?;
    assert_eq!(refused.code, RejectionCode::WrongCredentials);
    for (name, expected) in [
        ("Ada", RejectionCode::NameTaken),
        ("deleted-1", RejectionCode::BadName),
        ("Admin", RejectionCode::BadName),
    ] {
        let newcomer = Racer::connect(name, &address);
        let refused = newcomer
            .refused(|client| client.sign_up(name, PASSWORD))
            .await?;
        assert_eq!(refused.code, expected, "{name}: {refused}");
    }
    Ok(())
}

/// Also while it is being written, when SQLite has two more files.
#[tokio::test]
async fn the_files_of_a_deployment_are_their_owners_alone() -> Result<()> {
    let cluster = cluster(1).await?;
    let mut nats = cluster.plain_nats_of("gateway").await?;
    sign_up(&mut nats, "Ada").await?;
    let mut files = Vec::new();
    list(cluster.folder(), &mut files)?;
    let secret = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.contains(".db") || name.contains("session") || name.ends_with(".key")
    };
    let secrets: Vec<_> = files.iter().filter(|path| secret(path)).collect();
    println!("{secrets:?}");
    ensure!(
        secrets
            .iter()
            .any(|path| path.to_string_lossy().ends_with(".db-wal"))
    );
    for path in &secrets {
        let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
        ensure!(mode & 0o077 == 0, "{}: {mode:o}", path.display());
    }
    Ok(())
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).context("a folder of the run")? {
        let path = entry?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

/// Looks alike at the sign-up of a whole deployment.
#[tokio::test]
async fn a_name_that_looks_like_another_is_refused() -> Result<()> {
    let cluster = cluster(0).await?;
    let mut nats = cluster.plain_nats_of("gateway").await?;
    sign_up(&mut nats, "Alice").await?;
    for alike in ["AIice", "A1ice", "al1ce"] {
        let answer: Value = nats
            .request("account.signup", &credentials(alike, PASSWORD))
            .await?
            .json()?;
        ensure!(answer["Err"]["code"] == "name_taken", "{answer}");
        let words = answer["Err"]["message"].as_str().unwrap_or_default();
        ensure!(words.contains("too similar to an existing one"), "{words}");
    }
    Ok(())
}
