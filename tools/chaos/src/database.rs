//! The database of a run: a file, or a server in a container.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use clap::ValueEnum;
use fleet::command::{run, stdout_of};
use fleet::wait::eventually_within;

use crate::disk::Disk;

/// The longest wait until a database server serves: the first start makes its files.
const START_TIMEOUT: Duration = Duration::from_secs(90);
/// The user of the servers' programs, and its password in a database that nothing
/// else reaches.
const USER: &str = "slipstream";
const PASSWORD: &str = "not-a-secret";

/// A kind of database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DatabaseKind {
    /// A file of the run.
    Sqlite,
    /// MariaDB in a container.
    Mariadb,
    /// MySQL in a container.
    Mysql,
}

impl DatabaseKind {
    /// The image of its server, and the name of its tool for operators. SQLite has
    /// neither.
    const fn server(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Sqlite => None,
            Self::Mariadb => Some(("mariadb:10.11", "mariadb-admin")),
            Self::Mysql => Some(("mysql:9", "mysqladmin")),
        }
    }
}

/// A database. Dropping it removes its container and its disk.
// The fields are dropped in this order: the server before its disk.
#[derive(Debug)]
pub struct Database {
    container: Option<Container>,
    disk: Option<Disk>,
    url: Option<String>,
}

impl Database {
    /// Starts a database in `folder`; on a disk of its own if that is to be full once.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start(kind: DatabaseKind, folder: &Path, on_disk: bool) -> Result<Self> {
        // Docker takes a relative path for the name of a volume.
        let folder = std::path::absolute(folder.join("database"))?;
        std::fs::create_dir_all(&folder)?;
        let disk = match on_disk {
            true => Some(Disk::mount(&folder).await?),
            false => None,
        };
        let container = match kind.server() {
            Some((image, admin)) => Some(Container::start(image, admin, &folder).await?),
            None => None,
        };
        let url = match &container {
            Some(container) => Some(container.url()),
            None => Some(format!(
                "sqlite://{}?mode=rwc",
                folder.join("slipstream.db").display()
            )),
        };
        Ok(Self {
            container,
            disk,
            url,
        })
    }

    /// Its URL, as persistence takes it.
    #[must_use]
    pub fn url(&self) -> Option<String> {
        self.url.clone()
    }

    /// Kills the server (SIGKILL).
    ///
    /// # Errors
    /// When there is none.
    pub async fn kill(&self) -> Result<()> {
        let container = self.container.as_ref();
        container.context("SQLite has no server")?.kill().await
    }

    /// Leaves no byte free on its disk.
    ///
    /// # Errors
    /// When it has no disk of its own.
    pub async fn fill(&self) -> Result<()> {
        let disk = self.disk.as_ref();
        disk.context("the database has no disk of its own")?
            .fill()
            .await
    }

    /// Makes room on its disk, starts its server if that has ended, and waits until it
    /// serves.
    ///
    /// # Errors
    /// When it does not serve.
    pub async fn recover(&self) -> Result<()> {
        if let Some(disk) = &self.disk {
            disk.free().await?;
        }
        match &self.container {
            Some(container) => container.serve().await,
            None => Ok(()),
        }
    }
}

/// A database server in a container. Dropping it removes it.
#[derive(Debug)]
struct Container {
    name: String,
    admin: &'static str,
    port: u16,
}

impl Container {
    async fn start(image: &str, admin: &'static str, folder: &Path) -> Result<Self> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let container = Self {
            name: format!("slipstream-chaos-{}", std::process::id()),
            admin,
            port,
        };
        let mut command = Command::new("docker");
        command
            .args(["run", "--detach", "--name", &container.name])
            .args(["--publish", &format!("127.0.0.1:{port}:3306")])
            .args(["--volume", &format!("{}:/var/lib/mysql", folder.display())]);
        // The images of both read each other's variables or their own.
        for prefix in ["MARIADB", "MYSQL"] {
            for (key, value) in [
                ("DATABASE", "test"),
                ("USER", USER),
                ("PASSWORD", PASSWORD),
                ("ROOT_PASSWORD", PASSWORD),
            ] {
                command.args(["--env", &format!("{prefix}_{key}={value}")]);
            }
        }
        command.arg(image);
        let started = stdout_of(command).await;
        started.with_context(|| format!("a server of {image} needs Docker and its image"))?;
        container.serve().await?;
        Ok(container)
    }

    fn url(&self) -> String {
        format!("mysql://{USER}:{PASSWORD}@127.0.0.1:{}/test", self.port)
    }

    async fn kill(&self) -> Result<()> {
        let mut command = Command::new("docker");
        command.args(["kill", &self.name]);
        // It may have ended already: MariaDB aborts when its disk is full.
        run(command).await.map(drop)
    }

    /// Starts it if it has ended, and waits until it serves.
    async fn serve(&self) -> Result<()> {
        eventually_within(START_TIMEOUT, "the database server serves", async || {
            // Starting what runs changes nothing. What has just ended may need another try.
            let mut start = Command::new("docker");
            start.args(["start", &self.name]);
            run(start).await?;
            let mut ping = Command::new("docker");
            // Over TCP, which serves only when the server is complete.
            ping.args(["exec", &self.name, self.admin, "ping", "-h", "127.0.0.1"])
                .args(["-u", USER, &format!("-p{PASSWORD}")]);
            let answer = run(ping).await?;
            Ok(answer.status.success().then_some(()))
        })
        .await
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut command = Command::new("docker");
        command.args(["rm", "--force", "--volumes", &self.name]);
        let _ = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}
