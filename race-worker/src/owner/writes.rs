//! The writes of a room's chain, and who waits for them.

use std::time::{Duration, Instant};

use bus::{Bucket, CasError, Revision};
use futures::FutureExt;
use futures::future::BoxFuture;
use protocol::checkpoint::Checkpoint;
use protocol::room::Heartbeat;
use protocol::subject;

use super::Owner;
use crate::chain::{Action, Ownership, Pace, ReadBack};
use crate::metrics;

/// What came of an [`Action`].
pub(super) enum Answer {
    Written(Result<Revision, CasError>),
    Read(Result<Option<ReadBack>, CasError>),
}

impl Owner {
    /// Begins what the chain wants done, if anything.
    pub(super) fn write_if_due(&mut self) {
        if let Some(action) = self.chain.poll(self.pace(), Instant::now()) {
            self.writing = Some(self.begin(action));
        }
    }

    fn begin(&self, action: Action) -> BoxFuture<'static, Answer> {
        let bucket = self.worker.checkpoints.clone();
        let key = subject::room_key(&self.id).to_owned();
        match action {
            Action::Write(revision) => {
                let value = self.room.checkpoint().encode();
                async move { Answer::Written(bucket.update(&key, value, revision).await) }.boxed()
            }
            Action::ReadBack => async move { Answer::Read(read_back(&bucket, &key).await) }.boxed(),
        }
    }

    pub(super) fn answered(&mut self, answer: &Answer) -> Ownership {
        self.writing = None;
        let now = Instant::now();
        match answer {
            Answer::Written(Ok(revision)) => {
                metrics::checkpoint_age(self.chain.age(now));
                metrics::checkpoint(self.chain.written(*revision, now));
                self.confirmed();
                Ownership::Ours
            }
            Answer::Written(Err(CasError::Conflict { .. })) => match self.chain.conflicted(now) {
                Some(action) => {
                    self.writing = Some(self.begin(action));
                    Ownership::Ours
                }
                None => Ownership::Lost,
            },
            Answer::Read(Ok(found)) => self.chain.read_back(*found, now),
            Answer::Written(Err(CasError::Unknown { .. })) | Answer::Read(Err(_)) => {
                metrics::checkpoint_unknown();
                let action = self.chain.unanswered(now);
                self.writing = Some(self.begin(action));
                Ownership::Ours
            }
        }
    }

    /// Writes until the present state is in the checkpoint.
    pub(super) async fn settle(&mut self) -> Ownership {
        self.chain.hurry();
        loop {
            if let Some(writing) = self.writing.take() {
                if self.answered(&writing.await) == Ownership::Lost {
                    return Ownership::Lost;
                }
            } else if self.chain.is_settled() {
                return Ownership::Ours;
            } else {
                self.write_if_due();
            }
        }
    }

    /// A checkpoint is written: whatever it holds may be told now.
    fn confirmed(&mut self) {
        self.clerk.hold_until(self.chain.fenced_at(self.pace()));
        let chain = &self.chain;
        let replies = self
            .replies
            .extract_if(.., |(write, _, _)| chain.is_confirmed(*write));
        for (_, inbox, reply) in replies {
            self.worker.bus.publish_json(inbox, &reply);
        }
        if self.pace() == Pace::Idle {
            let heartbeat = Heartbeat {
                race: self.room.identity().race,
                owner: self.worker.id,
                epoch: self.chain.epoch(),
            };
            let subject = subject::room_heartbeat(&self.id);
            if !self.worker.bus.publish_json(subject, &heartbeat) {
                metrics::unsent("heartbeat");
            }
        }
    }
}

async fn read_back(bucket: &Bucket, key: &str) -> Result<Option<ReadBack>, CasError> {
    /// An answer that fails at once must not make this a busy loop.
    const PAUSE: Duration = Duration::from_millis(20);
    let found = match bucket.get(key).await {
        Ok(found) => found,
        Err(error) => {
            tokio::time::sleep(PAUSE).await;
            return Err(error);
        }
    };
    Ok(found.and_then(|(value, revision)| {
        let Checkpoint { owner, epoch, .. } = Checkpoint::decode(&value).ok()?;
        Some(ReadBack {
            owner,
            epoch,
            revision,
        })
    }))
}
