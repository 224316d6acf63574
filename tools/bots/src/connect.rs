//! People that come in: how many a second, and how long it takes them.
//!
//! Attempts begin at their times whatever became of those before, and are timed
//! from then: a server that falls behind is not spared, and a time that somebody
//! waited is not left out, whether it helped or not.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use client_core::protocol::account::Password;
use client_core::protocol::client::{ClientMessage, ServerMessage};
use client_core::protocol::frame;
use client_core::{Link, LinkEvent};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::measure::{Times, bottleneck, line};
use crate::options::ConnectOptions;
use crate::progress::bar;
use crate::reach::{expect_gateways, expect_sockets};

/// Accounts of bots guard nothing.
const PASSWORD: &str = "bots-have-no-secrets";
/// Longer than any gateway lets somebody wait for a password.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// Attempts under way at once: sockets and memory are bounded.
const UNDER_WAY_MAX: usize = 2_000;

/// A way to come in.
#[derive(Clone, Copy, Debug)]
enum Way {
    SignUp,
    LogIn,
    Resume,
}

impl Way {
    const ALL: [Self; 3] = [Self::SignUp, Self::LogIn, Self::Resume];

    fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::LogIn => "log_in",
            Self::Resume => "resume",
        }
    }
}

/// What came of the attempts of one way.
#[derive(Debug, Default)]
struct Tally {
    attempts: u64,
    successes: u64,
    seconds: f64,
    times: Times,
    /// Of those that did not come in, until they knew.
    failed: Times,
    lateness: Times,
    errors: BTreeMap<String, u64>,
}

/// Comes in each way for a while, and tells how it went.
///
/// # Errors
/// When nobody is at a gateway's address.
pub async fn run(options: &ConnectOptions) -> Result<()> {
    expect_sockets((options.rate * options.seconds).min(UNDER_WAY_MAX as u32))?;
    expect_gateways(&options.gateways).await?;
    let mut tokens = BTreeMap::new();
    let mut tallies = Vec::new();
    let run = run_name();
    for way in Way::ALL {
        let tally = tokio::select! {
            tally = attempts(options, way, &run, &mut tokens) => tally,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                anyhow::bail!("interrupted");
            }
        };
        tallies.push((way, tally));
    }
    tell(options, &tallies);
    Ok(())
}

async fn attempts(
    options: &ConnectOptions,
    way: Way,
    run: &str,
    tokens: &mut BTreeMap<u32, String>,
) -> Tally {
    let mut tally = Tally::default();
    let mut under_way = JoinSet::new();
    let begun = Instant::now();
    let all = options.rate * options.seconds;
    let bar = bar(all.into(), way.name());
    for number in 0..all {
        let due = begun + Duration::from_secs(1) * number / options.rate;
        tokio::time::sleep_until(due.into()).await;
        tally.lateness.add(due.elapsed());
        let name = format!("{}{run}-{number}", options.prefix);
        let message = match (way, tokens.get(&number)) {
            (Way::Resume, Some(token)) => ClientMessage::Resume {
                token: token.clone(),
            },
            (Way::Resume, None) => {
                tally.refused("no_token", Duration::ZERO);
                continue;
            }
            (Way::SignUp, _) => ClientMessage::SignUp {
                name,
                password: Password::new(PASSWORD),
            },
            (Way::LogIn, _) => ClientMessage::LogIn {
                name,
                password: Password::new(PASSWORD),
            },
        };
        let gateway = options.gateways[number as usize % options.gateways.len()].clone();
        while under_way.len() >= UNDER_WAY_MAX {
            tally.note(under_way.join_next().await, tokens);
        }
        under_way.spawn(async move {
            let attempt = tokio::time::timeout(ATTEMPT_TIMEOUT, attempt(&gateway, &message));
            let outcome = attempt.await.unwrap_or_else(|_| Err("timeout".to_owned()));
            (number, due.elapsed(), outcome)
        });
        while let Some(ended) = under_way.try_join_next() {
            tally.note(Some(ended), tokens);
        }
        bar.inc(1);
    }
    let end = begun + Duration::from_secs(options.seconds.into());
    tokio::time::sleep_until(end.into()).await;
    while let Some(ended) = under_way.join_next().await {
        tally.note(Some(ended), tokens);
    }
    bar.finish();
    tally.seconds = begun.elapsed().as_secs_f64();
    tally
}

/// One person comes in and goes; gives the token, or why it did not work.
async fn attempt(gateway: &str, message: &ClientMessage) -> Result<String, String> {
    let runtime = tokio::runtime::Handle::current();
    let mut link = Link::open(&runtime, gateway, "bots");
    while let Some(event) = link.next().await {
        match event {
            LinkEvent::Connected => link.send(frame::from_client(message)),
            LinkEvent::Message(ServerMessage::Welcome { token, .. }) => return Ok(token),
            LinkEvent::Message(ServerMessage::Rejected(rejection)) => {
                let code = serde_json::to_value(rejection.code).unwrap_or_default();
                return Err(code.as_str().unwrap_or("rejected").to_owned());
            }
            LinkEvent::Lost { .. } | LinkEvent::Ended { .. } => break,
            LinkEvent::Message(_)
            | LinkEvent::Snapshot(_)
            | LinkEvent::Event(_)
            | LinkEvent::Chat(_) => {}
        }
    }
    Err("connection".to_owned())
}

type Ended = (u32, Duration, Result<String, String>);

impl Tally {
    fn note(
        &mut self,
        ended: Option<Result<Ended, tokio::task::JoinError>>,
        tokens: &mut BTreeMap<u32, String>,
    ) {
        let Some(Ok((number, time, outcome))) = ended else {
            return;
        };
        match outcome {
            Ok(token) => {
                self.attempts += 1;
                self.successes += 1;
                self.times.add(time);
                tokens.insert(number, token);
            }
            Err(kind) => self.refused(&kind, time),
        }
    }

    fn refused(&mut self, kind: &str, time: Duration) {
        self.attempts += 1;
        self.failed.add(time);
        *self.errors.entry(kind.to_owned()).or_default() += 1;
    }

    fn per_second(&self) -> f64 {
        self.successes as f64 / self.seconds
    }

    fn json(&self) -> Value {
        json!({
            "attempts": self.attempts,
            "successes": self.successes,
            "per_second": self.per_second(),
            "ms": self.times.json(),
            "failed_ms": self.failed.json(),
            "lateness_ms": self.lateness.json(),
            "errors": self.errors,
            "bottleneck": bottleneck(&self.lateness, None, 1),
        })
    }
}

/// A name that no earlier run had: seconds in hexadecimal, their lower part.
fn run_name() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    format!("{:06x}", seconds & 0xff_ffff)
}

fn tell(options: &ConnectOptions, tallies: &[(Way, Tally)]) {
    if options.json {
        let ways = tallies
            .iter()
            .map(|(way, tally)| (way.name().to_owned(), tally.json()));
        let mut report: serde_json::Map<String, Value> = ways.collect();
        report.insert("rate".to_owned(), options.rate.into());
        println!("{}", Value::Object(report));
        return;
    }
    for (way, tally) in tallies {
        let figures = format!(
            "{:8.1} a second {} {:6} errors",
            tally.per_second(),
            tally.times.text(),
            tally.attempts - tally.successes
        );
        println!("{}", line(way.name(), &figures));
        for (kind, times) in &tally.errors {
            println!("! {kind}: {times}");
        }
        if !tally.errors.is_empty() {
            println!("{}", line("until they knew", &tally.failed.text()));
        }
        if let Some(why) = bottleneck(&tally.lateness, None, 1) {
            println!("! {why}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_what_came_in_and_why_others_did_not() {
        let mut tally = Tally::default();
        let mut tokens = BTreeMap::new();
        let outcomes = [Ok("t1".to_owned()), Err("too_fast"), Err("too_fast")];
        for (number, outcome) in (0..).zip(outcomes) {
            let outcome = outcome.map_err(str::to_owned);
            let ended = (number, Duration::from_millis(20), outcome);
            tally.note(Some(Ok(ended)), &mut tokens);
        }
        tally.seconds = 0.5;
        let json = tally.json();
        assert_eq!(
            (&json["attempts"], &json["successes"]),
            (&3.into(), &1.into())
        );
        assert_eq!(json["per_second"], 2.0);
        assert_eq!(json["errors"]["too_fast"], 2);
        assert_eq!(json["failed_ms"]["p50"], 20.015);
        assert_eq!(tokens.get(&0).map(String::as_str), Some("t1"));
    }
}
