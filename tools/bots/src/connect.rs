//! Sign-up, log-in and resume at a rate: how many succeed, and how long they take.
//!
//! Attempts begin when they are due whatever became of earlier ones, and are timed
//! from then on: a server that falls behind gets no less load, and no waiting time
//! is omitted (no coordinated omission).

use std::collections::BTreeMap;
use std::slice;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use anyhow::Result;
use client_core::protocol::account::Password;
use client_core::protocol::client::{ClientMessage, ServerMessage};
use client_core::protocol::frame;
use client_core::{GatewayAddress, Link, LinkEvent, Security};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::measure::{Times, bottleneck, line};
use crate::options::ConnectOptions;
use crate::progress::bar;
use crate::reach::{expect_gateways, expect_sockets};

/// The accounts of bots protect nothing.
const PASSWORD: &str = "bots-have-no-secrets";
/// Longer than any gateway takes to check a password.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(15);
/// Attempts in flight: sockets and memory are bounded.
const IN_FLIGHT_MAX: usize = 2_000;

/// A method of authentication.
#[derive(Clone, Copy, Debug)]
enum Method {
    SignUp,
    LogIn,
    Resume,
}

impl Method {
    const ALL: [Self; 3] = [Self::SignUp, Self::LogIn, Self::Resume];

    fn name(self) -> &'static str {
        match self {
            Self::SignUp => "sign_up",
            Self::LogIn => "log_in",
            Self::Resume => "resume",
        }
    }
}

/// The outcomes of one method.
#[derive(Debug, Default)]
struct Tally {
    attempts: u64,
    successes: u64,
    seconds: f64,
    times: Times,
    /// Times of failed attempts, until the failure was known.
    failed_times: Times,
    lateness: Times,
    errors: BTreeMap<String, u64>,
}

/// Uses each method for a time, and reports the outcomes.
///
/// # Errors
/// When a gateway does not answer.
pub async fn run(options: &ConnectOptions) -> Result<()> {
    expect_sockets((options.rate * options.seconds).min(IN_FLIGHT_MAX as u32))?;
    expect_gateways(&options.gateways).await?;
    let security = options.tls.security()?;
    let mut tokens = BTreeMap::new();
    let mut tallies = Vec::new();
    let run = run_name();
    for method in Method::ALL {
        let tally = tokio::select! {
            tally = attempts(options, &security, method, &run, &mut tokens) => tally,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                anyhow::bail!("interrupted");
            }
        };
        tallies.push((method, tally));
    }
    print_report(options, &tallies);
    Ok(())
}

async fn attempts(
    options: &ConnectOptions,
    security: &Security,
    method: Method,
    run: &str,
    tokens: &mut BTreeMap<u32, String>,
) -> Tally {
    let mut tally = Tally::default();
    let mut in_flight = JoinSet::new();
    let begun = Instant::now();
    let all = options.rate * options.seconds;
    let bar = bar(all.into(), method.name());
    for number in 0..all {
        let due = begun + Duration::from_secs(1) * number / options.rate;
        tokio::time::sleep_until(due.into()).await;
        tally.lateness.add(due.elapsed());
        let name = format!("{}{run}-{number}", options.prefix);
        let message = match (method, tokens.get(&number)) {
            (Method::Resume, Some(token)) => ClientMessage::Resume {
                token: token.clone(),
            },
            (Method::Resume, None) => {
                tally.failed("no_token", Duration::ZERO);
                continue;
            }
            (Method::SignUp, _) => ClientMessage::SignUp {
                name,
                password: Password::new(PASSWORD),
                request: None,
            },
            (Method::LogIn, _) => ClientMessage::LogIn {
                name,
                password: Password::new(PASSWORD),
            },
        };
        let gateway = options.gateways[number as usize % options.gateways.len()].clone();
        while in_flight.len() >= IN_FLIGHT_MAX {
            tally.note(in_flight.join_next().await, tokens);
        }
        let security = security.clone();
        in_flight.spawn(async move {
            let attempt = attempt(&gateway, &security, &message);
            let attempt = tokio::time::timeout(ATTEMPT_TIMEOUT, attempt);
            let outcome = attempt.await.unwrap_or_else(|_| Err("timeout".to_owned()));
            (number, due.elapsed(), outcome)
        });
        while let Some(ended) = in_flight.try_join_next() {
            tally.note(Some(ended), tokens);
        }
        bar.inc(1);
    }
    let end = begun + Duration::from_secs(options.seconds.into());
    tokio::time::sleep_until(end.into()).await;
    while let Some(ended) = in_flight.join_next().await {
        tally.note(Some(ended), tokens);
    }
    bar.finish();
    tally.seconds = begun.elapsed().as_secs_f64();
    tally
}

/// Connects, authenticates and disconnects. Returns the token, or the kind of failure.
async fn attempt(
    gateway: &GatewayAddress,
    security: &Security,
    message: &ClientMessage,
) -> Result<String, String> {
    let runtime = tokio::runtime::Handle::current();
    let mut link = Link::open(&runtime, slice::from_ref(gateway), security, "bots");
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
            Err(kind) => self.failed(&kind, time),
        }
    }

    fn failed(&mut self, kind: &str, time: Duration) {
        self.attempts += 1;
        self.failed_times.add(time);
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
            "failed_ms": self.failed_times.json(),
            "lateness_ms": self.lateness.json(),
            "errors": self.errors,
            "bottleneck": bottleneck(&self.lateness, None, 1),
        })
    }
}

/// A name that no earlier run has used: the lower digits of the seconds, in hexadecimal.
fn run_name() -> String {
    let seconds = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    format!("{:06x}", seconds & 0xff_ffff)
}

fn print_report(options: &ConnectOptions, tallies: &[(Method, Tally)]) {
    if options.json {
        let methods = tallies
            .iter()
            .map(|(method, tally)| (method.name().to_owned(), tally.json()));
        let mut report: serde_json::Map<String, Value> = methods.collect();
        report.insert("rate".to_owned(), options.rate.into());
        println!("{}", Value::Object(report));
        return;
    }
    for (method, tally) in tallies {
        let figures = format!(
            "{:8.1} a second {} {:6} errors",
            tally.per_second(),
            tally.times.text(),
            tally.attempts - tally.successes
        );
        println!("{}", line(method.name(), &figures));
        for (kind, times) in &tally.errors {
            println!("! {kind}: {times}");
        }
        if !tally.errors.is_empty() {
            println!("{}", line("until the failure", &tally.failed_times.text()));
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
    fn counts_successes_and_failures_by_kind() {
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
