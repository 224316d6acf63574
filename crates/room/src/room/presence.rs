//! Players whose gateway has gone, or has come back.
//!
//! A gateway reports to its room when a connection is lost. One that dies reports
//! nothing, and one that was cut off may not have been heard: the owner asks
//! from time to time which connections are there.

use std::time::Instant;

use protocol::room::RoomEventBody;
use protocol::{GatewayId, SessionNonce};

use super::seats::{Connection, Occupant, Person, Presence};
use super::{Output, Room};

/// What the owner believes of the players at one gateway when it asks there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectedPresence {
    /// Where.
    pub gateway: GatewayId,
    /// Whose connections, and whether they are there.
    sessions: Vec<(SessionNonce, Presence)>,
}

impl Room {
    /// The gateways to ask: those of all players who can come back.
    #[must_use]
    pub fn expected_presence(&self) -> Vec<ExpectedPresence> {
        let people = self.seats.taken().filter_map(|(_, seat)| seat.person());
        let mut expected_presence: Vec<ExpectedPresence> = Vec::new();
        for Person {
            connection: Connection { gateway, session },
            presence,
            ..
        } in people.filter(|person| person.presence != Presence::Left)
        {
            let known = expected_presence
                .iter_mut()
                .find(|it| it.gateway == *gateway);
            match known {
                Some(expected) => expected.sessions.push((*session, *presence)),
                None => expected_presence.push(ExpectedPresence {
                    gateway: *gateway,
                    sessions: vec![(*session, *presence)],
                }),
            }
        }
        expected_presence
    }

    /// What a gateway answered: its connections in this room; none when the
    /// gateway is gone. What has changed since it was asked is left alone.
    pub fn correct(&mut self, expected: &ExpectedPresence, present: &[SessionNonce], now: Instant) {
        let host = self.host();
        for (session, presence) in &expected.sessions {
            let is_there = present.contains(session);
            let is_unchanged = |occupant: &Occupant| {
                occupant.person().is_some_and(|person| {
                    person.connection.session == *session && person.presence == *presence
                })
            };
            let found = self.seats.taken().find(|(_, it)| is_unchanged(it));
            let Some((seat, player)) = found.map(|(seat, it)| (seat, it.player.clone())) else {
                continue;
            };
            match (presence, is_there) {
                (Presence::Connected, false) => self.lost(&player, *session),
                (Presence::Lost, true) => {
                    if let Some(person) = self.seats.person_mut(seat) {
                        person.presence = Presence::Connected;
                    }
                    self.event(RoomEventBody::Returned { player, seat });
                    self.record_player(seat);
                    self.outputs.push(Output::Checkpoint);
                }
                (Presence::Connected, true) | (Presence::Lost, false) | (Presence::Left, _) => {}
            }
        }
        self.tell_host(host.as_ref());
        self.note_connections(now);
    }
}
