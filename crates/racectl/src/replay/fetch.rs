//! A replay from the database, page by page.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bus::Bus;
use protocol::record::ResultRecord;
use protocol::replay::{ReplayPage, ReplayRequest};
use protocol::{RaceId, subject};
use simulation::{Replay, ReplayHeader};

use crate::nats_options::NatsOptions;

/// Longer than persistence waits for its database.
const PAGE_TIMEOUT: Duration = Duration::from_secs(10);

/// Asks for the whole replay of a race, and the result that was published.
pub(super) async fn fetch(
    nats: &NatsOptions,
    race: RaceId,
) -> Result<(Replay, Option<ResultRecord>)> {
    let bus = nats.connect().await?;
    let fetched = fetch_pages(&bus, race).await;
    bus.drain().await;
    fetched
}

async fn fetch_pages(bus: &Bus, race: RaceId) -> Result<(Replay, Option<ResultRecord>)> {
    let (mut chunks, mut from_tick) = (Vec::new(), 0);
    loop {
        let request = ReplayRequest { race, from_tick };
        let page: ReplayPage = bus
            .request(subject::RESULT_REPLAY, &request, PAGE_TIMEOUT)
            .await?;
        chunks.extend(page.chunks.into_iter().map(|chunk| chunk.bytes.0));
        let Some(next) = page.next_tick else {
            let replay = ReplayHeader::from_bytes(&page.replay.header.0)
                .and_then(|header| Replay::new(header, chunks))
                .with_context(|| format!("the replay of race {race} cannot be read"))?;
            return Ok((replay, page.result));
        };
        ensure!(next > from_tick, "persistence gives the same page again");
        from_tick = next;
    }
}
