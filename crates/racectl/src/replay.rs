//! Printing and verifying replays.

mod fetch;
mod report;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::Args;
use protocol::RaceId;
use protocol::record::ResultRecord;
use simulation::{Replay, Track};

use self::report::{Report, Verdict};
use crate::nats_options::NatsOptions;

/// Size limit of a file: six hours of noise in every seat are 88 MB.
const FILE_BYTES_MAX: u64 = 128 << 20;

/// Arguments of `racectl replay`.
#[derive(Clone, Debug, Args)]
pub struct ReplayCommand {
    /// The file to read
    #[arg(required_unless_present = "fetch", conflicts_with = "fetch")]
    pub file: Option<PathBuf>,
    /// Fetch this race from the database, over NATS
    #[arg(long, value_name = "RACE")]
    pub fetch: Option<RaceId>,
    /// Write what was fetched to a file
    #[arg(long, value_name = "FILE", conflicts_with = "file")]
    pub save: Option<PathBuf>,
    /// End with status 1 unless the race, driven again, ends as recorded
    ///
    /// With --fetch its result must also be the one that was published.
    #[arg(long)]
    pub verify: bool,
    /// As one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Prints the contents of a replay, with the result of driving the race again.
///
/// # Errors
/// When there is no such replay, it cannot be decoded, or its verification fails.
pub async fn run(nats: &NatsOptions, command: &ReplayCommand) -> Result<()> {
    let (replay, result) = match (&command.fetch, &command.file) {
        (Some(race), _) => fetch::fetch(nats, *race).await?,
        (None, Some(file)) => (read(file)?, None),
        (None, None) => bail!("neither a file nor --fetch RACE"),
    };
    if let Some(file) = &command.save {
        std::fs::write(file, replay.to_bytes())
            .with_context(|| format!("cannot write {}", file.display()))?;
    }
    let report = examine(&replay, result.as_ref())?;
    if command.json {
        println!("{}", report.json());
    } else {
        print!("{}", report.text());
    }
    match &report.verdict {
        Verdict::Refuted(reason) if command.verify => bail!("the replay does not hold: {reason}"),
        Verdict::Refuted(_) | Verdict::Confirmed => Ok(()),
    }
}

fn read(file: &Path) -> Result<Replay> {
    let cannot = || format!("cannot read {}", file.display());
    let mut bytes = Vec::new();
    File::open(file)
        .with_context(cannot)?
        .take(FILE_BYTES_MAX)
        .read_to_end(&mut bytes)
        .with_context(cannot)?;
    Replay::from_bytes(&bytes).with_context(|| format!("{} is not a replay", file.display()))
}

/// Drives the race again.
fn examine<'a>(replay: &'a Replay, published: Option<&'a ResultRecord>) -> Result<Report<'a>> {
    let header = replay.header();
    let track = Track::by_name(&header.track)
        .with_context(|| format!("there is no track {:?}", header.track))?;
    let started = Instant::now();
    let end = replay.play(&track, |_, _| {})?;
    let took = started.elapsed();
    let standings = report::standings(&track, &header.rules, &end);
    let verdict = match (header.check_end(&end), published) {
        (Err(difference), _) => Verdict::Refuted(difference.to_string()),
        (Ok(()), Some(published)) => report::compare(&standings, published),
        (Ok(()), None) => Verdict::Confirmed,
    };
    Ok(Report {
        replay,
        published,
        standings,
        verdict,
        took,
    })
}
