//! The last write of each key of a bucket that matches a pattern, deletions and
//! expiries included, with one request and without a consumer. The client library has
//! no call for it.

use async_nats::header::{NATS_SEQUENCE, NATS_SUBJECT};
use async_nats::{Message, StatusCode};
use futures::StreamExt;
use serde::Serialize;

use crate::bucket::{Bucket, is_put, unknown};
use crate::connection::REQUEST_TIMEOUT;
use crate::error::CasError;
use crate::follow::Change;

/// Where the server takes requests for messages of a stream by subject.
const DIRECT_GET: &str = "$JS.API.DIRECT.GET";
/// The status of the answer after the last message.
const END_OF_BATCH: u16 = 204;

/// The request for the last message of each subject.
#[derive(Serialize)]
struct LastOfEach {
    multi_last: [String; 1],
}

impl Bucket {
    /// The last write of each key that matches `keys`, of which the server remembers
    /// one: a deletion for as long as a value, an expiry for a minute.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn last_writes(&self, keys: &str) -> Result<Vec<Change>, CasError> {
        let request = LastOfEach {
            multi_last: [format!("{}{keys}", self.store.prefix)],
        };
        let subject = format!("{DIRECT_GET}.{}", self.store.stream_name);
        let read = async {
            let mut answers = self
                .bus
                .ask_all(subject, crate::connection::to_json(&request))
                .await?
                .0;
            let mut changes = Vec::new();
            while let Some(answer) = answers.next().await {
                let Some(status) = answer.status else {
                    changes.extend(self.change(&answer));
                    continue;
                };
                if status.as_u16() == END_OF_BATCH || status == StatusCode::NOT_FOUND {
                    return Ok(changes);
                }
                let reason = answer.description.unwrap_or_default();
                return Err(format!("status {status}: {reason}").into());
            }
            Err("the connection ended".into())
        };
        let read = tokio::time::timeout(REQUEST_TIMEOUT, read).await;
        let read: Result<_, async_nats::Error> = read.unwrap_or_else(|elapsed| Err(elapsed.into()));
        read.map_err(|error| unknown(keys, error))
    }

    fn change(&self, message: &Message) -> Option<Change> {
        let headers = message.headers.as_ref()?;
        let key = headers.get(NATS_SUBJECT)?.as_str();
        Some(Change {
            key: key.strip_prefix(&self.store.prefix)?.to_owned(),
            value: is_put(Some(headers)).then(|| message.payload.clone()),
            revision: headers.get(NATS_SEQUENCE)?.as_str().parse().ok()?,
        })
    }
}
