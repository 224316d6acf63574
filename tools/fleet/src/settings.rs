//! The settings of the servers of a fleet.

use std::process::Command;

use anyhow::Result;

use crate::plan::NatsSource;
use crate::port::free_port;
use crate::programs::Programs;
use crate::run_dir::RunDir;
use crate::{LOOPBACK, Program, nats};

/// The settings that the servers of a fleet have in common.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) programs: Programs,
    pub(crate) run_dir: RunDir,
    pub(crate) nats_url: String,
    /// Host and port of the fleet's own NATS server; `None` when it uses an
    /// existing one.
    nats_address: Option<(String, u16)>,
    database_url: String,
}

impl Settings {
    /// # Errors
    /// When there is no free port for the NATS server.
    pub(crate) fn new(
        programs: Programs,
        run_dir: RunDir,
        nats: NatsSource,
        database_url: Option<String>,
    ) -> Result<Self> {
        let (nats_address, nats_url) = match nats {
            NatsSource::Existing { url } => (None, url),
            NatsSource::Own { host } => {
                let port = free_port(&host)?;
                let url = format!("nats://{host}:{port}");
                (Some((host, port)), url)
            }
        };
        Ok(Self {
            database_url: database_url.unwrap_or_else(|| run_dir.database_url()),
            programs,
            run_dir,
            nats_url,
            nats_address,
        })
    }

    /// The command of a server, without its monitoring port and announcement. The ports
    /// of a gateway are chosen here, so that it keeps them when it is restarted.
    pub(crate) fn command(&self, program: Program) -> Result<Command> {
        let mut command = self.programs.command(program.name())?;
        // URLs may contain passwords, and other users cannot read the environment.
        command
            .env("SLIPSTREAM_NATS_URL", &self.nats_url)
            .env("SLIPSTREAM_DATABASE_URL", &self.database_url);
        match program {
            Program::Gateway => {
                for flag in ["--race-listen", "--chat-listen"] {
                    let port = free_port(LOOPBACK)?;
                    command.args([flag, &format!("{LOOPBACK}:{port}")]);
                }
                command
                    .arg("--session-key-file")
                    .arg(self.run_dir.session_key());
            }
            Program::RaceWorker => {
                // `Fleet::rooms_of` reads the worker's id from its log.
                command.args(["--log-format", "json"]);
            }
            Program::ChatWorker | Program::Persistence | Program::NatsServer => {}
        }
        Ok(command)
    }

    /// The command of the fleet's own NATS server, if it has one.
    pub(crate) fn nats_command(&self) -> Result<Option<Command>> {
        let Some((host, port)) = &self.nats_address else {
            return Ok(None);
        };
        let program = &self.programs.nats_server;
        nats::command(program, host, *port, &self.run_dir).map(Some)
    }
}
