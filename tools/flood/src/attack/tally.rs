//! What became of an attack.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::client::ServerMessage;
use serde::{Deserialize, Serialize};

use crate::account::Refusal;
use crate::wire::{self, Received};

/// What all attackers have done and were told.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    /// Connections that were made.
    pub connections: u64,
    /// Bytes that were sent in a flood of frames.
    pub bytes: u64,
    /// Requests that were fulfilled.
    pub accepted: u64,
    /// Requests that were refused, by code.
    pub rejected: BTreeMap<String, u64>,
    /// Goodbyes, by code.
    pub goodbyes: BTreeMap<String, u64>,
    /// Connections that ended without a goodbye, or could not be made.
    pub lost: u64,
    /// Processor time of the attackers, ms.
    pub processor_ms: u64,
    /// What became of stalled clients.
    pub endings: BTreeMap<Ending, u64>,
}

/// What became of a client that did not read for a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// It got every event in order, and the newest snapshot.
    CaughtUp,
    /// It was told why its connection was closed, and resumed.
    Resumed,
    /// Its connection was closed without a reason.
    ClosedSilently,
    /// It could not resume.
    Locked,
    /// It did not get what is newest.
    Stale,
    /// An event was missing.
    Gap,
    /// An event came twice or too late.
    OutOfOrder,
}

impl Ending {
    /// Whether that is as it should be.
    #[must_use]
    pub const fn is_well(self) -> bool {
        match self {
            Self::CaughtUp | Self::Resumed => true,
            Self::ClosedSilently | Self::Locked | Self::Stale | Self::Gap | Self::OutOfOrder => {
                false
            }
        }
    }
}

/// The tally that all attackers of a process share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared(Arc<Mutex<Tally>>);

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, Tally> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    /// Notes a frame of the gateway. Returns whether it is a goodbye.
    pub(super) fn received(&mut self, received: &Received) -> bool {
        let Received::Message(message) = received else {
            return false;
        };
        match &**message {
            ServerMessage::Rejected(rejection) => count(&mut self.rejected, &rejection.code),
            ServerMessage::Goodbye { code, .. } => {
                count(&mut self.goodbyes, code);
                return true;
            }
            _ => self.accepted += 1,
        }
        false
    }

    /// Notes a log-in that did not succeed.
    pub(super) fn refused(&mut self, refusal: Refusal) {
        match refusal {
            Refusal::Rejected(code) => count(&mut self.rejected, &code),
            Refusal::Goodbye(code) => count(&mut self.goodbyes, &code),
            Refusal::Lost => self.lost += 1,
        }
    }
}

fn count(counts: &mut BTreeMap<String, u64>, code: &impl Serialize) {
    *counts.entry(wire::name(code)).or_default() += 1;
}
