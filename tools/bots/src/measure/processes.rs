//! The processor time and memory of processes, from `/proc`.

use std::fs;

use anyhow::{Context, Result};
use serde::Serialize;

use crate::process::Process;

/// The unit of `/proc/<pid>/stat` on Linux.
const CLOCK_TICKS_PER_SECOND: f64 = 100.0;

/// The use of a process while it was measured.
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

/// The use of all processes of a program.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Share {
    program: String,
    processes: usize,
    cores: f64,
    /// Processor time per second and player, µs.
    microseconds_per_player: f64,
    memory_kib: u64,
}

/// The use by program, and of all programs together at the end. A process has the name
/// of its program, with or without a number: `gateway-1`.
pub(crate) fn programs(processes: &[Usage], players: usize) -> Vec<Share> {
    let mut shares: Vec<Share> = Vec::new();
    for usage in processes {
        let program = match usage.name.rsplit_once('-') {
            Some((program, number)) if number.parse::<u32>().is_ok() => program,
            Some(_) | None => &usage.name,
        };
        match shares.iter_mut().find(|share| share.program == program) {
            Some(share) => share.add(usage),
            None => shares.push(Share::of(program, usage)),
        }
    }
    if shares.len() > 1 {
        let mut all = Share::none("all");
        processes.iter().for_each(|usage| all.add(usage));
        shares.push(all);
    }
    for share in &mut shares {
        share.microseconds_per_player = share.cores * 1e6 / players.max(1) as f64;
    }
    shares
}

impl Share {
    fn none(program: &str) -> Self {
        Self {
            program: program.to_owned(),
            processes: 0,
            cores: 0.0,
            microseconds_per_player: 0.0,
            memory_kib: 0,
        }
    }

    fn of(program: &str, usage: &Usage) -> Self {
        let mut share = Self::none(program);
        share.add(usage);
        share
    }

    fn add(&mut self, usage: &Usage) {
        self.processes += 1;
        self.cores += usage.cores;
        self.memory_kib += usage.memory_kib;
    }

    /// A line for people.
    pub(crate) fn line(&self) -> String {
        let (program, cores) = (format!("{} ×{}", self.program, self.processes), self.cores);
        let (each, mib) = (self.microseconds_per_player, self.memory_kib / 1_024);
        format!("{program:<28} {cores:8.3} cores {mib:6} MiB {each:8.1} µs/s per bot")
    }
}

/// Processor times at the beginning of a measurement.
#[derive(Debug)]
pub(crate) struct Meter(Vec<(Process, f64)>);

impl Meter {
    /// Begins a measurement.
    ///
    /// # Errors
    /// When one of the processes does not exist.
    pub(crate) fn start(processes: &[Process]) -> Result<Self> {
        let measured = processes.iter().map(|process| {
            let Process { name, pid } = process;
            let used = cpu_seconds(&pid.to_string());
            let used =
                used.with_context(|| format!("--pids {name}={pid}: there is no process {pid}"))?;
            Ok((process.clone(), used))
        });
        measured.collect::<Result<_>>().map(Self)
    }

    /// The use since the beginning, `seconds` ago.
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
    /// A line for people.
    pub(crate) fn line(&self) -> String {
        let (name, cores, mib) = (&self.name, self.cores, self.memory_kib / 1_024);
        if self.lives {
            format!("{name:<28} {cores:8.3} cores {mib:6} MiB")
        } else {
            format!("{name:<28} has ended")
        }
    }
}

/// Processor time of a process so far, by its id or `self`; `None` when it has ended, or
/// without `/proc`.
pub(crate) fn cpu_seconds(pid: &str) -> Option<f64> {
    used(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

fn used(stat: &str) -> Option<f64> {
    // The name may contain parentheses: the last one ends it.
    let (_, fields) = stat.rsplit_once(") ")?;
    // A zombie: dead, and not reaped.
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
    fn sums_the_processes_of_a_program() {
        let usage = |name: &str, cores: f64| Usage {
            name: name.to_owned(),
            pid: 1,
            lives: true,
            cpu_seconds: cores,
            cores,
            memory_kib: 10,
            memory_max_kib: 10,
        };
        let used = [
            usage("race-worker-1", 0.25),
            usage("nats", 0.25),
            usage("race-worker-2", 0.5),
        ];
        let shares = programs(&used, 500);
        let found = shares.iter().map(|share| {
            let each = share.microseconds_per_player.round();
            (share.program.as_str(), share.processes, share.cores, each)
        });
        let expected = [
            ("race-worker", 2, 0.75, 1_500.0),
            ("nats", 1, 0.25, 500.0),
            ("all", 3, 1.0, 2_000.0),
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
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
        let error = Meter::start(&[own.clone(), gone.clone()]).unwrap_err();
        assert!(error.to_string().contains("gone=8388608"), "{error}");
        let usages = Meter(vec![(gone, 0.0), (own, 0.0)]).read(1.0);
        let lives: Vec<_> = usages.iter().map(|usage| usage.lives).collect();
        assert_eq!(lives, [false, true]);
        assert!(usages[1].memory_kib > 0);
    }
}
