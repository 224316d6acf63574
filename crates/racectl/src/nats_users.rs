//! Making the keys of the NATS users.

use std::fmt::Write as _;
use std::fs::{self, DirBuilder, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, absolute};

use anyhow::{Context, Result, bail};
use bus::{Seed, User};
use serde_json::json;

use crate::nats_options::NatsOptions;

/// The file of the public keys, as a nats-server takes them.
const PUBLIC_KEYS: &str = "public.env";
/// Where the tool of NATS looks for a context below its folder of settings.
const CONTEXT: &str = "nats/context/slipstream.json";
/// Where it looks for the name of the context to use.
const SELECTED_CONTEXT: &str = "nats/context.txt";

/// Makes the seeds that are missing in a folder, the public keys of all, and the
/// operator's context for the tool of NATS. Returns the public keys, a line each.
///
/// # Errors
/// When others can reach the folder or a seed, or a file cannot be written.
pub fn make(folder: &Path, nats: &NatsOptions) -> Result<String> {
    make_private(folder)?;
    let mut public_keys = String::new();
    for user in User::ALL {
        let seed = provide(&folder.join(user.seed_file()))?;
        // Writing to a string cannot fail.
        let _ = writeln!(public_keys, "{}={}", user.variable(), seed.public_key());
    }
    write(&folder.join(PUBLIC_KEYS), &public_keys)?;
    write_context(folder, nats)?;
    Ok(public_keys)
}

/// Reads a seed, and makes one where there is none.
fn provide(path: &Path) -> Result<Seed> {
    let seed = Seed::generate();
    let mut options = File::options();
    options.write(true).create_new(true).mode(0o600);
    match options.open(path) {
        Ok(mut file) => {
            let written = writeln!(file, "{}", seed.as_str()).and_then(|()| file.sync_all());
            written.with_context(|| format!("cannot write {}", path.display()))?;
            Ok(seed)
        }
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Seed::read(path)?),
        Err(error) => Err(error).with_context(|| format!("cannot write {}", path.display())),
    }
}

/// The context in which the tool of NATS is the operator.
fn write_context(folder: &Path, nats: &NatsOptions) -> Result<()> {
    let seed = absolute(folder.join(User::Operator.seed_file()))?;
    let ca = nats.ca.as_ref().map(absolute).transpose()?;
    let context = json!({
        "description": "operator of Slipstream",
        "url": nats.url,
        "nkey": seed,
        "inbox_prefix": User::Operator.inbox_prefix(),
        "ca": ca.unwrap_or_default(),
    });
    let path = folder.join(CONTEXT);
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    write(&path, &format!("{context:#}\n"))?;
    write(&folder.join(SELECTED_CONTEXT), "slipstream")
}

fn write(path: &Path, text: &str) -> Result<()> {
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn make_private(folder: &Path) -> Result<()> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("cannot make {}", folder.display()))?;
    let mode = fs::metadata(folder)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        bail!(
            "{} is to hold secrets and others on this machine can reach it (mode {mode:03o}): \
             do `chmod 700` on it, or name another folder",
            folder.display()
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nats() -> NatsOptions {
        NatsOptions {
            url: "nats://127.0.0.1:4222".to_owned(),
            seed: None,
            ca: None,
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn makes_what_is_missing_and_keeps_what_is_there() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("users");
        let first = make(&folder, &nats()).unwrap();
        assert_eq!(mode(&folder), 0o700);
        for user in User::ALL {
            assert_eq!(mode(&folder.join(user.seed_file())), 0o600, "{user}");
            assert!(first.contains(&format!("{}=U", user.variable())), "{first}");
        }
        fs::remove_file(folder.join(User::Gateway.seed_file())).unwrap();
        let second = make(&folder, &nats()).unwrap();
        assert_eq!(
            fs::read_to_string(folder.join(PUBLIC_KEYS)).unwrap(),
            second
        );
        let (first, second): (Vec<_>, Vec<_>) = (first.lines().collect(), second.lines().collect());
        assert_ne!(first[0], second[0]);
        assert_eq!(first[1..], second[1..]);
        let context = fs::read(folder.join(CONTEXT)).unwrap();
        let context: serde_json::Value = serde_json::from_slice(&context).unwrap();
        assert_eq!(context["inbox_prefix"], "_INBOX_operator");
        assert_eq!(
            context["nkey"],
            folder.join("operator.nk").to_str().unwrap()
        );
    }

    #[test]
    fn puts_no_secrets_where_others_can_reach_them() {
        let folder = tempfile::tempdir().unwrap();
        let open = fs::Permissions::from_mode(0o755);
        fs::set_permissions(folder.path(), open).unwrap();
        let refused = make(folder.path(), &nats()).unwrap_err().to_string();
        assert!(refused.contains("chmod 700"), "{refused}");
    }
}
