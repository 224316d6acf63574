//! One run from end to end.

use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use fleet::{Fleet, RunDir};
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

/// Servers that have just started, or been left, still have something to do.
const SETTLE: Duration = Duration::from_secs(2);

/// Starts, measures, tells.
pub(crate) async fn run(options: &RunOptions) -> Result<()> {
    let begun = Instant::now();
    // Who cannot be told at the end shall know it now.
    let json = options.json.as_deref().map(create).transpose()?;
    if let Some(folder) = &options.docs {
        page::expect_writable(folder)?;
    }
    let colyseus = options.colyseus.as_deref();
    let lengths = Lengths::new(options.quick);
    let run_dir = RunDir::new(&options.folder);
    let fleet = Fleet::start(options.programs(), run_dir, options.fleet()).await?;
    let tools = Tools {
        programs: options.programs(),
        fleet: &fleet,
        lengths,
    };
    let mut report = Report {
        command: options.command(),
        commit: options.commit.clone(),
        nats: version(&options.nats_server).await?,
        ..Report::new(Machine::this(), options.quick)
    };
    for scenario in in_order(&options.scenarios) {
        let seconds = begun.elapsed().as_secs();
        eprintln!("{seconds:4} s  {scenario}");
        tokio::time::sleep(SETTLE).await;
        if let Err(why) = measure(scenario, &tools, colyseus, &mut report).await {
            eprintln!("{scenario} could not be measured: {why:#}");
            let failed = (scenario.to_string(), format!("{why:#}"));
            report.failed.push(failed);
        }
    }
    if let Some(race) = largest(&report.races) {
        eprintln!("{:4} s  raw NATS", begun.elapsed().as_secs());
        tokio::time::sleep(SETTLE).await;
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
    println!("{}", report.table());
    if let Some(json) = json {
        serde_json::to_writer_pretty(json, &report).context("--json cannot be written")?;
    }
    if let Some((scenario, why)) = report.failed.first() {
        bail!("{scenario} could not be measured: {why}");
    }
    if let Some(folder) = &options.docs {
        page::write(folder, &report)?;
    }
    Ok(())
}

/// What a nats-server calls itself.
async fn version(nats_server: &Path) -> Result<String> {
    let told = Command::new(nats_server).arg("--version").output().await;
    let told = told.with_context(|| format!("cannot start '{}'", nats_server.display()))?;
    Ok(String::from_utf8_lossy(&told.stdout)
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
                // Without it, the race is measured nevertheless.
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

/// The largest that was not too much for the machine; otherwise the largest. What a
/// message costs at best says nothing about servers that wait for a processor.
fn largest(races: &[Race]) -> Option<&Race> {
    races
        .iter()
        .max_by_key(|race| (race.bottleneck.is_none(), race.bots))
}

/// Nobody there comes first: after others there is more to keep.
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
    // A thread that has ended takes with it what it used.
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
    nats::measure(fleet.nats_url(), pid, race.name(), race.traffic(), length).await
}
