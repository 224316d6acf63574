//! Raw tokio TCP writes: the bytes of snapshots into as many sockets.

use std::io::{ErrorKind, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::Command;

use super::{PHASES, SNAPSHOTS_PER_SECOND, Traffic};
use crate::options::TcpWriterOptions;
use crate::processor;

/// Between two polls of the readers, as of thin bots: on loopback the writer pays
/// for waking up a reader that blocks.
const POLL_INTERVAL: Duration = Duration::from_millis(1);
/// Events of one poll.
const EVENTS_MAX: usize = 1_024;

/// What raw writes cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TcpFloor {
    /// How many writes.
    pub writes: u64,
    /// Bytes of each write.
    pub bytes: usize,
    /// The time that this took.
    pub seconds: f64,
    /// Processor time of the writer.
    pub cpu_seconds: f64,
}

impl TcpFloor {
    /// Processor time of a write, µs.
    #[must_use]
    pub fn microseconds_per_write(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.writes.max(1) as f64
    }
}

/// Starts a writer as a process of its own and reads what it writes.
///
/// # Errors
/// When it cannot be started, or fails.
pub async fn measure(traffic: Traffic, length: Duration) -> Result<TcpFloor> {
    let together = traffic.players / traffic.rooms.max(1);
    let mut command = Command::new(std::env::current_exe()?);
    command.kill_on_drop(true).arg("tcp-writer");
    for (flag, value) in [
        ("--sockets", traffic.players),
        ("--together", together),
        ("--bytes", traffic.frame_bytes),
        ("--seconds", length.as_secs() as usize),
    ] {
        command.arg(flag).arg(value.to_string());
    }
    let mut child = command.stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("the writer has no output")?;
    let mut lines = BufReader::new(output).lines();
    let port = lines
        .next_line()
        .await?
        .context("the writer prints no port")?;
    let port: u16 = port.parse().context("the writer prints no port")?;
    let reading = tokio::task::spawn_blocking(move || read(port, traffic.players));
    // A reader that fails would leave the writer waiting for it.
    let printed = async {
        lines
            .next_line()
            .await?
            .context("the writer prints no report")
    };
    let (report, ()) = tokio::try_join!(printed, async { reading.await? })?;
    child.wait().await?;
    Ok(serde_json::from_str(&report)?)
}

/// Reads from a number of connections until all have ended.
fn read(port: u16, sockets: usize) -> Result<()> {
    let mut poll = Poll::new()?;
    let mut streams = Vec::with_capacity(sockets);
    for number in 0..sockets {
        let stream = std::net::TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream);
        let registry = poll.registry();
        registry.register(&mut stream, Token(number), Interest::READABLE)?;
        streams.push(stream);
    }
    let (mut events, mut buffer) = (Events::with_capacity(EVENTS_MAX), vec![0; 16 * 1024]);
    let mut open = streams.len();
    while open > 0 {
        std::thread::sleep(POLL_INTERVAL);
        poll.poll(&mut events, Some(Duration::ZERO))?;
        for event in &events {
            let stream = &mut streams[event.token().0];
            let ended = loop {
                match stream.read(&mut buffer) {
                    Ok(1..) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                    // An end and an error are the same here: nothing more comes.
                    Ok(0) | Err(_) => break true,
                }
            };
            if ended {
                poll.registry().deregister(stream)?;
                open -= 1;
            }
        }
    }
    Ok(())
}

/// Writes to all connections, and prints the processor time.
///
/// # Errors
/// When a socket breaks.
pub async fn write(options: &TcpWriterOptions) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let mut sockets = Vec::with_capacity(options.sockets);
    while sockets.len() < options.sockets {
        let (socket, _) = listener.accept().await?;
        socket.set_nodelay(true)?;
        sockets.push(socket);
    }
    let payload = vec![0x55; options.bytes];
    let before = processor::used("self").context("the kernel counts no processor time")?;
    let (begun, mut writes) = (Instant::now(), 0);
    let phase = Duration::from_secs(1) / (SNAPSHOTS_PER_SECOND * PHASES);
    let phases = options.seconds as u32 * SNAPSHOTS_PER_SECOND * PHASES;
    for number in 0..phases {
        tokio::time::sleep_until((begun + phase * number).into()).await;
        let rooms = sockets.chunks_mut(options.together.max(1));
        let first = (number % PHASES) as usize;
        for room in rooms.skip(first).step_by(PHASES as usize) {
            for socket in room {
                socket.write_all(&payload).await?;
                writes += 1;
            }
        }
    }
    tokio::time::sleep_until((begun + phase * phases).into()).await;
    let used = processor::used("self").context("the kernel counts no processor time")?;
    let floor = TcpFloor {
        writes,
        bytes: options.bytes,
        seconds: begun.elapsed().as_secs_f64(),
        cpu_seconds: used.saturating_sub(before).as_secs_f64(),
    };
    println!("{}", serde_json::to_string(&floor)?);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_the_processor_time_among_writes() {
        let floor = TcpFloor {
            writes: 1_000,
            bytes: 100,
            seconds: 1.0,
            cpu_seconds: 0.005,
        };
        assert!((floor.microseconds_per_write() - 5.0).abs() < 1e-9);
    }
}
