//! The URL of the database and its connections.

use std::fmt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sea_orm::sqlx::{ConnectOptions, Connection, Database};

use crate::error::DatabaseUrlError;

/// Connections to MySQL or MariaDB: one writes batches, the others serve account
/// requests; a server allows 151 for all its clients.
const MYSQL_CONNECTIONS_MAX: u32 = 8;
/// Connections to SQLite: one writes at a time, the others read.
const SQLITE_CONNECTIONS_MAX: u32 = 4;
/// Connections that look whether what was written is there: one each for the writers
/// of results and of sign-ups.
const CHECK_CONNECTIONS_MAX: u32 = 2;
/// Timeout for a connection: a log-in should fail soon while the database is
/// unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a writer waits for another process that writes to the same file.
const SQLITE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// The URL of the database, displayed without its password.
#[derive(Clone)]
pub struct DatabaseUrl {
    shown: String,
    options: DriverOptions,
}

#[derive(Clone)]
enum DriverOptions {
    Sqlite {
        options: Box<SqliteConnectOptions>,
        creates: bool,
    },
    MySql(Box<MySqlConnectOptions>),
}

impl DatabaseUrl {
    /// Parses `sqlite://PATH` or `mysql://USER:PASSWORD@HOST/DATABASE`.
    ///
    /// # Errors
    /// When the URL is neither.
    pub fn parse(text: &str) -> Result<Self, DatabaseUrlError> {
        let options = if text.starts_with("sqlite:") {
            let options = SqliteConnectOptions::from_str(text)
                .map_err(|error| DatabaseUrlError::Malformed(error.to_string()))?
                .journal_mode(SqliteJournalMode::Wal)
                .busy_timeout(SQLITE_BUSY_TIMEOUT)
                .disable_statement_logging();
            let creates = text.contains("mode=rwc") || !text.contains("mode=");
            DriverOptions::Sqlite {
                options: Box::new(options.create_if_missing(creates)),
                creates,
            }
        } else if text.starts_with("mysql://") {
            let options = MySqlConnectOptions::from_str(text)
                .map_err(|error| DatabaseUrlError::Malformed(error.to_string()))?
                .disable_statement_logging();
            if options.get_database().is_none_or(str::is_empty) {
                return Err(DatabaseUrlError::NoDatabase);
            }
            DriverOptions::MySql(Box::new(options))
        } else {
            return Err(DatabaseUrlError::Scheme);
        };
        Ok(Self {
            shown: redact(text),
            options,
        })
    }

    /// The same database, which must exist already: nothing is created.
    #[must_use]
    pub fn existing(self) -> Self {
        let options = match self.options {
            DriverOptions::Sqlite { options, .. } => {
                let options = Box::new(options.create_if_missing(false));
                DriverOptions::Sqlite {
                    options,
                    creates: false,
                }
            }
            DriverOptions::MySql(options) => DriverOptions::MySql(options),
        };
        Self { options, ..self }
    }

    /// Creates the folder of an SQLite file that may be created.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub(crate) fn make_folder(&self) -> std::io::Result<()> {
        match &self.options {
            DriverOptions::Sqlite {
                options,
                creates: true,
            } => make_folder_of(options.get_filename()),
            DriverOptions::Sqlite { creates: false, .. } | DriverOptions::MySql(_) => Ok(()),
        }
    }

    /// A pool whose connections are opened on demand. A connection that is given back
    /// within a transaction is closed: on a full disk SQLite ends a transaction by
    /// itself, and the driver would begin all later ones within the one that is gone.
    pub(crate) fn connect(&self) -> DatabaseConnection {
        match &self.options {
            DriverOptions::Sqlite { options, .. } => {
                let pool = outside_transactions(SqlitePoolOptions::new())
                    .max_connections(SQLITE_CONNECTIONS_MAX)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_lazy_with(options.as_ref().clone());
                DatabaseConnection::from(pool)
            }
            DriverOptions::MySql(options) => {
                let pool = outside_transactions(MySqlPoolOptions::new())
                    .max_connections(MYSQL_CONNECTIONS_MAX)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_lazy_with(options.as_ref().clone());
                DatabaseConnection::from(pool)
            }
        }
    }

    /// Connections that see only what is in the database for everybody. For a file
    /// they are opened when they are used, by its path, and create nothing.
    pub(crate) fn connect_for_checks(&self) -> DatabaseConnection {
        match &self.options {
            DriverOptions::Sqlite { options, .. } => {
                let pool = SqlitePoolOptions::new()
                    .max_connections(1)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_lazy_with(options.as_ref().clone().create_if_missing(false));
                DatabaseConnection::from(pool)
            }
            DriverOptions::MySql(options) => {
                let pool = alive(MySqlPoolOptions::new())
                    .max_connections(CHECK_CONNECTIONS_MAX)
                    .acquire_timeout(ACQUIRE_TIMEOUT)
                    .connect_lazy_with(options.as_ref().clone());
                DatabaseConnection::from(pool)
            }
        }
    }

    /// Whether the database is a file of this machine.
    pub(crate) fn is_file(&self) -> bool {
        matches!(self.options, DriverOptions::Sqlite { .. })
    }

    /// The file at the path of the database; `None` when there is none, and for a
    /// server.
    pub(crate) fn file_id(&self) -> Option<FileId> {
        match &self.options {
            DriverOptions::Sqlite { options, .. } => FileId::of(options.get_filename()),
            DriverOptions::MySql(_) => None,
        }
    }
}

/// The identity of a file, whatever its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId {
    device: u64,
    inode: u64,
}

impl FileId {
    fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        Some(Self {
            device: found.dev(),
            inode: found.ino(),
        })
    }
}

/// Options of a pool that hands out only connections that work: an idle one that the
/// server has closed meanwhile is not worth a line in the log, as the driver's own test
/// of it is.
fn alive<D: Database>(options: PoolOptions<D>) -> PoolOptions<D> {
    options
        .test_before_acquire(false)
        .before_acquire(|connection, _metadata| {
            Box::pin(async move { Ok(connection.ping().await.is_ok()) })
        })
}

fn outside_transactions<D: Database>(options: PoolOptions<D>) -> PoolOptions<D> {
    alive(options).after_release(|connection, _metadata| {
        Box::pin(
            async move { Ok(!connection.is_in_transaction() && connection.ping().await.is_ok()) },
        )
    })
}

fn make_folder_of(file: &Path) -> std::io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => std::fs::create_dir_all(folder),
        Some(_) | None => Ok(()),
    }
}

/// Replaces the password of a URL by `***`, also in text that is not a valid URL.
pub(crate) fn redact(url: &str) -> String {
    let hidden = || {
        let (scheme, rest) = url.split_once("://")?;
        // The last `@`: a password that is not encoded may contain others.
        let (user_info, address) = rest.rsplit_once('@')?;
        let (user, _password) = user_info.split_once(':')?;
        Some(format!("{scheme}://{user}:***@{address}"))
    };
    hidden().unwrap_or_else(|| url.to_owned())
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_a_url_without_its_password() {
        let cases = [
            (
                "mysql://ada:se:cr@et/s@db:3306/slipstream",
                "mysql://ada:***@db:3306/slipstream",
            ),
            ("mysql://ada@db/slipstream", "mysql://ada@db/slipstream"),
            (
                "sqlite://.data/slipstream.db?mode=rwc",
                "sqlite://.data/slipstream.db?mode=rwc",
            ),
            ("nonsense", "nonsense"),
        ];
        for (url, expected) in cases {
            assert_eq!(redact(url), expected);
        }
    }

    #[test]
    fn refuses_what_names_no_usable_database() {
        for url in [
            "",
            "slipstream.db",
            "postgres://db/slipstream",
            "mysql://db",
            "mysql://db/",
        ] {
            let error = DatabaseUrl::parse(url).unwrap_err().to_string();
            assert!(error.contains("mysql://"), "{url:?}: {error}");
        }
        assert!(DatabaseUrl::parse("sqlite://a.db?mode=sideways").is_err());
    }
}
