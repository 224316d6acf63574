//! One attacker: its address, its account and its log-in.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use client_core::Security;
use protocol::RejectionCode;
use protocol::client::ClientMessage;
use tokio::time::{sleep, timeout};

use super::tally::Shared;
use crate::account::{self, Refusal};
use crate::kind::FloodKind;
use crate::options::AttackOptions;
use crate::wire::{Route, Wire};

/// Before a connection that could not be made is tried again: the machine may have no
/// free port for it, which is not the gateway's doing.
const CONNECT_DELAY: Duration = Duration::from_millis(5);
/// How long a resume before the attack may take: an address may connect a hundred times in
/// ten seconds, and a player resume ten times in a minute.
const RESUME_TIMEOUT: Duration = Duration::from_secs(60);
/// The first address of an attack.
const ATTACK_BEGINS: Ipv4Addr = Ipv4Addr::new(127, 1, 0, 1);
/// The first address from which an account is made. Each account has one of its own.
const HOMES_BEGIN: Ipv4Addr = Ipv4Addr::new(127, 2, 0, 1);

/// An attacker.
#[derive(Clone, Debug)]
pub(super) struct Attacker {
    pub(super) number: u32,
    pub(super) options: Arc<AttackOptions>,
    security: Security,
    name: String,
    token: Option<String>,
}

impl Attacker {
    /// Makes an attacker, with an account if it needs one. The account is made from
    /// another address than the attack's.
    ///
    /// # Errors
    /// When it cannot log in.
    pub(super) async fn prepare(
        number: u32,
        options: Arc<AttackOptions>,
        security: Security,
    ) -> Result<Self> {
        // What a player of one flood has spent of its limits is no business of the next.
        let name = format!("{}-{number}", options.kind.name());
        let mut attacker = Self {
            number,
            name,
            options,
            security,
            token: None,
        };
        if attacker.options.kind.has_accounts() {
            let home = nth(HOMES_BEGIN, number);
            let (_, token) = account::enter(&attacker.route(home), &attacker.name).await?;
            attacker.token = Some(token);
        }
        Ok(attacker)
    }

    /// Makes an attacker that has a session and no account.
    pub(super) fn with_token(
        number: u32,
        options: Arc<AttackOptions>,
        security: Security,
        token: String,
    ) -> Self {
        Self {
            number,
            name: format!("{}-{number}", options.kind.name()),
            options,
            security,
            token: Some(token),
        }
    }

    fn route(&self, from: Ipv4Addr) -> Route {
        Route {
            from,
            to: match self.options.kind.is_on_chat(self.number) {
                true => self.options.chat,
                false => self.options.race,
            },
            has_small_buffer: matches!(self.options.kind, FloodKind::Lists | FloodKind::Stalled),
            security: self.security.clone(),
        }
    }

    /// Connects from an address of the attack.
    pub(super) async fn connect(&self, tally: &Shared) -> Option<Wire> {
        let from = nth(ATTACK_BEGINS, self.number % self.options.addresses);
        if let Ok(wire) = Wire::open(&self.route(from)).await {
            tally.lock().connections += 1;
            return Some(wire);
        }
        tally.lock().lost += 1;
        sleep(CONNECT_DELAY).await;
        None
    }

    /// Resumes before the attack: a flood before may have left nothing of what the address
    /// may do.
    ///
    /// # Errors
    /// When it cannot for a time.
    pub(super) async fn enter(&mut self) -> Result<Wire> {
        let tally = Shared::default();
        let entering = async {
            loop {
                if let Some(wire) = self.resume(&tally).await {
                    return wire;
                }
                sleep(account::RETRY_DELAY).await;
            }
        };
        let entered = timeout(RESUME_TIMEOUT, entering).await;
        entered.with_context(|| {
            let (number, tally) = (self.number, tally.lock());
            format!("attacker {number} cannot resume: {:?}", *tally)
        })
    }

    /// Connects from an address of the attack and resumes, or logs in when the token is
    /// refused.
    pub(super) async fn resume(&mut self, tally: &Shared) -> Option<Wire> {
        let mut wire = self.connect(tally).await?;
        let message = match &self.token {
            Some(token) => ClientMessage::Resume {
                token: token.clone(),
            },
            None => account::log_in(&self.name),
        };
        match account::authenticate(&mut wire, &message).await {
            Ok(token) => {
                self.token = Some(token);
                tally.lock().accepted += 1;
                Some(wire)
            }
            Err(refusal) => {
                if refusal == Refusal::Rejected(RejectionCode::BadToken) {
                    self.token = None;
                }
                tally.lock().refused(refusal);
                None
            }
        }
    }
}

/// The address so many after the first.
pub(super) fn nth(first: Ipv4Addr, number: u32) -> Ipv4Addr {
    first.to_bits().wrapping_add(number).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_of_accounts_have_an_address_each() {
        let home = |number| nth(HOMES_BEGIN, number).to_string();
        assert_eq!(
            (home(0), home(255)),
            ("127.2.0.1".into(), "127.2.1.0".into())
        );
    }
}
