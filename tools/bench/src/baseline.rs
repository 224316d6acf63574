//! Another server under the same load: Colyseus, a well-known framework for rooms of
//! players, as one process of Node.js without a broker. Its rooms do less and die
//! with it. Its processor time shows how fast the machine was.

mod client_pool;
mod player;

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use self::client_pool::ClientPool;
use crate::processor;
use crate::times::Quantiles;

/// The longest wait until Node.js listens, on a slow machine.
const START_TIMEOUT: Duration = Duration::from_secs(30);

/// What the other server used, and what its players saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baseline {
    /// The versions of Colyseus and Node.js.
    pub server: String,
    /// Processor time of the server per second.
    pub cores: f64,
    /// Processor time of the players per second.
    pub players_cores: f64,
    /// Patches of the state that a player received.
    pub snapshots_per_second: f64,
    /// From one patch to the next.
    pub interval_ms: Quantiles,
    /// Payload to a player, with the header of each WebSocket frame.
    pub bytes_per_second: f64,
}

/// The load, and its duration.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Rooms.
    pub rooms: u16,
    /// Players in each.
    pub seats: u8,
    /// Between the start of the last race and the measurement.
    pub warm_up: Duration,
    /// The duration of the measurement.
    pub length: Duration,
}

/// Starts the server in `folder`, where npm has installed its packages, and has
/// players race there.
///
/// # Errors
/// When it does not start, or loses a player.
pub async fn measure(folder: &Path, load: Load) -> Result<Baseline> {
    let mut node = Command::new("node");
    node.arg("server.mjs")
        .arg(load.seats.to_string())
        .current_dir(folder)
        .env("NODE_ENV", "production")
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut node = node.spawn().context("cannot start node")?;
    let pid = node.id().context("node has ended")?.to_string();
    let (port, server) = tokio::time::timeout(START_TIMEOUT, listening(&mut node))
        .await
        .context("node does not listen")??;
    let players = usize::from(load.rooms) * usize::from(load.seats);
    let racing = move || {
        let mut client_pool = ClientPool::join(port, players)?;
        client_pool.race(load.warm_up)?;
        let used = || {
            let server = processor::used(&pid).context("node has ended")?;
            let players = processor::used("self").context("the kernel counts no processor time")?;
            anyhow::Ok((server, players))
        };
        let before = used()?;
        let seen = client_pool.race(load.length)?;
        let after = used()?;
        anyhow::Ok((
            seen,
            after.0.saturating_sub(before.0),
            after.1.saturating_sub(before.1),
        ))
    };
    let (seen, cores, players_cores) = tokio::task::spawn_blocking(racing).await??;
    node.kill().await?;
    let a_player = seen.seconds * players as f64;
    Ok(Baseline {
        server,
        cores: cores.as_secs_f64() / seen.seconds,
        players_cores: players_cores.as_secs_f64() / seen.seconds,
        snapshots_per_second: seen.snapshots as f64 / a_player,
        interval_ms: seen
            .intervals
            .quantiles()
            .context("no player received two patches")?,
        bytes_per_second: seen.bytes as f64 / a_player,
    })
}

/// The port and the versions, once the server listens.
async fn listening(node: &mut Child) -> Result<(u16, String)> {
    let output = node.stdout.take().context("node has no output")?;
    let mut lines = BufReader::new(output).lines();
    let Some(line) = lines.next_line().await? else {
        bail!("node has ended: see its output");
    };
    let listening = line.split_once(' ').and_then(|(port, server)| {
        let port = port.parse().ok()?;
        Some((port, server.to_owned()))
    });
    listening.with_context(|| format!("node printed {line:?}, not its port"))
}
