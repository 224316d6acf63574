//! Two people in the chat: one says lines, the other hears them.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Result;
use client_core::Security;
use protocol::chat::{ChatBody, ChatMessage};
use protocol::client::{ClientMessage, ServerMessage};
use protocol::frame::FrameKind;
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::account::{self, RETRY_DELAY, enter, log_in};
use crate::quantile::Quantiles;
use crate::time::{Window, unix_ms};
use crate::wire::{Received, Route, Wire};

/// Between two lines: half of what a person may say.
const LINE_INTERVAL: Duration = Duration::from_secs(1);
/// Between the pings of one who only listens, as of every client.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// What a line begins with; its number follows.
const LINE: &str = "how late is line ";

/// The talk of a run. Dropping it ends it.
#[derive(Debug)]
pub struct Talk {
    ledger: Shared,
    _people: JoinSet<()>,
}

/// What became of all lines.
#[derive(Debug, Default)]
struct Ledger {
    lines: Vec<Line>,
    /// The newest line that was heard.
    newest: Option<usize>,
    /// When connections were lost.
    lost_unix_ms: Vec<u64>,
}

#[derive(Clone, Copy, Debug)]
struct Line {
    said: Instant,
    said_unix_ms: u64,
    /// Refused, or not on its way when the connection was lost: to be said again by a
    /// person.
    is_refused: bool,
    heard_ms: Option<f64>,
    is_late: bool,
}

/// What the listener saw of the lines of a part of the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct TalkSeen {
    /// How long lines took.
    pub times: Quantiles,
    /// Lines that were refused.
    pub refused: u64,
    /// Lines that were neither refused nor heard.
    pub lost: u64,
    /// Lines that were heard twice, or after a newer one.
    pub out_of_order: u64,
    /// Connections that were lost.
    pub sessions_lost: u64,
}

type Shared = Arc<Mutex<Ledger>>;

impl Talk {
    /// Makes the accounts and begins.
    ///
    /// # Errors
    /// When an account cannot be made.
    pub async fn start(gateway: SocketAddr, security: &Security) -> Result<Self> {
        let ledger = Shared::default();
        let mut people = JoinSet::new();
        for (name, host) in [("listener", 100), ("speaker", 101)] {
            let route = Route {
                from: Ipv4Addr::new(127, 0, 1, host),
                to: gateway,
                has_small_buffer: false,
                security: security.clone(),
            };
            let (wire, _) = enter(&route, name).await?;
            people.spawn(person(route, name, wire, Arc::clone(&ledger)));
        }
        Ok(Self {
            ledger,
            _people: people,
        })
    }

    /// What became of the lines of that part of the run.
    #[must_use]
    pub fn seen(&self, window: Window) -> TalkSeen {
        let ledger = lock(&self.ledger);
        let lines = ledger
            .lines
            .iter()
            .filter(|line| window.contains(line.said_unix_ms));
        let mut seen = TalkSeen::default();
        let mut times = Vec::new();
        for line in lines {
            match line.heard_ms {
                Some(time) => times.push((time, 1)),
                None if line.is_refused => seen.refused += 1,
                None => seen.lost += 1,
            }
            seen.out_of_order += u64::from(line.is_late);
        }
        let lost = ledger.lost_unix_ms.iter();
        seen.sessions_lost = lost.filter(|&&at| window.contains(at)).count() as u64;
        seen.times = Quantiles::new(times);
        seen
    }
}

async fn person(route: Route, name: &'static str, mut wire: Wire, ledger: Shared) {
    loop {
        let talking = match name {
            "speaker" => speak(&mut wire, &ledger).await,
            _ => listen(&mut wire, &ledger).await,
        };
        drop(talking);
        lock(&ledger).lost_unix_ms.push(unix_ms());
        wire = loop {
            if let Ok((wire, _)) = account::open(&route, &log_in(name)).await {
                break wire;
            }
            sleep(RETRY_DELAY).await;
        };
    }
}

/// Says lines until the connection is lost.
async fn speak(wire: &mut Wire, ledger: &Shared) -> std::io::Result<()> {
    let mut due = interval(LINE_INTERVAL);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = due.tick() => {
                let number = lock(ledger).say();
                let line = ClientMessage::Say {
                    text: format!("{LINE}{number}"),
                    sequence: number as u64 + 1,
                };
                wire.say(&line).await?;
            }
            received = wire.receive() => {
                if let Received::Message(message) = received?
                    && let ServerMessage::Rejected(_) = *message
                {
                    lock(ledger).refused();
                }
            }
        }
    }
}

/// Hears lines until the connection is lost.
async fn listen(wire: &mut Wire, ledger: &Shared) -> std::io::Result<()> {
    let mut pings = interval(PING_INTERVAL);
    loop {
        tokio::select! {
            _ = pings.tick() => wire.say(&ClientMessage::Ping { nonce: 0 }).await?,
            received = wire.receive() => {
                if let Received::Frame(FrameKind::Chat, body) = received?
                    && let Ok(message) = serde_json::from_slice::<ChatMessage>(&body)
                    && let ChatBody::Said { text, .. } = message.body
                    && let Some(number) = text.as_str().strip_prefix(LINE)
                    && let Ok(number) = number.parse()
                {
                    lock(ledger).heard(number);
                }
            }
        }
    }
}

impl Ledger {
    fn say(&mut self) -> usize {
        self.lines.push(Line {
            said: Instant::now(),
            said_unix_ms: unix_ms(),
            is_refused: false,
            heard_ms: None,
            is_late: false,
        });
        self.lines.len() - 1
    }

    /// The gateway answers in order: it refuses the oldest line that is not heard.
    fn refused(&mut self) {
        let open = self.lines.iter_mut().rev();
        let open = open.take_while(|line| line.heard_ms.is_none() && !line.is_refused);
        if let Some(line) = open.last() {
            line.is_refused = true;
        }
    }

    fn heard(&mut self, number: usize) {
        let is_late = self.newest.is_some_and(|newest| number <= newest);
        let Some(line) = self.lines.get_mut(number) else {
            return;
        };
        line.is_late |= is_late;
        line.heard_ms
            .get_or_insert(line.said.elapsed().as_secs_f64() * 1_000.0);
        self.newest = self.newest.max(Some(number));
    }
}

fn lock(ledger: &Shared) -> MutexGuard<'_, Ledger> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn knows_lost_refused_and_late_lines() {
        let mut ledger = Ledger::default();
        for _ in 0..5 {
            ledger.say();
        }
        ledger.heard(0);
        ledger.refused();
        for number in [3, 2, 3, 99] {
            ledger.heard(number);
        }
        let talk = Talk {
            ledger: Arc::new(Mutex::new(ledger)),
            _people: JoinSet::new(),
        };
        let seen = talk.seen(Window {
            from_unix_ms: 0,
            to_unix_ms: u64::MAX,
        });
        // Line 2 came after line 3, which came twice; line 4 never came.
        assert_eq!((seen.times.count, seen.refused, seen.lost), (3, 1, 1));
        assert_eq!((seen.out_of_order, seen.sessions_lost), (2, 0));
    }
}
