//! Ports for servers that keep them across restarts.

use std::fs::File;
use std::net::TcpListener;
use std::ops::Range;
use std::path::Path;

use anyhow::{Context, Result, bail};

/// Below the ephemeral ports: an outgoing connection could take one of those while its
/// server is down.
const PORTS: Range<u16> = 20_000..32_000;

/// A port that belongs to this fleet for as long as the value lives: other fleets of
/// this machine, in other processes too, choose others, even while no server listens
/// on it.
#[derive(Debug)]
pub(crate) struct Port {
    number: u16,
    /// Locked; the system unlocks it when the process ends, however it ends.
    _lock: File,
}

impl Port {
    /// A port of `host` on which nothing listens and that no other fleet has chosen.
    ///
    /// # Errors
    /// When there is no such port, or when the folder of the locks cannot be written.
    pub(crate) fn choose(host: &str) -> Result<Self> {
        let folder = std::env::temp_dir().join("slipstream-ports");
        std::fs::create_dir_all(&folder)
            .with_context(|| format!("cannot make {}", folder.display()))?;
        for _ in PORTS {
            let number = rand::random_range(PORTS);
            if let Some(lock) = lock(&folder.join(number.to_string()))?
                && TcpListener::bind((host, number)).is_ok()
            {
                return Ok(Self {
                    number,
                    _lock: lock,
                });
            }
        }
        bail!(
            "there is no free port of {host} from {} to {}",
            PORTS.start,
            PORTS.end - 1
        )
    }

    pub(crate) fn number(&self) -> u16 {
        self.number
    }
}

/// The locked file at `path`; `None` when another process, or this one, has locked it.
fn lock(path: &Path) -> Result<Option<File>> {
    let file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(path)
        .with_context(|| format!("cannot open {}", path.display()))?;
    Ok(file.try_lock().is_ok().then_some(file))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_chosen_port_is_not_chosen_again_while_it_is_held() {
        let host = "127.0.0.1";
        let held: Vec<Port> = (0..500).map(|_| Port::choose(host).unwrap()).collect();
        let numbers: HashSet<u16> = held.iter().map(Port::number).collect();
        assert_eq!(numbers.len(), held.len());
        let number = held[0].number();
        let path = std::env::temp_dir().join(format!("slipstream-ports/{number}"));
        assert!(lock(&path).unwrap().is_none(), "{number} is not locked");
        drop(held);
        assert!(lock(&path).unwrap().is_some(), "{number} is still locked");
    }
}
