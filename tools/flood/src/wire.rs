//! Raw frames over TCP or TLS, from any local address.
//!
//! Not `client_core::Link`: that waits before it connects again, reads all the time and
//! sends nothing that a gateway refuses.

use std::fmt::Debug;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use bytes::{Buf, Bytes, BytesMut};
use client_core::Security;
use protocol::client::{ClientMessage, Hello, ServerMessage};
use protocol::frame::{self, FrameKind, LENGTH_BYTES};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpSocket;
use tokio_rustls::TlsConnector;

/// The kernel's buffer of a client that does not read: the smallest that Linux gives. A
/// larger one would take in all that happens in a minute, and the gateway would notice
/// nothing.
const SMALL_BUFFER_BYTES: u32 = 2_048;

/// How a connection is made.
#[derive(Clone, Debug)]
pub struct Route {
    /// The client's address.
    pub from: Ipv4Addr,
    /// The port of the gateway.
    pub to: SocketAddr,
    /// Whether the kernel keeps only a little for this client.
    pub has_small_buffer: bool,
    /// Whether it is encrypted.
    pub security: Security,
}

/// A stream of bytes, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Debug + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Debug + Send + Unpin> Stream for T {}

/// The half of a connection that writes.
#[derive(Debug)]
pub struct Writer(WriteHalf<Box<dyn Stream>>);

/// A connection that has said hello. Dropping it resets it, as when a client vanishes:
/// thousands of ports that wait for late packets would end a flood.
#[derive(Debug)]
pub struct Wire {
    reader: Reader,
    writer: Writer,
}

/// The half that reads.
#[derive(Debug)]
pub struct Reader {
    half: ReadHalf<Box<dyn Stream>>,
    input: BytesMut,
}

/// A frame of a gateway.
#[derive(Clone, Debug, PartialEq)]
pub enum Received {
    /// A control message.
    Message(Box<ServerMessage>),
    /// The body of another frame.
    Frame(FrameKind, Bytes),
    /// A frame that cannot be read.
    Unreadable,
}

impl Wire {
    /// Connects and says hello.
    ///
    /// # Errors
    /// When the connection cannot be made.
    pub async fn open(route: &Route) -> io::Result<Self> {
        let socket = TcpSocket::new_v4()?;
        socket.bind((route.from, 0).into())?;
        socket.set_zero_linger()?;
        if route.has_small_buffer {
            socket.set_recv_buffer_size(SMALL_BUFFER_BYTES)?;
        }
        let stream = socket.connect(route.to).await?;
        stream.set_nodelay(true)?;
        let stream: Box<dyn Stream> = match &route.security {
            Security::Plain => Box::new(stream),
            Security::Tls(config) => {
                let connector = TlsConnector::from(Arc::clone(config));
                Box::new(connector.connect(route.to.ip().into(), stream).await?)
            }
        };
        let (half, writer) = tokio::io::split(stream);
        let input = BytesMut::new();
        let mut wire = Self {
            reader: Reader { half, input },
            writer: Writer(writer),
        };
        let hello = Hello {
            client: "flood".to_owned(),
        };
        wire.send(&frame::hello(&hello)).await?;
        Ok(wire)
    }

    /// Sends a frame.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        let mut stream = Vec::with_capacity(LENGTH_BYTES + frame.len());
        frame::append(frame, &mut stream);
        self.writer.write_all(&stream).await
    }

    /// Sends a control message.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn say(&mut self, message: &ClientMessage) -> io::Result<()> {
        self.send(&frame::from_client(message)).await
    }

    /// The next frame. May be cancelled without loss.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn receive(&mut self) -> io::Result<Received> {
        self.reader.receive().await
    }

    /// The halves, for one that writes without reading or both at once.
    #[must_use]
    pub fn split(self) -> (Reader, Writer) {
        (self.reader, self.writer)
    }
}

impl Writer {
    /// Sends some of the bytes. Returns how many.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).await
    }

    /// Sends all the bytes.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes).await?;
        self.0.flush().await
    }
}

impl Reader {
    /// The next frame. May be cancelled without loss.
    ///
    /// # Errors
    /// When the connection has ended.
    pub async fn receive(&mut self) -> io::Result<Received> {
        loop {
            if let Some(received) = take(&mut self.input) {
                return Ok(received);
            }
            if self.half.read_buf(&mut self.input).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
    }
}

fn take(input: &mut BytesMut) -> Option<Received> {
    let length = frame::next(input)?.0.len();
    input.advance(LENGTH_BYTES);
    let bytes = input.split_to(length).freeze();
    let Ok((kind, body)) = frame::split(&bytes) else {
        return Some(Received::Unreadable);
    };
    if kind != FrameKind::Control {
        return Some(Received::Frame(kind, bytes.slice_ref(body)));
    }
    let message = serde_json::from_slice(body).map(Box::new);
    Some(message.map_or(Received::Unreadable, Received::Message))
}

/// The word that JSON has for a code, as in the gateway's metrics.
#[must_use]
pub fn name(code: &impl serde::Serialize) -> String {
    let word = serde_json::to_value(code).unwrap_or_default();
    word.as_str().unwrap_or("other").to_owned()
}

#[cfg(test)]
mod tests {
    use protocol::client::GoodbyeCode;

    use super::*;

    #[test]
    fn takes_one_frame_after_another() {
        let pong = ServerMessage::Pong { nonce: 7 };
        let mut stream = Vec::new();
        frame::append(&frame::from_server(&pong), &mut stream);
        frame::append(&frame::binary(FrameKind::Event, b"e"), &mut stream);
        frame::append(&[], &mut stream);
        stream.extend([0, 9, 1]);
        let mut input = BytesMut::from(&stream[..]);
        assert_eq!(take(&mut input), Some(Received::Message(Box::new(pong))));
        let event = Received::Frame(FrameKind::Event, Bytes::from_static(b"e"));
        assert_eq!(take(&mut input), Some(event));
        assert_eq!(take(&mut input), Some(Received::Unreadable));
        assert_eq!((take(&mut input), input.len()), (None, 3));
        assert_eq!(name(&GoodbyeCode::SlowReader), "slow_reader");
    }
}
