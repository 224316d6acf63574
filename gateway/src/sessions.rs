//! Sessions: a player is in one place at each port, across all gateways.
//!
//! [`register`] changes the bucket `sessions` by compare-and-set at each log-in and
//! resume. Every gateway follows the bucket and dismisses the connection of a session
//! that another one holds, or that has ended. A bucket that came back empty gets the
//! sessions of living connections again; others have to log in.

mod register;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bus::{BucketFollower, BucketUpdate, Change};
use protocol::client::{GoodbyeCode, ServerMessage};
use protocol::session::{Port, Session};
use protocol::version::SESSION;
use protocol::{PlayerId, SessionNonce, subject};
use service::Shutdown;

use crate::send_queue::SendQueue;
use crate::stored::read_stored;

pub use self::register::{SessionRegister, Stored};

/// By player and port: the session, and the way to its client.
type Open = HashMap<(PlayerId, Port), OpenSession>;

#[derive(Debug)]
struct OpenSession {
    stored: Stored,
    send_queue: Arc<SendQueue>,
}

/// The sessions with a connection to this gateway.
#[derive(Debug, Default)]
pub struct Sessions {
    open: Mutex<Open>,
}

impl Sessions {
    /// Opens a session that the register has given to a connection, and dismisses the
    /// connection that had one of this player here.
    pub fn open(&self, player: PlayerId, port: Port, stored: Stored, send_queue: Arc<SendQueue>) {
        let opened = OpenSession { stored, send_queue };
        let holder = opened.stored.session.holder;
        if let Some(found) = self.lock().get(&(player.clone(), port))
            && found.stored.revision > opened.stored.revision
        {
            return opened.dismiss(Dismissal::Replaced);
        }
        if let Some(before) = self.lock().insert((player, port), opened)
            && before.stored.session.holder != holder
        {
            before.dismiss(Dismissal::Replaced);
        }
    }

    /// Compares the session of a connection that was just opened with what is stored: what
    /// was written before it was open has been missed.
    pub(crate) async fn recheck(
        &self,
        player: PlayerId,
        port: Port,
        held: &Session,
        register: &SessionRegister,
    ) {
        if let Ok(Some(stored)) = register.read(&player, port).await {
            self.judge(&(player, port), held, &stored);
        }
    }

    /// Closes the session of a connection, unless a later one has replaced it or it is
    /// over; returns whether it was open.
    pub fn close(&self, player: PlayerId, port: Port, connection: SessionNonce) -> bool {
        let mut open = self.lock();
        let key = (player, port);
        let is_own = open
            .get(&key)
            .is_some_and(|found| found.stored.session.holder.connection == connection);
        is_own && open.remove(&key).is_some()
    }

    /// Follows the bucket until shutdown.
    pub async fn follow(
        &self,
        mut bucket: BucketFollower,
        register: &SessionRegister,
        shutdown: &Shutdown,
    ) {
        loop {
            let update = tokio::select! {
                () = shutdown.wait() => return,
                update = bucket.next() => update,
            };
            match update {
                BucketUpdate::All(entries) => self.compare(&entries, register).await,
                BucketUpdate::Changed(change) => self.changed(&change),
            }
        }
    }

    /// Dismisses the connection of a session that was written later for another one, or
    /// has expired.
    fn changed(&self, change: &Change) {
        let Some(key) = subject::session_of(&change.key) else {
            return;
        };
        let mut open = self.lock();
        let Some(found) = open.get(&key) else {
            return;
        };
        if change.revision <= found.stored.revision {
            return;
        }
        let dismissal = match (&change.value, read(change)) {
            (None, _) => Some(Dismissal::Ended),
            (Some(_), Some(stored)) => found.dismissal(&stored.session),
            // Another release holds it.
            (Some(_), None) => Some(Dismissal::Replaced),
        };
        if let Some(dismissal) = dismissal {
            found.dismiss(dismissal);
            open.remove(&key);
        }
    }

    /// Compares the sessions of this gateway with all that the bucket has, which may be
    /// another bucket than before with lower revisions. What differs is read again, since
    /// it may have been written after the picture was taken.
    async fn compare(&self, entries: &[Change], register: &SessionRegister) {
        for (key, held) in self.differing(entries) {
            if let Some(stored) = register.restore(&key.0, key.1, &held).await {
                self.judge(&key, &held, &stored);
            }
        }
    }

    /// The sessions of this gateway that a picture of the bucket does not have, or not as
    /// they are held. Of all others it takes the revisions.
    fn differing(&self, entries: &[Change]) -> Vec<((PlayerId, Port), Session)> {
        let picture: HashMap<(PlayerId, Port), Stored> = entries
            .iter()
            .filter_map(|change| Some((subject::session_of(&change.key)?, read(change)?)))
            .collect();
        let mut differing = Vec::new();
        for (key, found) in self.lock().iter_mut() {
            match picture.get(key) {
                Some(stored) if found.dismissal(&stored.session).is_none() => {
                    found.stored.revision = stored.revision;
                }
                Some(_) | None => differing.push((key.clone(), found.stored.session.clone())),
            }
        }
        differing
    }

    /// Dismisses the connection that held `held`, unless that is stored.
    fn judge(&self, key: &(PlayerId, Port), held: &Session, stored: &Stored) {
        let mut open = self.lock();
        let Some(found) = open.get_mut(key) else {
            return;
        };
        if found.stored.session.holder != held.holder {
            // Opened meanwhile.
            return;
        }
        match found.dismissal(&stored.session) {
            None => found.stored.revision = stored.revision,
            Some(dismissal) => {
                found.dismiss(dismissal);
                open.remove(key);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why a connection is dismissed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dismissal {
    /// Another connection holds the player's session.
    Replaced,
    /// The session is over.
    Ended,
}

/// The session of a key; `None` for one that is gone or cannot be read.
fn read(change: &Change) -> Option<Stored> {
    Some(Stored {
        session: read_stored(&SESSION, change.value.as_ref()?)?,
        revision: change.revision,
    })
}

impl OpenSession {
    /// What a session that is stored means for this connection.
    fn dismissal(&self, stored: &Session) -> Option<Dismissal> {
        let held = &self.stored.session;
        if stored.id == held.id && stored.is_ended {
            Some(Dismissal::Ended)
        } else if stored.holder == held.holder {
            None
        } else {
            Some(Dismissal::Replaced)
        }
    }

    fn dismiss(&self, dismissal: Dismissal) {
        let (code, reason) = match dismissal {
            Dismissal::Replaced => (GoodbyeCode::Replaced, "you logged in somewhere else"),
            Dismissal::Ended => (
                GoodbyeCode::SessionEnded,
                "this session has ended, log in again",
            ),
        };
        self.send_queue.close(&ServerMessage::goodbye(code, reason));
    }
}

#[cfg(test)]
mod tests {
    use protocol::GatewayId;
    use protocol::session::{Holder, SessionId};
    use protocol::version;

    use super::*;

    fn holder(gateway: u32) -> Holder {
        Holder {
            gateway: GatewayId::new(gateway),
            connection: SessionNonce::new(gateway),
        }
    }

    fn begun(id: u64, gateway: u32) -> Session {
        Session::begin(SessionId::new(id), holder(gateway), 1_000)
    }

    struct World {
        sessions: Sessions,
        queue: Arc<SendQueue>,
    }

    fn key() -> (PlayerId, Port) {
        (PlayerId::parse("ada").unwrap(), Port::Race)
    }

    /// A gateway with a connection that holds `session`, written at `revision`.
    fn with(session: Session, revision: u64) -> World {
        let (near, _far) = tokio::io::duplex(1_024);
        let world = World {
            sessions: Sessions::default(),
            queue: Arc::new(SendQueue::new(near)),
        };
        let (player, port) = key();
        let stored = Stored { session, revision };
        let queue = Arc::clone(&world.queue);
        world.sessions.open(player, port, stored, queue);
        world
    }

    fn change(session: &Session, revision: u64) -> Change {
        Change {
            key: "ada.race".to_owned(),
            value: Some(version::to_json(&SESSION, session).into()),
            revision,
        }
    }

    impl World {
        fn changed(&self, session: &Session, revision: u64) -> bool {
            self.sessions.changed(&change(session, revision));
            self.queue.closed().is_cancelled()
        }
    }

    #[test]
    fn a_later_write_for_another_connection_dismisses() {
        let held = begun(1, 1);
        assert!(!with(held.clone(), 5).changed(&held, 5), "its own write");
        assert!(
            !with(held.clone(), 5).changed(&begun(2, 2), 4),
            "from before"
        );
        assert!(with(held.clone(), 5).changed(&begun(2, 2), 6));
        assert!(with(held.clone(), 5).changed(&held.ended(), 6));
        let resumed = held.resume(held.token(), holder(2), 1_100).unwrap();
        assert!(with(held.clone(), 5).changed(&resumed, 6));
        let given = held.with_ticket(SessionId::new(3), 1_100);
        assert!(!with(held, 5).changed(&given, 6), "it holds it still");
    }

    #[test]
    fn after_a_picture_the_revisions_are_those_of_the_bucket() {
        let world = with(begun(1, 1), 500);
        let stored = |session: &Session| Stored {
            session: session.clone(),
            revision: 3,
        };
        let held = begun(1, 1);
        world.sessions.judge(&key(), &held, &stored(&held));
        assert!(world.changed(&begun(2, 2), 4), "a new bucket counts anew");

        let world = with(held.clone(), 500);
        let other = begun(2, 2);
        world.sessions.judge(&key(), &other, &stored(&other));
        assert!(!world.queue.closed().is_cancelled(), "opened meanwhile");
        world.sessions.judge(&key(), &held, &stored(&other));
        assert!(world.queue.closed().is_cancelled());
    }

    /// What a follower that was cut off finds when it is back.
    #[test]
    fn what_was_missed_during_a_break_dismisses() {
        let held = begun(1, 1);
        let ended = held.ended();
        let resumed = held.resume(held.token(), holder(2), 1_100).unwrap();
        for (missed, is_dismissed) in [
            (Some(held.clone()), false),
            (Some(held.with_ticket(SessionId::new(3), 1_100)), false),
            (Some(ended), true),
            (Some(resumed), true),
            (Some(begun(2, 2)), true),
            // The bucket has lost it: it is written again.
            (None, false),
        ] {
            let world = with(held.clone(), 5);
            let picture = missed.as_ref().map(|session| change(session, 6));
            let differing = world.sessions.differing(picture.as_slice());
            let stored = missed.clone().unwrap_or_else(|| held.clone());
            let is_as_held = missed.is_some() && !is_dismissed;
            assert_eq!(differing.is_empty(), is_as_held, "{missed:?}");
            for (key, held) in differing {
                let stored = Stored {
                    session: stored.clone(),
                    revision: 6,
                };
                world.sessions.judge(&key, &held, &stored);
            }
            let is_closed = world.queue.closed().is_cancelled();
            assert_eq!(is_closed, is_dismissed, "{missed:?}");
        }
    }

    #[test]
    fn closing_an_older_connection_leaves_the_later_one() {
        let world = with(begun(1, 1), 5);
        let (player, port) = key();
        let close = |gateway| {
            let connection = SessionNonce::new(gateway);
            world.sessions.close(player.clone(), port, connection)
        };
        assert!(!close(9));
        assert!(close(1));
        assert!(!close(1));
    }
}
