//! What processes use, as Linux tells it.

use std::fs;

use serde::Serialize;

use crate::options::Process;

/// A unit of `/proc/<pid>/stat` on every Linux there is.
const CLOCK_TICKS_PER_SECOND: f64 = 100.0;

/// What a process used while it was measured.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Usage {
    name: String,
    pid: u32,
    /// Whether it lived until the end; otherwise the figures are 0.
    lives: bool,
    cpu_seconds: f64,
    cores: f64,
    memory_kib: u64,
    memory_max_kib: u64,
}

/// Processor times at the beginning of a measurement.
#[derive(Debug)]
pub(crate) struct Meter(Vec<(Process, f64)>);

impl Meter {
    /// The measurement begins.
    pub(crate) fn start(processes: &[Process]) -> Self {
        let used = |process: &Process| cpu_seconds(&process.pid.to_string()).unwrap_or(0.0);
        let measured = processes
            .iter()
            .map(|process| (process.clone(), used(process)));
        Self(measured.collect())
    }

    /// What they have used since, in so many seconds.
    pub(crate) fn read(&self, seconds: f64) -> Vec<Usage> {
        let usage = |(process, before): &(Process, f64)| {
            let pid = process.pid.to_string();
            let used = cpu_seconds(&pid).map(|after| after - before);
            let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
            Usage {
                name: process.name.clone(),
                pid: process.pid,
                lives: used.is_some(),
                cpu_seconds: used.unwrap_or(0.0),
                cores: used.unwrap_or(0.0) / seconds,
                memory_kib: kib(&status, "VmRSS:"),
                memory_max_kib: kib(&status, "VmHWM:"),
            }
        };
        self.0.iter().map(usage).collect()
    }
}

impl Usage {
    /// A line for a person.
    pub(crate) fn line(&self) -> String {
        let (name, cores, mib) = (&self.name, self.cores, self.memory_kib / 1_024);
        if self.lives {
            format!("{name:<28} {cores:8.3} cores {mib:6} MiB")
        } else {
            format!("{name:<28} has ended")
        }
    }
}

/// Processor time of a process so far, by its id or `self`; `None` when it has
/// ended, or where there is no `/proc`.
pub(crate) fn cpu_seconds(pid: &str) -> Option<f64> {
    used(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn used(stat: &str) -> Option<f64> {
    // The name before it may contain anything but a parenthesis after the last.
    let (_, fields) = stat.rsplit_once(") ")?;
    // Dead, and only not collected by who started it.
    if fields.starts_with(['Z', 'X']) {
        return None;
    }
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / CLOCK_TICKS_PER_SECOND)
}

fn kib(status: &str, key: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(key));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let stat = "42 (a) name) S 1 42 42 0 -1 4194304 100 0 0 0 150 50 0 0 20 0 1 0 7";
        assert_eq!(used(stat), Some(2.0));
        assert_eq!(used(&stat.replace(" S ", " Z ")), None);
        assert_eq!(used("nonsense"), None);
        assert_eq!(
            kib("Name:\tx\nVmHWM:\t  9 kB\nVmRSS:\t  7 kB\n", "VmRSS:"),
            7
        );
        assert_eq!(kib("", "VmRSS:"), 0);
    }

    #[test]
    fn says_that_a_process_is_gone() {
        // No process has an id beyond the kernel's limit of 2^22.
        let gone = Process {
            name: "gone".to_owned(),
            pid: 1 << 23,
        };
        let own = Process {
            name: "own".to_owned(),
            pid: std::process::id(),
        };
        let usages = Meter::start(&[gone, own]).read(1.0);
        let lives: Vec<_> = usages.iter().map(|usage| usage.lives).collect();
        assert_eq!(lives, [false, true]);
        assert!(usages[1].memory_kib > 0);
    }
}
