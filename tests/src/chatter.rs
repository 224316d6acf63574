//! A player in the chat: a chat client that remembers what it has seen.

use anyhow::Result;
use bytes::Bytes;
use client_core::chat::ChatClientState;
use client_core::protocol::Rejection;
use client_core::protocol::chat::{ChatBody, ChatMessage};
use client_core::{ChatClient, LinkEvent, Security};

use crate::live::{Client, Live};

/// A chat client with a memory.
#[derive(Debug, Default)]
pub struct Chatter {
    /// The client itself.
    pub client: ChatClient,
    /// What it has read, in its order.
    pub lines: Vec<ChatMessage>,
    /// The number of the latest line that was confirmed to it.
    pub said: Option<u64>,
    /// What it was refused.
    pub rejections: Vec<Rejection>,
}

impl Client for Chatter {
    fn event(&mut self, event: LinkEvent) {
        self.client.handle(event);
        self.lines.extend(self.client.take_lines());
        self.said = self.client.take_said().or(self.said);
        self.rejections.extend(self.client.take_rejection());
    }

    fn frame(&mut self) {}

    fn take_outgoing(&mut self) -> Vec<Bytes> {
        self.client.take_outgoing()
    }

    fn summary(&self) -> String {
        let (state, lines) = (self.client.state(), self.texts());
        format!("{state:?}, read {lines:?}, refused {:?}", self.rejections)
    }
}

impl Chatter {
    /// Starts connecting.
    #[must_use]
    pub fn connect(name: &str, address: &str) -> Live<Self> {
        Self::connect_with(name, address, &Security::Plain)
    }

    /// Starts connecting, with TLS where that is asked for.
    #[must_use]
    pub fn connect_with(name: &str, address: &str, security: &Security) -> Live<Self> {
        Live::connect(Self::default(), name, address, security)
    }

    /// What it has read, as text.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let text = |line: &ChatMessage| match &line.body {
            ChatBody::Said { from, text } => format!("{from}: {}", text.as_str()),
            ChatBody::Joined { .. } | ChatBody::Left { .. } => {
                line.body.notice().unwrap_or_default()
            }
        };
        self.lines.iter().map(text).collect()
    }
}

impl Live<Chatter> {
    /// Waits until it is in the chat and has read its own notice.
    ///
    /// # Errors
    /// When it does not get there.
    pub async fn in_chat(&self) -> Result<()> {
        self.until("in the chat", |chatter| {
            *chatter.client.state() == ChatClientState::Joined && !chatter.lines.is_empty()
        })
        .await
    }

    /// Says something.
    pub fn say(&self, text: &str) {
        self.act(|chatter| chatter.client.say(text));
    }

    /// Waits until it has read a line.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn reads(&self, line: &str) -> Result<()> {
        let what = format!("reading {line:?}");
        self.until(&what, |chatter| {
            chatter.texts().iter().any(|text| text == line)
        })
        .await
    }

    /// What it has read so far.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        self.look(Chatter::texts)
    }
}
