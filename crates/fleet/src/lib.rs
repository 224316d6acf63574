//! The servers, as processes of this one, on free ports and fresh data: what
//! they are started with, how they are hurt and brought back.
//!
//! `chaos` hurts them, `bench` measures them. This crate shares no code with the
//! servers; it starts them as an operator does.
//!
//! Invariant: it touches only processes that it has started itself.

mod place;
mod program;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::process::Child;

pub use self::place::detached;
use self::place::{Place, free_port};
pub use self::program::{Harm, Program};

/// Longest wait for the lobby: NATS may just be coming back.
const LOBBY_TIMEOUT: Duration = Duration::from_secs(2);
/// Longest wait for a server to end in order, at the end.
const END_TIMEOUT: Duration = Duration::from_secs(20);

/// What is started, and from where.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the servers and `racectl` are.
    pub bin_dir: PathBuf,
    /// The nats-server.
    pub nats_server: PathBuf,
    /// An empty folder for logs and data.
    pub folder: PathBuf,
    /// Race workers.
    pub workers: u8,
    /// Gateways.
    pub gateways: u8,
}

/// One server.
#[derive(Debug)]
struct Instance {
    program: Program,
    /// Its name, as `race-worker-1`.
    name: String,
    /// The ports that it keeps when it is started again.
    ports: Vec<u16>,
    starts: u32,
    child: Child,
}

/// All servers. Dropping it kills them.
#[derive(Debug)]
pub struct Fleet {
    place: Place,
    instances: Vec<Instance>,
}

impl Fleet {
    /// Starts all servers and waits until they serve.
    ///
    /// # Errors
    /// When one does not.
    pub async fn start(plan: &Plan) -> Result<Self> {
        let place = Place {
            bin_dir: plan.bin_dir.clone(),
            nats_server: plan.nats_server.clone(),
            folder: plan.folder.clone(),
            nats_port: free_port().await?,
        };
        let mut fleet = Self {
            place,
            instances: Vec::new(),
        };
        fleet.add(Program::NatsServer, 1).await?;
        fleet.add(Program::Persistence, 1).await?;
        fleet.add(Program::ChatWorker, 1).await?;
        for number in 1..=plan.workers {
            fleet.add(Program::RaceWorker, number).await?;
        }
        for number in 1..=plan.gateways {
            fleet.add(Program::Gateway, number).await?;
        }
        Ok(fleet)
    }

    async fn add(&mut self, program: Program, number: u8) -> Result<()> {
        let ports = match program {
            Program::NatsServer => vec![self.place.nats_port],
            Program::Gateway => vec![free_port().await?, free_port().await?],
            Program::RaceWorker | Program::ChatWorker | Program::Persistence => Vec::new(),
        };
        let name = format!("{}-{number}", program.name());
        let child = self.place.spawn(program, &name, &ports, 1)?;
        let mut instance = Instance {
            program,
            name,
            ports,
            starts: 1,
            child,
        };
        self.place.ready(&mut instance).await?;
        self.instances.push(instance);
        Ok(())
    }

    /// The race ports of the gateways, as hosts and ports.
    #[must_use]
    pub fn gateways(&self) -> Vec<String> {
        self.addresses(0)
    }

    /// The chat ports of the gateways, as hosts and ports.
    #[must_use]
    pub fn chat_gateways(&self) -> Vec<String> {
        self.addresses(1)
    }

    fn addresses(&self, port: usize) -> Vec<String> {
        let gateways = self.of(Program::Gateway);
        gateways
            .filter_map(|gateway| gateway.ports.get(port))
            .map(|port| format!("127.0.0.1:{port}"))
            .collect()
    }

    /// Where its NATS is.
    #[must_use]
    pub fn nats_url(&self) -> String {
        self.place.nats_url()
    }

    /// Name and process id of every server that lives, as `bots load --pids`
    /// takes them.
    #[must_use]
    pub fn pids(&self) -> Vec<String> {
        let pid = |instance: &Instance| Some(format!("{}={}", instance.name, instance.child.id()?));
        self.instances.iter().filter_map(pid).collect()
    }

    /// Does harm to an instance.
    ///
    /// # Errors
    /// When it is not there any more.
    pub fn hurt(&self, index: usize, harm: Harm) -> Result<()> {
        self.instances[index].signal(match harm {
            Harm::Kill => Signal::KILL,
            Harm::Stop => Signal::STOP,
        })
    }

    /// The place of an instance among all: of a program the one with this
    /// number, modulo how many there are.
    #[must_use]
    pub fn victim(&self, program: Program, victim: usize) -> Option<usize> {
        let places = 0..self.instances.len();
        let those = places.filter(|index| self.instances[*index].program == program);
        let those: Vec<usize> = those.collect();
        those.get(victim.checked_rem(those.len())?).copied()
    }

    /// Makes good what was done to an instance, and waits until it serves.
    ///
    /// # Errors
    /// When it does not.
    pub async fn bring_back(&mut self, index: usize, harm: Harm) -> Result<()> {
        let instance = &mut self.instances[index];
        match harm {
            Harm::Stop => instance.signal(Signal::CONT),
            Harm::Kill => {
                instance.child.wait().await?;
                instance.starts += 1;
                let (name, starts) = (&instance.name, instance.starts);
                instance.child =
                    self.place
                        .spawn(instance.program, name, &instance.ports, starts)?;
                self.place.ready(instance).await
            }
        }
    }

    /// The name of an instance.
    #[must_use]
    pub fn name(&self, index: usize) -> &str {
        &self.instances[index].name
    }

    /// The rooms that a race worker owns just now, by the lobby.
    ///
    /// # Errors
    /// When the lobby cannot be read.
    pub async fn rooms_of(&self, index: usize) -> Result<Vec<String>> {
        let worker = self.place.worker_id(&self.instances[index])?;
        let mut racectl = self.place.command("racectl");
        racectl
            .arg("--nats")
            .arg(self.place.nats_url())
            .args(["rooms", "--json"]);
        let output = tokio::time::timeout(LOBBY_TIMEOUT, racectl.output()).await??;
        let rooms: Vec<Value> = serde_json::from_slice(&output.stdout)
            .context("the lobby cannot be read with racectl")?;
        let owned = rooms.iter().filter(|room| room["owner"] == worker.as_str());
        let names = owned.filter_map(|room| room["name"].as_str());
        Ok(names.map(str::to_owned).collect())
    }

    /// A report of the database for scripts; `None` when there is no such thing
    /// in it.
    ///
    /// # Errors
    /// When the program cannot be run.
    pub async fn result(&self, race: &str) -> Result<Option<Value>> {
        let output = self
            .place
            .command("persistence")
            .env("SLIPSTREAM_DATABASE_URL", self.place.database_url())
            .args(["result", "--race", race])
            .output()
            .await?;
        Ok(serde_json::from_slice(&output.stdout).ok())
    }

    /// Ends all in order: what is written to last.
    pub async fn end(mut self) {
        while let Some(mut instance) = self.instances.pop() {
            // One that is gone already is as good.
            let _ = instance.signal(Signal::TERM);
            let _ = tokio::time::timeout(END_TIMEOUT, instance.child.wait()).await;
        }
    }

    fn of(&self, program: Program) -> impl Iterator<Item = &Instance> {
        let all = self.instances.iter();
        all.filter(move |instance| instance.program == program)
    }
}

impl Instance {
    fn signal(&self, signal: Signal) -> Result<()> {
        // A child has an id until it has been waited for: never a stranger's.
        let pid = self.child.id().and_then(|pid| i32::try_from(pid).ok());
        let pid = pid.and_then(Pid::from_raw);
        let pid = pid.with_context(|| format!("{} is gone", self.name))?;
        kill_process(pid, signal).with_context(|| format!("cannot signal {}", self.name))
    }
}
