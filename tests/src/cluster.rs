//! A whole Slipstream for one test.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use tempfile::TempDir;

use crate::chatter::Chatter;
use crate::island::Island;
use crate::live::Live;
use crate::nats::NatsServer;
use crate::process::{Process, stdout_of};
use crate::programs::program;
use crate::racer::Racer;
use crate::raw_nats::RawNats;

/// Where everything listens that nobody else shall find.
pub const LOOPBACK: &str = "127.0.0.1";

/// The password of everybody in the tests.
pub const PASSWORD: &str = "correct-horse";

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many race workers.
    pub race_workers: usize,
    /// A NATS server that is there already; otherwise one is started.
    pub nats_url: Option<String>,
    /// Where the one that is started listens.
    pub nats_host: String,
    /// A database that is there already; otherwise SQLite in a file.
    pub database_url: Option<String>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            race_workers: 1,
            nats_url: None,
            nats_host: LOOPBACK.to_owned(),
            database_url: None,
        }
    }
}

/// Running processes. Dropping it ends them all.
#[derive(Debug)]
pub struct Cluster {
    /// Where clients connect.
    pub gateway: Process,
    /// Where clients connect when that one is gone.
    pub other_gateways: Vec<Process>,
    /// Run the rooms.
    pub race_workers: Vec<Process>,
    /// Checks and orders what is said.
    pub chat_worker: Process,
    /// Knows the database.
    pub persistence: Process,
    nats_url: String,
    database_url: String,
    // The last two to go: the others write to them.
    nats: Option<NatsServer>,
    folder: TempDir,
}

impl Cluster {
    /// The usual: one of each, on SQLite.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(Setup::default()).await
    }

    /// Starts what the setup says, and waits until all of it serves.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start_with(setup: Setup) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("slipstream-").tempdir()?;
        let (nats, nats_url) = match setup.nats_url {
            Some(url) => (None, url),
            None => {
                let nats = NatsServer::start(&setup.nats_host, folder.path()).await?;
                let url = nats.url().to_owned();
                (Some(nats), url)
            }
        };
        let database_url = setup.database_url.unwrap_or_else(|| {
            let file = folder.path().join("slipstream.db");
            format!("sqlite://{}?mode=rwc", file.display())
        });
        let at = Place {
            nats_url: &nats_url,
            database_url: &database_url,
            folder: folder.path(),
        };
        let mut cluster = Self {
            gateway: at.serve("gateway", 1)?,
            other_gateways: Vec::new(),
            race_workers: (1..=setup.race_workers)
                .map(|number| at.serve("race-worker", number))
                .collect::<Result<_>>()?,
            chat_worker: at.serve("chat-worker", 1)?,
            persistence: at.serve("persistence", 1)?,
            nats_url,
            database_url,
            nats,
            folder,
        };
        for process in cluster.processes_mut() {
            process.announced().await?;
        }
        Ok(cluster)
    }

    /// Starts one more race worker.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn add_race_worker(&mut self) -> Result<()> {
        let at = self.place();
        let mut worker = at.serve("race-worker", self.race_workers.len() + 1)?;
        worker.announced().await?;
        self.race_workers.push(worker);
        Ok(())
    }

    /// Starts one more race worker, on an island.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn add_race_worker_on(&mut self, island: &Island) -> Result<()> {
        let at = self.place();
        let command = island.command(&at.command("race-worker")?);
        let name = format!("race-worker-{}", self.race_workers.len() + 1);
        let mut worker = Process::serve(command, island.address(), &name, at.folder)?;
        worker.announced().await?;
        self.race_workers.push(worker);
        Ok(())
    }

    /// Starts one more gateway, and says where race clients connect to it.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn add_gateway(&mut self) -> Result<String> {
        let at = self.place();
        let mut gateway = at.serve("gateway", self.other_gateways.len() + 2)?;
        gateway.announced().await?;
        let address = gateway.address("race")?.to_string();
        self.other_gateways.push(gateway);
        Ok(address)
    }

    /// Kills the cluster's NATS server, and starts it again after a while with
    /// what it had stored.
    ///
    /// # Errors
    /// When it is not the cluster's own, or does not come back.
    pub async fn crash_nats(&mut self, away: Duration) -> Result<()> {
        let nats = self.nats.as_mut().context("a NATS server of its own")?;
        nats.crash(away, self.folder.path()).await
    }

    /// Lets the cluster's NATS server do nothing for a while, as on a stalled disk.
    ///
    /// # Errors
    /// When it is not the cluster's own.
    pub async fn stall_nats(&self, time: Duration) -> Result<()> {
        let nats = self.nats.as_ref().context("a NATS server of its own")?;
        nats.process().stand_still()?;
        tokio::time::sleep(time).await;
        nats.process().go_on()
    }

    /// Starts the persistence process again, once it has ended.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn restart_persistence(&mut self) -> Result<()> {
        self.persistence = self.place().serve("persistence", 2)?;
        self.persistence.announced().await
    }

    /// All programs of ours.
    pub fn processes_mut(&mut self) -> impl Iterator<Item = &mut Process> {
        let others = [
            &mut self.gateway,
            &mut self.chat_worker,
            &mut self.persistence,
        ];
        others
            .into_iter()
            .chain(&mut self.other_gateways)
            .chain(&mut self.race_workers)
    }

    /// Where race clients connect.
    ///
    /// # Errors
    /// When the gateway has not announced it.
    pub fn race_address(&self) -> Result<String> {
        Ok(self.gateway.address("race")?.to_string())
    }

    /// Where chat clients connect.
    ///
    /// # Errors
    /// When the gateway has not announced it.
    pub fn chat_address(&self) -> Result<String> {
        Ok(self.gateway.address("chat")?.to_string())
    }

    /// Where NATS is.
    #[must_use]
    pub fn nats_url(&self) -> &str {
        &self.nats_url
    }

    /// Where everything of this cluster is kept.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// A new player, in the lobby.
    ///
    /// # Errors
    /// When the sign-up fails.
    pub async fn racer(&self, name: &str) -> Result<Live<Racer>> {
        let racer = Racer::connect(name, &self.race_address()?);
        racer.act(|racer| racer.client.sign_up(name, PASSWORD));
        racer.in_lobby().await?;
        Ok(racer)
    }

    /// A known player, in the lobby.
    ///
    /// # Errors
    /// When the log-in fails.
    pub async fn returning_racer(&self, name: &str) -> Result<Live<Racer>> {
        self.racer_back_at(name, &self.race_address()?).await
    }

    /// A known player, in the lobby, by a gateway of choice.
    ///
    /// # Errors
    /// When the log-in fails.
    pub async fn racer_back_at(&self, name: &str, address: &str) -> Result<Live<Racer>> {
        let racer = Racer::connect(name, address);
        racer.act(|racer| racer.client.log_in(name, PASSWORD));
        racer.in_lobby().await?;
        Ok(racer)
    }

    /// A new player, in the chat.
    ///
    /// # Errors
    /// When the sign-up fails.
    pub async fn chatter(&self, name: &str) -> Result<Live<Chatter>> {
        let chatter = Chatter::connect(name, &self.chat_address()?);
        chatter.act(|chatter| chatter.client.sign_up(name, PASSWORD));
        chatter.in_chat().await?;
        Ok(chatter)
    }

    /// A standard NATS client at this cluster's server.
    ///
    /// # Errors
    /// When it cannot connect.
    pub async fn plain_nats(&self) -> Result<RawNats> {
        RawNats::connect(&self.nats_url).await
    }

    /// The operator's tool.
    ///
    /// # Errors
    /// When it has not been built.
    pub fn racectl(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = program("racectl")?;
        command.args(["--nats", &self.nats_url]).args(arguments);
        Ok(command)
    }

    /// Asks the database, through the persistence program; `null` where it
    /// says that there is nothing.
    ///
    /// # Errors
    /// When it answers no JSON.
    pub async fn database(&self, arguments: &[&str]) -> Result<Value> {
        let mut command = program("persistence")?;
        command
            .args(["--database", &self.database_url])
            .args(arguments);
        Ok(serde_json::from_str(&stdout_of(command).await?)?)
    }

    fn place(&self) -> Place<'_> {
        Place {
            nats_url: &self.nats_url,
            database_url: &self.database_url,
            folder: self.folder.path(),
        }
    }
}

/// What every program of a cluster is told.
#[derive(Clone, Copy)]
struct Place<'a> {
    nats_url: &'a str,
    database_url: &'a str,
    folder: &'a Path,
}

impl Place<'_> {
    fn serve(self, name: &str, number: usize) -> Result<Process> {
        let command = self.command(name)?;
        Process::serve(command, LOOPBACK, &format!("{name}-{number}"), self.folder)
    }

    fn command(self, name: &str) -> Result<Command> {
        let mut command = program(name)?;
        command
            .env("SLIPSTREAM_NATS_URL", self.nats_url)
            .env("SLIPSTREAM_DATABASE_URL", self.database_url);
        if name == "gateway" {
            let key = self.folder.join("session.key");
            command
                .args(["--race-listen", "127.0.0.1:0"])
                .args(["--chat-listen", "127.0.0.1:0"])
                .arg("--session-key-file")
                .arg(key);
        }
        Ok(command)
    }
}
