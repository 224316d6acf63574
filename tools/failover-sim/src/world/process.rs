//! A simulated process: its program, its clock, and its connection to NATS.

use std::collections::VecDeque;

use crate::message::{Message, Op};
use crate::time::Ns;
use crate::world::gateway::Gateway;
use crate::world::worker::Worker;

/// What runs in a process.
#[derive(Debug)]
pub(crate) enum Program {
    Worker(Box<Worker>),
    Gateway(Box<Gateway>),
}

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    /// `None` while it handles something, and once it is dead.
    pub(crate) program: Option<Program>,
    pub(crate) is_worker: bool,
    pub(crate) is_alive: bool,
    pub(crate) paused_until: Ns,
    /// How far its clock has jumped forward.
    pub(crate) ahead: Ns,
    /// What has come while it was stopped.
    pub(crate) received: VecDeque<Message>,
    pub(crate) wake_at: Option<Ns>,
    /// Commands until it dies.
    pub(crate) commands_left: Option<u32>,
    pub(crate) link: Link,
}

/// A TCP connection to NATS: in order, and as long as it lasts without loss.
#[derive(Debug, Default)]
pub(crate) struct Link {
    pub(crate) is_connected: bool,
    /// Counts connections: what is under way on an old one is lost.
    pub(crate) generation: u32,
    /// When the last message arrives in either direction.
    pub(crate) up_last: Ns,
    pub(crate) down_last: Ns,
    /// Until when packets are dropped; they are sent again afterwards.
    pub(crate) up_stalled: Ns,
    pub(crate) down_stalled: Ns,
    /// Requests that the client library sends once it is connected again.
    pub(crate) buffer: Vec<Op>,
}

impl Process {
    pub(crate) fn new(program: Program) -> Self {
        Self {
            is_worker: matches!(program, Program::Worker(_)),
            program: Some(program),
            is_alive: true,
            paused_until: 0,
            ahead: 0,
            received: VecDeque::new(),
            wake_at: None,
            commands_left: None,
            link: Link {
                is_connected: true,
                ..Link::default()
            },
        }
    }

    pub(crate) fn worker(&self) -> Option<&Worker> {
        match &self.program {
            Some(Program::Worker(worker)) => Some(worker),
            Some(Program::Gateway(_)) | None => None,
        }
    }

    pub(crate) fn gateway(&self) -> Option<&Gateway> {
        match &self.program {
            Some(Program::Gateway(gateway)) => Some(gateway),
            Some(Program::Worker(_)) | None => None,
        }
    }
}
