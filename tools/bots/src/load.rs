//! Many rooms full of bots in one process, and what they measure.
//!
//! Each bot has an [`observer`] without I/O; all write to one [`record`] of bounded
//! size, which becomes the [`report`].

mod bot_pool;
mod intervals;
mod load_hooks;
mod observer;
mod record;
mod report;
mod samples;
mod thin;

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use client_core::Security;
use client_core::protocol::RoomName;
use client_core::protocol::lobby::RoomSettings;
use indicatif::ProgressBar;
use serde_json::json;
use tokio::sync::watch;

use self::bot_pool::BotPool;
use self::load_hooks::{Orders, Progress, Shared};
use self::record::Record;
use self::report::Run;
use crate::driver::Driver;
use crate::measure::Tokens;
use crate::measure::processes::{Meter, cpu_seconds};
use crate::options::LoadOptions;
use crate::progress::bar;
use crate::reach::{expect_gateways, expect_sockets};
use crate::talk::Talk;

/// Between the starts of two rooms, by default.
const RAMP_INTERVAL: Duration = Duration::from_millis(250);
/// Concurrent log-ins before the bots of the next room start: as many password hashes
/// as a server computes within the timeout of a log-in.
const LOGGING_IN_MAX: usize = 32;
/// Longest wait until all bots are logged in, and until all have been in a race.
const RAMP_TIMEOUT: Duration = Duration::from_secs(600);
/// Between two polls of the bots.
const POLL_INTERVAL: Duration = Duration::from_millis(500);
/// When all remaining races have been stalled for this long, none will end.
const STALL_MAX: Duration = Duration::from_secs(15);
/// Longest wait until all bots have left their rooms: the servers may be gone.
const LEAVE_TIMEOUT: Duration = Duration::from_secs(3);

/// Fills rooms with bots, lets them race for a time and reports what they measured.
///
/// # Errors
/// When not all bots get to race, or the samples cannot be written.
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
    security: Security,
    record: Shared,
    samples: Option<BufWriter<File>>,
    intervals: Option<BufWriter<File>>,
    tokens: Tokens,
    bot_pool: BotPool,
    progress: Vec<watch::Receiver<Progress>>,
    orders: watch::Sender<Orders>,
}

impl<'a> Load<'a> {
    fn new(options: &'a LoadOptions) -> Result<Self> {
        let open = |option: &'static str| {
            move |path: &PathBuf| {
                let file = File::create(path);
                file.with_context(|| format!("{option} '{}' cannot be written", path.display()))
            }
        };
        let samples = options.samples.as_ref().map(open("--samples"));
        let intervals = options.intervals.as_ref().map(open("--intervals"));
        let (samples, intervals) = (samples.transpose()?, intervals.transpose()?);
        let record = Shared::new(Record::new(Instant::now(), samples.is_some()));
        Ok(Self {
            options,
            security: options.tls.security()?,
            bot_pool: BotPool::new(options, &record)?,
            record,
            samples: samples.map(BufWriter::new),
            intervals: intervals.map(BufWriter::new),
            tokens: Tokens::open(options.tokens.as_deref())?,
            progress: Vec::new(),
            orders: watch::channel(Orders::Race { rooms: 0 }).0,
        })
    }

    async fn run(&mut self) -> Result<()> {
        let sockets = if self.options.chat > 0 { 2 } else { 1 };
        expect_sockets(self.options.bots() * sockets)?;
        expect_gateways(&self.options.gateways).await?;
        // A wrong process id fails the run before the bots log in.
        Meter::start(&self.options.pids)?;
        self.log_in().await?;
        let mut talk = self.enter_chat().await?;
        self.ramp_up().await?;
        self.tokens.save(&self.record.lock().tokens)?;
        tokio::time::sleep(Duration::from_secs(self.options.warm_up)).await;
        self.begin()?;
        if let Some(talk) = &mut talk {
            talk.begin(self.options.chat);
        }
        let (begun, cpu) = (Instant::now(), cpu_seconds("self"));
        let meter = Meter::start(&self.options.pids)?;
        self.wait(begun, Duration::from_secs(self.options.seconds))
            .await?;
        let seconds = begun.elapsed().as_secs_f64();
        let cores = cpu
            .zip(cpu_seconds("self"))
            .map(|(from, to)| (to - from) / seconds);
        let processes = meter.read(seconds);
        let measured = self.record.lock().measured(Instant::now());
        self.orders.send_replace(Orders::Finish);
        self.finish().await?;
        let chat = match talk {
            Some(talk) => Some(talk.finish().await),
            None => None,
        };
        let run = Run {
            chat,
            bots: self.progress.len(),
            seconds,
            unfinished: self.bot_pool.playing(),
            cores,
            processes,
            window: measured.volume,
        };
        self.leave().await;
        self.write_samples()?;
        // What happens after the window counts only with --finish.
        if self.options.finish == 0 {
            self.print(&run, &measured);
        } else {
            self.print(&run, &self.record.lock());
        }
        Ok(())
    }

    /// Logs all bots in before the first race, so that password hashes neither disturb
    /// a race nor are measured.
    async fn log_in(&mut self) -> Result<()> {
        let begun = Instant::now();
        let bar = bar(self.options.bots().into(), "bots are logged in");
        for room in 0..self.options.rooms {
            for seat in 0..self.options.seats {
                self.start_bot(room, seat)?;
            }
            self.await_log_ins(LOGGING_IN_MAX, begun, &bar).await?;
        }
        self.await_log_ins(0, begun, &bar).await?;
        bar.finish();
        Ok(())
    }

    /// Has the bots enter the chat too, if they are to say something.
    async fn enter_chat(&self) -> Result<Option<Talk>> {
        if self.options.chat == 0 {
            return Ok(None);
        }
        expect_gateways(&self.options.chat_gateways).await?;
        let numbers = 0..self.options.bots();
        let names: Vec<String> = numbers
            .map(|number| format!("{}{number}", self.options.prefix))
            .collect();
        Talk::start(&self.options.chat_gateways, &self.security, &names)
            .await
            .map(Some)
    }

    /// Waits until all but `others_max` bots are logged in: a log-in that waits too
    /// long for its password hash is repeated, which costs another hash.
    async fn await_log_ins(
        &self,
        others_max: usize,
        begun: Instant,
        bar: &ProgressBar,
    ) -> Result<()> {
        loop {
            let logged_in = self.record.lock().logged_in;
            bar.set_position(logged_in as u64);
            if self.progress.len().saturating_sub(logged_in) <= others_max {
                return Ok(());
            }
            self.expect_in_time(begun, logged_in, "log in")?;
            tokio::time::sleep(POLL_INTERVAL / 10).await;
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
            self.expect_in_time(begun, racing, "race")?;
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn expect_in_time(&self, begun: Instant, done: usize, what: &str) -> Result<()> {
        if begun.elapsed() > RAMP_TIMEOUT {
            let bots = self.progress.len();
            let reasons = self.record.lock().failure_reasons.join("; ");
            bail!("only {done} of {bots} bots could {what}. {reasons}");
        }
        Ok(())
    }

    fn racing(&self) -> usize {
        let is_racing = |bot: &&watch::Receiver<_>| *bot.borrow() == Progress::Racing;
        self.progress.iter().filter(is_racing).count()
    }

    fn start_bot(&mut self, room: u16, seat: u8) -> Result<()> {
        let mut driver = driver(self.options, &self.security, room, seat)?;
        driver.token = self.tokens.of(&driver.name);
        let seed = u64::from(room) * 100 + u64::from(seat);
        let number = u32::from(room) * u32::from(self.options.seats) + u32::from(seat);
        let from = self.options.address_of(number);
        let (progress, receiver) = watch::channel(Progress::Joining);
        self.progress.push(receiver);
        let orders = self.orders.subscribe();
        let record = self.record.clone();
        self.bot_pool
            .add(driver, room, (seed, from), record, progress, orders);
        Ok(())
    }

    /// Begins the measurement; the first line of the samples says when.
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

    /// Waits, writes samples and shows the progress.
    async fn wait(&mut self, begun: Instant, time: Duration) -> Result<()> {
        let bar = bar(time.as_secs(), "s");
        while begun.elapsed() < time {
            tokio::time::sleep(POLL_INTERVAL.min(time - begun.elapsed().min(time))).await;
            self.write_samples()?;
            self.write_intervals()?;
            bar.set_position(begun.elapsed().as_secs());
        }
        bar.finish();
        Ok(())
    }

    /// Waits until the present races have ended.
    async fn finish(&mut self) -> Result<()> {
        if self.options.finish == 0 {
            return Ok(());
        }
        let begun = Instant::now();
        let mut raced_at = begun;
        let bar = bar(self.progress.len() as u64, "bots have finished");
        while begun.elapsed().as_secs() < self.options.finish
            && raced_at.elapsed() < STALL_MAX
            && self.bot_pool.playing() > 0
        {
            let stalled: u64 = self.record.lock().stalled.values().sum();
            if stalled < self.bot_pool.playing() as u64 {
                raced_at = Instant::now();
            }
            tokio::time::sleep(POLL_INTERVAL).await;
            self.write_samples()?;
            bar.set_position((self.progress.len() - self.bot_pool.playing()) as u64);
        }
        bar.finish();
        Ok(())
    }

    /// Has all bots leave, so that the rooms close at once.
    async fn leave(&mut self) {
        self.orders.send_replace(Orders::Leave);
        let begun = Instant::now();
        while self.bot_pool.playing() > 0 && begun.elapsed() < LEAVE_TIMEOUT {
            tokio::time::sleep(POLL_INTERVAL / 10).await;
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

    fn write_intervals(&mut self) -> Result<()> {
        let line = self.record.lock().take_intervals(Instant::now());
        let Some(file) = &mut self.intervals else {
            return Ok(());
        };
        serde_json::to_writer(&mut *file, &line)?;
        writeln!(file)?;
        file.flush()?;
        Ok(())
    }

    fn print(&self, run: &Run, record: &Record) {
        if self.options.json {
            println!("{}", report::json(self.options, run, record));
        } else {
            println!("{}", report::text(self.options, run, record));
        }
    }
}

fn driver(options: &LoadOptions, security: &Security, room: u16, seat: u8) -> Result<Driver> {
    let name: RoomName = format!("{}{room}", options.prefix)
        .parse()
        .context("the prefix makes no valid name of a room")?;
    // Rooms are spread over the gateways; bots fail over to the others.
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
        security: security.clone(),
        // Numbered through all rooms: tokens fit any shape of load.
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
