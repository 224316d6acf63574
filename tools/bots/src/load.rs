//! Many rooms full of bots in one process, and what they measure.
//!
//! Each bot has an [`observer`] without I/O; all write to one [`record`] of
//! bounded size, of which [`report`] is told.

mod bot_observer;
mod bot_pool;
mod observer;
mod record;
mod report;
mod samples;
mod thin;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use client_core::protocol::RoomName;
use client_core::protocol::lobby::RoomSettings;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::sync::watch;

use self::bot_observer::{Orders, Progress, Shared};
use self::bot_pool::BotPool;
use self::record::Record;
use self::report::Run;
use crate::driver::Driver;
use crate::measure::Tokens;
use crate::measure::processes::{Meter, cpu_seconds};
use crate::options::LoadOptions;
use crate::progress::bar;
use crate::reach::{expect_gateways, expect_sockets};

/// Between the starts of two rooms, unless it is said.
const RAMP_INTERVAL: Duration = Duration::from_millis(250);
/// So many bots may be on their way in before those of the next room come: as many
/// hashes as a server computes within the patience of a log-in.
const LOGGING_IN_MAX: usize = 32;
/// Longest wait until everybody is logged in, and until everybody has been in a race.
const RAMP_MAX: Duration = Duration::from_secs(600);
/// Between two looks at what the bots do.
const LOOK_INTERVAL: Duration = Duration::from_millis(500);
/// When all races that are left have been standing still for this long, none
/// will end.
const STILL_MAX: Duration = Duration::from_secs(15);
/// Longest wait until all have given their seats back: the servers may be gone.
const LEAVE_MAX: Duration = Duration::from_secs(3);

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
    tokens: Tokens,
    bot_pool: BotPool,
    progress: Vec<watch::Receiver<Progress>>,
    orders: watch::Sender<Orders>,
}

impl<'a> Load<'a> {
    fn new(options: &'a LoadOptions) -> Result<Self> {
        let open = |path: &std::path::PathBuf| {
            let file = File::create(path);
            file.with_context(|| format!("--samples '{}' cannot be written", path.display()))
        };
        let samples = options.samples.as_ref().map(open).transpose()?;
        let record = Shared::new(Record::new(Instant::now(), samples.is_some()));
        Ok(Self {
            options,
            bot_pool: BotPool::new(options, &record)?,
            record,
            samples: samples.map(BufWriter::new),
            tokens: Tokens::open(options.tokens.as_deref())?,
            progress: Vec::new(),
            orders: watch::channel(Orders::Race { rooms: 0 }).0,
        })
    }

    async fn run(&mut self) -> Result<()> {
        expect_sockets(self.options.bots())?;
        expect_gateways(&self.options.gateways).await?;
        // A wrong process id is told now and not after everybody has come.
        Meter::start(&self.options.pids)?;
        self.arrive().await?;
        self.ramp_up().await?;
        self.tokens.save(&self.record.lock().tokens)?;
        tokio::time::sleep(Duration::from_secs(self.options.warm_up)).await;
        self.begin()?;
        let (begun, cpu) = (Instant::now(), cpu_seconds("self"));
        let meter = Meter::start(&self.options.pids)?;
        self.pass(begun, Duration::from_secs(self.options.seconds))
            .await?;
        let seconds = begun.elapsed().as_secs_f64();
        let cores = cpu
            .zip(cpu_seconds("self"))
            .map(|(from, to)| (to - from) / seconds);
        let processes = meter.read(seconds);
        let measured = self.record.lock().measured(Instant::now());
        self.orders.send_replace(Orders::Finish);
        self.finish().await?;
        let run = Run {
            bots: self.progress.len(),
            seconds,
            unfinished: self.bot_pool.playing(),
            cores,
            processes,
            window: measured.volume,
        };
        self.leave().await;
        self.write_samples()?;
        // Only who waits for the end of the races wants to know what came after.
        if self.options.finish == 0 {
            self.tell(&run, &measured);
        } else {
            self.tell(&run, &self.record.lock());
        }
        Ok(())
    }

    /// Everybody logs in: what that costs the servers shall not disturb a race,
    /// nor be measured.
    async fn arrive(&mut self) -> Result<()> {
        let begun = Instant::now();
        let bar = bar(self.options.bots().into(), "bots are there");
        for room in 0..self.options.rooms {
            for seat in 0..self.options.seats {
                self.start_bot(room, seat)?;
            }
            self.welcome(LOGGING_IN_MAX, begun, &bar).await?;
        }
        self.welcome(0, begun, &bar).await?;
        bar.finish();
        Ok(())
    }

    /// Waits until all but so many are logged in: a log-in that waits for its
    /// password hash for too long is asked for again, which costs another.
    async fn welcome(&self, others_max: usize, begun: Instant, bar: &ProgressBar) -> Result<()> {
        loop {
            let welcome = self.record.lock().welcome;
            bar.set_position(welcome as u64);
            if self.progress.len().saturating_sub(welcome) <= others_max {
                return Ok(());
            }
            self.expect_patience(begun, welcome, "log in")?;
            tokio::time::sleep(LOOK_INTERVAL / 10).await;
        }
    }

    async fn ramp_up(&mut self) -> Result<()> {
        let begun = Instant::now();
        let rooms = u32::from(self.options.rooms);
        let interval = match self.options.ramp {
            Some(seconds) => Duration::from_secs(seconds) / rooms,
            None => RAMP_INTERVAL,
        };
        let bots = self.progress.len();
        let bar = bar(bots as u64, "bots race");
        for room in 0..self.options.rooms {
            tokio::time::sleep_until((begun + interval * room.into()).into()).await;
            self.orders.send_replace(Orders::Race { rooms: room + 1 });
            bar.set_position(self.racing() as u64);
        }
        loop {
            let racing = self.racing();
            bar.set_position(racing as u64);
            if racing == bots {
                bar.finish();
                return Ok(());
            }
            self.expect_patience(begun, racing, "race")?;
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    fn expect_patience(&self, begun: Instant, done: usize, what: &str) -> Result<()> {
        if begun.elapsed() > RAMP_MAX {
            let bots = self.progress.len();
            let reasons = self.record.lock().failure_reasons.join("; ");
            bail!("only {done} of {bots} bots got to {what}. {reasons}");
        }
        Ok(())
    }

    fn racing(&self) -> usize {
        let is_racing = |bot: &&watch::Receiver<_>| *bot.borrow() == Progress::Racing;
        self.progress.iter().filter(is_racing).count()
    }

    fn start_bot(&mut self, room: u16, seat: u8) -> Result<()> {
        let mut driver = driver(self.options, room, seat)?;
        driver.token = self.tokens.of(&driver.name);
        let seed = u64::from(room) * 100 + u64::from(seat);
        let (progress, watching) = watch::channel(Progress::Coming);
        self.progress.push(watching);
        let orders = self.orders.subscribe();
        let record = self.record.clone();
        self.bot_pool
            .add(driver, room, seed, record, progress, orders);
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
        let bar = bar(time.as_secs(), "s");
        while begun.elapsed() < time {
            tokio::time::sleep(LOOK_INTERVAL.min(time - begun.elapsed().min(time))).await;
            self.write_samples()?;
            bar.set_position(begun.elapsed().as_secs());
        }
        bar.finish();
        Ok(())
    }

    /// Waits until the races that are on have ended.
    async fn finish(&mut self) -> Result<()> {
        if self.options.finish == 0 {
            return Ok(());
        }
        let begun = Instant::now();
        let mut hoped_at = begun;
        let bar = bar(self.progress.len() as u64, "bots have finished");
        while begun.elapsed().as_secs() < self.options.finish
            && hoped_at.elapsed() < STILL_MAX
            && self.bot_pool.playing() > 0
        {
            let still: u64 = self.record.lock().still.values().sum();
            if still < self.bot_pool.playing() as u64 {
                hoped_at = Instant::now();
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
            self.write_samples()?;
            bar.set_position((self.progress.len() - self.bot_pool.playing()) as u64);
        }
        bar.finish();
        Ok(())
    }

    /// Has everybody give the seat back, so that the rooms close at once.
    async fn leave(&mut self) {
        self.orders.send_replace(Orders::Leave);
        let begun = Instant::now();
        while self.bot_pool.playing() > 0 && begun.elapsed() < LEAVE_MAX {
            tokio::time::sleep(LOOK_INTERVAL / 10).await;
        }
        self.bot_pool.shutdown().await;
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

    fn tell(&self, run: &Run, record: &Record) {
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
        // Counted through all rooms: a token is good for any shape of load.
        name: format!(
            "{}{}",
            options.prefix,
            u32::from(room) * u32::from(options.seats) + u32::from(seat)
        ),
        skill: options.skill.of(seat.into()),
        class: bot_pool::class(options, seat),
        room: name,
        create: (seat == 0).then_some(settings),
        persists: true,
        fill: None,
        token: None,
    })
}
