use std::time::Instant;

use client_core::LinkEvent;
use client_core::protocol::client::ServerMessage;
use client_core::protocol::{Rejection, RejectionCode};
use serde_json::json;

use super::*;

struct Run {
    client: RaceClient,
    keeper: SessionKeeper,
}

impl Run {
    fn connected() -> Self {
        let mut run = Self {
            client: RaceClient::default(),
            keeper: SessionKeeper::default(),
        };
        run.event(LinkEvent::Connected);
        run
    }

    fn event(&mut self, event: LinkEvent) {
        self.client.handle(event, Instant::now());
        self.keeper.observe(&self.client);
    }

    fn welcome(&mut self, token: &str) {
        let welcome = json!({"type": "welcome", "player": "Ada", "token": token});
        let welcome = serde_json::from_value(welcome).unwrap();
        self.event(LinkEvent::Message(welcome));
    }

    fn refuse(&mut self, code: RejectionCode) {
        let rejection = ServerMessage::Rejected(Rejection::new(code, "no"));
        self.event(LinkEvent::Message(rejection));
    }

    fn resume(&mut self, session: KeptSession) {
        self.keeper.go_on();
        assert_eq!(self.keeper.take_wanted().as_ref(), Some(&session.player));
        self.client.resume(&session.token);
        self.keeper.resume(Some(session));
        self.keeper.observe(&self.client);
    }

    fn changes(&mut self) -> Vec<SessionChange> {
        self.keeper.take_changes()
    }
}

fn session(token: &str) -> KeptSession {
    KeptSession {
        player: PlayerName::parse("Ada").unwrap(),
        token: token.to_owned(),
    }
}

fn keep(token: &str) -> SessionChange {
    SessionChange::Keep(session(token))
}

fn forget(token: &str) -> SessionChange {
    SessionChange::Forget(session(token))
}

#[test]
fn keeps_every_new_token() {
    let mut run = Run::connected();
    run.client.log_in("Ada", "secret1");
    run.keeper.observe(&run.client);
    assert_eq!(run.changes(), []);
    run.welcome("one");
    run.event(LinkEvent::Lost {
        reason: "cut".into(),
    });
    run.event(LinkEvent::Connected);
    run.welcome("two");
    assert_eq!(run.changes(), [keep("one"), keep("two")]);
    run.keeper.observe(&run.client);
    assert_eq!(run.changes(), []);
}

#[test]
fn goes_on_with_the_offered_session() {
    let mut run = Run::connected();
    run.keeper.offer(session("kept").player);
    run.keeper.observe(&run.client);
    assert_eq!(run.keeper.offered().map(PlayerName::as_str), Some("Ada"));
    run.resume(session("kept"));
    assert_eq!((run.changes(), run.keeper.offered()), (vec![], None));
    run.welcome("next");
    assert_eq!(run.changes(), [keep("next")]);
}

#[test]
fn forgets_a_session_that_is_refused() {
    let mut run = Run::connected();
    run.keeper.offer(session("kept").player);
    run.resume(session("kept"));
    run.refuse(RejectionCode::Unavailable);
    assert_eq!(run.changes(), [], "it may succeed in a moment");
    run.refuse(RejectionCode::BadToken);
    assert_eq!(
        (run.changes(), run.keeper.offered()),
        (vec![forget("kept")], None)
    );
}

#[test]
fn forgets_the_session_at_a_log_out() {
    let mut run = Run::connected();
    run.welcome("one");
    run.changes();
    run.client.log_out();
    run.keeper.observe(&run.client);
    assert_eq!(run.changes(), [forget("one")]);
}

#[test]
fn another_log_in_leaves_the_offered_session_alone() {
    let mut run = Run::connected();
    run.keeper.offer(session("kept").player);
    run.client.log_in("Bob", "secret1");
    run.keeper.observe(&run.client);
    run.refuse(RejectionCode::WrongCredentials);
    assert_eq!(run.changes(), []);
    assert!(run.keeper.offered().is_some());
}

#[test]
fn a_token_is_in_no_debug_output() {
    assert!(!format!("{:?}", keep("secret-token")).contains("secret-token"));
}

#[test]
fn a_session_that_was_taken_over_elsewhere_is_left_to_the_other_client() {
    let mut run = Run::connected();
    run.welcome("one");
    run.changes();
    run.keeper.part();
    run.client = RaceClient::default();
    run.event(LinkEvent::Connected);
    assert_eq!(run.changes(), [], "its file may have a newer token");
    assert!(run.keeper.take_offer_wish() && !run.keeper.take_offer_wish());
}
