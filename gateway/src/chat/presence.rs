//! Who is in the chat, and what to do about those who are gone without a notice: a
//! state machine without I/O.
//!
//! It reads two things that every gateway reads: the bucket `presence`, with a key for
//! each connection, and the notices of the stream. The list that clients get is what the
//! notices say, in their order, so that it agrees with what each client makes of them.
//! Where the bucket says otherwise for longer than a notice takes, a notice is missing,
//! and the gateway asks for it: any gateway for that of a player without a connection,
//! since the one that had it may be dead, and the gateway of the connection for that of
//! a player who is back.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use bytes::Bytes;
use protocol::chat::ChatSession;
use protocol::client::ServerMessage;
use protocol::limits::PRESENT_PAGE_NAMES_MAX;
use protocol::{PlayerId, PlayerName, SessionNonce, frame, subject};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use super::hub::ListenerId;
use crate::limits::{
    NOTICE_PATIENCE, NOTICE_PATIENCE_AFTER_BREAK, NOTICE_SPREAD, PRESENCE_RENEWAL,
};
use crate::paged_list::PagedList;

/// A notice to ask for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// "X disconnected", with the session that went last.
    Left(ChatSession),
    /// "X just joined the chat!", of a connection of this gateway that was reported gone.
    Joined {
        /// It comes back as a new session: the notices of one that left are in the
        /// stream, and would be taken for repeats.
        session: ChatSession,
        /// Its session before.
        before: ChatSession,
    },
}

/// Who is in the chat.
#[derive(Debug)]
pub(super) struct PresenceCore {
    players: HashMap<PlayerId, Player>,
    /// Those of them who are here, as clients get them.
    here: PagedList<PlayerId, PlayerName>,
    /// By keys of the bucket.
    keys: HashMap<String, PlayerId>,
    /// The connections of this gateway, by their keys of the bucket.
    own: BTreeMap<String, Own>,
    /// Their keys.
    own_keys: HashMap<ListenerId, String>,
    /// Players of whom bucket and notices say different things.
    repairs: BTreeMap<PlayerId, Repair>,
    /// Whether the bucket was read since the start.
    has_picture: bool,
    rng: StdRng,
}

#[derive(Debug)]
struct Player {
    name: PlayerName,
    /// Their connections that the bucket has, by key.
    sessions: BTreeMap<String, ChatSession>,
    /// The connection that went last.
    last_gone: Option<ChatSession>,
    notice: Notice,
}

/// What the last notice about a player says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notice {
    /// None was read.
    Unread,
    Joined,
    Left,
}

#[derive(Debug)]
struct Own {
    listener: ListenerId,
    session: ChatSession,
    renewal: Instant,
}

#[derive(Debug)]
struct Repair {
    due: Instant,
    /// It has been due before.
    was_due: bool,
    /// A chat worker has said that the notice is in the stream.
    is_answered: bool,
    /// The session as which a connection of this gateway comes back, and the one before.
    back: Option<(ChatSession, ChatSession)>,
}

impl PresenceCore {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            players: HashMap::new(),
            here: PagedList::new(PRESENT_PAGE_NAMES_MAX),
            keys: HashMap::new(),
            own: BTreeMap::new(),
            own_keys: HashMap::new(),
            repairs: BTreeMap::new(),
            has_picture: false,
            rng: StdRng::seed_from_u64(seed),
        }
    }

    /// Adds a connection of this gateway, whose presence has just been written.
    pub(super) fn connected(&mut self, listener: ListenerId, session: ChatSession, now: Instant) {
        let renewal = now + renewal_interval(&mut self.rng);
        self.add_own(Own {
            listener,
            session,
            renewal,
        });
    }

    /// Removes a connection of this gateway; returns its session.
    pub(super) fn disconnected(&mut self, listener: ListenerId) -> Option<ChatSession> {
        let key = self.own_keys.remove(&listener)?;
        self.own.remove(&key).map(|own| own.session)
    }

    /// Whether a connection of this gateway is still there.
    pub(super) fn is_connected(&self, session: &ChatSession) -> bool {
        self.own.contains_key(&key_of(session))
    }

    /// All keys that the bucket has.
    pub(super) fn picture(&mut self, sessions: Vec<(String, ChatSession)>, now: Instant) {
        let mut before: Vec<String> = self.keys.keys().cloned().collect();
        before.sort();
        let picture: BTreeMap<String, ChatSession> = sessions.into_iter().collect();
        for key in before {
            if !picture.contains_key(&key) {
                // Another gateway may be about to write it again.
                self.ended(&key, now, NOTICE_PATIENCE_AFTER_BREAK);
            }
        }
        for (key, own) in &mut self.own {
            if !picture.contains_key(key) {
                own.renewal = now;
            }
        }
        for (key, session) in picture {
            let id = self.written(key, session, now);
            if !self.has_picture {
                // Its notice was read by those who were here before.
                self.players
                    .entry(id.clone())
                    .and_modify(|player| player.notice = Notice::Joined);
                self.compare(&id, now, NOTICE_PATIENCE);
            }
        }
        self.has_picture = true;
    }

    /// A key of the bucket was written; `None` when it is gone.
    pub(super) fn changed(&mut self, key: String, session: Option<ChatSession>, now: Instant) {
        match session {
            Some(session) => drop(self.written(key, session, now)),
            None => self.ended(&key, now, NOTICE_PATIENCE),
        }
    }

    /// A notice says that a player is here, or not.
    pub(super) fn noticed(&mut self, name: &PlayerName, is_here: bool, now: Instant) {
        let id = name.id();
        if is_here {
            let player = self.players.entry(id.clone());
            player.or_insert_with(|| Player::new(name.clone())).notice = Notice::Joined;
        } else if let Some(player) = self.players.get_mut(&id) {
            player.notice = Notice::Left;
        }
        self.compare(&id, now, NOTICE_PATIENCE);
    }

    /// The frame with the page of those who are here and come after a player, or with
    /// the first page.
    pub(super) fn page(&mut self, after: Option<&PlayerId>) -> Bytes {
        self.here.page(after, |names, has_more| {
            frame::from_server(&ServerMessage::Present {
                players: names.values().cloned().collect(),
                has_more,
            })
        })
    }

    /// The connections of this gateway whose presence is due to be written.
    pub(super) fn due_renewals(&mut self, now: Instant) -> Vec<ChatSession> {
        let due = self.own.values_mut().filter(|own| own.renewal <= now);
        due.map(|own| {
            own.renewal = now + renewal_interval(&mut self.rng);
            own.session.clone()
        })
        .collect()
    }

    /// The notices that are missing. Each is asked for again until it has been read.
    pub(super) fn due_notices(&mut self, now: Instant) -> Vec<Missing> {
        let due = self.repairs.iter().filter(|(_, repair)| repair.due <= now);
        let due: Vec<PlayerId> = due.map(|(id, _)| id.clone()).collect();
        due.into_iter()
            .filter_map(|id| self.repair(&id, now))
            .collect()
    }

    /// A chat worker has said that a notice is in the stream.
    pub(super) fn answered(&mut self, player: &PlayerId) {
        if let Some(repair) = self.repairs.get_mut(player) {
            repair.is_answered = true;
        }
    }

    fn repair(&mut self, id: &PlayerId, now: Instant) -> Option<Missing> {
        let next = now + self.patience(NOTICE_PATIENCE);
        let (repair, player) = (self.repairs.get_mut(id)?, self.players.get_mut(id)?);
        let has_session = !player.sessions.is_empty();
        let has_own = player.sessions.keys().any(|key| self.own.contains_key(key));
        let is_foreign = has_session && repair.back.is_none() && !has_own;
        let was_due = std::mem::replace(&mut repair.was_due, true);
        // No gateway announces it, as when all were started after NATS came back empty.
        let is_unannounced = is_foreign && was_due && player.notice == Notice::Unread;
        if repair.is_answered || is_unannounced {
            // The notice was in the stream before, or never: the bucket has the last word.
            player.notice = if has_session {
                Notice::Joined
            } else {
                Notice::Left
            };
            self.compare(id, now, NOTICE_PATIENCE);
            return None;
        }
        repair.due = next;
        if !has_session {
            let mut own = self.own.values();
            // One of this gateway's that is just being written again is no absence.
            if own.any(|own| own.session.player.id() == *id) {
                return None;
            }
            // Without a connection that this gateway knew, there is nothing to report.
            repair.is_answered = player.last_gone.is_none();
            return player.last_gone.clone().map(Missing::Left);
        }
        if is_foreign {
            return None;
        }
        if repair.back.is_none() {
            let mut keys = player.sessions.keys();
            let key = keys.find(|key| self.own.contains_key(*key))?.clone();
            let back = self.come_back(&key, now)?;
            self.repairs.get_mut(id)?.back = Some(back);
        }
        let (session, before) = self.repairs.get(id)?.back.clone()?;
        self.is_connected(&session)
            .then_some(Missing::Joined { session, before })
    }

    /// Gives a connection of this gateway a new session; returns that and the one
    /// before.
    fn come_back(&mut self, key: &str, now: Instant) -> Option<(ChatSession, ChatSession)> {
        let Own {
            listener,
            session: before,
            ..
        } = self.own.remove(key)?;
        let session = ChatSession {
            nonce: SessionNonce::new(self.rng.random()),
            ..before.clone()
        };
        self.add_own(Own {
            listener,
            session: session.clone(),
            renewal: now + PRESENCE_RENEWAL,
        });
        Some((session, before))
    }

    fn add_own(&mut self, own: Own) {
        let key = key_of(&own.session);
        self.own_keys.insert(own.listener, key.clone());
        self.own.insert(key, own);
    }

    fn written(&mut self, key: String, session: ChatSession, now: Instant) -> PlayerId {
        let id = session.player.id();
        let player = self.players.entry(id.clone());
        let player = player.or_insert_with(|| Player::new(session.player.clone()));
        player.sessions.insert(key.clone(), session);
        self.keys.insert(key, id.clone());
        self.compare(&id, now, NOTICE_PATIENCE);
        id
    }

    fn ended(&mut self, key: &str, now: Instant, patience: Duration) {
        let Some(id) = self.keys.remove(key) else {
            return;
        };
        if let Some(player) = self.players.get_mut(&id) {
            player.last_gone = player.sessions.remove(key);
        }
        self.compare(&id, now, patience);
    }

    /// Lists a player who is here, and begins to wait for a notice when bucket and
    /// notices say different things about it. Follows each change of a player.
    fn compare(&mut self, id: &PlayerId, now: Instant, patience: Duration) {
        let Some(player) = self.players.get(id) else {
            return;
        };
        if player.is_here() != self.here.get(id).is_some() {
            if player.is_here() {
                self.here.insert(id.clone(), player.name.clone());
            } else {
                self.here.remove(id);
            }
        }
        let has_session = !player.sessions.is_empty();
        if has_session == player.is_here() {
            self.repairs.remove(id);
            if !has_session {
                self.players.remove(id);
            }
            return;
        }
        let due = now + self.patience(patience);
        self.repairs.entry(id.clone()).or_insert(Repair {
            due,
            was_due: false,
            is_answered: false,
            back: None,
        });
    }

    /// Spread, so that of many gateways one asks first and the others read its notice.
    fn patience(&mut self, patience: Duration) -> Duration {
        patience + NOTICE_SPREAD.mul_f64(self.rng.random())
    }
}

/// Spread, so that those who came together are not renewed together for ever.
fn renewal_interval(rng: &mut StdRng) -> Duration {
    PRESENCE_RENEWAL.mul_f64(rng.random_range(0.8..1.0))
}

fn key_of(session: &ChatSession) -> String {
    subject::presence_key(&session.player.id(), session.nonce)
}

impl Player {
    fn new(name: PlayerName) -> Self {
        Self {
            name,
            sessions: BTreeMap::new(),
            last_gone: None,
            notice: Notice::Unread,
        }
    }

    fn is_here(&self) -> bool {
        self.notice == Notice::Joined
    }
}

#[cfg(test)]
mod tests;
