//! A set of servers.

use std::collections::BTreeMap;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;

use crate::command::stdout_of;
use crate::nats_users::NatsUsers;
use crate::plan::Plan;
use crate::process::Process;
use crate::programs::Programs;
use crate::run_dir::RunDir;
use crate::settings::Settings;
use crate::{LOOPBACK, Program, http};

/// The longest wait for a server to end in order.
const STOP_TIMEOUT: Duration = Duration::from_secs(20);

/// The first id of the groups of servers: above those that systems give out.
const GROUPS_BEGIN: u32 = 1 << 24;
/// Groups of one run.
const GROUPS_OF_RUN: u32 = 1 << 10;
/// Runs whose groups are different: those of concurrent processes.
const GROUP_RUNS: u32 = 1 << 16;

/// Running servers. Dropping it kills them.
// The fields are dropped in this order: a server before those that it writes to.
#[derive(Debug)]
pub struct Fleet {
    /// The servers that clients connect to.
    pub gateways: Vec<Process>,
    /// The owners of rooms.
    pub race_workers: Vec<Process>,
    /// The servers that validate and order chat messages.
    pub chat_workers: Vec<Process>,
    /// The users of the database.
    pub persistence: Vec<Process>,
    /// The fleet's own NATS server; none when it uses an existing one.
    pub nats_servers: Vec<Process>,
    settings: Settings,
    /// Whether each server has a group of its own.
    own_groups: bool,
    /// The last number of an instance, by program: names are never used twice.
    numbers: BTreeMap<Program, usize>,
}

impl Fleet {
    /// Starts the servers of the plan and waits until all serve.
    ///
    /// # Errors
    /// When one does not serve.
    pub async fn start(programs: Programs, run_dir: RunDir, plan: Plan) -> Result<Self> {
        let mut fleet = Self {
            gateways: Vec::new(),
            race_workers: Vec::new(),
            chat_workers: Vec::new(),
            persistence: Vec::new(),
            nats_servers: Vec::new(),
            own_groups: plan.own_groups,
            settings: Settings::new(programs, run_dir, plan.clone())?,
            numbers: BTreeMap::new(),
        };
        if plan.tls {
            fleet.renew_certificate().await?;
        }
        if let Some(command) = fleet.settings.nats_command()? {
            let name = fleet.next_name(Program::NatsServer);
            let mut nats = Process::serve_nats(command, &name, fleet.run_dir())?;
            nats.ready().await?;
            fleet.nats_servers.push(nats);
        }
        for (program, count) in [
            (Program::Persistence, 1),
            (Program::ChatWorker, 1),
            (Program::RaceWorker, plan.race_workers),
            (Program::Gateway, plan.gateways),
        ] {
            for _ in 0..count {
                let command = fleet.command(program)?;
                fleet.launch(program, command, LOOPBACK)?;
            }
        }
        for server in fleet.programs_mut() {
            server.ready().await?;
        }
        Ok(fleet)
    }

    /// Makes a new certificate for the gateways of a fleet with TLS, by the same CA; they
    /// use it when they start, or after a SIGHUP.
    ///
    /// # Errors
    /// When it cannot be made.
    pub async fn renew_certificate(&self) -> Result<()> {
        stdout_of(self.settings.certificate_command()?)
            .await
            .map(drop)
    }

    /// The command of another server, which a caller can change and start with
    /// [`Fleet::add_command`].
    ///
    /// # Errors
    /// When there is no such program, or no free port for it.
    pub fn command(&mut self, program: Program) -> Result<Command> {
        self.settings.command(program)
    }

    /// Starts another server and waits until it serves.
    ///
    /// # Errors
    /// When it does not serve.
    pub async fn add(&mut self, program: Program) -> Result<&Process> {
        let command = self.command(program)?;
        self.add_command(program, command, LOOPBACK).await
    }

    /// Starts another server with a command of the caller, with its monitoring port at
    /// `http_host`, and waits until it serves.
    ///
    /// # Errors
    /// When it does not serve.
    pub async fn add_command(
        &mut self,
        program: Program,
        command: Command,
        http_host: &str,
    ) -> Result<&Process> {
        let server = self.launch(program, command, http_host)?;
        server.ready().await?;
        Ok(server)
    }

    fn launch(
        &mut self,
        program: Program,
        mut command: Command,
        http_host: &str,
    ) -> Result<&mut Process> {
        let name = self.next_name(program);
        if self.own_groups {
            command.gid(self.next_group());
        }
        let server = Process::serve(command, http_host, &name, self.run_dir())?;
        let servers = self.servers_mut(program);
        servers.push(server);
        servers.last_mut().context("one has just been added")
    }

    /// A group that no other process of any run has, as far as one can know.
    fn next_group(&self) -> u32 {
        let launched: usize = self.numbers.values().sum();
        GROUPS_BEGIN + std::process::id() % GROUP_RUNS * GROUPS_OF_RUN + launched as u32
    }

    fn next_name(&mut self, program: Program) -> String {
        let number = self.numbers.entry(program).or_default();
        *number += 1;
        format!("{}-{number}", program.name())
    }

    /// All instances of a program.
    #[must_use]
    pub fn servers(&self, program: Program) -> &[Process] {
        match program {
            Program::Gateway => &self.gateways,
            Program::RaceWorker => &self.race_workers,
            Program::ChatWorker => &self.chat_workers,
            Program::Persistence => &self.persistence,
            Program::NatsServer => &self.nats_servers,
        }
    }

    /// All instances of a program.
    pub fn servers_mut(&mut self, program: Program) -> &mut Vec<Process> {
        match program {
            Program::Gateway => &mut self.gateways,
            Program::RaceWorker => &mut self.race_workers,
            Program::ChatWorker => &mut self.chat_workers,
            Program::Persistence => &mut self.persistence,
            Program::NatsServer => &mut self.nats_servers,
        }
    }

    /// All servers but NATS, each before those that it writes to.
    pub fn programs_mut(&mut self) -> impl Iterator<Item = &mut Process> {
        let gateways = self.gateways.iter_mut();
        gateways
            .chain(&mut self.race_workers)
            .chain(&mut self.chat_workers)
            .chain(&mut self.persistence)
    }

    /// The race ports of the gateways, as hosts and ports.
    ///
    /// # Errors
    /// When a gateway has not announced it.
    pub fn race_addresses(&self) -> Result<Vec<String>> {
        self.gateway_addresses("race")
    }

    /// The chat ports of the gateways, as hosts and ports.
    ///
    /// # Errors
    /// When a gateway has not announced it.
    pub fn chat_addresses(&self) -> Result<Vec<String>> {
        self.gateway_addresses("chat")
    }

    fn gateway_addresses(&self, name: &str) -> Result<Vec<String>> {
        let addresses = self.gateways.iter().map(|gateway| gateway.address(name));
        addresses.map(|address| Ok(address?.to_string())).collect()
    }

    /// The URL of its NATS server.
    #[must_use]
    pub fn nats_url(&self) -> &str {
        &self.settings.nats_url
    }

    /// The keys of the users of its NATS server.
    #[must_use]
    pub fn nats_users(&self) -> &NatsUsers {
        &self.settings.nats_users
    }

    /// The run directory of its processes, which tools beside them can use.
    #[must_use]
    pub fn run_dir(&self) -> &RunDir {
        &self.settings.run_dir
    }

    /// Name and process id of each server that lives, as `bots load --pids`
    /// takes them.
    #[must_use]
    pub fn pids(&self) -> Vec<String> {
        let programs = Program::START_ORDER.into_iter();
        programs
            .flat_map(|program| self.servers(program))
            .filter_map(|server| Some(format!("{}={}", server.name(), server.id().ok()?)))
            .collect()
    }

    /// What each server but NATS that is not ready says of itself, by its name.
    pub async fn unready(&mut self) -> BTreeMap<String, String> {
        let mut unready = BTreeMap::new();
        for server in self.programs_mut() {
            let page = match server.address("http") {
                Ok(address) => http::get(address, "/ready").await,
                Err(error) => Err(error),
            };
            let words = match page {
                Ok((200, _)) => continue,
                Ok((_, words)) => words.trim().to_owned(),
                Err(error) => format!("{error:#}"),
            };
            unready.insert(server.name().to_owned(), words);
        }
        unready
    }

    /// The operator's tool, connected to this fleet.
    ///
    /// # Errors
    /// When there is no such program.
    pub fn racectl(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = self.settings.programs.command("racectl")?;
        command
            .args(["--nats", self.nats_url()])
            .env("SLIPSTREAM_NATS_SEED", self.nats_users().operator())
            .args(arguments);
        Ok(command)
    }

    /// A report of the database, as `persistence` prints it for scripts.
    ///
    /// # Errors
    /// When the database has no such record, or cannot be read.
    pub async fn database(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = self.settings.report_command(Program::Persistence)?;
        command.args(arguments);
        Ok(serde_json::from_str(&stdout_of(command).await?)?)
    }

    /// Ends all servers in order, each before those that it writes to. A server that
    /// takes too long is killed.
    pub async fn stop(mut self) {
        for program in Program::START_ORDER.into_iter().rev() {
            for mut server in self.servers_mut(program).drain(..) {
                // It may have ended already.
                let _ = server.terminate();
                let _ = server.ended_within(STOP_TIMEOUT).await;
            }
        }
    }
}
