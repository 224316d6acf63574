//! Which session of a player went last: a pure function of the bucket `presence`.

use bus::Change;
use protocol::{SessionNonce, subject};

/// Returns the session whose end makes a player absent; `None` while the player has
/// another session.
///
/// `writes` are the last writes of all keys of the player, read after the end of
/// `session`. Of two sessions that end at the same moment, the workers of both see that
/// the player is gone, and both name the later one. Where this worker did not end the
/// session itself, the gateway that asks has seen in which order they went.
pub(crate) fn gone_last(
    session: SessionNonce,
    is_removed: bool,
    writes: &[Change],
) -> Option<SessionNonce> {
    if writes.iter().any(|write| write.value.is_some()) {
        return None;
    }
    if !is_removed {
        return Some(session);
    }
    let last = writes.iter().max_by_key(|write| write.revision);
    let last = last.and_then(|write| subject::presence_session(&write.key));
    Some(last.unwrap_or(session))
}

#[cfg(test)]
mod tests {
    use protocol::PlayerId;

    use super::*;

    const ONE: SessionNonce = SessionNonce::new(1);
    const TWO: SessionNonce = SessionNonce::new(2);

    fn write(session: SessionNonce, revision: u64, is_present: bool) -> Change {
        Change {
            key: subject::presence_key(&PlayerId::parse("Ada").unwrap(), session),
            value: is_present.then(|| "{}".into()),
            revision,
        }
    }

    #[test]
    fn a_player_with_another_session_is_not_gone() {
        let writes = [write(ONE, 7, false), write(TWO, 3, true)];
        assert_eq!(gone_last(ONE, true, &writes), None);
        assert_eq!(gone_last(ONE, false, &writes), None);
    }

    #[test]
    fn two_that_end_at_once_name_the_same_session() {
        let writes = [write(ONE, 7, false), write(TWO, 8, false)];
        assert_eq!(gone_last(ONE, true, &writes), Some(TWO));
        assert_eq!(gone_last(TWO, true, &writes), Some(TWO));
    }

    #[test]
    fn a_session_that_ended_before_is_the_one_that_is_named() {
        // What the server writes when the mark of a deletion expires is later than all.
        let writes = [write(ONE, 9, false), write(TWO, 8, false)];
        assert_eq!(gone_last(TWO, false, &writes), Some(TWO));
        assert_eq!(gone_last(TWO, false, &[]), Some(TWO));
    }
}
