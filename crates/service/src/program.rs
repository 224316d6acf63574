//! The frame around a program's `run`.

use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Parser;
use clap::error::ErrorKind;
use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit, umask};
use tokio::runtime::{Builder, Runtime};
use tracing::{error, info, warn};

use crate::announce::Announcement;
use crate::deadline::TimerQueue;
use crate::health::{self, Health};
use crate::options::{EXIT_USAGE, ServiceOptions};
use crate::shutdown::Shutdown;
use crate::telemetry;

/// Any error at the top level of a program.
pub type BoxError = Box<dyn Error + Send + Sync>;

/// The process context given to a program's `run`.
pub struct Context {
    /// Signals when to end.
    pub shutdown: Shutdown,
    /// Timer queue of all deadlines.
    pub timers: TimerQueue,
    health: Health,
    announcement: Announcement,
}

impl Context {
    /// Declares that the program serves: `/ready` succeeds while nothing is missing, and
    /// the announcement is written with the program's own addresses.
    ///
    /// # Errors
    /// When the announcement cannot be written.
    pub fn serving(&mut self, addresses: &[(&'static str, SocketAddr)]) -> std::io::Result<()> {
        for (name, address) in addresses {
            self.announcement.add(name, *address);
        }
        self.announcement.write()?;
        self.health.set_serving(true);
        Ok(())
    }

    /// The readiness of the process.
    #[must_use]
    pub fn health(&self) -> Health {
        self.health.clone()
    }
}

/// Parses the command line, sets the process up, runs `run` to its end.
/// `common` finds the shared options among the program's own.
pub fn main<O: Parser>(
    program: &'static str,
    common: impl FnOnce(&O) -> &ServiceOptions,
    run: impl AsyncFnOnce(O, Context) -> Result<(), BoxError>,
) -> ExitCode {
    let options = match O::try_parse() {
        Ok(options) => options,
        Err(problem) => return explain(&problem),
    };
    let common = common(&options).clone();
    keep_files_to_oneself();
    telemetry::start_logs(common.log_format);
    #[cfg(feature = "next-version")]
    crate::versions::write_next_if_asked();
    if let Err(problem) = raise_descriptor_limit() {
        warn!(%problem, "the limit of open files stays as it is");
    }
    let runtime = match runtime(common.threads) {
        Ok(runtime) => runtime,
        Err(problem) => return fail(&problem),
    };
    let outcome = runtime.block_on(async {
        let context = prepare(program, common).await?;
        run(options, context).await
    });
    match outcome {
        Ok(()) => {
            info!("ended");
            ExitCode::SUCCESS
        }
        Err(problem) => fail(problem.as_ref()),
    }
}

/// Number of task polls between two polls of the sockets: with a hundred rooms due
/// at once, received messages must not wait until all have run.
const EVENT_INTERVAL: u32 = 8;

/// Lets nobody but the user of this process read the files that it creates: session
/// keys, databases, announcements. Nothing that a server writes is
/// for another user; logs are written by who started it.
fn keep_files_to_oneself() {
    umask(Mode::RWXG | Mode::RWXO);
}

/// Raises the limit of open files to what the system allows: many systems start
/// with 1,024 for programs that use `select`, which none of these does.
fn raise_descriptor_limit() -> std::io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    let all = Rlimit {
        current: limit.maximum,
        ..limit
    };
    Ok(setrlimit(Resource::Nofile, all)?)
}

fn runtime(threads: u16) -> std::io::Result<Runtime> {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let threads = usize::from(threads);
    builder
        .worker_threads(threads)
        .event_interval(EVENT_INTERVAL)
        .enable_all()
        .build()
}

async fn prepare(program: &'static str, common: ServiceOptions) -> Result<Context, BoxError> {
    let metrics = telemetry::start_metrics()?;
    let shutdown = Shutdown::on_signals()?;
    let health = Health::default();
    let bound = health::serve(common.http, health.clone(), metrics, shutdown.clone())
        .await
        .map_err(|error| format!("cannot serve --http {}: {error}", common.http))?;
    let announcement = Announcement::new(program, common.announce, bound);
    Ok(Context {
        shutdown,
        timers: TimerQueue::start()?,
        health,
        announcement,
    })
}

/// Prints help and version to standard output with status 0, a mistake to standard
/// error with status 64.
fn explain(problem: &clap::Error) -> ExitCode {
    // An error means that the output is closed: there is nowhere to report it.
    let _ = problem.print();
    match problem.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => ExitCode::SUCCESS,
        _ => ExitCode::from(EXIT_USAGE),
    }
}

fn fail(problem: &(dyn Error + 'static)) -> ExitCode {
    let mut text = problem.to_string();
    let mut cause = problem.source();
    while let Some(source) = cause {
        let reason = source.to_string();
        // Some libraries repeat the cause in their own text.
        if !text.ends_with(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = source.source();
    }
    error!("{text}");
    ExitCode::FAILURE
}
