//! One run from end to end.

use std::collections::BTreeSet;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use tokio::time::{Instant, sleep_until};

use crate::fault::FaultKind;
use crate::load::Load;
use crate::options::Options;
use crate::plan::{Fault, plan};
use crate::report::{Affected, Done, Report};
use crate::results;
use fleet::{Fleet, Program, RunDir};

/// Starts servers and bots, injects the faults and reports.
pub(crate) async fn run(options: &Options) -> Result<()> {
    let seed = options.seed.unwrap_or_else(rand::random);
    let length = Duration::from_secs(options.seconds);
    let faults = plan(
        seed,
        length,
        Duration::from_secs(options.every),
        &options.fault_kinds(),
    );
    eprintln!("seed {seed}: {} faults in {length:?}", faults.len());
    let run_dir = RunDir::new(&options.folder);
    let mut fleet = Fleet::start(options.programs(), run_dir, options.fleet()).await?;
    let mut load = Load::start(options, &fleet)?;
    let bots = u64::from(options.rooms) * u64::from(options.seats);
    eprintln!("servers are up; waiting for {bots} bots to race");
    let begun = load.begun().await?;
    let begun_at = Instant::now();
    let mut done = Vec::new();
    for fault in &faults {
        // Faults do not overlap, so that the report can separate them.
        sleep_until(begun_at + fault.at).await;
        done.push(inject(&mut fleet, fault, begun.begun_unix_ms).await?);
    }
    eprintln!("waiting for the races to end");
    let end = begun_at + length;
    sleep_until(end).await;
    let end_unix_ms = unix_ms();
    let (bots, samples) = load.ended().await?;
    eprintln!("checking the results");
    let results = results::check(&fleet, &bots).await?;
    fleet.stop().await;
    let report = Report::new(seed, end_unix_ms, done, &samples, results, bots);
    if let Some(path) = &options.report {
        let json = serde_json::to_vec_pretty(&report)?;
        std::fs::write(path, json)
            .with_context(|| format!("--report '{}' cannot be written", path.display()))?;
    }
    println!("{}", report.text());
    Ok(())
}

async fn inject(fleet: &mut Fleet, fault: &Fault, begun_unix_ms: u64) -> Result<Done> {
    let instances = fleet.servers(fault.program);
    let victim = fault.victim.checked_rem(instances.len());
    let victim = victim.with_context(|| format!("there is no {}", fault.program.name()))?;
    let process = &instances[victim];
    let affected = match fault.program {
        Program::RaceWorker => {
            // While NATS or the lobby recovers, the rooms are not known.
            let rooms = fleet.rooms_of(process).await;
            rooms.map_or(Affected::All, |rooms| {
                Affected::Rooms(rooms.into_iter().collect::<BTreeSet<_>>())
            })
        }
        // The clients of a stopped gateway keep their connections.
        Program::Gateway if fault.kind == FaultKind::Kill => Affected::Disconnected,
        Program::Gateway | Program::NatsServer | Program::ChatWorker | Program::Persistence => {
            Affected::All
        }
    };
    let at_unix_ms = unix_ms();
    fault.kind.inject(process)?;
    let name = process.name().to_owned();
    let seconds = at_unix_ms.saturating_sub(begun_unix_ms) as f64 / 1_000.0;
    eprintln!("{seconds:7.1} s  {} {name}", fault.kind.name());
    tokio::time::sleep(fault.away).await;
    let process = &mut fleet.servers_mut(fault.program)[victim];
    fault.kind.recover(process).await?;
    Ok(Done {
        program: fault.program.name().to_owned(),
        kind: fault.kind.name().to_owned(),
        instance: name,
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
