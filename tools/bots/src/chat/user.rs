//! One user of the chat.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use client_core::chat::ChatClientState;
use client_core::protocol::chat::ChatBody;
use client_core::protocol::{Rejection, RejectionCode};
use client_core::{ChatClient, GatewayAddress, Link, LinkEvent, Security};
use tokio::sync::{mpsc, watch};

use super::record::Record;

/// The accounts of bots protect nothing.
const PASSWORD: &str = "bots-have-no-secrets";
/// Before a log-in is repeated that may succeed later.
const RETRY_DELAY: Duration = Duration::from_millis(500);

/// A user with its connection.
pub(crate) struct User {
    /// Its number among all users.
    number: usize,
    name: String,
    link: Link,
    client: ChatClient,
    record: Arc<Mutex<Record>>,
    is_logged_in: bool,
}

pub(crate) fn lock(record: &Mutex<Record>) -> MutexGuard<'_, Record> {
    record.lock().unwrap_or_else(PoisonError::into_inner)
}

impl User {
    /// Begins to connect, to the first gateway that answers: with a token of an
    /// earlier session, or an account that is created unless it exists.
    pub(crate) fn new(
        number: usize,
        name: &str,
        token: Option<String>,
        gateways: &[GatewayAddress],
        security: &Security,
        record: Arc<Mutex<Record>>,
    ) -> Self {
        let mut client = ChatClient::default();
        match token {
            Some(token) => client.resume(&token),
            None => client.sign_up(name, PASSWORD),
        }
        Self {
            number,
            name: name.to_owned(),
            link: Link::open(
                &tokio::runtime::Handle::current(),
                gateways,
                security,
                "bots",
            ),
            client,
            record,
            is_logged_in: false,
        }
    }

    /// Sends the messages of a queue, and records those of all users.
    ///
    /// # Errors
    /// When the user cannot log in, or the connection ends.
    pub(crate) async fn run(
        mut self,
        mut messages: mpsc::Receiver<String>,
        logged_in: Arc<watch::Sender<usize>>,
    ) -> Result<()> {
        loop {
            tokio::select! {
                event = self.link.next() => {
                    let Some(event) = event else {
                        bail!("{}: the connection ended", self.name)
                    };
                    self.event(event, &logged_in).await?;
                }
                Some(message) = messages.recv() => self.client.say(&message),
            }
            for frame in self.client.take_outgoing() {
                self.link.send(frame);
            }
        }
    }

    async fn event(&mut self, event: LinkEvent, logged_in: &watch::Sender<usize>) -> Result<()> {
        if let LinkEvent::Chat(message) = &event
            && let ChatBody::Said { text, .. } = &message.body
        {
            lock(&self.record).received(self.number, text.as_str(), Instant::now());
        }
        self.client.handle(event);
        // Lines for a window are not kept.
        self.client.take_lines();
        if let Some(rejection) = self.client.take_rejection() {
            self.rejected(&rejection).await?;
        }
        match self.client.state() {
            ChatClientState::Joined if !self.is_logged_in => {
                self.is_logged_in = true;
                let token = self.client.token().map(str::to_owned);
                let token = token.map(|token| (self.name.clone(), token));
                lock(&self.record).tokens.extend(token);
                logged_in.send_modify(|users| *users += 1);
            }
            ChatClientState::Ended(reason) => bail!("{}: {reason}", self.name),
            ChatClientState::Joined
            | ChatClientState::Offline(_)
            | ChatClientState::Unauthenticated => {}
        }
        Ok(())
    }

    async fn rejected(&mut self, rejection: &Rejection) -> Result<()> {
        if self.is_logged_in {
            let code = serde_json::to_value(rejection.code).unwrap_or_default();
            let code = code.as_str().unwrap_or("rejected").to_owned();
            *lock(&self.record).rejected.entry(code).or_default() += 1;
            return Ok(());
        }
        match rejection.code {
            RejectionCode::NameTaken => self.client.log_in(&self.name, PASSWORD),
            RejectionCode::BadToken => self.client.sign_up(&self.name, PASSWORD),
            RejectionCode::Unavailable | RejectionCode::TooFast => {
                tokio::time::sleep(RETRY_DELAY).await;
                self.client.retry();
            }
            _ => bail!("{}: {rejection}", self.name),
        }
        Ok(())
    }
}
