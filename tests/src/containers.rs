//! NATS and databases in containers, as they are in production. Which versions
//! is said by the environment.

use std::env;

use anyhow::{Context, Result};
use testcontainers_modules::mariadb::Mariadb;
use testcontainers_modules::mysql::Mysql;
use testcontainers_modules::nats::Nats;
use testcontainers_modules::testcontainers::runners::AsyncRunner;
use testcontainers_modules::testcontainers::{ContainerAsync, ContainerRequest, Image, ImageExt};

/// The user that the databases are used as.
const USER: &str = "slipstream";
/// And its password.
const USER_PASSWORD: &str = "not-a-secret";

/// The settings that deployments and tests have in common.
const NATS_CONFIG: &str = include_str!("../../deploy/nats/nats-server.conf");
/// Where they are in a container.
const NATS_CONFIG_PATH: &str = "/nats-server.conf";

/// A running container and the way to what is in it. Dropping it removes it.
#[derive(Debug)]
pub struct Service<I: Image> {
    _container: ContainerAsync<I>,
    /// Where it is.
    pub url: String,
}

/// NATS with JetStream.
///
/// # Errors
/// When the container cannot be started.
pub async fn nats() -> Result<Service<Nats>> {
    let image = Nats::default()
        .with_tag(tag("NATS_TAG", "2.15"))
        .with_copy_to(NATS_CONFIG_PATH, NATS_CONFIG.as_bytes().to_vec())
        // A container's loopback is its own.
        .with_cmd(["--config", NATS_CONFIG_PATH, "--addr", "0.0.0.0"]);
    let container = start(image).await?;
    let url = format!("nats://{}", address(&container, 4222).await?);
    Ok(Service {
        _container: container,
        url,
    })
}

/// MySQL with a user that has a password, which is checked by
/// `caching_sha2_password`.
///
/// # Errors
/// When the container cannot be started.
pub async fn mysql() -> Result<Service<Mysql>> {
    let image = Mysql::default()
        .with_tag(tag("MYSQL_TAG", "9"))
        .with_env_var("MYSQL_USER", USER)
        .with_env_var("MYSQL_PASSWORD", USER_PASSWORD);
    database(image).await
}

/// MariaDB with a user that has a password.
///
/// # Errors
/// When the container cannot be started.
pub async fn mariadb() -> Result<Service<Mariadb>> {
    let image = Mariadb::default()
        .with_tag(tag("MARIADB_TAG", "10.11"))
        .with_env_var("MARIADB_USER", USER)
        .with_env_var("MARIADB_PASSWORD", USER_PASSWORD);
    database(image).await
}

async fn database<I: Image>(image: ContainerRequest<I>) -> Result<Service<I>> {
    let container = start(image).await?;
    let address = address(&container, 3306).await?;
    Ok(Service {
        _container: container,
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
