//! The settings of the servers of a fleet.

use std::process::Command;

use anyhow::Result;

use crate::limits::WIDE_LIMITS;
use crate::nats_users::NatsUsers;
use crate::plan::{NatsSource, Plan};
use crate::port::Port;
use crate::programs::Programs;
use crate::run_dir::RunDir;
use crate::{LOOPBACK, Program, nats};

/// The settings that the servers of a fleet have in common.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) programs: Programs,
    pub(crate) run_dir: RunDir,
    pub(crate) nats_url: String,
    pub(crate) nats_users: NatsUsers,
    /// Host and port of the fleet's own NATS server; `None` when it uses an
    /// existing one.
    nats_address: Option<(String, Port)>,
    database_url: String,
    /// The ports of the gateways.
    gateway_ports: Vec<Port>,
    /// Whether the gateways speak TLS.
    tls: bool,
    has_wide_limits: bool,
}

impl Settings {
    /// # Errors
    /// When there is no free port for the NATS server, or its users have no keys.
    pub(crate) fn new(programs: Programs, run_dir: RunDir, plan: Plan) -> Result<Self> {
        let (nats_address, nats_url, nats_users) = match plan.nats {
            NatsSource::Existing { url, users } => (None, url, users),
            NatsSource::Own { host } => {
                let port = Port::choose(&host)?;
                let url = format!("nats://{host}:{}", port.number());
                let users = NatsUsers::make(&programs, run_dir.nats_users())?;
                (Some((host, port)), url, users)
            }
        };
        Ok(Self {
            database_url: plan.database_url.unwrap_or_else(|| run_dir.database_url()),
            programs,
            run_dir,
            nats_url,
            nats_users,
            nats_address,
            gateway_ports: Vec::new(),
            tls: plan.tls,
            has_wide_limits: plan.has_wide_limits,
        })
    }

    /// The command of a server, without its monitoring port and announcement. The ports
    /// of a gateway are chosen here, so that it keeps them when it is restarted.
    pub(crate) fn command(&mut self, program: Program) -> Result<Command> {
        let mut command = self.report_command(program)?;
        match program {
            Program::Gateway => {
                for flag in ["--race-listen", "--chat-listen"] {
                    let port = Port::choose(LOOPBACK)?;
                    command.args([flag, &format!("{LOOPBACK}:{}", port.number())]);
                    self.gateway_ports.push(port);
                }
                if self.has_wide_limits {
                    command.envs(WIDE_LIMITS);
                }
                command
                    .arg("--session-key-file")
                    .arg(self.run_dir.session_key());
                if self.tls {
                    let folder = self.run_dir.certificates();
                    command
                        .arg("--tls-certificate")
                        .arg(folder.join("server.pem"))
                        .arg("--tls-key")
                        .arg(folder.join("server.key"));
                }
            }
            Program::RaceWorker => {
                // `Fleet::rooms_of` reads the worker's id from its log.
                command.args(["--log-format", "json"]);
            }
            Program::ChatWorker | Program::Persistence | Program::NatsServer => {}
        }
        Ok(command)
    }

    /// The command of a server that does not listen, as for a report.
    pub(crate) fn report_command(&self, program: Program) -> Result<Command> {
        let mut command = self.programs.command(program.name())?;
        // URLs may contain passwords, and other users cannot read the environment.
        command
            .env("SLIPSTREAM_NATS_URL", &self.nats_url)
            .env("SLIPSTREAM_NATS_SEED", self.nats_users.seed(program.name()))
            .env("SLIPSTREAM_DATABASE_URL", &self.database_url);
        Ok(command)
    }

    /// The command that makes a server certificate, and the CA when there is none.
    pub(crate) fn certificate_command(&self) -> Result<Command> {
        let mut command = self.programs.command("racectl")?;
        command.arg("certificate").arg(self.run_dir.certificates());
        Ok(command)
    }

    /// The command of the fleet's own NATS server, if it has one.
    pub(crate) fn nats_command(&self) -> Result<Option<Command>> {
        let Some((host, port)) = &self.nats_address else {
            return Ok(None);
        };
        let program = &self.programs.nats_server;
        nats::command(
            program,
            host,
            port.number(),
            &self.run_dir,
            &self.nats_users,
        )
        .map(Some)
    }
}
