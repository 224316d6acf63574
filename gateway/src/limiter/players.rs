//! What players have spent, by player and not by connection; pure.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use protocol::budgets::PlayerBudgets;
use protocol::{PlayerId, Reply};

use super::bucket::{Bucket, Limit};
use super::keyed::{Keyed, Spent};
use super::options::LimitOptions;
use super::refusal::{LimitName, PlayerLimit, Refusal};

/// One value for each limit of a player.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct PerLimit<T> {
    control: T,
    chat: T,
    log_ins: T,
    joins: T,
    spectating: T,
    rooms: T,
}

impl<T> PerLimit<T> {
    const fn of(&self, limit: PlayerLimit) -> &T {
        match limit {
            PlayerLimit::Control => &self.control,
            PlayerLimit::Chat => &self.chat,
            PlayerLimit::LogIns => &self.log_ins,
            PlayerLimit::Joins => &self.joins,
            PlayerLimit::Spectating => &self.spectating,
            PlayerLimit::Rooms => &self.rooms,
        }
    }

    const fn of_mut(&mut self, limit: PlayerLimit) -> &mut T {
        match limit {
            PlayerLimit::Control => &mut self.control,
            PlayerLimit::Chat => &mut self.chat,
            PlayerLimit::LogIns => &mut self.log_ins,
            PlayerLimit::Joins => &mut self.joins,
            PlayerLimit::Spectating => &mut self.spectating,
            PlayerLimit::Rooms => &mut self.rooms,
        }
    }
}

impl PerLimit<Limit> {
    pub(super) fn new(options: &LimitOptions) -> Self {
        Self {
            control: options.limit_control,
            chat: options.limit_chat,
            log_ins: options.limit_log_ins,
            joins: options.limit_joins,
            spectating: options.limit_spectating,
            rooms: options.limit_rooms,
        }
    }
}

/// The buckets of one player, shared by the player's connections.
#[derive(Debug, Default)]
pub(super) struct Buckets(Mutex<PerLimit<Bucket>>);

impl Buckets {
    fn lock(&self) -> MutexGuard<'_, PerLimit<Bucket>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All players.
pub(super) type Players = Keyed<PlayerId, Arc<Buckets>>;

impl Spent for Arc<Buckets> {
    /// The buckets of a player with a connection stay.
    fn is_idle(&self, now: Instant) -> bool {
        let buckets = self.lock();
        let is_full = |limit| buckets.of(limit).is_full(now);
        Self::strong_count(self) == 1 && PlayerLimit::ALL.into_iter().all(is_full)
    }
}

/// The limits of one player: each connection of the player has them, and a reconnect
/// finds them as they were.
#[derive(Clone, Debug)]
pub struct PlayerLimits {
    pub(super) limits: Arc<PerLimit<Limit>>,
    pub(super) buckets: Arc<Buckets>,
}

impl PlayerLimits {
    /// Takes a token.
    ///
    /// # Errors
    /// When there is none, with the time until there is one.
    pub fn take(&self, limit: PlayerLimit, now: Instant) -> Reply<()> {
        let mut buckets = self.buckets.lock();
        let taken = buckets.of_mut(limit).take(self.limits.of(limit), now);
        taken.map_err(|wait| self.refusal(limit, wait).reject())
    }

    /// Checks that there is a token.
    ///
    /// # Errors
    /// As [`PlayerLimits::take`].
    pub fn check(&self, limit: PlayerLimit, now: Instant) -> Reply<()> {
        let checked = self
            .buckets
            .lock()
            .of(limit)
            .check(self.limits.of(limit), now);
        checked.map_err(|wait| self.refusal(limit, wait).reject())
    }

    /// Gives a token back: what it was taken for was not done.
    pub fn give_back(&self, limit: PlayerLimit) {
        let mut buckets = self.buckets.lock();
        buckets.of_mut(limit).give_back(self.limits.of(limit));
    }

    /// What the player has spent, for the gateway that the player is at next.
    #[must_use]
    pub fn export(&self, now: Instant, unix_ms: u64) -> PlayerBudgets {
        let buckets = self.buckets.lock();
        let spent = |limit| buckets.of(limit).spent(self.limits.of(limit), now);
        PlayerBudgets {
            at: unix_ms,
            control: spent(PlayerLimit::Control),
            chat: spent(PlayerLimit::Chat),
            log_ins: spent(PlayerLimit::LogIns),
            joins: spent(PlayerLimit::Joins),
            spectating: spent(PlayerLimit::Spectating),
            rooms: spent(PlayerLimit::Rooms),
        }
    }

    /// Adds what the player had spent at another gateway: of both, each limit keeps the
    /// one with fewer tokens left, so that no order of gateways gives any back.
    pub fn import(&self, budgets: &PlayerBudgets, now: Instant, unix_ms: u64) {
        // The clock of another machine may be ahead: then no time has passed.
        let ago = Duration::from_millis(unix_ms.saturating_sub(budgets.at));
        let mut buckets = self.buckets.lock();
        for limit in PlayerLimit::ALL {
            let spent = match limit {
                PlayerLimit::Control => budgets.control,
                PlayerLimit::Chat => budgets.chat,
                PlayerLimit::LogIns => budgets.log_ins,
                PlayerLimit::Joins => budgets.joins,
                PlayerLimit::Spectating => budgets.spectating,
                PlayerLimit::Rooms => budgets.rooms,
            };
            let bucket = buckets.of_mut(limit);
            bucket.spend(self.limits.of(limit), spent, ago, now);
        }
    }

    fn refusal(&self, limit: PlayerLimit, wait: Duration) -> Refusal {
        Refusal {
            limit: LimitName::Player(limit, *self.limits.of(limit)),
            wait,
        }
    }
}
