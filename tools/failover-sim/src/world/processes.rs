//! Processes: how they run, die and are cut off.

use rand::RngExt;

use super::{What, World, gateway_id, worker_id};
use crate::message::Pid;
use crate::message::{Connection, Message, RoomIndex};
use crate::time::{MILLISECOND, Ns};
use crate::world::client::{ClientState, Delivery};
use crate::world::gateway::Gateway;
use crate::world::process::{Process, Program};
use crate::world::worker::Worker;

impl World {
    /// Starts a process.
    pub(super) fn start(&mut self, is_worker: bool) {
        let pid = self.procs.len();
        let program = if is_worker {
            let sweep_at = self.now + self.rng.random_range(0..1_400) * MILLISECOND;
            Program::Worker(Box::new(Worker::new(worker_id(pid), sweep_at)))
        } else {
            Program::Gateway(Box::new(Gateway::new(gateway_id(pid))))
        };
        self.procs.push(Process::new(program));
        self.procs[pid].link.is_connected = self.nats.is_up;
        self.note(|| format!("process {pid} starts"));
        self.at(self.now, What::Wake(pid));
    }

    pub(super) fn deliver(&mut self, pid: Pid, message: Message) {
        let process = &mut self.procs[pid];
        if !process.is_alive {
            return;
        }
        if process.paused_until > self.now {
            process.received.push_back(message);
            return;
        }
        self.with_program(pid, |world, program| match program {
            Program::Worker(worker) => world.worker(pid, worker, message),
            Program::Gateway(gateway) => world.gateway(pid, gateway, message),
        });
    }

    pub(super) fn wake(&mut self, pid: Pid) {
        let process = &mut self.procs[pid];
        if !process.is_alive || process.paused_until > self.now {
            return;
        }
        process.wake_at = process.wake_at.filter(|at| *at > self.now);
        self.with_program(pid, |world, program| match program {
            Program::Worker(worker) => world.worker_due(pid, worker),
            Program::Gateway(gateway) => world.look_after(pid, gateway),
        });
    }

    /// A process that was stopped goes on: what has come meanwhile, and what is
    /// due, in either order.
    pub(super) fn resume(&mut self, pid: Pid) {
        if self.procs[pid].paused_until > self.now {
            return;
        }
        // A gateway suspects nobody before it has read what has come.
        let is_due_first = self.procs[pid].is_worker && self.rng.random();
        if is_due_first {
            self.wake(pid);
        }
        while let Some(message) = self.procs[pid].received.pop_front() {
            self.deliver(pid, message);
        }
        self.wake(pid);
    }

    pub(super) fn with_program(&mut self, pid: Pid, run: impl FnOnce(&mut Self, &mut Program)) {
        let Some(mut program) = self.procs[pid].program.take() else {
            return;
        };
        run(self, &mut program);
        if !self.procs[pid].is_alive {
            return;
        }
        let (due, sweep) = match &mut program {
            Program::Worker(worker) => worker.next_deadline(),
            Program::Gateway(gateway) => (gateway.next_deadline(), self.now + 50 * MILLISECOND),
        };
        self.procs[pid].program = Some(program);
        let ahead = self.procs[pid].ahead;
        let due = due.map_or(Ns::MAX, |due| {
            let due = due.saturating_duration_since(self.base).as_nanos() as Ns;
            due.saturating_sub(ahead)
        });
        let at = due.min(sweep).max(self.now + 1);
        let process = &mut self.procs[pid];
        if process.wake_at.is_none_or(|wake_at| at < wake_at) {
            process.wake_at = Some(at);
            self.at(at, What::Wake(pid));
        }
    }

    /// A process is dead, and another is started in its place.
    pub(crate) fn kill(&mut self, pid: Pid) {
        self.note(|| format!("process {pid} dies"));
        let is_worker = self.procs[pid].is_worker;
        let process = &mut self.procs[pid];
        process.is_alive = false;
        process.received.clear();
        process.program = None;
        for client in 0..self.clients.len() {
            let it = &self.clients[client];
            if it.at == Some(pid) && matches!(it.state, ClientState::In | ClientState::Joining) {
                let number = it.connection;
                self.deliver_to_client(Connection { client, number }, Delivery::Lost);
            }
        }
        let pause = self.rng.random_range(200..1_500) * MILLISECOND;
        self.after(pause, What::Start { is_worker });
    }

    /// Whether the process dies before it carries out the next command.
    pub(crate) fn dies_at_command(&mut self, pid: Pid) -> bool {
        if !self.procs[pid].is_alive {
            return true;
        }
        match &mut self.procs[pid].commands_left {
            Some(0) => {
                self.kill(pid);
                true
            }
            Some(left) => {
                *left -= 1;
                false
            }
            None => false,
        }
    }

    /// The connection of a process to NATS is gone.
    pub(crate) fn cut_off(&mut self, pid: Pid) {
        let process = &mut self.procs[pid];
        process.link.is_connected = false;
        process.link.generation += 1;
        self.at(self.now, What::Wake(pid));
    }

    pub(super) fn reconnect(&mut self, pid: Pid) {
        let process = &mut self.procs[pid];
        if !self.nats.is_up || !process.is_alive || process.link.is_connected {
            return;
        }
        process.link.is_connected = true;
        process.link.up_stalled = 0;
        process.link.down_stalled = 0;
        for op in std::mem::take(&mut process.link.buffer) {
            self.submit(pid, op);
        }
        self.at(self.now, What::Wake(pid));
    }

    /// NATS knows of a subscription.
    pub(crate) fn subscribed(&mut self, pid: Pid, room: RoomIndex, key: u64) {
        match &mut self.procs[pid].program {
            Some(Program::Worker(worker)) => worker.subscribed(key),
            Some(Program::Gateway(gateway)) => gateway.subscribed(room),
            None => {}
        }
    }
}
