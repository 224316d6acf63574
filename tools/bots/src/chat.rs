//! Many users in the chat: how long a message takes from its sender to each of them.
//!
//! [`record`] keeps what was sent and received, without I/O; a user is a link with a
//! `client_core` chat client.

mod record;
mod user;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use self::record::{Record, Summary};
use self::user::User;
use crate::measure::processes::{Meter, Share, cpu_seconds, programs};
use crate::measure::{Tokens, bottleneck, line};
use crate::options::ChatOptions;
use crate::progress::bar;
use crate::reach::{expect_gateways, expect_sockets};

/// Concurrent log-ins: each costs a password hash.
const LOGGING_IN_MAX: usize = 32;
/// Longest wait until all users are logged in.
const LOG_IN_TIMEOUT: Duration = Duration::from_secs(600);
/// How long the last messages may take to arrive.
const DRAIN: Duration = Duration::from_secs(3);
/// Between two polls of the number of users.
const POLL_INTERVAL: Duration = Duration::from_millis(50);
/// Messages that wait to be sent by a user.
const QUEUE_MAX: usize = 64;

/// Chats for a time and reports the measurements.
///
/// # Errors
/// When a user cannot log in, or loses its connection.
pub async fn run(options: &ChatOptions) -> Result<()> {
    expect_sockets(options.users.into())?;
    expect_gateways(&options.gateways).await?;
    // A wrong process id fails the run before the users log in.
    Meter::start(&options.pids)?;
    tokio::select! {
        done = chat(options) => done,
        signal = tokio::signal::ctrl_c() => {
            signal?;
            bail!("interrupted");
        }
    }
}

async fn chat(options: &ChatOptions) -> Result<()> {
    let record = Arc::new(Mutex::new(Record::new(options.users.into())));
    let security = options.tls.security()?;
    let mut tokens = Tokens::open(options.tokens.as_deref())?;
    let (mut users, mut senders) = (JoinSet::new(), Vec::new());
    let (logged_in, users_in) = watch::channel(0_usize);
    let logged_in = Arc::new(logged_in);
    let begun = Instant::now();
    let progress = bar(options.users.into(), "users are in the chat");
    for number in 0..usize::from(options.users) {
        while number - *users_in.borrow() >= LOGGING_IN_MAX {
            progress.set_position(*users_in.borrow() as u64);
            wait(&mut users, begun).await?;
        }
        let name = format!("{}{number}", options.prefix);
        let mut gateways = options.gateways.clone();
        gateways.rotate_left(number % options.gateways.len());
        let user = User::new(
            number,
            &name,
            tokens.of(&name),
            &gateways,
            &security,
            Arc::clone(&record),
        );
        let (sender, messages) = mpsc::channel(QUEUE_MAX);
        senders.push(sender);
        users.spawn(user.run(messages, Arc::clone(&logged_in)));
    }
    while *users_in.borrow() < senders.len() {
        progress.set_position(*users_in.borrow() as u64);
        wait(&mut users, begun).await?;
    }
    progress.finish();
    tokens.save(&user::lock(&record).tokens)?;
    tokio::select! {
        measured = measure(options, &record, &senders) => measured?,
        ended = users.join_next() => {
            ended.context("there are no users")?.context("a user failed")??;
            bail!("a user left");
        }
    }
    users.shutdown().await;
    Ok(())
}

/// Waits a little for users to log in.
async fn wait(users: &mut JoinSet<Result<()>>, begun: Instant) -> Result<()> {
    if let Some(ended) = users.try_join_next() {
        ended.context("a user failed")??;
    }
    if begun.elapsed() > LOG_IN_TIMEOUT {
        bail!("not all users are in the chat after {LOG_IN_TIMEOUT:?}");
    }
    tokio::time::sleep(POLL_INTERVAL).await;
    Ok(())
}

async fn measure(
    options: &ChatOptions,
    record: &Mutex<Record>,
    senders: &[mpsc::Sender<String>],
) -> Result<()> {
    let (begun, cpu) = (Instant::now(), cpu_seconds("self"));
    let meter = Meter::start(&options.pids)?;
    let messages = options.rate * options.seconds as u32;
    let bar = bar(messages.into(), "messages are sent");
    for number in 0..messages {
        let due = begun + Duration::from_secs(1) * number / options.rate;
        tokio::time::sleep_until(due.into()).await;
        let text = {
            let mut record = user::lock(record);
            record.lateness.add(due.elapsed());
            record.send(Instant::now())
        };
        let sender = &senders[number as usize % senders.len()];
        // A message for a full queue is not sent, and counts as lost.
        let _ = sender.try_send(text);
        bar.inc(1);
    }
    // The rate counts the interval after the last message.
    tokio::time::sleep_until((begun + Duration::from_secs(options.seconds)).into()).await;
    let seconds = begun.elapsed().as_secs_f64();
    let processes = meter.read(seconds);
    let cores = cpu
        .zip(cpu_seconds("self"))
        .map(|(from, to)| (to - from) / seconds);
    bar.finish();
    tokio::time::sleep(DRAIN).await;
    let record = user::lock(record);
    let summary = record.summary();
    let shares = programs(&processes, senders.len());
    let bottleneck = bottleneck(&record.lateness, cores, options.threads);
    if options.json {
        let report = json!({
            "users": options.users,
            "rate": options.rate,
            "seconds": seconds,
            "said": summary.sent,
            "delivered": summary.delivered,
            "delivered_per_second": summary.delivered as f64 / seconds,
            "lost": summary.lost,
            "twice": summary.duplicates,
            "rejected": record.rejected,
            "delivery_ms": record.deliveries.json(),
            "lateness_ms": record.lateness.json(),
            "processes": processes,
            "programs": shares,
            "cores": cores,
            "bottleneck": bottleneck,
        });
        println!("{report}");
    } else {
        print_report(options, &record, &summary, seconds, &shares);
        if let Some(why) = bottleneck {
            println!("! {why}");
        }
    }
    Ok(())
}

fn print_report(
    options: &ChatOptions,
    record: &Record,
    summary: &Summary,
    seconds: f64,
    shares: &[Share],
) {
    println!(
        "{} users, {} messages a second for {seconds:.0} s",
        options.users, options.rate
    );
    let counts = format!(
        "{:8} sent {:8} delivered {:6} lost {:6} duplicates",
        summary.sent, summary.delivered, summary.lost, summary.duplicates
    );
    println!("{}", line("messages", &counts));
    println!("{}", line("delivery", &record.deliveries.text()));
    println!("{}", line("this process was late", &record.lateness.text()));
    shares.iter().for_each(|share| println!("{}", share.line()));
    for (kind, times) in &record.rejected {
        println!("! {kind}: {times}");
    }
}
