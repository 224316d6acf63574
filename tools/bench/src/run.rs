//! One run from end to end.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use client_core::Security;
use client_core::security::CaFile;
use fleet::{Fleet, RunDir};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use tokio::process::Command;

use crate::baseline::{self, Load};
use crate::floor::nats::{self, NatsFloor};
use crate::floor::tcp;
use crate::machine::{self, Machine};
use crate::options::RunOptions;
use crate::page;
use crate::processor;
use crate::report::{Idle, Race, Report};
use crate::scenario::{Lengths, Scenario};
use crate::tools::Tools;

/// Pause before each scenario: servers that have just started, or have just lost
/// their clients, are still busy.
const PAUSE: Duration = Duration::from_secs(2);

/// Starts servers, measures, reports.
pub(crate) async fn run(options: &RunOptions) -> Result<()> {
    let begun = Instant::now();
    // A file that cannot be written fails the run before it begins.
    let json = options.json.as_deref().map(create).transpose()?;
    if let Some(folder) = &options.docs {
        page::expect_writable(folder)?;
    }
    let colyseus = options.colyseus.as_deref();
    let lengths = Lengths::new(options.quick);
    let run_dir = RunDir::new(&options.folder);
    let fleet = Fleet::start(options.programs(), run_dir, options.fleet()).await?;
    let security = match options.tls {
        true => Security::with_ca(&CaFile::read(&fleet.run_dir().ca())?),
        false => Security::Plain,
    };
    let tools = Tools {
        security,
        programs: options.programs(),
        fleet: &fleet,
        lengths,
    };
    let mut report = Report {
        date: date()?,
        command: options.command(),
        is_tls: options.tls,
        commit: options.commit.clone(),
        nats: version(&options.nats_server).await?,
        ..Report::new(Machine::this(), options.quick)
    };
    for scenario in in_order(&options.scenarios) {
        let seconds = begun.elapsed().as_secs();
        eprintln!("{seconds:4} s  {scenario}");
        tokio::time::sleep(PAUSE).await;
        if let Err(why) = measure(scenario, &tools, colyseus, &mut report).await {
            eprintln!("{scenario} could not be measured: {why:#}");
            let failed = (scenario.to_string(), format!("{why:#}"));
            report.failed.push(failed);
        }
    }
    if let Some(race) = largest(&report.races) {
        eprintln!("{:4} s  raw NATS", begun.elapsed().as_secs());
        tokio::time::sleep(PAUSE).await;
        match nats_floor(&fleet, race, lengths.short).await {
            Ok(floor) => report.nats_floor = Some(floor),
            Err(why) => report
                .failed
                .push(("raw NATS".to_owned(), format!("{why:#}"))),
        }
    }
    report.tracks_connections = machine::tracks_connections();
    fleet.stop().await;
    report.seconds = begun.elapsed().as_secs_f64();
    let results = report.results();
    println!("{}", results.table());
    if let Some(json) = json {
        serde_json::to_writer_pretty(json, &report).context("--json cannot be written")?;
    }
    if let Some((scenario, why)) = report.failed.first() {
        bail!("{scenario} could not be measured: {why}");
    }
    if let Some(folder) = &options.docs {
        page::publish(folder, &results)?;
    }
    Ok(())
}

/// The time, to the second.
fn date() -> Result<String> {
    let now = OffsetDateTime::now_utc().replace_nanosecond(0)?;
    Ok(now.format(&Rfc3339)?)
}

/// Name and version of a nats-server.
async fn version(nats_server: &Path) -> Result<String> {
    let output = Command::new(nats_server).arg("--version").output().await;
    let output = output.with_context(|| format!("cannot start '{}'", nats_server.display()))?;
    Ok(String::from_utf8_lossy(&output.stdout)
        .trim()
        .replace(": v", " "))
}

fn create(path: &Path) -> Result<File> {
    File::create(path).with_context(|| format!("--json '{}' cannot be written", path.display()))
}

async fn measure(
    scenario: Scenario,
    tools: &Tools<'_>,
    colyseus: Option<&Path>,
    report: &mut Report,
) -> Result<()> {
    match scenario {
        Scenario::Idle => report.idle = Some(idle(tools.fleet, tools.lengths.short).await?),
        Scenario::Race { rooms, seats } => {
            let mut race = tools.race(rooms, seats).await?;
            let raw = tcp::measure(race.traffic(), tools.lengths.short).await;
            race.tcp_floor = Some(raw.context("raw TCP")?);
            report.races.push(race);
            if let Some(folder) = colyseus {
                eprintln!("        {scenario}, Colyseus");
                let load = Load {
                    rooms,
                    seats,
                    warm_up: tools.lengths.warm_up,
                    length: tools.lengths.window,
                };
                // When it fails, the race has been measured nevertheless.
                let baseline = baseline::measure(folder, load).await.context("Colyseus")?;
                if let Some(race) = report.races.last_mut() {
                    race.baseline = Some(baseline);
                }
            }
        }
        Scenario::Chat => report.chat = Some(tools.chat().await?),
        Scenario::Connect => report.connect = Some(tools.connect().await?),
    }
    Ok(())
}

/// The largest race that the machine could serve, or else the largest: what a
/// message costs at best says nothing about servers that wait for a processor.
fn largest(races: &[Race]) -> Option<&Race> {
    races
        .iter()
        .max_by_key(|race| (race.bottleneck.is_none(), race.bots))
}

/// Idle servers are measured first: after other scenarios they keep more.
fn in_order(scenarios: &[Scenario]) -> impl Iterator<Item = Scenario> {
    let idle = scenarios
        .iter()
        .filter(|scenario| **scenario == Scenario::Idle);
    let others = scenarios
        .iter()
        .filter(|scenario| **scenario != Scenario::Idle);
    idle.chain(others).copied()
}

async fn idle(fleet: &Fleet, length: Duration) -> Result<Idle> {
    let pids = fleet.pids();
    let used = || -> Option<Vec<Duration>> {
        let pid = |named: &String| processor::used(named.split_once('=')?.1);
        pids.iter().map(pid).collect()
    };
    let (before, begun) = (used().context("a server has ended")?, Instant::now());
    tokio::time::sleep(length).await;
    let (after, seconds) = (
        used().context("a server has ended")?,
        begun.elapsed().as_secs_f64(),
    );
    let cores = after.iter().zip(&before);
    // The processor time of a thread that has ended is not counted.
    let cores = cores.map(|(after, before)| after.saturating_sub(*before).as_secs_f64() / seconds);
    let names = pids
        .iter()
        .map(|named| named.split('=').next().unwrap_or_default());
    let by_process: Vec<(String, f64)> = names.map(str::to_owned).zip(cores).collect();
    Ok(Idle {
        cores: by_process.iter().map(|(_, cores)| cores).sum(),
        by_process,
    })
}

async fn nats_floor(fleet: &Fleet, race: &Race, length: Duration) -> Result<NatsFloor> {
    let pids = fleet.pids();
    let pid = pids
        .iter()
        .find_map(|named| named.strip_prefix("nats-server-1="));
    let pid = pid.context("the nats-server has ended")?;
    nats::measure(fleet, pid, race.name(), race.traffic(), length).await
}
