//! Listing the lobby, and the checkpoints that were set aside.

use anyhow::{Context, Result};
use bus::{Bucket, Bus, store};
use protocol::UnixMillis;
use protocol::lobby::RoomEntry;
use protocol::quarantine::{CHECKPOINT_PREFIX, Origin, Quarantined};
use protocol::version::{self, QUARANTINE, ROOM_ENTRY};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::nats_options::NatsOptions;

/// Prints the rooms, as a table or as one JSON array.
///
/// # Errors
/// When NATS or the bucket cannot be reached.
pub async fn list(nats: &NatsOptions, json: bool) -> Result<()> {
    let bus = nats.connect().await?;
    let bucket = bus
        .existing_bucket(&store::ROOMS)
        .await
        .context("there is no lobby on this NATS server: has a race worker been started?")?;
    let mut rooms = Vec::new();
    for key in bucket.keys().await? {
        // A room may close between listing and reading.
        let Some((value, _)) = bucket.get(&key).await? else {
            continue;
        };
        match version::from_json::<RoomEntry>(&ROOM_ENTRY, &value) {
            Ok(entry) => rooms.push(entry),
            Err(error) => eprintln!("{key} is left out: {error}"),
        }
    }
    rooms.sort_by_key(|entry| entry.name.id());
    if json {
        println!("{}", serde_json::to_string(&rooms)?);
    } else {
        print!("{}", table(&rooms));
    }
    bus.drain().await;
    Ok(())
}

/// Prints the damaged checkpoints that were set aside, oldest first.
///
/// # Errors
/// When NATS or the bucket cannot be reached.
pub async fn quarantined(nats: &NatsOptions, json: bool) -> Result<()> {
    let bus = nats.connect().await?;
    let bucket = quarantine(&bus).await?;
    let mut found = Vec::new();
    for key in checkpoint_keys(&bucket).await? {
        // Another operator may drop it between listing and reading.
        let Some((value, _)) = bucket.get(&key).await? else {
            continue;
        };
        match version::from_json::<Quarantined>(&QUARANTINE, &value) {
            Ok(quarantined) => found.push((key, quarantined)),
            Err(error) => eprintln!("{key} is left out: {error}"),
        }
    }
    found.sort_by_key(|(_, quarantined)| quarantined.at);
    if json {
        let found: Vec<_> = found
            .iter()
            .map(|(key, quarantined)| json!({"key": key, "quarantined": quarantined}))
            .collect();
        println!("{}", serde_json::to_string(&found)?);
    } else {
        print!("{}", quarantine_table(&found));
    }
    bus.drain().await;
    Ok(())
}

/// Deletes damaged checkpoints that were set aside.
///
/// # Errors
/// When a key is not there, or NATS or the bucket cannot be reached.
pub async fn drop_quarantined(nats: &NatsOptions, keys: Vec<String>, all: bool) -> Result<()> {
    let bus = nats.connect().await?;
    let bucket = quarantine(&bus).await?;
    let there = checkpoint_keys(&bucket).await?;
    let keys = if all { there.clone() } else { keys };
    for key in &keys {
        if !there.contains(key) {
            anyhow::bail!("there is no {key}: `racectl rooms quarantined` lists the keys");
        }
        bucket.remove(key).await?;
        println!("{key} dropped");
    }
    bus.drain().await;
    Ok(())
}

async fn quarantine(bus: &Bus) -> Result<Bucket> {
    bus.existing_bucket(&store::QUARANTINE)
        .await
        .context("nothing has been set aside on this NATS server: has a race worker been started?")
}

async fn checkpoint_keys(bucket: &Bucket) -> Result<Vec<String>> {
    let mut keys = bucket.keys().await?;
    keys.retain(|key| key.starts_with(CHECKPOINT_PREFIX));
    keys.sort();
    Ok(keys)
}

/// A time of day for a person, to the second.
pub(crate) fn utc(at: UnixMillis) -> String {
    let seconds = i64::try_from(at / 1_000).unwrap_or(i64::MAX);
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|at| at.format(&Rfc3339).ok())
        .unwrap_or_else(|| at.to_string())
}

fn quarantine_table(found: &[(String, Quarantined)]) -> String {
    use std::fmt::Write;
    if found.is_empty() {
        return "no damaged checkpoints\n".to_owned();
    }
    let mut text = format!(
        "{:<40} {:<20} {:<24} {:>7}  {}\n",
        "KEY", "WHEN", "ROOM", "BYTES", "REASON"
    );
    for (key, quarantined) in found {
        let room = match &quarantined.origin {
            Origin::Checkpoint { room } => room,
            Origin::Record { subject, .. } => subject,
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{key:<40} {:<20} {room:<24} {:>7}  {}",
            utc(quarantined.at),
            quarantined.payload.0.len(),
            quarantined.reason
        );
    }
    text
}

fn table(rooms: &[RoomEntry]) -> String {
    use std::fmt::Write;
    if rooms.is_empty() {
        return "no rooms\n".to_owned();
    }
    let mut text = format!(
        "{:<24} {:<10} {:>7} {:<16} {:>8}  {:<8} {:>5}  {}\n",
        "ROOM", "PHASE", "PLAYERS", "TRACK", "DISTANCE", "OWNER", "EPOCH", "RACE"
    );
    for room in rooms {
        let players = format!("{}/{}", room.players.len(), room.settings.seats);
        let phase = format!("{:?}", room.phase).to_lowercase();
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{:<24} {phase:<10} {players:>7} {:<16} {:>8}  {:<8} {:>5}  {}",
            room.name,
            room.settings.track,
            room.settings.distance(),
            room.owner,
            room.epoch,
            room.race
        );
    }
    text
}
