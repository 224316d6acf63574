//! Listing what is in a bucket.

use anyhow::{Context, Result};
use bus::store;

use crate::nats_options::NatsOptions;

/// Prints the keys of a bucket as a JSON array, in order.
///
/// # Errors
/// When there is no such bucket, or NATS cannot be reached.
pub async fn list(nats: &NatsOptions, bucket: &str) -> Result<()> {
    let store = store::BUCKETS.iter().find(|store| store.name() == bucket);
    let store = store.with_context(|| {
        let known: Vec<_> = store::BUCKETS.iter().map(|store| store.name()).collect();
        format!(
            "there is no bucket {bucket:?}; there are: {}",
            known.join(", ")
        )
    })?;
    let bus = nats.connect().await?;
    let bucket = bus.existing_bucket(store).await?;
    let mut keys = bucket.keys().await?;
    keys.sort_unstable();
    println!("{}", serde_json::to_string(&keys)?);
    bus.drain().await;
    Ok(())
}
