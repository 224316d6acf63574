//! Messages that did not get into the database: the part of the bucket `quarantine` that
//! belongs to persistence.

mod listing;

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result, bail};
use bus::{Bucket, Bus, store};
use clap::{Args, Subcommand};
use protocol::Revision;
use protocol::persist::RecordStream;
use protocol::quarantine::{Origin, Quarantined, RECORD_PREFIX};
use protocol::version::{self, QUARANTINE};

use crate::nats_options::NatsOptions;
use listing::{Line, details, table};

/// The commands about messages that were set aside.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum PersistCommand {
    /// List the messages that were set aside, the oldest first
    Failed {
        /// As one JSON array
        #[arg(long)]
        json: bool,
    },
    /// Print a message and the reason why it was set aside
    Show {
        /// The message: a key as `racectl persist failed` lists it
        key: String,
    },
    /// Send messages to the database again
    Retry(Keys),
    /// Delete messages for good
    Drop(Keys),
}

/// Which messages.
#[derive(Args, Clone, Debug, PartialEq, Eq)]
#[group(required = true, multiple = false)]
pub struct Keys {
    /// The messages: keys as `racectl persist failed` lists them
    #[arg(value_name = "KEY")]
    keys: Vec<String>,
    /// All messages that were set aside
    #[arg(long)]
    all: bool,
}

/// Runs a command.
///
/// # Errors
/// When NATS or the bucket cannot be reached, or there is no such message.
pub async fn run(nats: &NatsOptions, command: &PersistCommand) -> Result<()> {
    let bus = nats.connect().await?;
    let outcome = Quarantine::open(&bus).await;
    let outcome = match outcome {
        Ok(quarantine) => quarantine.run(command).await,
        Err(error) => Err(error),
    };
    bus.drain().await;
    outcome
}

struct Quarantine<'a> {
    bus: &'a Bus,
    bucket: Bucket,
}

impl<'a> Quarantine<'a> {
    async fn open(bus: &'a Bus) -> Result<Self> {
        let bucket = bus.existing_bucket(&store::QUARANTINE).await.context(
            "there is no bucket `quarantine` on this NATS server: has persistence been started?",
        )?;
        Ok(Self { bus, bucket })
    }

    async fn run(&self, command: &PersistCommand) -> Result<()> {
        match command {
            PersistCommand::Failed { json } => self.list(*json).await,
            PersistCommand::Show { key } => {
                let (message, _revision) = self.message(key).await?;
                print!("{}", details(key, &message));
                Ok(())
            }
            PersistCommand::Retry(keys) => {
                let each = self.keys(keys).await?;
                let count = each.len();
                for (done, key) in each.iter().enumerate() {
                    self.retry(key)
                        .await
                        .with_context(|| format!("sent {done} of {count} messages again"))?;
                    println!("sent {key} again");
                }
                Ok(())
            }
            PersistCommand::Drop(keys) => {
                let each = self.keys(keys).await?;
                let count = each.len();
                for (done, key) in each.iter().enumerate() {
                    self.delete(key)
                        .await
                        .with_context(|| format!("deleted {done} of {count} messages"))?;
                    println!("deleted {key}");
                }
                Ok(())
            }
        }
    }

    async fn list(&self, json: bool) -> Result<()> {
        let mut lines = Vec::new();
        for key in self.all().await? {
            // It may be retried between listing and reading.
            let Some((bytes, _)) = self.bucket.get(&key).await? else {
                continue;
            };
            match version::from_json::<Quarantined>(&QUARANTINE, &bytes) {
                Ok(message) => lines.push(Line::new(key, &message)),
                Err(error) => eprintln!("{key} is left out: {error}"),
            }
        }
        lines.sort();
        if json {
            let lines: Vec<_> = lines.iter().map(Line::json).collect();
            println!("{}", serde_json::to_string(&lines)?);
        } else {
            print!("{}", table(&lines));
        }
        Ok(())
    }

    async fn all(&self) -> Result<Vec<String>> {
        let mut keys = self.bucket.keys().await?;
        keys.retain(|key| key.starts_with(RECORD_PREFIX));
        keys.sort();
        Ok(keys)
    }

    async fn keys(&self, keys: &Keys) -> Result<Vec<String>> {
        if keys.all {
            return self.all().await;
        }
        // All or none: a mistake in one of them should not go unnoticed among the rest.
        for key in &keys.keys {
            self.message(key).await?;
        }
        Ok(keys.keys.clone())
    }

    async fn message(&self, key: &str) -> Result<(Quarantined, Revision)> {
        let unknown =
            || format!("there is no message {key}: `racectl persist failed` lists the keys");
        if !is_key(key) {
            bail!(unknown());
        }
        let found = self.bucket.get(key).await?;
        let (bytes, revision) = found.with_context(unknown)?;
        let message = version::from_json(&QUARANTINE, &bytes)
            .with_context(|| format!("{key} cannot be read"))?;
        Ok((message, revision))
    }

    /// Publishes the message before its copy is deleted: at worst it is there twice.
    async fn retry(&self, key: &str) -> Result<()> {
        let (message, revision) = self.message(key).await?;
        let Origin::Record { subject, .. } = &message.origin else {
            bail!("{key} is no message for the database");
        };
        let stream = RecordStream::of_subject(subject)
            .with_context(|| format!("no stream takes {subject}"))?;
        // The stream remembers the id of the first attempt.
        let id = format!("retry:{key}:{}", unix_nanos());
        self.bus
            .append(store::store_of(stream), subject, &id, message.payload.0)
            .await
            .with_context(|| format!("cannot send {key} again on {subject}"))?;
        self.bucket
            .delete(key, revision)
            .await
            .with_context(|| format!("{key} has been sent again, but is still set aside"))
    }

    async fn delete(&self, key: &str) -> Result<()> {
        let (_message, revision) = self.message(key).await?;
        let deleted = self.bucket.delete(key, revision).await;
        deleted.with_context(|| format!("cannot delete {key}"))
    }
}

/// Whether NATS takes the text as a key, and the key is one of persistence.
fn is_key(text: &str) -> bool {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
    text.starts_with(RECORD_PREFIX) && text.chars().all(is_plain) && !text.ends_with('.')
}

fn unix_nanos() -> u128 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_nanos()
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::options::{Command, Options};

    fn parse(arguments: &[&str]) -> Result<PersistCommand, String> {
        let line = [&["racectl", "persist"], arguments].concat();
        match Options::try_parse_from(line) {
            Ok(Options {
                command: Command::Persist(command),
                ..
            }) => Ok(command),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn takes_keys_or_all_but_not_nothing() {
        let keys = |keys: &[&str], all| Keys {
            keys: keys.iter().map(|&key| key.to_owned()).collect(),
            all,
        };
        assert_eq!(
            parse(&["retry", "record.results.1", "record.results.2"]),
            Ok(PersistCommand::Retry(keys(
                &["record.results.1", "record.results.2"],
                false
            )))
        );
        assert_eq!(
            parse(&["drop", "--all"]),
            Ok(PersistCommand::Drop(keys(&[], true)))
        );
        for bad in [
            &["drop"][..],
            &["retry", "--all", "record.results.1"],
            &["show"],
        ] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn asks_nats_for_no_key_that_it_would_refuse() {
        assert!(is_key("record.results.17"));
        for bad in [
            "",
            "checkpoint.duel.3",
            "record.results.",
            "record.*",
            "record.a b",
        ] {
            assert!(!is_key(bad), "{bad:?}");
        }
    }
}
