//! Looking at log-ins, and ending them.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use bus::{Bucket, Bus, CasError, store};
use clap::Subcommand;
use protocol::session::{Port, Session};
use protocol::signing::{SigningKey, SigningKeys};
use protocol::version::{self, SESSION};
use protocol::{PlayerId, subject};
use serde_json::json;
use time::OffsetDateTime;

use crate::nats_options::NatsOptions;
use crate::rooms::utc;

/// Attempts to end a session that a player is resuming at that moment.
const ATTEMPTS: u32 = 10;

/// What there is to do with log-ins.
#[derive(Clone, Debug, Subcommand)]
pub enum SessionsCommand {
    /// List the log-ins: player, port, since when, gateway
    List {
        /// Those of one player
        #[arg(value_parser = player)]
        player: Option<PlayerId>,
        /// As one JSON array
        #[arg(long)]
        json: bool,
    },
    /// End a player's log-ins at both ports: connections are closed, and no token is
    /// good any longer
    End {
        /// The player
        #[arg(value_parser = player)]
        player: PlayerId,
    },
    /// Put a new key at the head of the file of session keys
    ///
    /// Gateways sign with it within seconds and accept the keys before for as long as
    /// tokens of them live, a week. Copy the file to all machines with gateways.
    RotateKey {
        /// The file of --session-key-file
        file: PathBuf,
    },
}

fn player(text: &str) -> Result<PlayerId, String> {
    PlayerId::parse(text).map_err(|error| error.to_string())
}

/// Runs a command.
///
/// # Errors
/// When it fails, with the reason for the operator.
pub async fn run(nats: &NatsOptions, command: SessionsCommand) -> Result<()> {
    match command {
        SessionsCommand::List { player, json } => list(nats, player, json).await,
        SessionsCommand::End { player } => end(nats, &player).await,
        SessionsCommand::RotateKey { file } => rotate(&file),
    }
}

async fn list(nats: &NatsOptions, only: Option<PlayerId>, json: bool) -> Result<()> {
    let bus = nats.connect().await?;
    let bucket = sessions(&bus).await?;
    let mut keys = bucket.keys().await?;
    keys.sort_unstable();
    let mut found = Vec::new();
    for key in keys {
        let Some((player, port)) = subject::session_of(&key) else {
            continue;
        };
        if only.as_ref().is_some_and(|only| *only != player) {
            continue;
        }
        // A session may expire between listing and reading.
        let Some((value, _)) = bucket.get(&key).await? else {
            continue;
        };
        match version::from_json::<Session>(&SESSION, &value) {
            Ok(session) => found.push((player, port, session)),
            Err(error) => eprintln!("{key} is left out: {error}"),
        }
    }
    if json {
        let found: Vec<_> = found
            .iter()
            .map(|(player, port, session)| json!({"player": player, "port": port, "session": session}))
            .collect();
        println!("{}", serde_json::to_string(&found)?);
    } else {
        print!("{}", table(&found));
    }
    bus.drain().await;
    Ok(())
}

fn table(found: &[(PlayerId, Port, Session)]) -> String {
    use std::fmt::Write;
    if found.is_empty() {
        return "no sessions\n".to_owned();
    }
    let mut text = format!(
        "{:<16} {:<4} {:<20} {:<8} {:>6}  {}\n",
        "PLAYER", "PORT", "SINCE", "GATEWAY", "TOKENS", "STATE"
    );
    for (player, port, session) in found {
        let state = if session.is_ended { "ended" } else { "open" };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{player:<16} {port:<4} {:<20} {:<8} {:>6}  {state}",
            utc(session.begun_at),
            session.holder.gateway,
            session.generation,
        );
    }
    text
}

async fn end(nats: &NatsOptions, player: &PlayerId) -> Result<()> {
    let bus = nats.connect().await?;
    let bucket = sessions(&bus).await?;
    let mut ended = 0;
    for port in Port::ALL {
        if end_one(&bucket, player, port).await? {
            println!("{player}: the {port} session is ended");
            ended += 1;
        }
    }
    bus.drain().await;
    if ended == 0 {
        bail!("{player} has no session: `racectl sessions list` lists those who have");
    }
    Ok(())
}

/// Ends a session; returns whether there was one.
async fn end_one(bucket: &Bucket, player: &PlayerId, port: Port) -> Result<bool> {
    let key = subject::session_key(player, port);
    for _ in 0..ATTEMPTS {
        let Some((value, revision)) = bucket.get(&key).await? else {
            return Ok(false);
        };
        let session: Session = version::from_json(&SESSION, &value)?;
        if session.is_ended {
            return Ok(false);
        }
        let value = version::to_json(&SESSION, &session.ended());
        match bucket.update(&key, value, revision).await {
            Ok(_) => return Ok(true),
            Err(CasError::Conflict { .. }) => {}
            Err(error @ CasError::Unknown { .. }) => return Err(error.into()),
        }
    }
    bail!("the {port} session of {player} changes all the time, try again")
}

async fn sessions(bus: &Bus) -> Result<Bucket> {
    bus.existing_bucket(&store::SESSIONS)
        .await
        .context("there are no sessions on this NATS server: has persistence been started?")
}

/// Writes the keys after a new one has taken over, under another name first, so that no
/// gateway reads half of them.
fn rotate(file: &Path) -> Result<()> {
    let what = || format!("cannot rotate the keys of {}", file.display());
    let text = std::fs::read_to_string(file).with_context(what)?;
    let keys: SigningKeys = text.parse().with_context(what)?;
    let new = SigningKey {
        id: rand::random(),
        made_at: OffsetDateTime::now_utc().unix_timestamp().try_into()?,
        secret: rand::random(),
    };
    let id = new.id;
    let keys = keys.rotated(new);
    let partial = file.with_extension(format!("{}.partial", std::process::id()));
    let mut written = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&partial)
        .with_context(what)?;
    written.write_all(keys.to_text().as_bytes())?;
    written.sync_all()?;
    std::fs::rename(&partial, file).with_context(what)?;
    println!(
        "{} signs with {id:08x}; {} older keys are still accepted",
        file.display(),
        keys.all().len() - 1
    );
    Ok(())
}
