//! Replays.

use anyhow::Result;
use protocol::limits::{REPLAY_CHUNK_BYTES_MAX, REPLAY_PAGE_CHUNKS_MAX};
use protocol::replay::{ReplayPage, ReplayRequest};
use protocol::{Rejection, RejectionCode};
use serde_json::json;

use super::*;

/// Ticks per chunk, arbitrarily short: the store accepts any length.
const TICKS: u32 = 2;
/// Returns the message of a chunk; `text` is four characters of base64.
fn chunk(race: RaceId, epoch: u32, first_tick: u32, text: &str) -> Result<PersistMessage> {
    message(json!({
        "kind": "replay_chunk", "race": race, "first_tick": first_tick, "ticks": TICKS,
        "epoch": epoch, "bytes": text,
    }))
}

fn replay(race: RaceId, epoch: u32, ticks: u32) -> Result<PersistMessage> {
    message(json!({
        "kind": "replay", "race": race, "ticks": ticks, "epoch": epoch, "header": "SEVBRA==",
    }))
}

async fn read(store: &Store, race: RaceId, from_tick: u32) -> Result<ReplayPage, Rejection> {
    let request = ReplayRequest { race, from_tick };
    store.replay(request).await.map_err(Rejection::from)
}

async fn refusal(store: &Store, race: RaceId) -> Result<String> {
    let rejection = read(store, race, 0)
        .await
        .expect_err("there is no such replay");
    assert_eq!(rejection.code, RejectionCode::ReplayMissing);
    Ok(rejection.message)
}

fn as_sent(page: &ReplayPage) -> Vec<PersistMessage> {
    let chunks = page.chunks.iter().cloned();
    chunks.map(PersistMessage::ReplayChunk).collect()
}

/// # Errors
/// When the database fails.
pub async fn gives_a_replay_back_page_by_page(url: &str) -> Result<()> {
    let store = open(url).await?;
    let race = recent_race(NOW)?;
    let count = 2 * REPLAY_PAGE_CHUNKS_MAX as u32 + 1;
    let mut messages = vec![replay(race, 1, count * TICKS)?];
    for number in 0..count {
        messages.push(chunk(race, 1, number * TICKS, "AAH/")?);
    }
    // The order does not matter.
    messages.reverse();
    write(&store, &messages).await?;
    messages.pop();
    messages.reverse();
    let (mut returned, mut from_tick, mut pages) = (Vec::new(), Some(0), 0);
    while let Some(from) = from_tick {
        let page = read(&store, race, from).await?;
        assert_eq!(page.replay.header.0, b"HEAD");
        assert_eq!(page.replay.ticks, count * TICKS);
        assert_eq!(page.result, None);
        returned.extend(as_sent(&page));
        from_tick = page.next_tick;
        pages += 1;
    }
    assert_eq!(pages, 3);
    assert_eq!(returned, messages);
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn gives_a_replay_with_its_result(url: &str) -> Result<()> {
    let store = open(url).await?;
    let race = recent_race(NOW)?;
    let result = result(race, 1, TICKS, &json!([standing(1, &fresh_player()?, 9)]))?;
    let messages = [replay(race, 1, TICKS)?, chunk(race, 1, 0, "AAH/")?];
    write(&store, &messages).await?;
    write(&store, std::slice::from_ref(&result)).await?;
    let page = read(&store, race, 0).await?;
    assert_eq!(page.result.map(PersistMessage::Result), Some(result));
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn keeps_the_chunk_of_the_highest_epoch(url: &str) -> Result<()> {
    let store = open(url).await?;
    let race = recent_race(NOW)?;
    let newest = chunk(race, 2, 0, "TkVX")?;
    let late = chunk(race, 1, 0, "T0xE")?;
    let repeated = chunk(race, 2, 0, "QUdO")?;
    write(&store, &[replay(race, 2, TICKS)?, late.clone()]).await?;
    assert_eq!(
        as_sent(&read(&store, race, 0).await?),
        std::slice::from_ref(&late)
    );
    for batch in [
        vec![newest.clone(), late.clone()],
        vec![late],
        vec![repeated],
        vec![newest.clone()],
    ] {
        write(&store, &batch).await?;
        assert_eq!(
            as_sent(&read(&store, race, 0).await?),
            std::slice::from_ref(&newest)
        );
    }
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn refuses_a_replay_that_is_missing_or_has_a_gap(url: &str) -> Result<()> {
    let store = open(url).await?;
    let race = recent_race(NOW)?;
    assert!(refusal(&store, race).await?.contains("no replay of race"));
    // An abandoned race has only chunks.
    write(&store, &[chunk(race, 1, 0, "AAH/")?]).await?;
    assert!(refusal(&store, race).await?.contains("no replay of race"));
    let last = chunk(race, 1, 2 * TICKS, "AAH/")?;
    write(&store, &[replay(race, 1, 3 * TICKS)?, last]).await?;
    assert!(refusal(&store, race).await?.contains("from tick 2 on"));
    write(&store, &[chunk(race, 1, TICKS, "AAH/")?]).await?;
    let page = read(&store, race, 0).await?;
    assert_eq!((page.chunks.len(), page.next_tick), (3, None));
    // Ticks computed beyond the end do not belong to the race.
    write(&store, &[chunk(race, 1, 3 * TICKS, "AAH/")?]).await?;
    assert_eq!(read(&store, race, 0).await?, page);
    assert_eq!(read(&store, race, 3 * TICKS).await?.chunks, []);
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn forgets_replays_after_a_month(url: &str) -> Result<()> {
    let store = open(url).await?;
    let (old, young) = (recent_race(NOW)?, recent_race(NOW + TWO_MONTHS_MS)?);
    for race in [old, young] {
        let messages = [replay(race, 1, TICKS)?, chunk(race, 1, 0, "AAH/")?];
        write(&store, &messages).await?;
    }
    store.writer().sweep(NOW).await?;
    assert_eq!(read(&store, old, 0).await?.chunks.len(), 1);
    store.writer().sweep(NOW + TWO_MONTHS_MS).await?;
    refusal(&store, old).await?;
    assert_eq!(read(&store, young, 0).await?.chunks.len(), 1);
    // Its chunk is gone, too: the header alone is not a replay.
    write(&store, &[replay(old, 1, TICKS)?]).await?;
    assert!(refusal(&store, old).await?.contains("from tick 0 on"));
    Ok(())
}

/// # Errors
/// When the database fails.
pub async fn stores_the_largest_chunks(url: &str) -> Result<()> {
    let store = open(url).await?;
    let race = recent_race(NOW)?;
    let text = "/+8A".repeat(REPLAY_CHUNK_BYTES_MAX / 3);
    let messages = [
        chunk(race, i32::MAX as u32, 0, &text)?,
        chunk(race, i32::MAX as u32, TICKS, &text)?,
    ];
    write(&store, &messages).await?;
    write(&store, &[replay(race, 1, 2 * TICKS)?]).await?;
    assert_eq!(as_sent(&read(&store, race, 0).await?), messages);
    Ok(())
}
