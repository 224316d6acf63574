use super::*;

const DAY_MS: u64 = 24 * 3600 * 1000;

fn holder(connection: u32) -> Holder {
    Holder {
        gateway: GatewayId::new(1),
        connection: SessionNonce::new(connection),
    }
}

fn begun() -> Session {
    Session::begin(SessionId::new(7), holder(1), 1_000)
}

fn token(id: u64, generation: u32) -> TokenSession {
    TokenSession {
        id: SessionId::new(id),
        generation,
    }
}

#[test]
fn each_use_of_the_newest_token_begins_a_generation() {
    let mut session = begun();
    for connection in 2..10 {
        let used = session.token();
        session = session.resume(used, holder(connection), 2_000).unwrap();
        assert_eq!(session.generation, connection);
        assert_eq!(session.holder, holder(connection));
    }
    assert_eq!(session.begun_at, 1_000, "no resume makes it longer");
}

#[test]
fn the_token_before_is_good_until_the_newest_is_used() {
    let first = begun().token();
    // The answer with the second token is lost, twice.
    let mut session = begun();
    for connection in 2..5 {
        session = session.resume(first, holder(connection), 2_000).unwrap();
        assert_eq!(session.generation, 2);
    }
    let used = session.resume(session.token(), holder(5), 2_000).unwrap();
    let reused = used.resume(first, holder(6), 2_000);
    assert_eq!(reused, Err(SessionRefusal::Reused));
    assert!(used.resume(session.token(), holder(5), 2_000).is_ok());
}

#[test]
fn an_old_or_invented_generation_gives_the_copy_away() {
    let session = Session {
        generation: 6,
        ..begun()
    };
    for generation in [0, 1, 4, 7, u32::MAX] {
        let refused = session.resume(token(7, generation), holder(2), 2_000);
        assert_eq!(refused, Err(SessionRefusal::Reused), "{generation}");
    }
}

#[test]
fn another_log_in_an_end_and_a_week_are_refused_by_name() {
    let session = begun();
    let resume = |session: &Session, id, now| session.resume(token(id, 1), holder(2), now);
    assert_eq!(resume(&session, 8, 2_000), Err(SessionRefusal::Replaced));
    assert_eq!(
        resume(&session.ended(), 7, 2_000),
        Err(SessionRefusal::Ended)
    );
    assert!(resume(&session, 7, 1_000 + 7 * DAY_MS - 1).is_ok());
    assert_eq!(
        resume(&session, 7, 1_000 + 7 * DAY_MS),
        Err(SessionRefusal::Expired)
    );
}

#[test]
fn a_password_that_was_checked_before_it_was_replaced_begins_nothing() {
    let log_in = |found: Option<&Session>, proven_at| {
        let begun = Session::begin(SessionId::new(8), holder(2), 9_000);
        begun.log_in(found, proven_at)
    };
    assert!(log_in(None, 1).is_ok());
    assert!(log_in(Some(&begun()), 1).is_ok());
    let ended = begun().ended().with_proofs_since(5_000);
    assert_eq!(log_in(Some(&ended), 4_999), Err(SessionRefusal::Ended));
    let next = log_in(Some(&ended), 5_000).unwrap();
    assert!(!next.is_ended);
    assert_eq!(
        next.proofs_since, 5_000,
        "for those that are still on the way"
    );
}

#[test]
fn budgets_are_of_a_closed_connection() {
    let budgets = PlayerBudgets::empty(1_500);
    let closed = begun().closed(budgets);
    assert_eq!(closed.budgets, Some(budgets));
    assert_eq!(closed.token(), begun().token(), "it can be resumed");
    let resumed = closed.resume(token(7, 1), holder(2), 2_000).unwrap();
    assert_eq!(resumed.budgets, None);
}

#[test]
fn a_ticket_begins_one_session_at_the_chat_port() {
    let race = begun().with_ticket(SessionId::new(9), 5_000);
    let redeem = |race: &Session, present: Option<&Session>, now| {
        race.redeem(present, token(9, 1), holder(3), now)
    };
    let chat = redeem(&race, None, 6_000).unwrap();
    assert_eq!((chat.id, chat.generation), (SessionId::new(9), 2));
    // Once there is such a session its own rules hold.
    assert!(chat.resume(token(9, 1), holder(4), 7_000).is_ok());

    assert_eq!(redeem(&begun(), None, 6_000), Err(SessionRefusal::Replaced));
    assert_eq!(
        redeem(&race.ended(), None, 6_000),
        Err(SessionRefusal::Replaced)
    );
    let late = 5_000 + TICKET_LIFETIME_MS;
    assert_eq!(redeem(&race, None, late), Err(SessionRefusal::Expired));
    let older = Session::begin(SessionId::new(1), holder(1), 4_000);
    assert!(redeem(&race, Some(&older), 6_000).is_ok());
    let newer = Session::begin(SessionId::new(1), holder(1), 5_001);
    assert_eq!(
        redeem(&race, Some(&newer), 6_000),
        Err(SessionRefusal::Replaced)
    );
}

#[test]
fn is_json_that_a_person_can_read() {
    let session = begun();
    let json = serde_json::to_string(&session).unwrap();
    assert_eq!(
        json,
        r#"{"id":"0000000000000007","generation":1,"gateway":"00000001","connection":"00000001","begun_at":1000}"#
    );
    assert_eq!(serde_json::from_str::<Session>(&json).unwrap(), session);
}
