//! One run from end to end.

use std::time::Duration;

use anyhow::{Context, Result};
use client_core::Security;
use client_core::security::CaFile;
use fleet::{Fleet, RunDir};
use tokio::time::{Instant, sleep, sleep_until};

use crate::attackers::Attackers;
use crate::gateway::{self, Counts, MemoryWatch};
use crate::intervals;
use crate::log_ins::LogIns;
use crate::options::{Flood, MeasureOptions};
use crate::players::Players;
use crate::report;
use crate::talk::Talk;
use crate::time::{Window, unix_ms};
use crate::verdict::{Measured, Others};

/// Between the log-in of the attackers and the measurement: their password hashes are no
/// part of it.
const SETTLE_TIME: Duration = Duration::from_secs(2);
/// Until the bots have written what they saw.
const WRITE_TIME: Duration = Duration::from_secs(1);
/// Bytes of a KiB.
const KIB: f64 = 1_024.0;

/// The servers and those who use them.
struct Scene<'a> {
    options: &'a MeasureOptions,
    players: Players,
    log_ins: LogIns,
    talk: Talk,
    /// The process id of the gateway.
    gateway: u32,
    // Dropped last: the others use it.
    fleet: Fleet,
}

/// A part of the run, as it was when it ended.
struct Part {
    window: Window,
    /// Processor time of the gateway meanwhile, cores.
    gateway_cores: f64,
}

/// Starts servers and bots, floods the gateway and reports. Returns whether no bound was
/// exceeded.
pub(crate) async fn run(options: &MeasureOptions) -> Result<bool> {
    let mut scene = Scene::start(options).await?;
    let mut all = Vec::new();
    for flood in options.floods() {
        let (kind, addresses, attackers) = (flood.kind.name(), flood.addresses, flood.attackers);
        eprintln!("{kind}: {attackers} attackers from {addresses} addresses");
        let measured = scene.measure(flood).await;
        let measured = measured.with_context(|| format!("{kind} from {addresses}"))?;
        for what in measured.exceeded() {
            eprintln!("! {what}");
        }
        all.push(measured);
        // A later flood that fails must not lose what has been measured.
        write(options, &all)?;
    }
    scene.stop().await;
    println!("{}", report::text(&all));
    Ok(report::is_well(&all))
}

fn write(options: &MeasureOptions, all: &[Measured]) -> Result<()> {
    let Some(path) = &options.json else {
        return Ok(());
    };
    let json = serde_json::to_vec_pretty(&report::json(all))?;
    std::fs::write(path, json)
        .with_context(|| format!("--json '{}' cannot be written", path.display()))
}

impl<'a> Scene<'a> {
    async fn start(options: &'a MeasureOptions) -> Result<Self> {
        let run_dir = RunDir::new(&options.folder);
        let fleet = Fleet::start(options.programs(), run_dir, options.plan()).await?;
        let security = match options.tls {
            true => Security::with_ca(&CaFile::read(&fleet.run_dir().ca())?),
            false => Security::Plain,
        };
        let gateway = gateway::gateway(&fleet)?;
        let (race, chat) = (gateway.address("race")?, gateway.address("chat")?);
        let gateway = gateway.id()?;
        let mut players = Players::start(options, &fleet)?;
        let bots = u32::from(options.rooms) * u32::from(options.seats);
        eprintln!("servers are up; waiting for {bots} bots to race");
        players.begun().await?;
        Ok(Self {
            options,
            players,
            log_ins: LogIns::start(race, &security).await?,
            talk: Talk::start(chat, &security).await?,
            gateway,
            fleet,
        })
    }

    async fn stop(self) {
        let Self {
            players,
            log_ins,
            talk,
            fleet,
            ..
        } = self;
        drop((players, log_ins, talk));
        fleet.stop().await;
    }

    /// Measures before and during a flood.
    async fn measure(&mut self, flood: Flood) -> Result<Measured> {
        // What idle clients cost is a difference to a gateway without them.
        let without = match flood.kind.is_measured_from_before() {
            true => Some(self.part(self.options.seconds).await),
            false => None,
        };
        let memory_before = gateway::resident_bytes(self.gateway).context("the gateway lives")?;
        let (victims, rooms) = (LogIns::names(), self.players.rooms());
        let mut attackers = Attackers::start(self.options, &self.fleet, flood, &victims, &rooms)?;
        attackers.ready().await?;
        sleep(SETTLE_TIME).await;
        let before = match without {
            Some(part) => part,
            None => self.part(self.options.seconds).await,
        };
        let counts = Counts::read(&self.fleet).await?;
        let memory = MemoryWatch::start(self.gateway);
        attackers.begin().await?;
        let during = self.part(flood.seconds).await;
        let attack = attackers.ended().await?;
        let memory_max = memory.largest().await;
        drop(attackers);
        let recovered = self.log_ins.recovered().await;
        sleep(WRITE_TIME).await;
        let gateway = Counts::read(&self.fleet).await?.since(&counts);
        let lines = self.players.intervals()?;
        let p99 = |window| intervals::seen(&lines, window).intervals.p99_ms;
        let [first, second] = before.window.halves().map(p99);
        let others = |part: &Part| Others {
            snapshots: intervals::seen(&lines, part.window),
            log_ins: self.log_ins.seen(part.window),
            chat: self.talk.seen(part.window),
            gateway_cores: part.gateway_cores,
        };
        Ok(Measured {
            flood,
            before: others(&before),
            during: others(&during),
            noise_ms: (first - second).abs(),
            memory_before_kib: memory_before as f64 / KIB,
            memory_max_kib: memory_max as f64 / KIB,
            attackers_cores: attack.processor_ms as f64 / 1_000.0 / flood.seconds.max(1) as f64,
            gateway,
            attack,
            recovered_after_s: recovered.map(|after| after.as_secs_f64()),
            bots_ended: self.players.ended()?,
        })
    }

    /// Waits for a part of the run to end.
    async fn part(&self, seconds: u64) -> Part {
        let used = || gateway::processor_seconds(self.gateway).unwrap_or(0.0);
        let (begun, from_unix_ms, before) = (Instant::now(), unix_ms(), used());
        sleep_until(begun + Duration::from_secs(seconds)).await;
        let after = used();
        let window = Window {
            from_unix_ms,
            to_unix_ms: unix_ms(),
        };
        Part {
            window,
            gateway_cores: (after - before) / window.seconds(),
        }
    }
}
