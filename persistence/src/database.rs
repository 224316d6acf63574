//! The URL of the database and its connections.

use std::fmt;
use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use sea_orm::DatabaseConnection;
use sea_orm::sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions};
use sea_orm::sqlx::{ConnectOptions, Connection, Database};

use tracing::{info, warn};

use crate::error::DatabaseUrlError;

/// Connections to MySQL or MariaDB: one writes batches, the others serve account
/// requests; a server allows 151 for all its clients.
const MYSQL_CONNECTIONS_MAX: u32 = 8;
/// Connections to SQLite: one writes at a time. The writers of three streams, the sweep
/// and two writes of accounts may hold one each while they wait for it, and as many are
/// left to read.
pub(crate) const SQLITE_CONNECTIONS_MAX: u32 = 12;
/// Mode of a folder that is made for a database: it is its owner's only.
const FOLDER_MODE: u32 = 0o700;
/// Mode of the file of a database, which holds password hashes.
const FILE_MODE: u32 = 0o600;
/// What SQLite adds to the name of a file for those beside it. It creates them with
/// the mode of the file.
const SIDE_FILES: [&str; 3] = ["-wal", "-shm", "-journal"];
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

    /// Creates an SQLite file that may be created, with its folder, and lets nobody but
    /// its owner read it, also one that is there.
    ///
    /// # Errors
    /// When the folder cannot be created.
    pub(crate) fn make_file(&self) -> io::Result<()> {
        match &self.options {
            DriverOptions::Sqlite { options, creates } => {
                let file = options.get_filename();
                if *creates {
                    make_folder_of(file)?;
                    make_private(file);
                }
                restrict(file);
                Ok(())
            }
            DriverOptions::MySql(_) => Ok(()),
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
        let found = fs::metadata(path).ok()?;
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

fn make_folder_of(file: &Path) -> io::Result<()> {
    match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => DirBuilder::new()
            .recursive(true)
            .mode(FOLDER_MODE)
            .create(folder),
        Some(_) | None => Ok(()),
    }
}

/// Creates an empty file, which is an empty database, unless there is a file. One that
/// is there is not opened: closing it would end this process's locks on it.
fn make_private(file: &Path) {
    let created = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(file);
    // A file that cannot be created is reported by the driver, which tries the same.
    drop(created);
}

/// Takes a database from others than its owner, as an earlier release or another tool
/// may have left it.
fn restrict(file: &Path) {
    let beside = SIDE_FILES.map(|suffix| {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        PathBuf::from(name)
    });
    for path in std::iter::once(file).chain(beside.iter().map(PathBuf::as_path)) {
        let Ok(found) = fs::metadata(path) else {
            continue;
        };
        let mode = found.mode() & 0o777;
        if !found.is_file() || mode & 0o077 == 0 {
            continue;
        }
        match fs::set_permissions(path, Permissions::from_mode(mode & 0o700)) {
            Ok(()) => info!(path = %path.display(), "took the file from other users"),
            Err(error) => {
                warn!(path = %path.display(), %error, "other users may read the database");
            }
        }
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
    fn keeps_a_database_file_to_its_owner() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("a/b");
        let file = data.join("slipstream.db");
        let url = format!("sqlite://{}?mode=rwc", file.display());
        let url = DatabaseUrl::parse(&url).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().mode() & 0o777;
        url.make_file().unwrap();
        assert_eq!((mode(&data), mode(&file)), (0o700, 0o600));
        // As another tool may have left them.
        let wal = data.join("slipstream.db-wal");
        fs::write(&wal, "").unwrap();
        for path in [&file, &wal] {
            fs::set_permissions(path, Permissions::from_mode(0o644)).unwrap();
        }
        url.make_file().unwrap();
        assert_eq!((mode(&file), mode(&wal)), (0o600, 0o600));
        // A folder that was there may be others', too.
        fs::set_permissions(&data, Permissions::from_mode(0o755)).unwrap();
        url.make_file().unwrap();
        assert_eq!(mode(&data), 0o755);
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
