//! What the attackers of each flood do.

use std::time::Duration;

use protocol::account::Password;
use protocol::client::{ClientMessage, ServerMessage};
use protocol::frame::{self, FrameKind};
use tokio::time::timeout;

use super::attacker::Attacker;
use super::tally::Shared;
use crate::account::{PASSWORD, Refusal, authenticate};
use crate::kind::FloodKind;
use crate::time::unix_ms;
use crate::wire::{Received, Wire, Writer};

/// Bytes of a write: as many frames as a gateway reads at once.
const BLOCK_BYTES: usize = 64 * 1024;
/// Chat lines that are sent before their answers are read.
const LINES_AT_ONCE: u64 = 16;
/// Lists that are asked for at once, and the time between the next: just what a gateway
/// allows. A refusal is a small frame, which costs the gateway little.
const LISTS_AT_ONCE: u64 = 39;
const LIST_INTERVAL: Duration = Duration::from_millis(52);
/// How long an attacker waits for an answer before it connects again.
const PATIENCE: Duration = Duration::from_secs(2);

/// Attacks until it is cancelled.
pub(super) async fn attack(mut attacker: Attacker, tally: Shared) {
    let mut attempt = 0;
    loop {
        connection(&mut attacker, &tally, &mut attempt).await;
    }
}

/// Attacks over one connection.
async fn connection(attacker: &mut Attacker, tally: &Shared, attempt: &mut u64) {
    let kind = attacker.options.kind;
    let opened = match kind {
        FloodKind::Strangers | FloodKind::SignUps | FloodKind::Guesses => {
            attacker.connect(tally).await
        }
        FloodKind::Control
        | FloodKind::Lists
        | FloodKind::Reconnects
        | FloodKind::Chat
        | FloodKind::Stalled
        | FloodKind::Idle => attacker.resume(tally).await,
    };
    let Some(mut wire) = opened else {
        return;
    };
    match kind {
        FloodKind::Control => pour(wire, &frame::binary(FrameKind::Control, b"x"), tally).await,
        // The gateway ignores an input without a seat, and answers nothing.
        FloodKind::Strangers => pour(wire, &frame::binary(FrameKind::Input, b""), tally).await,
        FloodKind::Lists => {
            let list = match kind.is_on_chat(attacker.number) {
                true => ClientMessage::ListPresent { after: None },
                false => ClientMessage::ListRooms { after: None },
            };
            let (_unread, mut writer) = wire.split();
            ask_lists(&mut writer, &frame::from_client(&list), tally).await;
        }
        FloodKind::SignUps | FloodKind::Guesses => {
            while ask(&mut wire, attacker, tally, *attempt).await {
                *attempt += 1;
            }
            *attempt += 1;
        }
        FloodKind::Chat => while say(&mut wire, tally, attempt).await {},
        // The connection is gone again; stalled and idle clients are elsewhere.
        FloodKind::Reconnects | FloodKind::Stalled | FloodKind::Idle => {}
    }
}

/// Sends a frame again and again, also after a goodbye, and reads what comes.
async fn pour(wire: Wire, frame: &[u8], tally: &Shared) {
    let (mut reader, mut writer) = wire.split();
    let reading = async {
        let mut is_told = false;
        while let Ok(received) = reader.receive().await {
            is_told |= tally.lock().received(&received);
        }
        tally.lock().lost += u64::from(!is_told);
    };
    tokio::join!(reading, write(&mut writer, frame, tally));
}

/// Sends a frame again and again until the connection is lost.
async fn write(writer: &mut Writer, frame: &[u8], tally: &Shared) {
    let mut block = Vec::with_capacity(BLOCK_BYTES);
    while block.len() < BLOCK_BYTES {
        frame::append(frame, &mut block);
    }
    let mut at = 0;
    while let Ok(bytes @ 1..) = writer.write(&block[at..]).await {
        tally.lock().bytes += bytes as u64;
        at = (at + bytes) % block.len();
    }
}

/// Asks for a list as often as a gateway answers with one, until the connection is lost.
async fn ask_lists(writer: &mut Writer, list: &[u8], tally: &Shared) {
    let mut request = Vec::new();
    frame::append(list, &mut request);
    let mut due = tokio::time::interval(LIST_INTERVAL);
    for number in 0_u64.. {
        if number > LISTS_AT_ONCE {
            due.tick().await;
        }
        if writer.write_all(&request).await.is_err() {
            return;
        }
        tally.lock().bytes += request.len() as u64;
    }
}

/// Signs up, or guesses a password. Returns whether the connection is good for another.
async fn ask(wire: &mut Wire, attacker: &Attacker, tally: &Shared, attempt: u64) -> bool {
    let (number, options) = (attacker.number, &attacker.options);
    let message = if options.kind == FloodKind::SignUps {
        // 16 characters at most: the attempt is different on each connection.
        let run = unix_ms() & 0xff_ffff;
        ClientMessage::SignUp {
            name: format!("s{run:x}-{number}-{}", attempt % 10_000),
            password: Password::new(PASSWORD),
            request: None,
        }
    } else {
        let turn = usize::try_from(attempt + u64::from(number)).unwrap_or_default();
        let victim = options
            .victims
            .iter()
            .cycle()
            .nth(turn % options.victims.len().max(1));
        ClientMessage::LogIn {
            name: victim.cloned().unwrap_or_default(),
            password: Password::new(format!("guess-{number}-{attempt}")),
        }
    };
    let answered = timeout(PATIENCE, authenticate(wire, &message)).await;
    match answered.unwrap_or(Err(Refusal::Lost)) {
        Ok(_token) => {
            tally.lock().accepted += 1;
            false
        }
        Err(refusal) => {
            tally.lock().refused(refusal);
            matches!(refusal, Refusal::Rejected(_))
        }
    }
}

/// Says some lines and waits for their answers. Returns whether all were taken.
async fn say(wire: &mut Wire, tally: &Shared, sequence: &mut u64) -> bool {
    for _ in 0..LINES_AT_ONCE {
        *sequence += 1;
        let line = ClientMessage::Say {
            text: format!("line {sequence} of a flood"),
            sequence: *sequence,
        };
        if wire.say(&line).await.is_err() {
            return false;
        }
    }
    let mut answers = 0;
    while answers < LINES_AT_ONCE {
        let Ok(Ok(received)) = timeout(PATIENCE, wire.receive()).await else {
            tally.lock().lost += 1;
            return false;
        };
        let Received::Message(message) = &received else {
            continue;
        };
        let is_taken = matches!(**message, ServerMessage::Said { .. });
        let is_refused = matches!(
            **message,
            ServerMessage::Rejected(_) | ServerMessage::Goodbye { .. }
        );
        if is_taken || is_refused {
            tally.lock().received(&received);
            answers += 1;
        }
        if is_refused {
            return false;
        }
    }
    true
}
