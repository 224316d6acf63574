//! Kinds of faults.

use std::fmt;

use clap::ValueEnum;
use fleet::Program;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// SIGKILL; after a time, another process in its place.
    Kill(Program),
    /// SIGSTOP; after a time, SIGCONT.
    Stop(Program),
    /// Packets between the process and NATS are dropped for a time.
    Cut(Program),
    /// Something happens to what the servers store.
    Storage(StorageFault),
}

/// A fault of what the servers store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StorageFault {
    /// The disk of the NATS server is full for a time
    DiskFull,
    /// The NATS server is killed and comes back with an empty store
    NatsEmpty,
    /// The database server is killed and restarted
    DatabaseKill,
    /// The disk of the database is full for a time
    DatabaseFull,
}

impl StorageFault {
    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::DiskFull => "disk-full",
            Self::NatsEmpty => "nats-empty",
            Self::DatabaseKill => "database-kill",
            Self::DatabaseFull => "database-full",
        }
    }
}

impl FaultKind {
    /// Its name in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Kill(_) => "kill",
            Self::Stop(_) => "stop",
            Self::Cut(_) => "cut",
            Self::Storage(fault) => fault.name(),
        }
    }

    /// The program that it happens to; `None` for the database.
    #[must_use]
    pub const fn program(self) -> Option<Program> {
        match self {
            Self::Kill(program) | Self::Stop(program) | Self::Cut(program) => Some(program),
            Self::Storage(StorageFault::DiskFull | StorageFault::NatsEmpty) => {
                Some(Program::NatsServer)
            }
            Self::Storage(StorageFault::DatabaseKill | StorageFault::DatabaseFull) => None,
        }
    }
}

impl fmt::Display for FaultKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
