//! NATS and databases in containers, as they are in production. Which versions
//! is said by the environment.

use std::env;
use std::net::TcpListener;
use std::process::Command;

use anyhow::{Context, Result};
use fleet::NatsUsers;
use fleet::command::stdout_of;
use tempfile::TempDir;
use testcontainers_modules::mariadb::Mariadb;
use testcontainers_modules::mysql::Mysql;
use testcontainers_modules::nats::Nats;
use testcontainers_modules::testcontainers::core::{IntoContainerPort, Mount};
use testcontainers_modules::testcontainers::runners::AsyncRunner;
use testcontainers_modules::testcontainers::{ContainerAsync, ContainerRequest, Image, ImageExt};

use crate::programs::programs;
use crate::small_disk::SmallDisk;

/// The user that the databases are used as.
const USER: &str = "slipstream";
/// And its password.
const USER_PASSWORD: &str = "not-a-secret";

/// The settings that deployments and tests have in common.
const NATS_CONFIG: &str = include_str!("../../deploy/nats/nats-server.conf");
/// Where they are in a container.
const NATS_CONFIG_PATH: &str = "/nats-server.conf";
/// Where both databases have their data in a container.
const DATA_DIR: &str = "/var/lib/mysql";

/// A running container and the way to what is in it. Dropping it removes it.
#[derive(Debug)]
pub struct Service<I: Image> {
    container: ContainerAsync<I>,
    /// Where it is.
    pub url: String,
}

/// A NATS server with users, whose keys are the test's.
#[derive(Debug)]
pub struct NatsService {
    /// The server.
    pub service: Service<Nats>,
    /// The users that it lets in.
    pub users: NatsUsers,
    /// Where their seeds are, while this lives.
    _folder: TempDir,
}

/// NATS with JetStream.
///
/// # Errors
/// When the container cannot be started.
pub async fn nats() -> Result<NatsService> {
    let folder = TempDir::new()?;
    let users = NatsUsers::make(&programs()?, folder.path().join("users"))?;
    let mut image = Nats::default()
        .with_tag(tag("NATS_TAG", "2.15"))
        .with_copy_to(NATS_CONFIG_PATH, NATS_CONFIG.as_bytes().to_vec())
        // A container's loopback is its own.
        .with_cmd(["--config", NATS_CONFIG_PATH, "--addr", "0.0.0.0"]);
    for (name, key) in users.public_keys()? {
        image = image.with_env_var(name, key);
    }
    let container = start(image).await?;
    let url = format!("nats://{}", address(&container, 4222).await?);
    Ok(NatsService {
        service: Service { container, url },
        users,
        _folder: folder,
    })
}

/// MySQL with a user that has a password, which is checked by
/// `caching_sha2_password`.
///
/// # Errors
/// When the container cannot be started.
pub async fn mysql() -> Result<Service<Mysql>> {
    database(mysql_image()).await
}

/// As [`mysql`], with its data on that disk.
///
/// # Errors
/// When the container cannot be started.
pub async fn mysql_on(disk: &SmallDisk) -> Result<Service<Mysql>> {
    database(mysql_image().with_mount(data_on(disk))).await
}

fn mysql_image() -> ContainerRequest<Mysql> {
    Mysql::default()
        .with_tag(tag("MYSQL_TAG", "9"))
        .with_env_var("MYSQL_USER", USER)
        .with_env_var("MYSQL_PASSWORD", USER_PASSWORD)
}

/// MariaDB with a user that has a password.
///
/// # Errors
/// When the container cannot be started.
pub async fn mariadb() -> Result<Service<Mariadb>> {
    database(mariadb_image()).await
}

/// As [`mariadb`], with its data on that disk.
///
/// # Errors
/// When the container cannot be started.
pub async fn mariadb_on(disk: &SmallDisk) -> Result<Service<Mariadb>> {
    database(mariadb_image().with_mount(data_on(disk))).await
}

fn mariadb_image() -> ContainerRequest<Mariadb> {
    Mariadb::default()
        .with_tag(tag("MARIADB_TAG", "10.11"))
        .with_env_var("MARIADB_USER", USER)
        .with_env_var("MARIADB_PASSWORD", USER_PASSWORD)
}

fn data_on(disk: &SmallDisk) -> Mount {
    let folder = disk.path().display();
    Mount::bind_mount(folder.to_string(), DATA_DIR)
}

impl<I: Image> Service<I> {
    /// Kills it (SIGKILL). What it had written stays.
    ///
    /// # Errors
    /// When it does not run.
    pub async fn kill(&self) -> Result<()> {
        docker(&["kill", self.container.id()]).await
    }

    /// Starts it again after [`Service::kill`], or after it has ended, at the same
    /// address. It may not serve yet.
    ///
    /// # Errors
    /// When it cannot be started.
    pub async fn start_again(&self) -> Result<()> {
        docker(&["start", self.container.id()]).await
    }

    /// Runs a script of the shell in it.
    ///
    /// # Errors
    /// When the script fails.
    pub async fn shell(&self, script: &str) -> Result<()> {
        docker(&["exec", self.container.id(), "sh", "-c", script]).await
    }

    /// Runs a statement in a database as its administrator.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn sql(&self, statement: &str) -> Result<()> {
        // Only MariaDB has the first of the two.
        let script = format!("$(command -v mariadb || command -v mysql) -u root -e '{statement}'");
        self.shell(&script).await
    }
}

async fn docker(arguments: &[&str]) -> Result<()> {
    let mut command = Command::new("docker");
    command.args(arguments);
    stdout_of(command).await.map(drop)
}

async fn database<I: Image>(image: ContainerRequest<I>) -> Result<Service<I>> {
    // A port of our choice, which it keeps when it is started again.
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let container = start(image.with_mapped_port(port, 3306.tcp())).await?;
    let address = address(&container, 3306).await?;
    Ok(Service {
        container,
        url: format!("mysql://{USER}:{USER_PASSWORD}@{address}/test"),
    })
}

async fn start<I: Image>(image: ContainerRequest<I>) -> Result<ContainerAsync<I>> {
    let what = format!("{}:{}", image.image().name(), image.image().tag());
    image.start().await.with_context(|| {
        format!(
            "cannot start a container of {what}: is Docker running, and the image here? \
             `deploy/test integration` sees to both"
        )
    })
}

async fn address<I: Image>(container: &ContainerAsync<I>, port: u16) -> Result<String> {
    let (host, port) = (
        container.get_host().await?,
        container.get_host_port_ipv4(port).await?,
    );
    Ok(format!("{host}:{port}"))
}

fn tag(variable: &str, default: &str) -> String {
    env::var(variable).unwrap_or_else(|_| default.to_owned())
}
