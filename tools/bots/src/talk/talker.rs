//! One bot's connection to the chat.

use std::time::{Duration, Instant};

use client_core::chat::ChatClientState;
use client_core::protocol::chat::ChatBody;
use client_core::{ChatClient, GatewayAddress, Link, LinkEvent, Security};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::Shared;
use crate::account::PASSWORD;

/// Before a log-in that was refused is repeated, or a connection that was ended.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// A bot in the chat.
pub(super) struct Talker {
    number: usize,
    name: String,
    gateways: Vec<GatewayAddress>,
    security: Security,
    ledger: Shared,
    is_present: bool,
}

impl Talker {
    pub(super) fn new(
        number: usize,
        name: &str,
        gateways: Vec<GatewayAddress>,
        security: &Security,
        ledger: Shared,
    ) -> Self {
        Self {
            number,
            name: name.to_owned(),
            gateways,
            security: security.clone(),
            ledger,
            is_present: false,
        }
    }

    /// Says a line for each turn, and notes those of all bots. A gateway that wants the
    /// bot to stay away is asked again all the same.
    pub(super) async fn run(mut self, mut turns: mpsc::Receiver<()>) {
        loop {
            self.connection(&mut turns).await;
            self.note_presence(false);
            tokio::time::sleep(RETRY_DELAY).await;
        }
    }

    /// One link, from the log-in until it ends for good.
    async fn connection(&mut self, turns: &mut mpsc::Receiver<()>) {
        let mut link = Link::open(&Handle::current(), &self.gateways, &self.security, "bots");
        let mut client = ChatClient::default();
        client.log_in(&self.name, PASSWORD);
        // The lines of this client, in the order of their sequence numbers.
        let mut said = Vec::new();
        let mut retry_at = None;
        loop {
            let wake_at = retry_at.unwrap_or_else(Instant::now);
            tokio::select! {
                event = link.next() => {
                    let Some(event) = event else { return };
                    self.receive(&event);
                    client.handle(event);
                    if self.note(&mut client, &said) {
                        retry_at = Some(Instant::now() + RETRY_DELAY);
                    }
                    if matches!(client.state(), ChatClientState::Ended(_)) {
                        return;
                    }
                }
                Some(()) = turns.recv() => {
                    if *client.state() == ChatClientState::Joined {
                        let (number, text) = self.ledger.lock().say(Instant::now());
                        said.push(number);
                        client.say(&text);
                    }
                }
                () = tokio::time::sleep_until(wake_at.into()), if retry_at.is_some() => {
                    retry_at = None;
                    match client.token() {
                        Some(_) => client.retry(),
                        None => client.log_in(&self.name, PASSWORD),
                    }
                }
            }
            for frame in client.take_outgoing() {
                link.send(frame);
            }
        }
    }

    fn receive(&self, event: &LinkEvent) {
        if let LinkEvent::Chat(message) = event
            && let ChatBody::Said { text, .. } = &message.body
        {
            self.ledger.lock().received(self.number, text.as_str());
        }
    }

    /// Notes what an event has changed. Returns whether a log-in was refused.
    fn note(&mut self, client: &mut ChatClient, said: &[usize]) -> bool {
        // Lines for a window are not kept.
        client.take_lines();
        if let Some(sequence) = client.take_said() {
            // The first line of a client has the number 1.
            let index = usize::try_from(sequence)
                .ok()
                .and_then(|it| it.checked_sub(1));
            if let Some(number) = index.and_then(|index| said.get(index)) {
                self.ledger.lock().acknowledged(*number, Instant::now());
            }
        }
        self.note_presence(*client.state() == ChatClientState::Joined);
        let Some(rejection) = client.take_rejection() else {
            return false;
        };
        let code = serde_json::to_value(rejection.code).unwrap_or_default();
        let code = code.as_str().unwrap_or("rejected").to_owned();
        *self.ledger.lock().rejected.entry(code).or_default() += 1;
        *client.state() == ChatClientState::Unauthenticated
    }

    fn note_presence(&mut self, is_present: bool) {
        let was_present = std::mem::replace(&mut self.is_present, is_present);
        let now = Instant::now();
        match (was_present, is_present) {
            (false, true) => self.ledger.lock().entered(self.number, now),
            (true, false) => self.ledger.lock().left(self.number, now),
            (true, true) | (false, false) => {}
        }
    }
}
