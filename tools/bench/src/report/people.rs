//! The reports of `bots chat` and `bots connect`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Share;
use crate::times::Quantiles;

/// A report of `bots chat`, as far as it is used here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// Users, each of whom receives every message.
    pub users: usize,
    /// Messages that all users together send in a second.
    pub rate: u32,
    /// Messages that all users together receive in a second.
    pub delivered_per_second: f64,
    /// Deliveries that did not happen.
    pub lost: u64,
    /// Deliveries that were repeated.
    #[serde(rename = "twice")]
    pub duplicates: u64,
    /// From sending a message to receiving it.
    pub delivery_ms: Option<Quantiles>,
    /// The use of each program.
    pub programs: Vec<Share>,
    /// Why the figures may be the bots' and not the servers'.
    pub bottleneck: Option<String>,
}

/// A report of `bots connect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connect {
    /// Attempts a second.
    pub rate: u32,
    /// New accounts.
    pub sign_up: Method,
    /// Accounts with their passwords.
    pub log_in: Method,
    /// Sessions with their tokens.
    pub resume: Method,
}

/// The results of one method of authentication.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Method {
    /// Successes a second.
    pub per_second: f64,
    /// From the time at which the attempt was due to its success.
    pub ms: Option<Quantiles>,
    /// Failed attempts by reason.
    pub errors: BTreeMap<String, u64>,
    /// Why the figures may be the bots' and not the servers'.
    pub bottleneck: Option<String>,
}

impl Connect {
    pub(super) fn methods(&self) -> [(&'static str, &Method); 3] {
        [
            ("sign-up", &self.sign_up),
            ("log-in", &self.log_in),
            ("resume", &self.resume),
        ]
    }
}
