//! Listing the lobby.

use anyhow::{Context, Result};
use bus::{Bus, store};
use protocol::lobby::RoomEntry;
use protocol::version::{self, ROOM_ENTRY};

/// Prints the rooms, as a table or as one JSON array.
///
/// # Errors
/// When NATS or the bucket cannot be reached.
pub async fn list(nats: &str, json: bool) -> Result<()> {
    let bus = Bus::connect(nats, "racectl").await?;
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
