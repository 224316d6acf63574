//! A NATS server that other machines may reach: with TLS.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use fleet::command::run;
use fleet::wait::eventually;
use fleet::{NatsUsers, Process, RunDir};
use integration_tests::programs::{program, programs};

/// The configuration of development and production.
const CONFIG: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../deploy/nats/nats-server.conf"
);

#[tokio::test]
async fn a_server_with_tls_is_reached_by_those_who_know_its_authority() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let users = NatsUsers::make(&programs()?, folder.path().join("users"))?;
    let certified = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()])?;
    let (certificate, key) = (
        folder.path().join("nats.pem"),
        folder.path().join("nats.key"),
    );
    fs::write(&certificate, certified.cert.pem())?;
    fs::write(&key, certified.signing_key.serialize_pem())?;
    let (_server, address) = serve(folder.path(), &users, &certificate, &key).await?;

    let tls = format!("tls://{address}");
    let known = racectl(&users, &tls, Some(&certificate)).await?;
    // It has been reached: it says what it has not.
    assert!(known.1.contains("the bucket rooms"), "{known:?}");
    // A server that has TLS demands it of those who did not ask.
    let upgraded = racectl(&users, &format!("nats://{address}"), Some(&certificate)).await?;
    assert_eq!(upgraded, known);
    let (code, said) = racectl(&users, &tls, None).await?;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("--nats-ca") && said.contains(&tls), "{said}");
    Ok(())
}

/// Starts a server with TLS; returns its address.
async fn serve(
    folder: &Path,
    users: &NatsUsers,
    certificate: &Path,
    key: &Path,
) -> Result<(Process, String)> {
    let mut command = Command::new(programs()?.nats_server);
    command
        .envs(users.public_keys()?)
        .args(["--config", CONFIG, "--addr", "127.0.0.1", "--port", "-1"])
        .arg("--store_dir")
        .arg(folder.join("store"))
        .arg("--ports_file_dir")
        .arg(folder)
        .arg("--tls")
        .arg("--tlscert")
        .arg(certificate)
        .arg("--tlskey")
        .arg(key);
    let server = Process::start(command, "nats-server", &RunDir::new(folder))?;
    let suffix = format!("_{}.ports", server.id()?);
    let address = eventually("the server says its ports", async || {
        for file in fs::read_dir(folder)? {
            let path = file?.path();
            if path.to_string_lossy().ends_with(&suffix) {
                let ports = fs::read(path)?;
                let ports: Result<serde_json::Value, _> = serde_json::from_slice(&ports);
                return Ok(ports.ok());
            }
        }
        Ok(None)
    });
    let address = address.await?;
    let address = address["nats"][0].as_str().context("a port for clients")?;
    let (_scheme, address) = address.split_once("://").context("a URL")?;
    Ok((server, address.to_owned()))
}

/// Exit status and words of the operator, who lists a bucket that is not there.
async fn racectl(users: &NatsUsers, url: &str, ca: Option<&Path>) -> Result<(Option<i32>, String)> {
    let mut command = program("racectl")?;
    command
        .args(["--nats", url, "keys", "rooms"])
        .env("SLIPSTREAM_NATS_SEED", users.operator());
    if let Some(ca) = ca {
        command.env("SLIPSTREAM_NATS_CA", ca);
    }
    let output = run(command).await?;
    let words = match output.status.success() {
        true => output.stdout,
        false => output.stderr,
    };
    Ok((output.status.code(), String::from_utf8(words)?))
}
