//! A whole Slipstream for one test.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use client_core::Security;
use client_core::security::CaFile;
use fleet::wait::eventually;
use fleet::{Fleet, Plan, Program, Programs, RunDir};

use crate::chatter::Chatter;
use crate::live::Live;
use crate::network_namespace::NetworkNamespace;
use crate::programs::programs;
use crate::racer::Racer;
use crate::raw_nats::RawNats;
use crate::scratch_dir::ScratchDir;

/// The password of everybody in the tests.
pub const PASSWORD: &str = "correct-horse";

/// Running servers, and how clients of a test connect to them. Dropping it ends
/// them all.
#[derive(Debug)]
pub struct Cluster {
    /// The servers.
    pub fleet: Fleet,
    /// How its clients connect.
    pub security: Security,
    // Dropped last: the servers write to it.
    scratch: ScratchDir,
}

impl Cluster {
    /// The usual: one of each, on SQLite.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(Plan::default()).await
    }

    /// Starts the servers of the plan, and waits until all of them serve.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start_with(plan: Plan) -> Result<Self> {
        Self::start_from(programs()?, plan).await
    }

    /// As [`Cluster::start_with`], from other programs than the usual.
    ///
    /// # Errors
    /// When something does not start.
    pub async fn start_from(programs: Programs, plan: Plan) -> Result<Self> {
        let scratch = ScratchDir::new()?;
        let run_dir = RunDir::new(scratch.path());
        let tls = plan.tls;
        let fleet = Fleet::start(programs, run_dir, plan).await?;
        let security = if tls {
            Security::with_ca(&CaFile::read(&fleet.run_dir().ca())?)
        } else {
            Security::Plain
        };
        Ok(Self {
            fleet,
            security,
            scratch,
        })
    }

    /// Starts one more race worker, in a network namespace.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn add_race_worker_in(&mut self, namespace: &NetworkNamespace) -> Result<()> {
        let command = self.fleet.command(Program::RaceWorker)?;
        let command = namespace.command(&command);
        let added = self
            .fleet
            .add_command(Program::RaceWorker, command, namespace.address());
        added.await.map(drop)
    }

    /// Starts one more gateway; gives the address for race clients.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn add_gateway(&mut self) -> Result<String> {
        let gateway = self.fleet.add(Program::Gateway).await?;
        Ok(gateway.address("race")?.to_string())
    }

    /// Kills the cluster's own NATS server, and restarts it after a while with
    /// what it had stored.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn crash_nats(&mut self, away: Duration) -> Result<()> {
        let nats = self.fleet.nats_servers.first_mut();
        let nats = nats.context("a NATS server of its own")?;
        nats.kill()?;
        nats.ended().await?;
        tokio::time::sleep(away).await;
        nats.restart().await
    }

    /// Kills the cluster's own NATS server, and restarts it after a while on an empty
    /// disk.
    ///
    /// # Errors
    /// When it does not come back.
    pub async fn empty_nats(&mut self, away: Duration) -> Result<()> {
        let store = self.fleet.run_dir().nats_store();
        let nats = self.fleet.nats_servers.first_mut();
        let nats = nats.context("a NATS server of its own")?;
        nats.kill()?;
        nats.ended().await?;
        std::fs::remove_dir_all(store)?;
        tokio::time::sleep(away).await;
        nats.restart().await
    }

    /// Waits until every program is ready.
    ///
    /// # Errors
    /// When one is not, with what it lacks.
    pub async fn all_ready(&mut self) -> Result<()> {
        for program in self.fleet.programs_mut() {
            let mut lacks = String::new();
            let ready = eventually("ready", async || {
                let (status, text) = program.ready_page().await?;
                lacks = text;
                Ok((status == 200).then_some(()))
            });
            let ready = ready.await;
            ready.with_context(|| format!("{}: {lacks}", program.name()))?;
        }
        Ok(())
    }

    /// Suspends the cluster's own NATS server for a while, as a stalled disk does.
    ///
    /// # Errors
    /// When it has ended.
    pub async fn stall_nats(&self, time: Duration) -> Result<()> {
        let nats = self.fleet.nats_servers.first();
        let nats = nats.context("a NATS server of its own")?;
        nats.suspend()?;
        tokio::time::sleep(time).await;
        nats.resume()
    }

    /// Where race clients connect.
    ///
    /// # Errors
    /// When the gateway has not announced it.
    pub fn race_address(&self) -> Result<String> {
        Ok(self.fleet.gateways[0].address("race")?.to_string())
    }

    /// Where chat clients connect.
    ///
    /// # Errors
    /// When the gateway has not announced it.
    pub fn chat_address(&self) -> Result<String> {
        Ok(self.fleet.gateways[0].address("chat")?.to_string())
    }

    /// The folder of everything that belongs to this cluster.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.scratch.path()
    }

    /// A new player, in the lobby.
    ///
    /// # Errors
    /// When the sign-up fails.
    pub async fn racer(&self, name: &str) -> Result<Live<Racer>> {
        let racer = Racer::connect_with(name, &self.race_address()?, &self.security);
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
        let racer = Racer::connect_with(name, address, &self.security);
        racer.act(|racer| racer.client.log_in(name, PASSWORD));
        racer.in_lobby().await?;
        Ok(racer)
    }

    /// A new player, in the chat.
    ///
    /// # Errors
    /// When the sign-up fails.
    pub async fn chatter(&self, name: &str) -> Result<Live<Chatter>> {
        self.chatter_at(name, 0).await
    }

    /// A new player, in the chat by a gateway of choice.
    ///
    /// # Errors
    /// When the sign-up fails.
    pub async fn chatter_at(&self, name: &str, gateway: usize) -> Result<Live<Chatter>> {
        let address = self.fleet.gateways[gateway].address("chat")?;
        let chatter = Chatter::connect_with(name, &address.to_string(), &self.security);
        chatter.act(|chatter| chatter.client.sign_up(name, PASSWORD));
        chatter.in_chat().await?;
        Ok(chatter)
    }

    /// A standard NATS client at this cluster's server, as the operator.
    ///
    /// # Errors
    /// When it cannot connect.
    pub async fn plain_nats(&self) -> Result<RawNats> {
        self.plain_nats_of("operator").await
    }

    /// A standard NATS client at this cluster's server, as a program's user.
    ///
    /// # Errors
    /// When it cannot connect.
    pub async fn plain_nats_of(&self, user: &str) -> Result<RawNats> {
        let seed = self.fleet.nats_users().seed(user);
        RawNats::connect(self.fleet.nats_url(), user, &seed).await
    }

    /// Lines in the logs of our programs that say that NATS has refused something: a
    /// program has the rights that it needs.
    fn violations(&self) -> Vec<String> {
        let programs = [
            Program::Gateway,
            Program::RaceWorker,
            Program::ChatWorker,
            Program::Persistence,
        ];
        let servers = programs.iter().flat_map(|&it| self.fleet.servers(it));
        let lines = servers.flat_map(|server| {
            let log = server.log();
            let lines = log
                .lines()
                .filter(|line| line.contains("ermissions Violation"));
            let lines = lines.map(|line| format!("{}: {line}", server.name()));
            lines.collect::<Vec<_>>()
        });
        lines.collect()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let violations = self.violations();
        assert!(
            violations.is_empty() || std::thread::panicking(),
            "a program lacks rights on NATS: {violations:#?}"
        );
    }
}
