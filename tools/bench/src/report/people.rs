//! What the bots tell of the chat and of coming in.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

use super::Share;
use crate::times::Quantiles;

/// A report of `bots chat`, as far as it is used here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Chat {
    /// Who hears everything.
    pub users: usize,
    /// Said by all together in a second.
    pub rate: u32,
    /// Heard by all together in a second.
    pub delivered_per_second: f64,
    /// Times that somebody did not hear something.
    pub lost: u64,
    /// Times that somebody heard something again.
    pub twice: u64,
    /// From who says it to who hears it.
    pub delivery_ms: Option<Quantiles>,
    /// What it cost.
    pub programs: Vec<Share>,
    /// Why the figures may be the bots' and not the servers'.
    pub bottleneck: Option<String>,
}

/// A report of `bots connect`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Connect {
    /// Attempts in a second.
    pub rate: u32,
    /// New accounts.
    pub sign_up: Way,
    /// Accounts with their passwords.
    pub log_in: Way,
    /// Sessions with their tokens.
    pub resume: Way,
}

/// How one way to come in went.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Way {
    /// How many came in.
    pub per_second: f64,
    /// From the time at which they wanted to.
    pub ms: Option<Quantiles>,
    /// Why others did not.
    pub errors: BTreeMap<String, u64>,
    /// Why the figures may be the bots' and not the servers'.
    pub bottleneck: Option<String>,
}

impl Chat {
    pub(super) fn write(&self, text: &mut String) -> std::fmt::Result {
        let all = self.programs.iter().find(|share| share.program == "all");
        writeln!(
            text,
            "Chat: {} users, {} messages a second, {:.0} deliveries a second: {}; \
             {} lost, {} twice; all servers {:.3} cores.\n",
            self.users,
            self.rate,
            self.delivered_per_second,
            Quantiles::text(self.delivery_ms),
            self.lost,
            self.twice,
            all.map_or(0.0, |share| share.cores)
        )
    }
}

impl Connect {
    pub(super) fn ways(&self) -> [(&'static str, &Way); 3] {
        [
            ("sign-up", &self.sign_up),
            ("log-in", &self.log_in),
            ("resume", &self.resume),
        ]
    }

    pub(super) fn write(&self, text: &mut String) -> std::fmt::Result {
        writeln!(text, "Coming in, {} attempts a second:\n", self.rate)?;
        for (name, way) in self.ways() {
            let failed: u64 = way.errors.values().sum();
            let (rate, ms) = (way.per_second, Quantiles::text(way.ms));
            writeln!(text, "- {name}: {rate:.1} a second, {ms}, {failed} failed")?;
        }
        text.push('\n');
        Ok(())
    }
}
