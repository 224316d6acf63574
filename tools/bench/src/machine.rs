//! What it was measured on.

use std::fs;
use std::net::{TcpListener, TcpStream};

use serde::{Deserialize, Serialize};

/// A machine, as Linux describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    /// The processor's name.
    pub processor: String,
    /// Processors that programs may use.
    pub cores: usize,
    /// Memory, MiB.
    pub memory_mib: u64,
    /// Release of the kernel.
    pub kernel: String,
}

impl Machine {
    /// This one. What it does not tell is `unknown`, or 0.
    #[must_use]
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
        let memory_kib: Option<u64> = value(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse().ok());
        Self {
            processor: value(&read("/proc/cpuinfo"), "model name")
                .unwrap_or_else(|| "unknown".to_owned()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: memory_kib.unwrap_or(0) / 1_024,
            kernel,
        }
    }
}

/// Whether the kernel follows each connection for netfilter, as it does once
/// something such as Docker has made rules: whether it counts one more with a new
/// one. Some that it followed while there were rules stay counted for days.
#[must_use]
pub fn tracks_connections() -> bool {
    let count = || -> Option<u64> {
        let count = fs::read_to_string("/proc/sys/net/netfilter/nf_conntrack_count");
        count.ok()?.trim().parse().ok()
    };
    let before = count();
    let listener = TcpListener::bind("127.0.0.1:0");
    let connected = listener.and_then(|here| TcpStream::connect(here.local_addr()?));
    connected.is_ok()
        && before
            .zip(count())
            .is_some_and(|(before, after)| after > before)
}

/// What stands behind a key and a colon, the first time.
fn value(text: &str, key: &str) -> Option<String> {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let (_, value) = lines.find(|(found, _)| found.trim() == key)?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let text = "processor\t: 0\nmodel name\t: A: B\nmodel name\t: C\n";
        assert_eq!(value(text, "model name").as_deref(), Some("A: B"));
        assert_eq!(value(text, "flags"), None);
    }
}
