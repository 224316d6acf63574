//! Snapshots and results.

use anyhow::Result;
use protocol::RoomName;
use protocol::account::LastRace;
use protocol::limits::{
    EPOCH_MAX, POSITION_ABS_MAX_M, RACE_TIME_MAX_MS, SCORE_ABS_MAX, UNIX_MILLIS_MAX,
};
use serde_json::json;

use super::*;

/// More rows than one statement takes.
const LARGE_BATCH_RACES: usize = 100;

fn snapshot(
    race: RaceId,
    player: &PlayerName,
    (epoch, revision): (u32, u32),
    x_m: f64,
) -> Result<PersistMessage> {
    message(json!({
        "kind": "players",
        "players": [{
            "race": race, "room": "Friday-Night", "player": player, "seat": 3,
            "x_m": x_m, "y_m": -0.125, "heading_rad": 3.125, "lap": 2, "score": -1_000,
            "connected": revision % 2 == 0, "epoch": epoch, "revision": revision,
        }],
    }))
}

/// All snapshots of a race, in one message.
async fn snapshots(store: &Store, race: RaceId) -> Result<PersistMessage> {
    let players = store.snapshots(race).await?;
    Ok(PersistMessage::Players { players })
}

/// # Errors
/// When the database fails.
pub async fn keeps_the_newest_snapshot_of_a_player(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (race, player) = (fresh_race()?, fresh_player()?);
    let first = snapshot(race, &player, (1, 600), 12.5)?;
    let newest = snapshot(race, &player, (2, 500), 99.75)?;
    let late = [
        snapshot(race, &player, (1, 599), 1.0)?,
        snapshot(race, &player, (1, 600), 2.0)?,
        snapshot(race, &player, (1, 10_000), 3.0)?,
    ];
    for batch in [std::slice::from_ref(&first), &late[..2]] {
        write(&store, batch).await?;
        assert_eq!(snapshots(&store, race).await?, first);
    }
    for batch in [&[newest.clone(), first][..], &late] {
        write(&store, batch).await?;
        assert_eq!(snapshots(&store, race).await?, newest);
    }
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn gives_a_result_back_as_it_came(url: &str) -> Result<()> {
    let store = open(url).await?;
    let race = fresh_race()?;
    let standings = json!([
        {"place": 1, "player": fresh_player()?, "seat": 1, "score": 4_200, "laps": 3,
         "time_ms": 61_234, "best_lap_ms": 19_876},
        {"place": 2, "player": fresh_player()?, "seat": 0, "score": -1_100, "laps": 0,
         "time_ms": null, "best_lap_ms": null},
    ]);
    let message = result(race, 2, 3_600, &standings)?;
    write(&store, std::slice::from_ref(&message)).await?;
    assert_eq!(
        store.result(race).await?.map(PersistMessage::Result),
        Some(message)
    );
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn keeps_ai_drivers_in_results_and_out_of_the_leaderboard(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (race, player) = (fresh_race()?, fresh_player()?);
    store.signup(credentials(&player, "secret1"), NOW).await?;
    let message = message(json!({
        "kind": "result", "race": race, "room": "Friday-Night", "mode": "highway",
        "track": "highway", "laps": 0, "target_metres": 200_000, "ended_at": NOW,
        "epoch": 1, "tick": 600, "standings": [
            {"place": 1, "player": "AI-Grace", "seat": 1, "score": 200_000, "laps": 0,
             "time_ms": 61_234, "best_lap_ms": null, "ai": true},
            {"place": 2, "player": player, "seat": 0, "score": -900, "laps": 0,
             "time_ms": null, "best_lap_ms": null, "ai": false},
        ],
    }))?;
    write(&store, std::slice::from_ref(&message)).await?;
    let stored = store.result(race).await?.map(PersistMessage::Result);
    assert_eq!(stored, Some(message));
    let profile = store.profile(&player.id()).await?;
    assert_eq!((profile.races, profile.wins, profile.score), (1, 0, -900));
    let ai = PlayerName::parse("AI-Grace")?;
    assert!(store.profile(&ai.id()).await.is_err());
    let best = store
        .leaderboard(LeaderboardRequest::default())
        .await?
        .players;
    assert!(best.iter().all(|profile| profile.name != ai));
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn changes_a_result_only_for_newer_records(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (race, player) = (fresh_race()?, fresh_player()?);
    let record =
        |epoch, tick, score| result(race, epoch, tick, &json!([standing(1, &player, score)]));
    let newest = record(2, 600, 5)?;
    for (came, expected) in [
        (record(1, 700, 1)?, record(1, 700, 1)?),
        (record(1, 699, 2)?, record(1, 700, 1)?),
        (record(1, 700, 3)?, record(1, 700, 1)?),
        (newest.clone(), newest.clone()),
        (record(1, 701, 4)?, newest.clone()),
        (newest.clone(), newest),
    ] {
        write(&store, &[came]).await?;
        assert_eq!(
            store.result(race).await?.map(PersistMessage::Result),
            Some(expected)
        );
    }
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn has_no_result_of_an_unknown_race(url: &str) -> Result<()> {
    assert_eq!(open(url).await?.result(fresh_race()?).await?, None);
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn writes_large_batches_again_and_again(url: &str) -> Result<()> {
    let store = open(url).await?;
    let races = (0..LARGE_BATCH_RACES)
        .map(|_| fresh_race())
        .collect::<Result<Vec<_>>>()?;
    let players = (0..16)
        .map(|_| fresh_player())
        .collect::<Result<Vec<_>>>()?;
    let mut batch = Vec::new();
    for race in &races {
        let standings: Vec<_> = (1..)
            .zip(&players)
            .map(|(place, player)| standing(place, player, 100))
            .collect();
        batch.push(result(*race, 1, 600, &json!(standings))?);
    }
    for _time in 0..3 {
        write(&store, &batch).await?;
    }
    for (race, message) in races.iter().zip(batch) {
        assert_eq!(
            store.result(*race).await?.map(PersistMessage::Result),
            Some(message)
        );
    }
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn stores_the_largest_values(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (race, player) = (fresh_race()?, PlayerName::parse("ABCDEFGHIJKLMNOP")?);
    let largest = message(json!({
        "kind": "result", "race": race, "room": "abcdefghijklmnopqrstuvwx", "mode": "circuit",
        "track": "ö".repeat(64), "laps": u16::MAX, "ended_at": UNIX_MILLIS_MAX,
        "epoch": EPOCH_MAX, "tick": u32::MAX,
        "standings": [{
            "place": 255, "player": player, "seat": 255, "score": -SCORE_ABS_MAX,
            "laps": u16::MAX, "time_ms": RACE_TIME_MAX_MS, "best_lap_ms": RACE_TIME_MAX_MS,
        }],
    }))?;
    write(&store, std::slice::from_ref(&largest)).await?;
    assert_eq!(
        store.result(race).await?.map(PersistMessage::Result),
        Some(largest)
    );
    let seen = snapshot(race, &player, (1, 2), -POSITION_ABS_MAX_M)?;
    write(&store, std::slice::from_ref(&seen)).await?;
    assert_eq!(snapshots(&store, race).await?, seen);
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn forgets_snapshots_after_a_month(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (old, young) = (recent_race(NOW)?, recent_race(NOW + TWO_MONTHS_MS)?);
    let player = fresh_player()?;
    for race in [old, young] {
        write(&store, &[snapshot(race, &player, (1, 1), 1.0)?]).await?;
    }
    store.writer().sweep(NOW).await?;
    assert_eq!(store.snapshots(old).await?.len(), 1);
    store.writer().sweep(NOW + TWO_MONTHS_MS).await?;
    assert_eq!(store.snapshots(old).await?, []);
    assert_eq!(store.snapshots(young).await?.len(), 1);
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn tells_the_last_race_of_a_player(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (player, rival) = (fresh_player()?, fresh_player()?);
    let id = player.id();
    assert_eq!(store.last_race(&id).await?, None);
    // A race without a result: the rank is that of the scores.
    let open_race = recent_race(NOW)?;
    let seen = |player, score| {
        message(json!({"kind": "players", "players": [{
            "race": open_race, "room": "Friday-Night", "player": player, "seat": 0,
            "x_m": 12.5, "y_m": -3.0, "heading_rad": 0.0, "lap": 2, "score": score,
            "connected": false, "epoch": 1, "revision": 7,
        }]}))
    };
    let batch = [
        seen(&player, 900)?,
        seen(&rival, 1_000)?,
        room(open_race, 1, 1, "racing")?,
    ];
    write(&store, &batch).await?;
    let expected = LastRace {
        race: open_race,
        room: RoomName::parse("Friday-Night")?,
        track: Some("oval".to_owned()),
        place: Some(2),
        score: 900,
        lap: 2,
        x_m: Some(12.5),
        y_m: Some(-3.0),
        ended_at: None,
    };
    assert_eq!(store.last_race(&id).await?, Some(expected.clone()));
    // Its result counts more than where the player was seen.
    let standings = json!([standing(1, &player, 4_000), standing(2, &rival, 3_000)]);
    let ended = result(open_race, 1, 600, &standings)?;
    write(&store, &[ended, closed(open_race)?]).await?;
    let expected = LastRace {
        place: Some(1),
        score: 4_000,
        lap: 3,
        ended_at: Some(NOW),
        ..expected
    };
    assert_eq!(store.last_race(&id).await?, Some(expected));
    // A later race, of which only the result is known.
    let later = recent_race(NOW + 1_000)?;
    let standings = json!([standing(1, &rival, 2), standing(2, &player, 1)]);
    write(&store, &[result(later, 1, 600, &standings)?]).await?;
    let found = store.last_race(&id).await?;
    assert_eq!(
        found.map(|it| (it.race, it.place, it.x_m)),
        Some((later, Some(2), None))
    );
    Ok(())
}
