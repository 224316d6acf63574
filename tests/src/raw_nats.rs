//! A standard NATS client over a plain socket: what the `nats` tool would see.
//! It knows the text protocol of NATS and nothing of Slipstream.

use std::collections::VecDeque;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, bail};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use nkeys::KeyPair;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use fleet::wait::TIMEOUT;

/// A message as it came.
#[derive(Clone, Debug)]
pub struct Message {
    /// Its subject.
    pub subject: String,
    /// Its headers as they were on the wire; empty without.
    pub headers: String,
    /// Its bytes.
    pub payload: Vec<u8>,
}

impl Message {
    /// The payload as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.payload).with_context(|| {
            let (subject, text) = (&self.subject, String::from_utf8_lossy(&self.payload));
            format!("no JSON on {subject}: {text:?} {}", self.headers)
        })
    }
}

/// A connection to NATS.
#[derive(Debug)]
pub struct RawNats {
    stream: BufReader<TcpStream>,
    user: String,
    waiting: VecDeque<Message>,
    /// What the server has refused and no test has asked about.
    refusals: Vec<String>,
    /// Distinguishes its inboxes from those of the other clients of a test.
    client: u32,
    count: u32,
}

/// The clients of this process so far.
static CLIENTS: AtomicU32 = AtomicU32::new(0);

impl RawNats {
    /// Connects to `nats://HOST:PORT` as a user, with the seed in that file.
    ///
    /// # Errors
    /// When no NATS server answers there, or it does not let the user in.
    pub async fn connect(url: &str, user: &str, seed: &Path) -> Result<Self> {
        let seed = fs::read_to_string(seed)?;
        Self::greet(url, user, Some(&KeyPair::from_seed(seed.trim())?)).await
    }

    /// Connects to `nats://HOST:PORT` without a key.
    ///
    /// # Errors
    /// When no NATS server answers there, or it lets nobody in who has no key.
    pub async fn connect_without_key(url: &str) -> Result<Self> {
        Self::greet(url, "nobody", None).await
    }

    async fn greet(url: &str, user: &str, pair: Option<&KeyPair>) -> Result<Self> {
        let address = url.trim_start_matches("nats://");
        let stream = TcpStream::connect(address).await?;
        // A message and the ping behind it are two writes.
        stream.set_nodelay(true)?;
        let mut nats = Self {
            stream: BufReader::new(stream),
            user: user.to_owned(),
            waiting: VecDeque::new(),
            refusals: Vec::new(),
            client: CLIENTS.fetch_add(1, Ordering::Relaxed),
            count: 0,
        };
        let greeting = nats.line().await?;
        let Some(info) = greeting.strip_prefix("INFO ") else {
            bail!("{url} is no NATS server: {greeting:?}");
        };
        let mut options = json!({"verbose": false, "pedantic": false, "headers": true,
            "no_responders": true, "name": "plain", "lang": "sockets", "version": "1"});
        if let Some(pair) = pair {
            let info: Value = serde_json::from_str(info)?;
            let nonce = info["nonce"].as_str().context("a server with users")?;
            options["nkey"] = pair.public_key().into();
            options["sig"] = URL_SAFE_NO_PAD.encode(pair.sign(nonce.as_bytes())?).into();
        }
        nats.send(format!("CONNECT {options}\r\n").as_bytes())
            .await?;
        nats.flush().await?;
        Ok(nats)
    }

    /// Subscribes; the server knows of it when this returns.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn subscribe(&mut self, subject: &str) -> Result<()> {
        self.count += 1;
        let command = format!("SUB {subject} {}\r\n", self.count);
        self.send(command.as_bytes()).await?;
        self.flush().await
    }

    /// Publishes; the server has it when this returns.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn publish(&mut self, subject: &str, payload: impl AsRef<[u8]>) -> Result<()> {
        let payload = payload.as_ref();
        let command = format!("PUB {subject} {}\r\n", payload.len());
        self.send(&[command.as_bytes(), payload, b"\r\n"].concat())
            .await?;
        self.flush().await
    }

    /// Publishes, and names the subject on which an answer is expected; the server has it
    /// when this returns.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn publish_for(&mut self, reply: &str, subject: &str, payload: &str) -> Result<()> {
        let command = format!("PUB {subject} {reply} {}\r\n{payload}\r\n", payload.len());
        self.send(command.as_bytes()).await?;
        self.flush().await
    }

    /// Whether the server refuses a message on this subject.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn may_not_publish(&mut self, subject: &str) -> Result<bool> {
        let command = format!("PUB {subject} 0\r\n\r\n");
        self.is_refused(&command).await
    }

    /// Whether the server refuses a subscription, in a queue group or in none.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn may_not_subscribe(&mut self, subject: &str, group: &str) -> Result<bool> {
        self.count += 1;
        let number = self.count;
        let command = format!("SUB {subject} {group} {number}\r\n");
        let refused = self.is_refused(&command).await?;
        self.send(format!("UNSUB {number}\r\n").as_bytes()).await?;
        self.flush().await?;
        Ok(refused)
    }

    async fn is_refused(&mut self, command: &str) -> Result<bool> {
        self.send(command.as_bytes()).await?;
        self.round_trip().await?;
        Ok(!std::mem::take(&mut self.refusals).is_empty())
    }

    /// The next message.
    ///
    /// # Errors
    /// When none comes.
    pub async fn next(&mut self) -> Result<Message> {
        loop {
            if let Some(message) = self.waiting.pop_front() {
                return Ok(message);
            }
            self.fail_if_refused()?;
            let read = tokio::time::timeout(TIMEOUT, self.read()).await;
            read.context("no message comes")??;
        }
    }

    /// Asks, and gives the first answer.
    ///
    /// # Errors
    /// When there is none.
    pub async fn request(&mut self, subject: &str, payload: &str) -> Result<Message> {
        Ok(self.requests(subject, payload, 1).await?.remove(0))
    }

    /// Asks all subscribers, and gives that many answers.
    ///
    /// # Errors
    /// When there are fewer.
    pub async fn requests(
        &mut self,
        subject: &str,
        payload: &str,
        answers: usize,
    ) -> Result<Vec<Message>> {
        let inbox = format!(
            "_INBOX_{}.plain.{}.{}",
            self.user,
            self.client,
            self.count + 1
        );
        self.subscribe(&inbox).await?;
        let command = format!("PUB {subject} {inbox} {}\r\n{payload}\r\n", payload.len());
        self.send(command.as_bytes()).await?;
        let mut found = Vec::new();
        let mut others = VecDeque::new();
        while found.len() < answers {
            let message = self
                .next()
                .await
                .with_context(|| format!("{} of {answers} answers on {subject}", found.len()))?;
            if message.subject == inbox {
                found.push(message);
            } else {
                others.push_back(message);
            }
        }
        self.waiting = others;
        Ok(found)
    }

    /// What the server has read when its answer comes is done.
    async fn flush(&mut self) -> Result<()> {
        self.round_trip().await?;
        self.fail_if_refused()
    }

    fn fail_if_refused(&self) -> Result<()> {
        match self.refusals.first() {
            Some(refusal) => bail!("the NATS server says to {}: {refusal}", self.user),
            None => Ok(()),
        }
    }

    async fn round_trip(&mut self) -> Result<()> {
        self.send(b"PING\r\n").await?;
        loop {
            let read = tokio::time::timeout(TIMEOUT, self.read()).await;
            if read.context("the NATS server says nothing")?? == Heard::Pong {
                return Ok(());
            }
        }
    }

    async fn read(&mut self) -> Result<Heard> {
        let line = self.line().await?;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["PONG"] => return Ok(Heard::Pong),
            ["PING"] => self.send(b"PONG\r\n").await?,
            ["MSG", subject, .., bytes] => {
                let payload = self.block(bytes.parse()?).await?;
                self.waiting.push_back(Message {
                    subject: (*subject).to_owned(),
                    headers: String::new(),
                    payload,
                });
            }
            ["HMSG", subject, .., header_bytes, bytes] => {
                let mut headers = self.block(bytes.parse()?).await?;
                let payload = headers.split_off(header_bytes.parse()?);
                self.waiting.push_back(Message {
                    subject: (*subject).to_owned(),
                    headers: String::from_utf8(headers)?,
                    payload,
                });
            }
            ["INFO", ..] | ["+OK"] => {}
            // The connection goes on after this one only.
            ["-ERR", "'Permissions", ..] => self.refusals.push(line.trim().to_owned()),
            _ => bail!("the NATS server says {line:?}"),
        }
        Ok(Heard::Else)
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.stream.get_mut().write_all(bytes).await?)
    }

    async fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line).await? == 0 {
            bail!("the NATS server has closed the connection");
        }
        Ok(line)
    }

    async fn block(&mut self, bytes: usize) -> Result<Vec<u8>> {
        let mut block = vec![0; bytes + "\r\n".len()];
        self.stream.read_exact(&mut block).await?;
        block.truncate(bytes);
        Ok(block)
    }
}

#[derive(PartialEq)]
enum Heard {
    Pong,
    Else,
}
