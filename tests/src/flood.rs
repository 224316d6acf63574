//! A client that sends as fast as it can, in a thread of its own: the test and its
//! clients run on beside it.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::raw_client::{VERSION, kind};

/// Between two connections of a client that is dismissed.
const RECONNECT_DELAY: Duration = Duration::from_millis(100);

/// What is written at once.
const CHUNK_BYTES: usize = 64 * 1024;

/// A flood. Dropping it ends it.
#[derive(Debug)]
pub struct Flood {
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// A frame of a client, as it is on the wire.
#[must_use]
pub fn frame(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(1 + body.len()).expect("short frames only");
    let mut frame = length.to_be_bytes().to_vec();
    frame.push(kind);
    frame.extend(body);
    frame
}

/// The first frame of a client.
#[must_use]
pub fn hello() -> Vec<u8> {
    let mut body = vec![VERSION];
    body.extend(json!({"client": "flood"}).to_string().bytes());
    frame(kind::HELLO, &body)
}

/// The frame that resumes a session.
#[must_use]
pub fn resume(welcome: &Value) -> Vec<u8> {
    let message = json!({"type": "resume", "token": welcome["token"]});
    frame(kind::CONTROL, message.to_string().as_bytes())
}

impl Flood {
    /// Connects, sends `opening` and then `flood` again and again, and throws away what
    /// it reads. Whenever it is dismissed it begins again.
    #[must_use]
    pub fn start(address: &str, opening: Vec<u8>, flood: &[u8]) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let chunk = flood.repeat(CHUNK_BYTES / flood.len());
        let (address, ends) = (address.to_owned(), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            while !ends.load(Ordering::Relaxed) {
                // However it ends, the next connection floods on.
                let _ = connection(&address, &opening, &chunk, &ends);
                std::thread::sleep(RECONNECT_DELAY);
            }
        });
        Self {
            is_over,
            thread: Some(thread),
        }
    }
}

impl Drop for Flood {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A flood that has failed has ended.
            let _ = thread.join();
        }
    }
}

fn connection(address: &str, opening: &[u8], chunk: &[u8], ends: &AtomicBool) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_write_timeout(Some(RECONNECT_DELAY))?;
    stream.write_all(opening)?;
    let mut reader = stream.try_clone()?;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let mut bytes = vec![0; CHUNK_BYTES];
            while reader.read(&mut bytes).is_ok_and(|read| read > 0) {}
        });
        let mut poured = Ok(());
        while poured.is_ok() {
            poured = pour(&mut stream, chunk, || !ends.load(Ordering::Relaxed));
        }
        // The reader ends, too.
        stream.shutdown(Shutdown::Both)?;
        Ok(poured?)
    })
}

/// Writes a chunk, for as long as the flood goes on: the gateway may not read, and a
/// frame that is torn would be another flood.
fn pour(
    stream: &mut TcpStream,
    mut chunk: &[u8],
    goes_on: impl Fn() -> bool,
) -> std::io::Result<()> {
    while !chunk.is_empty() {
        match stream.write(chunk) {
            Ok(bytes) => chunk = &chunk[bytes..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock && goes_on() => {}
            Err(error) => return Err(error),
        }
    }
    if goes_on() {
        return Ok(());
    }
    Err(std::io::ErrorKind::TimedOut.into())
}

/// Floods one connection until the gateway closes it; returns how long that took.
///
/// # Errors
/// When it is not closed in time.
pub fn until_closed(
    address: &str,
    opening: &[u8],
    flood: &[u8],
    within: Duration,
) -> Result<Duration> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_write_timeout(Some(RECONNECT_DELAY))?;
    stream.write_all(opening)?;
    let chunk = flood.repeat(CHUNK_BYTES / flood.len());
    let begun = Instant::now();
    while pour(&mut stream, &chunk, || begun.elapsed() < within).is_ok() {}
    let took = begun.elapsed();
    ensure!(took < within, "a flood was served for {took:?}");
    Ok(took)
}
