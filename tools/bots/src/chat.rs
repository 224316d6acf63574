//! Many people in the chat: how long a word takes from one to all.
//!
//! [`record`] has what was said and who heard it, without I/O; a user is a link
//! with a `client_core` chat client.

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

/// Users on their way in at once: each costs a password hash.
const LOGGING_IN_MAX: usize = 32;
/// Longest wait until everybody is in.
const RAMP_MAX: Duration = Duration::from_secs(600);
/// After the last word the others have so long to hear it.
const DRAIN: Duration = Duration::from_secs(3);
/// Between two looks at who is in.
const LOOK_INTERVAL: Duration = Duration::from_millis(50);
/// Words that wait to be said by a user.
const WORDS_MAX: usize = 64;

/// Talks for a while and tells how it went.
///
/// # Errors
/// When not everybody gets in, or stays.
pub async fn run(options: &ChatOptions) -> Result<()> {
    expect_sockets(options.users.into())?;
    expect_gateways(&options.gateways).await?;
    // A wrong process id is told now and not after everybody has come.
    Meter::start(&options.pids)?;
    tokio::select! {
        done = talk(options) => done,
        signal = tokio::signal::ctrl_c() => {
            signal?;
            bail!("interrupted");
        }
    }
}

async fn talk(options: &ChatOptions) -> Result<()> {
    let record = Arc::new(Mutex::new(Record::new(options.users.into())));
    let mut tokens = Tokens::open(options.tokens.as_deref())?;
    let (mut users, mut mouths) = (JoinSet::new(), Vec::new());
    let (arrived, arrivals) = watch::channel(0_usize);
    let arrived = Arc::new(arrived);
    let begun = Instant::now();
    let coming = bar(options.users.into(), "users are in the chat");
    for number in 0..usize::from(options.users) {
        while number - *arrivals.borrow() >= LOGGING_IN_MAX {
            coming.set_position(*arrivals.borrow() as u64);
            wait(&mut users, begun).await?;
        }
        let name = format!("{}{number}", options.prefix);
        let gateway = &options.gateways[number % options.gateways.len()];
        let user = User::new(
            number,
            &name,
            tokens.of(&name),
            gateway,
            Arc::clone(&record),
        );
        let (mouth, words) = mpsc::channel(WORDS_MAX);
        mouths.push(mouth);
        users.spawn(user.run(words, Arc::clone(&arrived)));
    }
    while *arrivals.borrow() < mouths.len() {
        coming.set_position(*arrivals.borrow() as u64);
        wait(&mut users, begun).await?;
    }
    coming.finish();
    tokens.save(&user::lock(&record).tokens)?;
    tokio::select! {
        measured = measure(options, &record, &mouths) => measured?,
        ended = users.join_next() => {
            ended.context("there are no users")?.context("a user failed")??;
            bail!("a user left");
        }
    }
    users.shutdown().await;
    Ok(())
}

/// Waits a little for the users to come.
async fn wait(users: &mut JoinSet<Result<()>>, begun: Instant) -> Result<()> {
    if let Some(ended) = users.try_join_next() {
        ended.context("a user failed")??;
    }
    if begun.elapsed() > RAMP_MAX {
        bail!("not everybody is in the chat after {RAMP_MAX:?}");
    }
    tokio::time::sleep(LOOK_INTERVAL).await;
    Ok(())
}

async fn measure(
    options: &ChatOptions,
    record: &Mutex<Record>,
    mouths: &[mpsc::Sender<String>],
) -> Result<()> {
    let (begun, cpu) = (Instant::now(), cpu_seconds("self"));
    let meter = Meter::start(&options.pids)?;
    let words = options.rate * options.seconds as u32;
    let bar = bar(words.into(), "words are said");
    for number in 0..words {
        let due = begun + Duration::from_secs(1) * number / options.rate;
        tokio::time::sleep_until(due.into()).await;
        let text = {
            let mut record = user::lock(record);
            record.lateness.add(due.elapsed());
            record.say(Instant::now())
        };
        let mouth = &mouths[number as usize % mouths.len()];
        // One whose queue is full says nothing: it is counted as not heard.
        let _ = mouth.try_send(text);
        bar.inc(1);
    }
    // The last word has its share of the time.
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
    let shares = programs(&processes, mouths.len());
    let bottleneck = bottleneck(&record.lateness, cores, options.threads);
    if options.json {
        let report = json!({
            "users": options.users,
            "rate": options.rate,
            "seconds": seconds,
            "said": summary.said,
            "delivered": summary.delivered,
            "delivered_per_second": summary.delivered as f64 / seconds,
            "lost": summary.lost,
            "twice": summary.twice,
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
        tell(options, &record, &summary, seconds, &shares);
        if let Some(why) = bottleneck {
            println!("! {why}");
        }
    }
    Ok(())
}

fn tell(options: &ChatOptions, record: &Record, summary: &Summary, seconds: f64, shares: &[Share]) {
    println!(
        "{} users, {} messages a second for {seconds:.0} s",
        options.users, options.rate
    );
    let counts = format!(
        "{:8} said {:8} delivered {:6} lost {:6} twice",
        summary.said, summary.delivered, summary.lost, summary.twice
    );
    println!("{}", line("messages", &counts));
    println!("{}", line("from one to another", &record.deliveries.text()));
    println!("{}", line("this process was late", &record.lateness.text()));
    shares.iter().for_each(|share| println!("{}", share.line()));
    for (kind, times) in &record.rejected {
        println!("! {kind}: {times}");
    }
}
