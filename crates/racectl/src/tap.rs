//! Printing messages of the bus as JSON.

use anyhow::Result;
use futures::StreamExt;
use serde_json::json;

use crate::decode;
use crate::nats_options::NatsOptions;

/// Prints each message of `subject` until Ctrl-C, or `count` of them.
///
/// # Errors
/// When NATS cannot be reached.
pub async fn tap(nats: &NatsOptions, subject: &str, count: Option<u64>) -> Result<()> {
    let bus = nats.connect().await?;
    let mut messages = bus.subscribe(subject).await?;
    let mut left = count.unwrap_or(u64::MAX);
    while left > 0 {
        let message = tokio::select! {
            message = messages.next() => message,
            signal = tokio::signal::ctrl_c() => {
                signal?;
                break;
            }
        };
        let Some(message) = message else { break };
        let payload = decode::of_subject(&message.subject, &message.payload);
        println!(
            "{}",
            json!({ "subject": &message.subject[..], "message": payload })
        );
        left -= 1;
    }
    Ok(())
}
