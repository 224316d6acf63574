//! What can go wrong with the database.

use std::error::Error;

use protocol::{
    NameError, PlayerId, PlayerName, RaceId, ReadError, Rejection, RejectionCode, Tick,
};
use sea_orm::sqlx::mysql::MySqlDatabaseError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

/// MySQL and MariaDB: waited too long for a lock; chosen to end a deadlock.
const MYSQL_CONFLICTS: [u16; 2] = [1205, 1213];
/// SQLite: busy; locked. The low byte of the extended code.
const SQLITE_CONFLICTS: [u32; 2] = [5, 6];
/// SQLite: too big; constraint; mismatch.
const SQLITE_REFUSALS: [u32; 3] = [18, 19, 20];

/// Why a database URL was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// Another kind of database.
    #[error(
        "allowed are sqlite://PATH?mode=rwc, and mysql://USER:PASSWORD@HOST/DATABASE \
         for MySQL and MariaDB"
    )]
    Scheme,
    /// A server without a database.
    #[error("the database is missing: mysql://USER:PASSWORD@HOST/DATABASE")]
    NoDatabase,
    /// What the driver says.
    #[error("{0}")]
    Malformed(String),
}

/// A record that fits no row.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// Of another version, or damaged.
    #[error("unreadable")]
    Unreadable(#[from] ReadError),
    /// A value that the wire has no word for.
    #[error("a value without a word")]
    Word(#[from] serde_json::Error),
    /// A number that the database cannot hold.
    #[error("{field} is too large: {value}")]
    TooLarge {
        /// Which.
        field: &'static str,
        /// As it came.
        value: u64,
    },
    /// More bytes than a column is meant to hold.
    #[error("{field} has {bytes} bytes, at most {bytes_max} are allowed")]
    TooManyBytes {
        /// Which.
        field: &'static str,
        /// How many came.
        bytes: usize,
        /// How many fit.
        bytes_max: usize,
    },
    /// A text that its column cannot hold.
    #[error("{field} has {chars} characters, at most {chars_max} are allowed")]
    TooLong {
        /// Which.
        field: &'static str,
        /// How many came.
        chars: usize,
        /// How many fit.
        chars_max: usize,
    },
}

/// A request to the store that was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else has the name.
    #[error("the name {0} is taken: choose another")]
    NameTaken(PlayerName),
    /// A name that no person may have.
    #[error(transparent)]
    BadName(NameError),
    /// No such player, or not the password. Which of the two is not told.
    #[error("wrong name or password")]
    WrongCredentials,
    /// A profile of nobody.
    #[error("there is no player called {0}")]
    UnknownPlayer(PlayerId),
    /// A race without a replay.
    #[error(
        "there is no replay of race {0}: it has not ended with a result, \
         or is too long ago"
    )]
    NoReplay(RaceId),
    /// Chunks that have not come, or not yet.
    #[error(
        "the replay of race {race} is not complete: the inputs from tick {at} on \
         are missing"
    )]
    ReplayIncomplete {
        /// Which race.
        race: RaceId,
        /// Where the gap begins.
        at: Tick,
    },
    /// A password outside its limits.
    #[error(transparent)]
    BadPassword(Rejection),
    /// A hash could not be made or read.
    #[error("cannot hash a password")]
    Password(#[source] argon2::password_hash::Error),
    /// The folder of the database file.
    #[error("cannot make the folder of the database {url}")]
    Folder {
        /// Without its password.
        url: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A row that this program did not write.
    #[error("the database has an unreadable row in {table}")]
    Row {
        /// Where.
        table: &'static str,
        /// Why.
        #[source]
        source: serde_json::Error,
    },
    /// The database failed or refused.
    #[error("cannot {operation} in the database")]
    Database {
        /// What was to be done.
        operation: &'static str,
        /// What the driver says.
        #[source]
        source: DbErr,
    },
    /// The database did not answer.
    #[error("the database takes too long to {operation}")]
    TimedOut {
        /// What was to be done. It may have been.
        operation: &'static str,
    },
}

impl StoreError {
    /// Whether the database did not even answer.
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

    /// Whether another transaction was in the way: trying again at once helps.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        self.refusal().is_some_and(
            |error| match error.try_downcast_ref::<MySqlDatabaseError>() {
                Some(error) => MYSQL_CONFLICTS.contains(&error.number()),
                None => sqlite_code(error).is_some_and(|code| SQLITE_CONFLICTS.contains(&code)),
            },
        )
    }

    /// Whether the data is at fault rather than the database: trying again
    /// does not help.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.refusal().is_some_and(
            |error| match error.try_downcast_ref::<MySqlDatabaseError>() {
                // The SQLSTATE classes of data exceptions and integrity violations.
                Some(error) => error
                    .code()
                    .is_some_and(|state| state.starts_with("22") || state.starts_with("23")),
                None => sqlite_code(error).is_some_and(|code| SQLITE_REFUSALS.contains(&code)),
            },
        )
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
            StoreError::NameTaken(_) => RejectionCode::NameTaken,
            StoreError::WrongCredentials | StoreError::UnknownPlayer(_) => {
                RejectionCode::WrongCredentials
            }
            StoreError::BadName(error) => return error.into(),
            StoreError::NoReplay(_) | StoreError::ReplayIncomplete { .. } => {
                RejectionCode::ReplayMissing
            }
            StoreError::BadPassword(rejection) => return rejection,
            StoreError::Password(_)
            | StoreError::Folder { .. }
            | StoreError::Row { .. }
            | StoreError::Database { .. }
            | StoreError::TimedOut { .. } => {
                let message =
                    "the database is not available just now, please try again in a moment";
                return Self::new(RejectionCode::Unavailable, message);
            }
        };
        Self::new(code, error.to_string())
    }
}

/// The message with its causes, in one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        // The driver's wrappers repeat what they wrap.
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
