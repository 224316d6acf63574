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

/// Readers look so often, as thin bots do: on loopback whoever writes pays for
/// waking up a reader that waits.
const LOOK_INTERVAL: Duration = Duration::from_millis(1);
/// Sockets that are told of at once.
const EVENTS_MAX: usize = 1_024;

/// What a process used that does nothing but write.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TcpFloor {
    /// Writes.
    pub writes: u64,
    /// Bytes of each.
    pub bytes: usize,
    /// In what time.
    pub seconds: f64,
    /// Processor time.
    pub cpu_seconds: f64,
}

impl TcpFloor {
    /// What a write costs, µs.
    #[must_use]
    pub fn microseconds_per_write(&self) -> f64 {
        self.cpu_seconds * 1e6 / self.writes.max(1) as f64
    }
}

/// Has a process of this program write, and reads what it writes.
///
/// # Errors
/// When it cannot be started or does not end well.
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
        .context("the writer says no port")?;
    let port: u16 = port.parse().context("the writer says no port")?;
    let reading = tokio::task::spawn_blocking(move || read(port, traffic.players));
    // A reader that fails would leave the writer waiting for it.
    let told = async { lines.next_line().await?.context("the writer tells nothing") };
    let (told, ()) = tokio::try_join!(told, async { reading.await? })?;
    child.wait().await?;
    Ok(serde_json::from_str(&told)?)
}

/// Reads from so many connections until all have ended.
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
        std::thread::sleep(LOOK_INTERVAL);
        poll.poll(&mut events, Some(Duration::ZERO))?;
        for event in &events {
            let stream = &mut streams[event.token().0];
            let ended = loop {
                match stream.read(&mut buffer) {
                    Ok(1..) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break false,
                    // The end and a break are the same here: nothing more comes.
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

/// Writes to whoever connects, and tells what it used.
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
    let before = processor::used("self").context("no processor time is told")?;
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
    let used = processor::used("self").context("no processor time is told")?;
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
    fn a_write_costs_its_share() {
        let floor = TcpFloor {
            writes: 1_000,
            bytes: 100,
            seconds: 1.0,
            cpu_seconds: 0.005,
        };
        assert!((floor.microseconds_per_write() - 5.0).abs() < 1e-9);
    }
}
