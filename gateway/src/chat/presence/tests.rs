//! Presence without NATS.

use protocol::{GatewayId, SessionNonce};

use super::*;

/// After this, a notice that did not come is asked for.
const LONG: Duration = NOTICE_PATIENCE.saturating_add(NOTICE_SPREAD);

struct World {
    core: PresenceCore,
    now: Instant,
}

fn session(name: &str, nonce: u32) -> ChatSession {
    ChatSession {
        player: PlayerName::parse(name).unwrap(),
        nonce: SessionNonce::new(nonce),
        gateway: GatewayId::new(1),
    }
}

impl World {
    fn new() -> Self {
        Self {
            core: PresenceCore::new(1),
            now: Instant::now(),
        }
    }

    /// With a picture of the bucket that has these connections.
    fn with(sessions: &[&ChatSession]) -> Self {
        let mut world = Self::new();
        world.picture(sessions);
        world
    }

    fn picture(&mut self, sessions: &[&ChatSession]) {
        let sessions = sessions.iter().map(|it| (key_of(it), (*it).clone()));
        self.core.picture(sessions.collect(), self.now);
    }

    fn writes(&mut self, session: &ChatSession) {
        let value = Some(session.clone());
        self.core.changed(key_of(session), value, self.now);
    }

    fn ends(&mut self, session: &ChatSession) {
        self.core.changed(key_of(session), None, self.now);
    }

    fn notice(&mut self, session: &ChatSession, is_here: bool) {
        self.core.noticed(&session.player, is_here, self.now);
    }

    fn connects(&mut self, session: &ChatSession) {
        let listener = session.nonce.number().into();
        self.core.connected(listener, session.clone(), self.now);
    }

    fn list(&mut self) -> Vec<String> {
        let page = self.core.page(None);
        let ServerMessage::Present { players, .. } = serde_json::from_slice(&page[1..]).unwrap()
        else {
            panic!("{page:?}")
        };
        players.iter().map(ToString::to_string).collect()
    }

    /// What is asked for after `time`.
    fn after(&mut self, time: Duration) -> Vec<Missing> {
        self.now += time;
        self.core.due_notices(self.now)
    }
}

#[test]
fn lists_what_the_notices_say() {
    let (ada, bob) = (session("Ada", 1), session("bob", 2));
    let mut world = World::with(&[&bob]);
    assert_eq!(world.list(), ["bob"]);
    world.writes(&ada);
    world.notice(&ada, true);
    assert_eq!(world.list(), ["Ada", "bob"]);
    // The bucket is ahead of the notice, or behind it: clients have read the notice.
    world.ends(&bob);
    assert_eq!(world.list(), ["Ada", "bob"]);
    world.notice(&bob, false);
    assert_eq!(world.list(), ["Ada"]);
    world.notice(&ada, false);
    assert!(world.list().is_empty());
    world.ends(&ada);
    assert!(world.after(LONG).is_empty());
    assert!(world.core.players.is_empty() && world.core.keys.is_empty());
}

#[test]
fn asks_for_the_notice_of_a_player_whose_last_connection_went() {
    let (one, two) = (session("Ada", 1), session("Ada", 2));
    let mut world = World::with(&[&one, &two]);
    world.ends(&one);
    assert!(world.after(LONG).is_empty(), "there is another");
    world.ends(&two);
    assert!(world.after(NOTICE_PATIENCE / 2).is_empty());
    assert_eq!(world.after(LONG), [Missing::Left(two.clone())]);
    assert_eq!(world.after(LONG), [Missing::Left(two.clone())], "again");
    world.notice(&two, false);
    assert!(world.after(LONG).is_empty());
}

#[test]
fn a_notice_that_comes_in_time_is_not_asked_for() {
    let ada = session("Ada", 1);
    let mut world = World::with(&[&ada]);
    world.ends(&ada);
    world.now += NOTICE_PATIENCE / 2;
    world.notice(&ada, false);
    assert!(world.after(LONG).is_empty());
}

#[test]
fn a_player_who_comes_back_at_once_is_not_gone() {
    let (one, two) = (session("Ada", 1), session("Ada", 2));
    let mut world = World::with(&[&one]);
    world.ends(&one);
    world.writes(&two);
    world.notice(&two, true);
    assert!(world.after(LONG).is_empty());
    assert_eq!(world.list(), ["Ada"]);
}

#[test]
fn a_notice_that_was_in_the_stream_before_is_not_asked_for_for_ever() {
    let ada = session("Ada", 1);
    let mut world = World::with(&[&ada]);
    world.ends(&ada);
    assert_eq!(world.after(LONG).len(), 1);
    world.core.answered(&ada.player.id());
    assert!(world.after(LONG).is_empty());
    assert!(world.list().is_empty());
    assert!(world.after(LONG).is_empty());
}

#[test]
fn a_connection_that_was_reported_gone_is_reported_back_by_its_gateway() {
    let (ada, bob) = (session("Ada", 1), session("Bob", 2));
    let mut world = World::with(&[&ada, &bob]);
    world.connects(&ada);
    world.notice(&ada, false);
    world.notice(&bob, false);
    let asked = world.after(LONG);
    let [Missing::Joined { session, before }] = &asked[..] else {
        panic!("{asked:?}: Bob is another gateway's")
    };
    assert_eq!((before, session.player.id()), (&ada, ada.player.id()));
    assert_ne!(session.nonce, ada.nonce, "as a new session");
    assert_eq!(world.after(LONG), asked, "again");
    world.writes(session);
    world.ends(&ada);
    assert_eq!(world.core.disconnected(1), Some(session.clone()));
    world.notice(&ada, true);
    assert!(world.after(LONG).is_empty());
    assert_eq!(world.list(), ["Ada"]);
}

#[test]
fn a_connection_that_no_notice_announces_is_listed_after_a_while() {
    let (ada, bob) = (session("Ada", 1), session("Bob", 2));
    let mut world = World::with(&[&ada]);
    assert_eq!(world.list(), ["Ada"], "the first picture is what there is");
    world.writes(&bob);
    assert_eq!(world.list(), ["Ada"], "its notice is on its way");
    assert!(world.after(LONG).is_empty());
    assert!(world.after(LONG).is_empty());
    assert_eq!(world.list(), ["Ada", "Bob"]);
}

#[test]
fn an_emptied_bucket_is_filled_again_without_notices() {
    let (ada, bob) = (session("Ada", 1), session("Bob", 2));
    let mut world = World::with(&[&ada, &bob]);
    world.connects(&ada);
    assert!(world.core.due_renewals(world.now).is_empty());
    world.picture(&[]);
    let due = world.core.due_renewals(world.now);
    assert_eq!(due, std::slice::from_ref(&ada));
    assert_eq!(world.list(), ["Ada", "Bob"]);
    // The other gateway has a moment for its own.
    assert!(world.after(LONG).is_empty());
    world.writes(&ada);
    world.writes(&bob);
    assert!(world.after(NOTICE_PATIENCE_AFTER_BREAK + LONG).is_empty());
}

#[test]
fn a_gateway_that_died_with_the_store_is_noticed() {
    let (ada, bob) = (session("Ada", 1), session("Bob", 2));
    let mut world = World::with(&[&ada, &bob]);
    world.connects(&ada);
    world.picture(&[]);
    // Ada's presence cannot be written yet: she is connected all the same.
    let asked = world.after(NOTICE_PATIENCE_AFTER_BREAK + LONG);
    assert_eq!(asked, [Missing::Left(bob)]);
}

#[test]
fn renews_in_time_and_spread() {
    let mut world = World::new();
    let sessions: Vec<ChatSession> = (0..100).map(|it| session("Ada", it)).collect();
    for session in &sessions {
        world.connects(session);
    }
    world.now += PRESENCE_RENEWAL.mul_f64(0.9);
    let early = world.core.due_renewals(world.now).len();
    assert!((20..80).contains(&early), "{early}");
    world.now += PRESENCE_RENEWAL.mul_f64(0.1);
    assert_eq!(early + world.core.due_renewals(world.now).len(), 100);
    world.core.disconnected(0);
    assert!(!world.core.is_connected(&sessions[0]) && world.core.is_connected(&sessions[1]));
}
