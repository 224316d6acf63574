//! Many rooms full of bots in one process, and what they measure.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use client_core::netcode::Corrections;
use client_core::protocol::RoomName;
use client_core::protocol::limits::LAPS_MAX;
use client_core::protocol::lobby::RoomSettings;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::driver::{Driver, Outcome, View};
use crate::options::LoadOptions;

/// Between the first bots of two rooms. Signing up costs the server a password
/// hash each: it is not what is measured.
const RAMP_INTERVAL: Duration = Duration::from_millis(250);
/// Longest wait until everybody races.
const RAMP_MAX: Duration = Duration::from_secs(600);
/// Between the start of the last race and the measurement.
const WARM_UP: Duration = Duration::from_secs(5);
/// Between two looks at who races.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// A unit of `/proc/<pid>/stat` on every Linux there is.
const CLOCK_TICKS_PER_SECOND: f64 = 100.0;

/// What all bots together have seen.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    frames: u64,
    snapshots: u64,
    corrections: Corrections,
}

impl Sum {
    fn of(views: &[watch::Receiver<View>]) -> Self {
        views.iter().fold(Self::default(), |mut sum, view| {
            let view = view.borrow();
            sum.frames += view.frames;
            sum.snapshots += view.counters.applied;
            sum.corrections.merge(&view.corrections);
            sum
        })
    }
}

/// Fills rooms with bots, lets them race for a while and tells what they saw.
///
/// # Errors
/// When a bot fails or not everybody gets to race.
pub async fn run(options: &LoadOptions) -> Result<()> {
    let mut bots = JoinSet::new();
    let views = ramp_up(options, &mut bots).await?;
    eprintln!("{} bots race in {} rooms", views.len(), options.rooms);
    rest(&mut bots, WARM_UP).await?;
    let (begun, before, cpu) = (Instant::now(), Sum::of(&views), cpu_seconds());
    rest(&mut bots, Duration::from_secs(options.seconds)).await?;
    let (seconds, after) = (begun.elapsed().as_secs_f64(), Sum::of(&views));
    let cores = cpu
        .zip(cpu_seconds())
        .map(|(from, to)| (to - from) / seconds);
    tell(options, views.len(), seconds, &before, &after, cores);
    Ok(())
}

async fn ramp_up(
    options: &LoadOptions,
    bots: &mut JoinSet<Result<Outcome>>,
) -> Result<Vec<watch::Receiver<View>>> {
    let begun = Instant::now();
    let mut views = Vec::new();
    for room in 0..options.rooms {
        for seat in 0..options.seats {
            let (view, watching) = watch::channel(View::default());
            views.push(watching);
            let seed = u64::from(room) * 100 + u64::from(seat);
            bots.spawn(driver(options, room, seat)?.race(seed, view));
        }
        rest(bots, RAMP_INTERVAL).await?;
    }
    loop {
        let racing = views.iter().filter(|view| view.borrow().is_racing).count();
        if racing == views.len() {
            return Ok(views);
        }
        if begun.elapsed() > RAMP_MAX {
            bail!("only {racing} of {} bots got to race", views.len());
        }
        eprint!("\r{racing} of {} bots race ", views.len());
        rest(bots, LOOK_INTERVAL).await?;
    }
}

fn driver(options: &LoadOptions, room: u16, seat: u8) -> Result<Driver> {
    let name: RoomName = format!("{}{room}", options.prefix)
        .parse()
        .context("the prefix makes no name of a room")?;
    let gateways = &options.gateways;
    let gateway = &gateways[usize::from(room) % gateways.len()];
    let settings = RoomSettings {
        seats: options.seats,
        laps: LAPS_MAX,
        track: options.track.clone().unwrap_or_default(),
        ..RoomSettings::default()
    };
    Ok(Driver {
        gateway: gateway.clone(),
        name: format!("{}{room}-{seat}", options.prefix),
        skill: options.skill.of(seat.into()),
        class: options.class.of(seat.into()),
        room: name,
        create: (seat == 0).then_some(settings),
        fill: None,
    })
}

/// Lets time pass, as long as no bot fails.
async fn rest(bots: &mut JoinSet<Result<Outcome>>, time: Duration) -> Result<()> {
    tokio::select! {
        () = tokio::time::sleep(time) => Ok(()),
        Some(ended) = bots.join_next() => match ended.context("a bot failed")? {
            Ok(_) => bail!("a race was over too soon: take fewer seconds or a longer track"),
            Err(problem) => Err(problem),
        },
        signal = tokio::signal::ctrl_c() => {
            signal?;
            bail!("interrupted");
        }
    }
}

fn tell(
    options: &LoadOptions,
    bots: usize,
    seconds: f64,
    before: &Sum,
    after: &Sum,
    cores: Option<f64>,
) {
    let a_bot = |from: u64, to: u64| (to - from) as f64 / seconds / bots as f64;
    let (frames, snapshots) = (
        a_bot(before.frames, after.frames),
        a_bot(before.snapshots, after.snapshots),
    );
    let corrections = &after.corrections;
    let (all, corrected) = (
        corrections.percentile_m(0.99),
        corrections.corrected_percentile_m(0.99),
    );
    if options.json {
        let line = json!({
            "rooms": options.rooms,
            "bots": bots,
            "seconds": seconds,
            "frames_per_second": frames,
            "snapshots_per_second": snapshots,
            "corrected": corrections.corrected(),
            "correction_p99_m": all,
            "corrected_p99_m": corrected,
            "cores": cores,
        });
        println!("{line}");
        return;
    }
    println!("{bots} bots in {} rooms for {seconds:.0} s", options.rooms);
    println!("frames a second and bot      {frames:8.1}");
    println!("snapshots a second and bot   {snapshots:8.1}");
    println!("snapshots that corrected     {:8}", corrections.corrected());
    println!("correction, p99 of all       {all:8.3} m");
    println!("correction, p99 of corrected {corrected:8.3} m");
    if let Some(cores) = cores {
        println!("processor of this process    {cores:8.2} cores");
    }
}

/// Processor time of this process so far; `None` where there is no `/proc`.
fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name before it may contain anything but a parenthesis after the last.
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / CLOCK_TICKS_PER_SECOND)
}
