//! Rooms and their tombstones.

use anyhow::Result;
use protocol::record::RoomRecord;
use tokio::task::JoinSet;

use super::*;

/// Number of races whose close competes with writers.
const CONTESTED_RACES: usize = 20;
/// A day and a second.
const LATER: u64 = NOW + 24 * 3600 * 1000 + 1000;

async fn find(store: &Store, race: RaceId) -> Result<Option<RoomRecord>> {
    Ok(store
        .rooms()
        .await?
        .into_iter()
        .find(|record| record.race == race))
}

/// # Errors
/// When the database fails.
pub async fn writes_a_room_and_changes_it_only_for_newer_records(url: &str) -> Result<()> {
    let store = open(url).await?;
    let race = fresh_race()?;
    // Received record and resulting row: (epoch, revision, phase).
    let steps = [
        ((1, 5, "waiting"), (1, 5, "waiting")),
        ((1, 4, "racing"), (1, 5, "waiting")),
        ((1, 5, "racing"), (1, 5, "waiting")),
        ((1, 6, "countdown"), (1, 6, "countdown")),
        ((2, 0, "racing"), (2, 0, "racing")),
        ((1, 7, "finished"), (2, 0, "racing")),
        ((2, 0, "racing"), (2, 0, "racing")),
    ];
    for ((epoch, revision, phase), expected) in steps {
        write(&store, &[room(race, epoch, revision, phase)?]).await?;
        let (epoch, revision, phase) = expected;
        let expected = Some(room(race, epoch, revision, phase)?);
        assert_eq!(
            find(&store, race).await?.map(PersistMessage::Room),
            expected
        );
    }
    write(&store, &[closed(race)?]).await
}

/// # Errors
/// When the database fails.
pub async fn removes_a_closed_room_for_good(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (race, other) = (fresh_race()?, fresh_race()?);
    write(
        &store,
        &[room(race, 1, 1, "racing")?, room(other, 1, 1, "racing")?],
    )
    .await?;
    write(&store, &[closed(race)?]).await?;
    assert_eq!(find(&store, race).await?, None);
    // A repeat of the close, and late records, including newer ones.
    write(&store, &[closed(race)?]).await?;
    write(&store, &[room(race, 1, 1, "racing")?]).await?;
    write(&store, &[room(race, 9, 9, "racing")?]).await?;
    assert_eq!(find(&store, race).await?, None);
    assert!(find(&store, other).await?.is_some());
    write(&store, &[closed(other)?]).await
}

/// # Errors
/// When the database fails.
pub async fn writes_no_room_closed_in_the_same_batch(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (before, after) = (fresh_race()?, fresh_race()?);
    let batch = [
        closed(before)?,
        room(before, 1, 1, "racing")?,
        room(after, 1, 1, "racing")?,
        closed(after)?,
    ];
    write(&store, &batch).await?;
    assert_eq!(find(&store, before).await?, None);
    assert_eq!(find(&store, after).await?, None);
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn removes_a_closed_room_whatever_other_processes_do(url: &str) -> Result<()> {
    let stores = [open(url).await?, open(url).await?, open(url).await?];
    let races = (0..CONTESTED_RACES)
        .map(|_| fresh_race())
        .collect::<Result<Vec<_>>>()?;
    for race in &races {
        let mut writers = JoinSet::new();
        for (number, store) in stores.iter().cloned().enumerate() {
            let batch = match number {
                0 => vec![closed(*race)?],
                1 => vec![room(*race, 1, 1, "racing")?],
                _later => vec![room(*race, 2, 1, "racing")?, room(*race, 1, 2, "racing")?],
            };
            writers.spawn(async move { write(&store, &batch).await });
        }
        for outcome in writers.join_all().await {
            outcome?;
        }
    }
    stores[0].writer().sweep(NOW).await?;
    for race in races {
        assert_eq!(find(&stores[0], race).await?, None, "{race}");
    }
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn forgets_tombstones_after_a_day(url: &str) -> Result<()> {
    let store = open(url).await?;
    let race = fresh_race()?;
    write(&store, &[closed(race)?]).await?;
    store.writer().sweep(NOW + 1000).await?;
    write(&store, &[room(race, 1, 1, "racing")?]).await?;
    assert_eq!(find(&store, race).await?, None);
    store.writer().sweep(LATER).await?;
    write(&store, &[room(race, 1, 1, "racing")?]).await?;
    assert!(find(&store, race).await?.is_some());
    write(&store, &[closed(race)?]).await
}
