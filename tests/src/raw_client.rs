//! A client without any of our code: bytes over a plain socket, or over TLS.

use std::fmt::Debug;
use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::ClientConfig;

use fleet::wait::TIMEOUT;

/// The kinds of frame, as they are on the wire.
pub mod kind {
    /// The first one of a client.
    pub const HELLO: u8 = 0;
    /// JSON.
    pub const CONTROL: u8 = 1;
    /// What a driver does.
    pub const INPUT: u8 = 2;
    /// The race.
    pub const SNAPSHOT: u8 = 3;
    /// What happened in a room, as JSON.
    pub const EVENT: u8 = 4;
}

/// The version that the gateway speaks.
pub const VERSION: u8 = 4;

/// What the kernel keeps for a narrow client, about.
const NARROW_BYTES: u32 = 4 * 1024;

/// A connection that says what it likes.
#[derive(Debug)]
pub struct RawClient {
    stream: Box<dyn Stream>,
}

trait Stream: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Debug + Send + Unpin> Stream for S {}

impl RawClient {
    /// Connects and says nothing.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn connect(address: &str) -> Result<Self> {
        let stream = Box::new(TcpStream::connect(address).await?);
        Ok(Self { stream })
    }

    /// Connects with TLS and says nothing.
    ///
    /// # Errors
    /// When nobody listens, or the handshake fails.
    pub async fn connect_with_tls(address: SocketAddr, tls: Arc<ClientConfig>) -> Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let connecting = TlsConnector::from(tls).connect(address.ip().into(), stream);
        let stream = tokio::time::timeout(TIMEOUT, connecting).await;
        let stream = Box::new(stream.context("no handshake")??);
        Ok(Self { stream })
    }

    /// Connects so that little fits into what it has not read, and says nothing.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn narrow(address: &str) -> Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(NARROW_BYTES)?;
        let stream = Box::new(socket.connect(address.parse()?).await?);
        Ok(Self { stream })
    }

    /// Connects as a load balancer does that speaks for a client of this address.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn behind_balancer(address: &str, client: &str) -> Result<Self> {
        let mut balanced = Self::connect(address).await?;
        let header = format!("PROXY TCP4 {client} 127.0.0.1 50000 10000\r\n");
        balanced.bytes(header.as_bytes()).await?;
        balanced.hello(VERSION).await?;
        Ok(balanced)
    }

    /// Connects and says hello.
    ///
    /// # Errors
    /// When nobody listens.
    pub async fn greeted(address: &str) -> Result<Self> {
        let mut client = Self::connect(address).await?;
        client.hello(VERSION).await?;
        Ok(client)
    }

    /// Connects and signs up.
    ///
    /// # Errors
    /// When the gateway does not let it in.
    pub async fn signed_up(address: &str, name: &str) -> Result<Self> {
        let mut client = Self::greeted(address).await?;
        client.sign_up(name).await?;
        Ok(client)
    }

    /// Signs up; returns the welcome.
    ///
    /// # Errors
    /// When the gateway does not let it in.
    pub async fn sign_up(&mut self, name: &str) -> Result<Value> {
        let sign_up = json!({"type": "sign_up", "name": name, "password": "correct-horse"});
        self.say(&sign_up).await?;
        self.hears("welcome").await
    }

    /// Logs in, and says what came of it: a welcome or a rejection.
    ///
    /// # Errors
    /// When the gateway says nothing, or goodbye.
    pub async fn log_in(&mut self, name: &str, password: &str) -> Result<Value> {
        self.ask(&json!({"type": "log_in", "name": name, "password": password}))
            .await
    }

    /// Resumes, and says what came of it: a welcome or a rejection.
    ///
    /// # Errors
    /// When the gateway says nothing, or goodbye.
    pub async fn resume(&mut self, token: &str) -> Result<Value> {
        self.ask(&json!({"type": "resume", "token": token})).await
    }

    /// Asks, and gives the first answer that is not about anything else.
    ///
    /// # Errors
    /// When the gateway says nothing, or goodbye.
    pub async fn ask(&mut self, message: &Value) -> Result<Value> {
        self.say(message).await?;
        loop {
            let answer = self.message().await?;
            match answer["type"].as_str() {
                Some("goodbye") => bail!("{answer}"),
                Some("chat_joined" | "present" | "pong") => {}
                _ => return Ok(answer),
            }
        }
    }

    /// Says hello in some version.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn hello(&mut self, version: u8) -> Result<()> {
        let mut body = vec![version];
        body.extend(json!({"client": "raw-client"}).to_string().bytes());
        self.frame(kind::HELLO, &body).await
    }

    /// Sends a message.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn say(&mut self, message: &Value) -> Result<()> {
        self.frame(kind::CONTROL, message.to_string().as_bytes())
            .await
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the connection is gone.
    pub async fn frame(&mut self, kind: u8, body: &[u8]) -> Result<()> {
        let length = u16::try_from(1 + body.len())?;
        let mut frame = length.to_be_bytes().to_vec();
        frame.push(kind);
        frame.extend(body);
        self.bytes(&frame).await
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When the connection is gone, or the gateway reads no more.
    pub async fn bytes(&mut self, bytes: &[u8]) -> Result<()> {
        let write = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        let written = tokio::time::timeout(TIMEOUT, write).await;
        Ok(written.context("the gateway does not read")??)
    }

    /// Sends as many of the bytes as the gateway takes: it may close at any
    /// moment, and rightly.
    pub async fn pour(&mut self, bytes: &[u8]) {
        let _ = tokio::time::timeout(TIMEOUT, self.stream.write_all(bytes)).await;
    }

    /// The next frame, kind and body; `None` once the gateway has closed.
    ///
    /// # Errors
    /// When nothing comes.
    pub async fn next(&mut self) -> Result<Option<(u8, Vec<u8>)>> {
        let next = tokio::time::timeout(TIMEOUT, self.read()).await;
        next.context("the gateway says nothing")
    }

    /// The next control message.
    ///
    /// # Errors
    /// When the gateway closes first, or says nothing.
    pub async fn message(&mut self) -> Result<Value> {
        loop {
            match self.next().await? {
                Some((kind::CONTROL, body)) => return Ok(serde_json::from_slice(&body)?),
                Some(_) => {}
                None => bail!("the gateway closed without a word"),
            }
        }
    }

    /// The next control message of a type.
    ///
    /// # Errors
    /// When it does not come.
    pub async fn hears(&mut self, kind: &str) -> Result<Value> {
        loop {
            let message = self.message().await?;
            if message["type"] == kind {
                return Ok(message);
            }
        }
    }

    /// The goodbye that must come, and the end of the connection behind it.
    ///
    /// # Errors
    /// When the gateway goes on, or says no goodbye.
    pub async fn dismissed(&mut self) -> Result<Value> {
        let goodbye = self.hears("goodbye").await?;
        match self.next().await? {
            None => Ok(goodbye),
            Some((kind, _)) => bail!("a frame of kind {kind} after the goodbye"),
        }
    }

    /// Whatever breaks the connection ends it; that is the same to a reader.
    async fn read(&mut self) -> Option<(u8, Vec<u8>)> {
        let length = self.stream.read_u16().await.ok()?;
        let mut frame = vec![0; usize::from(length)];
        self.stream.read_exact(&mut frame).await.ok()?;
        let (kind, body) = frame.split_first()?;
        Some((*kind, body.to_vec()))
    }
}
