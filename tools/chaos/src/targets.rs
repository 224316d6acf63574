//! What faults happen to: the servers, their disks, the database and the network.

use std::collections::BTreeSet;

use anyhow::{Context, Result, bail};
use fleet::wait::eventually;
use fleet::{Fleet, Process, Program, RunDir};

use crate::cut::Cut;
use crate::database::Database;
use crate::disk::Disk;
use crate::fault::{FaultKind, StorageFault};
use crate::options::Options;
use crate::plan::Fault;
use crate::report::Affected;

/// The servers of a run and what they store.
// The fields are dropped in this order: servers before what they write to.
#[derive(Debug)]
pub(crate) struct Targets {
    cut: Option<Cut>,
    pub(crate) fleet: Fleet,
    database: Database,
    nats_disk: Option<Disk>,
}

impl Targets {
    /// Starts the servers, with the disks and groups that the faults need.
    ///
    /// # Errors
    /// When one does not serve, or this user lacks the rights.
    pub(crate) async fn start(options: &Options) -> Result<Self> {
        let kinds = options.fault_kinds();
        let happens = |fault| kinds.contains(&FaultKind::Storage(fault));
        let run_dir = RunDir::new(&options.folder);
        let nats_disk = match happens(StorageFault::DiskFull) {
            true => Some(Disk::mount(run_dir.nats_store()).await?),
            false => None,
        };
        let on_disk = happens(StorageFault::DatabaseFull);
        let database = Database::start(options.database, &options.folder, on_disk).await?;
        let mut plan = options.fleet();
        plan.database_url = database.url();
        plan.own_groups = kinds.iter().any(|kind| matches!(kind, FaultKind::Cut(_)));
        Ok(Self {
            cut: None,
            fleet: Fleet::start(options.programs(), run_dir, plan).await?,
            database,
            nats_disk,
        })
    }

    /// The name of the instance that a fault happens to.
    pub(crate) fn instance(&self, fault: &Fault) -> Result<String> {
        match self.victim(fault)? {
            Some(process) => Ok(process.name().to_owned()),
            None => Ok("database".to_owned()),
        }
    }

    /// The bots that a fault affects, as far as it is known.
    pub(crate) async fn affected(&self, fault: &Fault) -> Result<Affected> {
        Ok(match fault.kind {
            FaultKind::Kill(Program::RaceWorker)
            | FaultKind::Stop(Program::RaceWorker)
            | FaultKind::Cut(Program::RaceWorker) => {
                let victim = self.victim(fault)?.context("a race worker is a process")?;
                // While NATS or the lobby recovers, the rooms are not known.
                let rooms = self.fleet.rooms_of(victim).await;
                rooms.map_or(Affected::All, |rooms| {
                    Affected::Rooms(rooms.into_iter().collect::<BTreeSet<_>>())
                })
            }
            // The clients of a stopped gateway keep their connections.
            FaultKind::Kill(Program::Gateway) => Affected::Disconnected,
            FaultKind::Kill(_) | FaultKind::Stop(_) | FaultKind::Cut(_) | FaultKind::Storage(_) => {
                Affected::All
            }
        })
    }

    /// Injects a fault.
    ///
    /// # Errors
    /// When its victim has ended, or this user lacks the rights.
    pub(crate) async fn inject(&mut self, fault: &Fault) -> Result<()> {
        match fault.kind {
            FaultKind::Kill(_) | FaultKind::Storage(StorageFault::NatsEmpty) => {
                self.process(fault)?.kill()
            }
            FaultKind::Stop(_) => self.process(fault)?.suspend(),
            FaultKind::Cut(_) => {
                let nats_port = self.nats_port()?;
                self.cut = Some(Cut::between(self.process(fault)?, nats_port).await?);
                Ok(())
            }
            FaultKind::Storage(StorageFault::DiskFull) => self.nats_disk()?.fill().await,
            FaultKind::Storage(StorageFault::DatabaseKill) => self.database.kill().await,
            FaultKind::Storage(StorageFault::DatabaseFull) => self.database.fill().await,
        }
    }

    /// Ends a fault: what ended is started again, and what was full has room.
    ///
    /// # Errors
    /// When a process does not serve again.
    pub(crate) async fn recover(&mut self, fault: &Fault) -> Result<()> {
        match fault.kind {
            FaultKind::Kill(_) => self.process_mut(fault)?.restart().await,
            FaultKind::Stop(_) => self.process(fault)?.resume(),
            FaultKind::Cut(_) => {
                self.cut = None;
                Ok(())
            }
            FaultKind::Storage(StorageFault::NatsEmpty) => {
                let store = self.fleet.run_dir().nats_store();
                let nats = self.process_mut(fault)?;
                nats.ended().await?;
                Disk::clear(&store)?;
                nats.restart().await
            }
            FaultKind::Storage(StorageFault::DiskFull) => {
                self.nats_disk()?.free().await?;
                supervise(self.process_mut(fault)?).await
            }
            FaultKind::Storage(StorageFault::DatabaseKill | StorageFault::DatabaseFull) => {
                self.database.recover().await
            }
        }
    }

    /// Ends all servers in order, and removes what they stored.
    pub(crate) async fn stop(self) {
        let Self {
            cut,
            fleet,
            database,
            nats_disk,
        } = self;
        drop(cut);
        fleet.stop().await;
        drop((database, nats_disk));
    }

    fn nats_disk(&self) -> Result<&Disk> {
        self.nats_disk
            .as_ref()
            .context("NATS has no disk of its own")
    }

    fn nats_port(&self) -> Result<u16> {
        let port = self.fleet.nats_url().rsplit(':').next();
        Ok(port.unwrap_or_default().parse()?)
    }

    fn process(&self, fault: &Fault) -> Result<&Process> {
        self.victim(fault)?
            .with_context(|| format!("{} happens to a process", fault.kind))
    }

    fn victim(&self, fault: &Fault) -> Result<Option<&Process>> {
        let Some(program) = fault.kind.program() else {
            return Ok(None);
        };
        let instances = self.fleet.servers(program);
        match fault.victim.checked_rem(instances.len()) {
            Some(victim) => Ok(instances.get(victim)),
            None => bail!("there is no {}", program.name()),
        }
    }

    fn process_mut(&mut self, fault: &Fault) -> Result<&mut Process> {
        let program = fault.kind.program();
        let program = program.with_context(|| format!("{} happens to a process", fault.kind))?;
        let instances = self.fleet.servers_mut(program);
        let victim = fault.victim.checked_rem(instances.len());
        let instance = victim.and_then(|victim| instances.get_mut(victim));
        instance.with_context(|| format!("there is no {}", program.name()))
    }
}

/// What a supervisor with a health check does: a NATS server that says that it is not
/// well is started again. Once a write to a stream has failed, nats-server 2.15 answers
/// nothing on that stream any more, whatever room the disk has later, and says so at
/// `/healthz`: only a restart repairs it.
async fn supervise(nats: &mut Process) -> Result<()> {
    if nats.try_ended()?.is_none() {
        let problem = eventually("NATS says how it is", async || {
            Ok(nats.nats_problem().await.ok())
        });
        let Some(problem) = problem.await? else {
            return Ok(());
        };
        eprintln!("           {} is restarted: {problem}", nats.name());
        nats.terminate()?;
    }
    nats.restart().await
}
