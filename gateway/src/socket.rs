//! A client's socket, read and written at once or not at all.
//!
//! The runtime tells of all that arrives at a socket that it watches: a wake-up for
//! each input. This one need not be watched by whoever knows when to look.

use std::future::poll_fn;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use rustix::net::Shutdown;
use tokio::net::TcpStream;

/// A connected socket that never blocks.
#[derive(Debug)]
pub struct Socket(Mutex<State>);

#[derive(Debug)]
struct State {
    stream: Stream,
    /// Somebody waits for room to write.
    awaits_room: bool,
}

#[derive(Debug)]
enum Stream {
    Watched(TcpStream),
    Unwatched(std::net::TcpStream),
    /// The runtime could not watch it.
    Lost,
}

impl Socket {
    /// Of a connection. What is written to it leaves at once: otherwise a
    /// snapshot would wait for the acknowledgement of the last.
    ///
    /// # Errors
    /// When it is closed already.
    pub fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self(Mutex::new(State {
            stream: Stream::Watched(stream),
            awaits_room: false,
        })))
    }

    /// Reads what is there; 0 when the client has closed.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when nothing is there; otherwise what the system
    /// says.
    pub fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.lock().stream {
            Stream::Watched(stream) => stream.try_read(buffer),
            Stream::Unwatched(stream) => { stream }.read(buffer),
            Stream::Lost => Err(lost()),
        }
    }

    /// Writes as much as there is room for.
    ///
    /// # Errors
    /// [`ErrorKind::WouldBlock`] when there is no room; otherwise what the system
    /// says.
    pub fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        match &self.lock().stream {
            Stream::Watched(stream) => stream.try_write(bytes),
            Stream::Unwatched(stream) => { stream }.write(bytes),
            Stream::Lost => Err(lost()),
        }
    }

    /// As [`Self::write`], of pieces that follow each other.
    ///
    /// # Errors
    /// As [`Self::write`].
    pub fn write_vectored(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        match &self.lock().stream {
            Stream::Watched(stream) => stream.try_write_vectored(pieces),
            Stream::Unwatched(stream) => { stream }.write_vectored(pieces),
            Stream::Lost => Err(lost()),
        }
    }

    /// Waits until there is something to read: bytes, or the end. From now on
    /// the runtime watches. At most one may wait.
    ///
    /// # Errors
    /// When the runtime cannot watch it.
    pub async fn readable(&self) -> io::Result<()> {
        poll_fn(|cx| self.lock().stream.poll(cx, TcpStream::poll_read_ready)).await
    }

    /// Waits until there is room to write, as [`Self::readable`].
    ///
    /// # Errors
    /// As [`Self::readable`].
    pub async fn writable(&self) -> io::Result<()> {
        let writable = poll_fn(|cx| {
            let mut state = self.lock();
            let writable = state.stream.poll(cx, TcpStream::poll_write_ready);
            state.awaits_room = writable.is_pending();
            writable
        });
        writable.await
    }

    /// The runtime need not watch any more; who reads will look by itself.
    pub fn unwatch(&self) {
        let mut state = self.lock();
        if !state.awaits_room {
            state.stream.unwatch();
        }
    }

    /// Nothing more will be written.
    pub fn end_writing(&self) {
        if let Some(socket) = self.lock().stream.fd() {
            // One that is broken has ended already.
            let _ = rustix::net::shutdown(socket, Shutdown::Write);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stream {
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        ready: impl Fn(&TcpStream, &mut Context<'_>) -> Poll<io::Result<()>>,
    ) -> Poll<io::Result<()>> {
        if matches!(self, Self::Unwatched(_))
            && let Self::Unwatched(stream) = std::mem::replace(self, Self::Lost)
        {
            *self = Self::Watched(TcpStream::from_std(stream)?);
        }
        match self {
            Self::Watched(stream) => ready(stream, cx),
            Self::Unwatched(_) | Self::Lost => Poll::Ready(Err(lost())),
        }
    }

    fn unwatch(&mut self) {
        if matches!(self, Self::Watched(_))
            && let Self::Watched(stream) = std::mem::replace(self, Self::Lost)
        {
            *self = stream.into_std().map_or(Self::Lost, Self::Unwatched);
        }
    }

    fn fd(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Watched(stream) => Some(stream.as_fd()),
            Self::Unwatched(stream) => Some(stream.as_fd()),
            Self::Lost => None,
        }
    }
}

fn lost() -> io::Error {
    ErrorKind::NotConnected.into()
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    use super::*;

    /// A client and the socket that it is connected to.
    pub(crate) async fn connected() -> (TcpStream, Arc<Socket>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap());
        let (client, accepted) = tokio::join!(client, listener.accept());
        let socket = Socket::new(accepted.unwrap().0).unwrap();
        (client.unwrap(), Arc::new(socket))
    }

    /// How many bytes wait to be read.
    pub(crate) fn arrived(socket: &Socket) -> u64 {
        let state = socket.lock();
        rustix::io::ioctl_fionread(state.stream.fd().unwrap()).unwrap()
    }

    /// Reads all that is there.
    fn read(socket: &Socket) -> Vec<u8> {
        let (mut all, mut buffer) = (Vec::new(), [0; 8]);
        loop {
            match socket.read(&mut buffer) {
                Ok(bytes @ 1..) => all.extend_from_slice(&buffer[..bytes]),
                Ok(0) => return all,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return all,
                Err(error) => panic!("{error}"),
            }
        }
    }

    #[tokio::test]
    async fn can_be_read_whether_the_runtime_watches_or_not() {
        let (mut client, socket) = connected().await;
        for _ in 0..3 {
            client.write_all(b"one two three").await.unwrap();
            socket.readable().await.unwrap();
            assert_eq!(read(&socket), b"one two three");
            let waiting = tokio::time::timeout(Duration::from_millis(20), socket.readable());
            assert!(waiting.await.is_err(), "nothing new has come");
            socket.unwatch();
            assert_eq!(read(&socket), b"");
            client.write_all(b"four").await.unwrap();
            while read(&socket).is_empty() {
                tokio::task::yield_now().await;
            }
        }
        // The end is told of even where it was not waited for.
        drop(client);
        socket.readable().await.unwrap();
        assert_eq!(socket.read(&mut [0]).unwrap(), 0);
    }

    #[tokio::test]
    async fn waits_for_room_to_write_whoever_unwatches_meanwhile() {
        let (mut client, socket) = connected().await;
        socket.unwatch();
        let piece = [7; 64 * 1024];
        let mut written = 0;
        while let Ok(bytes) = socket.write(&piece) {
            written += bytes;
        }
        let mut read = vec![0; written];
        let reading = async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            socket.unwatch();
            client.read_exact(&mut read).await.unwrap();
        };
        let (writable, ()) = tokio::join!(socket.writable(), reading);
        writable.unwrap();
        assert!(socket.write(&piece).unwrap() > 0);
        socket.unwatch();
        assert!(socket.write(b"x").unwrap() > 0);
    }

    #[tokio::test]
    async fn a_client_reads_to_the_end_of_what_was_written() {
        let (mut client, socket) = connected().await;
        socket.write(b"goodbye").unwrap();
        socket.end_writing();
        let mut read = Vec::new();
        client.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"goodbye");
    }
}
