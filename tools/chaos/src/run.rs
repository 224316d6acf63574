//! One run from end to end.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep_until};

use crate::leftovers;
use crate::load::Load;
use crate::options::Options;
use crate::plan::{Fault, plan};
use crate::report::{Done, Report, Verdict};
use crate::results;
use crate::targets::Targets;

/// How long after the last fault everything is to be as if there had been none.
const HEALED_AFTER: Duration = Duration::from_secs(10);

/// Starts servers and bots, injects the faults and reports. Returns whether nothing was
/// lost, doubled or left behind.
pub(crate) async fn run(options: &Options) -> Result<bool> {
    let seed = options.seed.unwrap_or_else(rand::random);
    let length = Duration::from_secs(options.seconds);
    let faults = plan(
        seed,
        length,
        Duration::from_secs(options.every),
        &options.fault_kinds(),
    );
    eprintln!("seed {seed}: {} faults in {length:?}", faults.len());
    let mut targets = Targets::start(options).await?;
    let mut load = Load::start(options, &targets.fleet)?;
    let bots = u64::from(options.rooms) * u64::from(options.seats);
    eprintln!("servers are up; waiting for {bots} bots to race");
    let begun = load.begun().await?;
    let begun_at = Instant::now();
    let mut done = Vec::new();
    for fault in &faults {
        // Faults do not overlap, so that the report can separate them.
        sleep_until(begun_at + fault.at).await;
        done.push(inject(&mut targets, fault, begun.begun_unix_ms).await?);
    }
    tokio::time::sleep(HEALED_AFTER).await;
    eprintln!("looking whether all is well");
    let mut verdict = Verdict {
        unready: targets.fleet.unready().await,
        leftovers: leftovers::among_bots(&targets.fleet).await?,
    };
    eprintln!("waiting for the races to end");
    sleep_until(begun_at + length).await;
    let end_unix_ms = unix_ms();
    let (bots, samples) = load.ended().await?;
    eprintln!("checking the results, and what remains of the bots");
    verdict
        .leftovers
        .extend(leftovers::after_bots(&targets.fleet).await?);
    let results = results::check(&targets.fleet, &bots).await?;
    targets.stop().await;
    let report = Report::new(seed, end_unix_ms, done, &samples, results, verdict, bots);
    if let Some(path) = &options.report {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(path, json)
            .with_context(|| format!("--report '{}' cannot be written", path.display()))?;
    }
    println!("{}", report.text());
    Ok(report.is_correct())
}

async fn inject(targets: &mut Targets, fault: &Fault, begun_unix_ms: u64) -> Result<Done> {
    let affected = targets.affected(fault).await?;
    let instance = targets.instance(fault)?;
    let at_unix_ms = unix_ms();
    targets.inject(fault).await?;
    let seconds = at_unix_ms.saturating_sub(begun_unix_ms) as f64 / 1_000.0;
    eprintln!("{seconds:7.1} s  {} {instance}", fault.kind);
    tokio::time::sleep(fault.away).await;
    targets.recover(fault).await?;
    let program = fault.kind.program();
    Ok(Done {
        program: program
            .map_or("database", |program| program.name())
            .to_owned(),
        kind: fault.kind.name().to_owned(),
        instance,
        at_unix_ms,
        at_seconds: seconds,
        back_after_ms: unix_ms().saturating_sub(at_unix_ms),
        affected,
    })
}

fn unix_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
