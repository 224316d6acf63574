//! The machine that a run is measured on.

use std::net::{TcpListener, TcpStream};
use std::{fmt, fs};

use serde::Serialize;

use crate::results::UNKNOWN;

/// A machine, as Linux describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
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
    /// This machine. A name that Linux does not give is [`UNKNOWN`], a number 0.
    #[must_use]
    pub fn this() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let kernel = read("/proc/sys/kernel/osrelease").trim().to_owned();
        let memory_kib: Option<u64> = value(&read("/proc/meminfo"), "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse().ok());
        Self {
            processor: value(&read("/proc/cpuinfo"), "model name")
                .unwrap_or_else(|| UNKNOWN.to_owned()),
            cores: std::thread::available_parallelism().map_or(0, usize::from),
            memory_mib: memory_kib.unwrap_or(0) / 1_024,
            kernel,
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            processor,
            cores,
            memory_mib,
            kernel,
        } = self;
        write!(
            f,
            "{cores} cores of {processor}, {memory_mib} MiB, Linux {kernel}"
        )
    }
}

/// Whether the kernel tracks each connection for netfilter, as it does once a
/// program such as Docker has made rules: whether its count grows with a new
/// connection. Connections from a time with rules stay counted for days.
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

/// The value behind a key and a colon, the first time.
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
