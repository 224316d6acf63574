//! What goes wrong, by the seed.

use rand::RngExt;

use crate::message::Pid;
use crate::time::{MILLISECOND, Ns, SECOND};
use crate::world::process::Program;
use crate::world::{What, World};

/// Faults begin within so long.
const FAULTS_WITHIN: Ns = 5 * SECOND;
/// All of them are over by then.
pub(crate) const CALM_AFTER: Ns = 9 * SECOND;
const FAULTS_MAX: u32 = 5;

/// Something that goes wrong. Victims are chosen when it happens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// A process is killed.
    Kill { is_worker: bool },
    /// A process is killed in the middle of what it does, that many commands
    /// later.
    KillAtCommand { is_worker: bool, commands: u32 },
    /// A worker and a gateway are killed at once.
    KillBoth,
    /// A process is stopped, and goes on later.
    Pause { is_worker: bool, pause: Ns },
    /// A process finds that time has passed.
    Jump { is_worker: bool, by: Ns },
    /// Packets between a process and NATS are dropped for a while, and sent
    /// again afterwards.
    Stall {
        is_worker: bool,
        up: bool,
        down: bool,
        pause: Ns,
    },
    /// The connection between a process and NATS breaks.
    Break { is_worker: bool, pause: Ns },
    /// NATS is killed, and started again with its files.
    RestartNats { pause: Ns },
    /// The stream of results and records has no space for a while, and perhaps the
    /// bucket that results go to then has none either.
    Refuse { bucket_too: bool, pause: Ns },
    /// A worker is asked to end.
    Drain,
}

impl World {
    pub(crate) fn plan_faults(&mut self) {
        for _ in 0..self.rng.random_range(1..=FAULTS_MAX) {
            let at = self.rng.random_range(100 * MILLISECOND..FAULTS_WITHIN);
            let fault = self.draw_fault();
            self.at(at, What::Fault(fault));
        }
    }

    fn draw_fault(&mut self) -> Fault {
        let is_worker = self.rng.random_range(0..3) > 0;
        let short = self.rng.random_range(20..700) * MILLISECOND;
        let long = self.rng.random_range(20..3_000) * MILLISECOND;
        let pause = if self.rng.random() { short } else { long };
        match self.rng.random_range(0..23) {
            0..4 => Fault::Kill { is_worker },
            4..7 => Fault::KillAtCommand {
                is_worker,
                commands: self.rng.random_range(0..12),
            },
            7 => Fault::KillBoth,
            8..11 => Fault::Pause { is_worker, pause },
            11 => Fault::Jump {
                is_worker,
                by: pause,
            },
            12..15 => {
                let up = self.rng.random();
                Fault::Stall {
                    is_worker,
                    up,
                    down: !up || self.rng.random(),
                    pause,
                }
            }
            15..17 => Fault::Break { is_worker, pause },
            17 => Fault::RestartNats {
                pause: self.rng.random_range(50..1_500) * MILLISECOND,
            },
            18..21 => Fault::Refuse {
                bucket_too: self.rng.random_range(0..3) == 0,
                pause: self.rng.random_range(1_000..4_000) * MILLISECOND,
            },
            _ => Fault::Drain,
        }
    }

    pub(crate) fn fault(&mut self, fault: Fault) {
        self.note(|| format!("FAULT {fault:?}"));
        match fault {
            Fault::Kill { is_worker } => {
                if let Some(pid) = self.victim(is_worker) {
                    self.kill(pid);
                }
            }
            Fault::KillAtCommand {
                is_worker,
                commands,
            } => {
                if let Some(pid) = self.victim(is_worker) {
                    self.procs[pid].commands_left = Some(commands);
                }
            }
            Fault::KillBoth => {
                for is_worker in [true, false] {
                    if let Some(pid) = self.victim(is_worker) {
                        self.kill(pid);
                    }
                }
            }
            Fault::Pause { is_worker, pause } => {
                if let Some(pid) = self.victim(is_worker) {
                    let until = self.now + pause;
                    self.procs[pid].paused_until = until;
                    self.at(until, What::Resume(pid));
                }
            }
            Fault::Jump { is_worker, by } => {
                if let Some(pid) = self.victim(is_worker) {
                    self.procs[pid].ahead += by;
                    self.at(self.now, What::Wake(pid));
                }
            }
            Fault::Stall {
                is_worker,
                up,
                down,
                pause,
            } => {
                if let Some(pid) = self.victim(is_worker) {
                    let until = self.now + pause;
                    let link = &mut self.procs[pid].link;
                    link.up_stalled = if up { until } else { link.up_stalled };
                    link.down_stalled = if down { until } else { link.down_stalled };
                }
            }
            Fault::Break { is_worker, pause } => {
                if let Some(pid) = self.victim(is_worker) {
                    self.cut_off(pid);
                    self.after(pause, What::Reconnect(pid));
                }
            }
            Fault::RestartNats { pause } => {
                self.nats.is_up = false;
                (0..self.procs.len()).for_each(|pid| self.cut_off(pid));
                self.after(pause, What::NatsUp);
            }
            Fault::Refuse { bucket_too, pause } => {
                let until = self.now + pause;
                self.nats.stream_full_until = self.nats.stream_full_until.max(until);
                if bucket_too {
                    self.nats.bucket_full_until = self.nats.bucket_full_until.max(until);
                }
            }
            Fault::Drain => {
                if let Some(pid) = self.victim(true) {
                    if let Some(Program::Worker(worker)) = &mut self.procs[pid].program {
                        worker.drain();
                    }
                    self.at(self.now, What::Wake(pid));
                    self.after(500 * MILLISECOND, What::Start { is_worker: true });
                }
            }
        }
    }

    fn victim(&mut self, is_worker: bool) -> Option<Pid> {
        let fits = |pid: &Pid| self.procs[*pid].is_alive && self.procs[*pid].is_worker == is_worker;
        let all: Vec<Pid> = (0..self.procs.len()).filter(fits).collect();
        // The one that has something to do, rather than any.
        let owns = |pid: &Pid| self.procs[*pid].worker().is_some_and(|it| !it.is_idle());
        let busy: Vec<Pid> = all.iter().copied().filter(owns).collect();
        let from = if busy.is_empty() || self.rng.random_range(0..5) == 0 {
            all
        } else {
            busy
        };
        (!from.is_empty()).then(|| from[self.rng.random_range(0..from.len())])
    }
}
