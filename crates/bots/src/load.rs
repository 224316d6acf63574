//! Many rooms full of bots in one process, and what they measure.
//!
//! Each bot has an [`observer`] without I/O; all write to one [`record`] of
//! bounded size, of which [`report`] is told.

mod observer;
mod processes;
mod record;
mod report;
mod samples;
mod spectacles;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use client_core::protocol::RoomName;
use client_core::protocol::lobby::RoomSettings;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::observer::Observer;
use self::processes::{Meter, cpu_seconds};
use self::record::Record;
use self::report::Run;
use self::spectacles::{Progress, Shared, Spectacles};
use crate::driver::Driver;
use crate::options::LoadOptions;

/// Between the first bots of two rooms. Signing up costs the server a password
/// hash each: it is not what is measured.
const RAMP_INTERVAL: Duration = Duration::from_millis(250);
/// Longest wait until everybody has been in a race.
const RAMP_MAX: Duration = Duration::from_secs(600);
/// Between the start of the last race and the measurement.
const WARM_UP: Duration = Duration::from_secs(5);
/// Between two looks at what the bots do.
const LOOK_INTERVAL: Duration = Duration::from_secs(1);
/// When all races that are left have been standing still for this long, none
/// will end.
const STILL_MAX: Duration = Duration::from_secs(15);
/// A bot that failed tries again after this: the servers may be back by then.
const RESTART_DELAY: Duration = Duration::from_secs(1);

/// Fills rooms with bots, lets them race for a while and tells what they saw.
///
/// # Errors
/// When not everybody gets to race, or the samples cannot be written.
pub async fn run(options: &LoadOptions) -> Result<()> {
    let mut load = Load::new(options)?;
    tokio::select! {
        done = load.run() => done,
        signal = tokio::signal::ctrl_c() => {
            signal?;
            bail!("interrupted");
        }
    }
}

struct Load<'a> {
    options: &'a LoadOptions,
    record: Shared,
    samples: Option<BufWriter<File>>,
    bots: JoinSet<()>,
    progress: Vec<watch::Receiver<Progress>>,
    is_closing: watch::Sender<bool>,
}

impl<'a> Load<'a> {
    fn new(options: &'a LoadOptions) -> Result<Self> {
        let open = |path: &std::path::PathBuf| {
            let file = File::create(path);
            file.with_context(|| format!("--samples '{}' cannot be written", path.display()))
        };
        let samples = options.samples.as_ref().map(open).transpose()?;
        Ok(Self {
            options,
            record: Shared::new(Record::new(Instant::now(), samples.is_some())),
            samples: samples.map(BufWriter::new),
            bots: JoinSet::new(),
            progress: Vec::new(),
            is_closing: watch::channel(false).0,
        })
    }

    async fn run(&mut self) -> Result<()> {
        self.ramp_up().await?;
        let (bots, rooms) = (self.progress.len(), self.options.rooms);
        eprintln!("\r{bots} bots have raced in {rooms} rooms");
        tokio::time::sleep(WARM_UP).await;
        self.begin()?;
        let (begun, cpu) = (Instant::now(), cpu_seconds("self"));
        let meter = Meter::start(&self.options.pids);
        self.pass(begun, Duration::from_secs(self.options.seconds))
            .await?;
        let seconds = begun.elapsed().as_secs_f64();
        let cores = cpu
            .zip(cpu_seconds("self"))
            .map(|(from, to)| (to - from) / seconds);
        let processes = meter.read(seconds);
        let window = self.record.lock().volume;
        self.is_closing.send_replace(true);
        self.finish().await?;
        let run = Run {
            bots,
            seconds,
            unfinished: self.bots.len(),
            cores,
            processes,
            window,
        };
        self.bots.shutdown().await;
        self.write_samples()?;
        self.tell(&run);
        Ok(())
    }

    async fn ramp_up(&mut self) -> Result<()> {
        let begun = Instant::now();
        for room in 0..self.options.rooms {
            for seat in 0..self.options.seats {
                self.start_bot(room, seat)?;
            }
            tokio::time::sleep(RAMP_INTERVAL).await;
        }
        loop {
            let is_racing = |bot: &&watch::Receiver<_>| *bot.borrow() == Progress::Racing;
            let racing = self.progress.iter().filter(is_racing).count();
            let bots = self.progress.len();
            if racing == bots {
                return Ok(());
            }
            if begun.elapsed() > RAMP_MAX {
                let reasons = self.record.lock().failure_reasons.join("; ");
                bail!("only {racing} of {bots} bots got to race. {reasons}");
            }
            eprint!("\r{racing} of {bots} bots race ");
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    fn start_bot(&mut self, room: u16, seat: u8) -> Result<()> {
        let driver = driver(self.options, room, seat)?;
        let seed = u64::from(room) * 100 + u64::from(seat);
        let (progress, watching) = watch::channel(Progress::Coming);
        self.progress.push(watching);
        let (record, is_closing) = (self.record.clone(), self.is_closing.subscribe());
        self.bots.spawn(async move {
            while !*is_closing.borrow() {
                let observer = Observer::new(&driver.name, driver.room.as_str());
                let spectacles = Spectacles::new(
                    observer,
                    record.clone(),
                    progress.clone(),
                    is_closing.clone(),
                );
                match driver.clone().race(seed, spectacles).await {
                    Ok(_) => return,
                    Err(problem) => record.lock().failed(format!("{problem:#}")),
                }
                tokio::time::sleep(RESTART_DELAY).await;
            }
        });
        Ok(())
    }

    /// The first line of the samples says when the measurement begins.
    fn begin(&mut self) -> Result<()> {
        let begun = {
            let mut record = self.record.lock();
            record.restart();
            record.take_samples();
            record.unix_ms(Instant::now())
        };
        if let Some(file) = &mut self.samples {
            writeln!(file, "{}", json!({"begun_unix_ms": begun}))?;
            file.flush()?;
        }
        Ok(())
    }

    /// Lets time pass, and tells how it goes.
    async fn pass(&mut self, begun: Instant, time: Duration) -> Result<()> {
        while begun.elapsed() < time {
            tokio::time::sleep(LOOK_INTERVAL.min(time - begun.elapsed().min(time))).await;
            self.write_samples()?;
            let (seconds, all) = (begun.elapsed().as_secs(), time.as_secs());
            eprint!("\r{seconds} of {all} s ");
        }
        eprintln!();
        Ok(())
    }

    /// Waits until the races that are on have ended.
    async fn finish(&mut self) -> Result<()> {
        let begun = Instant::now();
        let mut hoped_at = begun;
        while begun.elapsed().as_secs() < self.options.finish
            && hoped_at.elapsed() < STILL_MAX
            && !self.bots.is_empty()
        {
            while self.bots.try_join_next().is_some() {}
            let still: u64 = self.record.lock().still.values().sum();
            if still < self.bots.len() as u64 {
                hoped_at = Instant::now();
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
            self.write_samples()?;
            eprint!("\r{} bots still race ", self.bots.len());
        }
        while self.bots.try_join_next().is_some() {}
        eprintln!();
        Ok(())
    }

    fn write_samples(&mut self) -> Result<()> {
        let lines = self.record.lock().take_samples();
        let Some(file) = &mut self.samples else {
            return Ok(());
        };
        for line in lines {
            serde_json::to_writer(&mut *file, &line)?;
            writeln!(file)?;
        }
        file.flush()?;
        Ok(())
    }

    fn tell(&self, run: &Run) {
        let record = &self.record.lock();
        if self.options.json {
            println!("{}", report::json(self.options, run, record));
        } else {
            println!("{}", report::text(self.options, run, record));
        }
    }
}

fn driver(options: &LoadOptions, room: u16, seat: u8) -> Result<Driver> {
    let name: RoomName = format!("{}{room}", options.prefix)
        .parse()
        .context("the prefix makes no name of a room")?;
    // Rooms take turns; the other gateways are where their bots go on.
    let mut gateways = options.gateways.clone();
    let first = usize::from(room) % gateways.len();
    gateways.rotate_left(first);
    let settings = RoomSettings {
        seats: options.seats,
        laps: options.laps,
        track: options.track.clone().unwrap_or_default(),
        ..RoomSettings::default()
    };
    Ok(Driver {
        gateways,
        name: format!("{}{room}-{seat}", options.prefix),
        skill: options.skill.of(seat.into()),
        class: options.class.of(seat.into()),
        room: name,
        create: (seat == 0).then_some(settings),
        persists: true,
        fill: None,
    })
}
