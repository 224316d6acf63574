//! The bots of a process: each a task with a full client, or all of them thin on a
//! few threads.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use domain::CarClass;
use simulation::Track;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::load_hooks::{LoadHooks, Orders, Progress, Shared};
use super::thin::{ClientPool, NewPlayer, Recording};
use crate::driver::Driver;
use crate::options::{Choice, LoadOptions, NetcodeOption};

/// Before a bot that has failed starts again: the servers may be back by then.
const RESTART_DELAY: Duration = Duration::from_secs(1);
/// The time before the measurement that a recording covers: a room that started
/// earlier begins its recording again.
const RECORDED_BEFORE_SECONDS: u64 = 60;

/// All bots.
pub(crate) enum BotPool {
    /// Full clients.
    Full(JoinSet<()>),
    /// Thin clients.
    Thin(ClientPool),
}

impl BotPool {
    /// An empty pool.
    ///
    /// # Errors
    /// When there is no such track, or the threads cannot be started.
    pub(crate) fn new(options: &LoadOptions, record: &Shared) -> Result<Self> {
        Ok(match options.netcode {
            NetcodeOption::Full => Self::Full(JoinSet::new()),
            NetcodeOption::Thin => {
                let recording = Arc::new(recording(options)?);
                Self::Thin(ClientPool::new(options.threads, &recording, record)?)
            }
        })
    }

    /// Adds a bot.
    pub(crate) fn add(
        &mut self,
        driver: Driver,
        room: u16,
        (seed, from): (u64, Option<Ipv4Addr>),
        record: Shared,
        progress: watch::Sender<Progress>,
        orders: watch::Receiver<Orders>,
    ) {
        let failures = record.clone();
        let hooks = move |driver: &Driver| {
            LoadHooks::new(
                driver,
                room,
                record.clone(),
                progress.clone(),
                orders.clone(),
            )
        };
        match self {
            Self::Full(tasks) => {
                tasks.spawn(async move {
                    loop {
                        match driver.clone().race(seed, hooks(&driver)).await {
                            Ok(_) => return,
                            Err(problem) => failures.lock().failed(format!("{problem:#}")),
                        }
                        tokio::time::sleep(RESTART_DELAY).await;
                    }
                });
            }
            Self::Thin(client_pool) => client_pool.add(NewPlayer {
                driver,
                seed,
                from,
                hooks: Box::new(hooks),
            }),
        }
    }

    /// How many bots have not ended.
    pub(crate) fn playing(&mut self) -> usize {
        match self {
            Self::Full(tasks) => {
                while tasks.try_join_next().is_some() {}
                tasks.len()
            }
            Self::Thin(client_pool) => client_pool.playing(),
        }
    }

    /// Ends the remaining bots.
    pub(crate) async fn shutdown(&mut self) {
        match self {
            Self::Full(tasks) => tasks.shutdown().await,
            Self::Thin(client_pool) => client_pool.shutdown(),
        }
    }
}

/// The car class of a bot. A recording has one class, since seats are not known before
/// the race.
pub(super) fn class(options: &LoadOptions, seat: u8) -> CarClass {
    match (options.netcode, options.class) {
        (NetcodeOption::Thin, Choice::Mixed) => CarClass::Grip,
        (NetcodeOption::Thin | NetcodeOption::Full, class) => class.of(seat.into()),
    }
}

fn recording(options: &LoadOptions) -> Result<Recording> {
    let seconds = RECORDED_BEFORE_SECONDS + options.warm_up + options.seconds;
    let track = options.track.as_deref().unwrap_or(Track::names()[0]);
    let class = class(options, 0);
    Recording::new(track, options.laps, options.seats, class, seconds as u32)
}
