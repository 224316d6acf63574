//! Errors of the database.

use std::error::Error;
use std::time::Duration;

use protocol::persist::RecordReadError;
use protocol::{NameError, PlayerId, PlayerName, RaceId, Rejection, RejectionCode, Tick};
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

use crate::hash_queue::Lane;

/// MySQL and MariaDB: lock wait timeout; deadlock victim.
const MYSQL_CONFLICTS: [u16; 2] = [1205, 1213];
/// SQLite: busy; locked. The low byte of the extended code.
const SQLITE_CONFLICTS: [u32; 2] = [5, 6];
/// SQLite: too big; constraint; mismatch.
const SQLITE_REFUSALS: [u32; 3] = [18, 19, 20];
/// MySQL and MariaDB: a packet is too large; a text is not of the column's character
/// set. Both have the SQLSTATE of a general error.
const MYSQL_REFUSALS: [u16; 2] = [1153, 1366];
/// MySQL and MariaDB: disk full (two); cannot write a file (two); too many connections;
/// shutting down; table full; no log space; read-only (three); no longer connected
/// (two).
const MYSQL_PASSING: [u16; 13] = [
    3, 1021, 1026, 1030, 1040, 1053, 1114, 1197, 1290, 1792, 1836, 1927, 4031,
];
/// SQLite: permission; read-only; input or output; full; cannot open; locking protocol;
/// not permitted by the file system.
const SQLITE_PASSING: [u32; 7] = [3, 8, 10, 13, 14, 15, 22];
/// MySQL and MariaDB: access to the database is denied; access is denied; there is no
/// such database; access is denied without a password.
const MYSQL_MISCONFIGURED: [u16; 4] = [1044, 1045, 1049, 1698];
/// SQLite: cannot open; not a database.
const SQLITE_MISCONFIGURED: [u32; 2] = [14, 26];

/// The reason why a database URL was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// The kind of database is not supported.
    #[error(
        "allowed are sqlite://PATH?mode=rwc, and mysql://USER:PASSWORD@HOST/DATABASE \
         for MySQL and MariaDB"
    )]
    Scheme,
    /// The URL has a server, but no database.
    #[error("the database is missing: mysql://USER:PASSWORD@HOST/DATABASE")]
    NoDatabase,
    /// Error of the driver.
    #[error("{0}")]
    Malformed(String),
}

/// The reason why a record cannot be stored.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The record is of another version or kind, or damaged.
    #[error("unreadable")]
    Unreadable(#[from] RecordReadError),
    /// A value that the wire has no word for.
    #[error("a value without a word")]
    Word(#[from] serde_json::Error),
    /// A number that no race has.
    #[error("{field} is out of range: {value}")]
    OutOfRange {
        /// The field.
        field: &'static str,
        /// The value received.
        value: String,
    },
    /// A field has more bytes than its column holds.
    #[error("{field} has {bytes} bytes, at most {bytes_max} are allowed")]
    TooManyBytes {
        /// The field.
        field: &'static str,
        /// Size received.
        bytes: usize,
        /// Largest size allowed.
        bytes_max: usize,
    },
    /// A text has more characters than its column holds.
    #[error("{field} has {chars} characters, at most {chars_max} are allowed")]
    TooLong {
        /// The field.
        field: &'static str,
        /// Length received.
        chars: usize,
        /// Largest length allowed.
        chars_max: usize,
    },
}

/// A failed operation of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another player has the name.
    #[error("the name {0} is taken: choose another")]
    NameTaken(PlayerName),
    /// Another player has a name that looks like it.
    #[error("the name {0} is too similar to an existing one: choose another")]
    NameTooSimilar(PlayerName),
    /// The name, or one that looks like it, belonged to an account that was deleted not
    /// long ago.
    #[error("the name {0} is that of a deleted account and not free yet: choose another")]
    NameDeleted(PlayerName),
    /// The name is reserved.
    #[error(transparent)]
    BadName(NameError),
    /// The player is unknown or the password is wrong; the error does not reveal
    /// which.
    #[error("wrong name or password")]
    WrongCredentials,
    /// The password that a logged-in player gave is not that of the account.
    #[error("that is not your password")]
    WrongPassword,
    /// There is no room among the requests that wait for a password hash.
    #[error("all servers are busy with {}, try again in {} s", lane.words(), seconds(*retry_after))]
    Busy {
        /// What the servers are busy with.
        lane: Lane,
        /// When there should be room.
        retry_after: Duration,
    },
    /// The deadline of a request has passed before its password could be hashed.
    #[error("all servers are busy, the request came too late, try again in a moment")]
    Stale,
    /// There is no player with that name.
    #[error("there is no player called {0}")]
    UnknownPlayer(PlayerId),
    /// The race has no replay.
    #[error(
        "there is no replay of race {0}: it has not ended with a result, \
         or is too long ago"
    )]
    NoReplay(RaceId),
    /// Chunks of the replay are missing, perhaps not received yet.
    #[error(
        "the replay of race {race} is not complete: the inputs from tick {at} on \
         are missing"
    )]
    ReplayIncomplete {
        /// The race.
        race: RaceId,
        /// First tick of the gap.
        at: Tick,
    },
    /// The password is too short or too long.
    #[error(transparent)]
    BadPassword(Rejection),
    /// A hash could not be computed or parsed.
    #[error("cannot hash a password")]
    Password(#[source] argon2::password_hash::Error),
    /// The folder of the database file cannot be created.
    #[error("cannot make the folder of the database {url}")]
    Folder {
        /// The URL without its password.
        url: String,
        /// Cause of the failure.
        #[source]
        source: std::io::Error,
    },
    /// A row cannot be decoded, and was not written by this program.
    #[error("the database has an unreadable row in {table}")]
    Row {
        /// The table.
        table: &'static str,
        /// Cause of the failure.
        #[source]
        source: serde_json::Error,
    },
    /// The database failed or refused.
    #[error("cannot {operation} in the database")]
    Database {
        /// The operation.
        operation: &'static str,
        /// Error of the driver.
        #[source]
        source: DbErr,
    },
    /// The driver reports a commit that another connection does not see.
    #[error("the database has lost {0} that it reported as written")]
    NotSeen(&'static str),
    /// The file that was opened is no longer at its path.
    #[error("the file of the database has been removed or replaced: {0}")]
    FileChanged(String),
    /// The database did not answer.
    #[error("the database takes too long to {operation}")]
    TimedOut {
        /// The operation, which may have been carried out.
        operation: &'static str,
    },
}

impl StoreError {
    /// Whether the database did not answer at all.
    #[must_use]
    pub fn is_unreachable(&self) -> bool {
        if matches!(self, Self::TimedOut { .. }) {
            return true;
        }
        let Self::Database { source, .. } = self else {
            return false;
        };
        matches!(source, DbErr::ConnectionAcquire(_))
            || driver_error(source).is_some_and(|error| error.as_database_error().is_none())
    }

    /// Whether the database failed, rather than refused the data or found a conflict:
    /// the connection on which it happened is not used again.
    #[must_use]
    pub fn is_failure(&self) -> bool {
        match self {
            Self::Database { .. } => !self.is_conflict() && !self.is_refusal(),
            Self::TimedOut { .. } | Self::NotSeen(_) | Self::FileChanged(_) => true,
            Self::NameTaken(_)
            | Self::NameTooSimilar(_)
            | Self::NameDeleted(_)
            | Self::BadName(_)
            | Self::WrongCredentials
            | Self::WrongPassword
            | Self::Busy { .. }
            | Self::Stale
            | Self::UnknownPlayer(_)
            | Self::NoReplay(_)
            | Self::ReplayIncomplete { .. }
            | Self::BadPassword(_)
            | Self::Password(_)
            | Self::Folder { .. }
            | Self::Row { .. } => false,
        }
    }

    /// Whether the database can do nothing at present, rather than this: it is not
    /// there, locked, full or read-only.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        let is_known = self.refusal().is_some_and(|error| {
            match error.try_downcast_ref::<MySqlDatabaseError>() {
                Some(error) => MYSQL_PASSING.contains(&error.number()),
                None => sqlite_code(error).is_some_and(|code| SQLITE_PASSING.contains(&code)),
            }
        });
        is_known
            || self.is_unreachable()
            || self.is_conflict()
            || matches!(self, Self::NotSeen(_) | Self::FileChanged(_))
    }

    /// Whether an operator must change the settings: waiting does not help.
    #[must_use]
    pub fn is_misconfigured(&self) -> bool {
        matches!(self, Self::Folder { .. })
            || self.refusal().is_some_and(|error| {
                match error.try_downcast_ref::<MySqlDatabaseError>() {
                    Some(error) => MYSQL_MISCONFIGURED.contains(&error.number()),
                    None => {
                        sqlite_code(error).is_some_and(|code| SQLITE_MISCONFIGURED.contains(&code))
                    }
                }
            })
    }

    /// Whether the operation conflicted with another transaction and can be repeated at
    /// once.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.refusal().is_some_and(
            |error| match error.try_downcast_ref::<MySqlDatabaseError>() {
                Some(error) => MYSQL_CONFLICTS.contains(&error.number()),
                None => sqlite_code(error).is_some_and(|code| SQLITE_CONFLICTS.contains(&code)),
            },
        )
    }

    /// Whether the data is at fault rather than the database, so that repeating the
    /// operation does not help.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.refusal().is_some_and(
            |error| match error.try_downcast_ref::<MySqlDatabaseError>() {
                // The SQLSTATE classes of data exceptions and integrity violations.
                Some(error) => {
                    let state = error.code().unwrap_or_default();
                    state.starts_with("22")
                        || state.starts_with("23")
                        || MYSQL_REFUSALS.contains(&error.number())
                }
                None => sqlite_code(error).is_some_and(|code| SQLITE_REFUSALS.contains(&code)),
            },
        )
    }

    /// Whether the request was refused since too many came at once.
    #[must_use]
    pub fn is_overload(&self) -> bool {
        matches!(self, Self::Busy { .. } | Self::Stale)
    }

    fn refusal(&self) -> Option<&dyn sqlx::error::DatabaseError> {
        let Self::Database { source, .. } = self else {
            return None;
        };
        driver_error(source)?.as_database_error()
    }
}

impl From<StoreError> for Rejection {
    fn from(error: StoreError) -> Self {
        let code = match error {
            StoreError::NameTaken(_)
            | StoreError::NameTooSimilar(_)
            | StoreError::NameDeleted(_) => RejectionCode::NameTaken,
            StoreError::WrongCredentials
            | StoreError::WrongPassword
            | StoreError::UnknownPlayer(_) => RejectionCode::WrongCredentials,
            StoreError::Busy { .. } | StoreError::Stale => RejectionCode::Unavailable,
            StoreError::BadName(error) => return error.into(),
            StoreError::NoReplay(_) | StoreError::ReplayIncomplete { .. } => {
                RejectionCode::ReplayMissing
            }
            StoreError::BadPassword(rejection) => return rejection,
            StoreError::Password(_)
            | StoreError::Folder { .. }
            | StoreError::Row { .. }
            | StoreError::Database { .. }
            | StoreError::NotSeen(_)
            | StoreError::FileChanged(_)
            | StoreError::TimedOut { .. } => {
                let message =
                    "the database is not available just now, please try again in a moment";
                return Self::new(RejectionCode::Unavailable, message);
            }
        };
        Self::new(code, error.to_string())
    }
}

/// Whole seconds, rounded up: the wait is never over sooner than a person is told.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// Formats an error and its chain of sources in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // The driver's wrappers repeat the message of their source.
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    text
}

fn driver_error(error: &DbErr) -> Option<&sqlx::Error> {
    match error {
        DbErr::Conn(RuntimeErr::SqlxError(error))
        | DbErr::Exec(RuntimeErr::SqlxError(error))
        | DbErr::Query(RuntimeErr::SqlxError(error)) => Some(error),
        _other => None,
    }
}

fn sqlite_code(error: &dyn sqlx::error::DatabaseError) -> Option<u32> {
    let code: u32 = error.code()?.parse().ok()?;
    Some(code & 0xff)
}
