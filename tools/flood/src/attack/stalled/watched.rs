//! What a client got of the room that it watches, and whether that is all.

use bytes::Bytes;
use protocol::frame::FrameKind;
use protocol::snapshot::RelayedHeader;
use protocol::{RaceTag, Tick};

use crate::wire::Received;

/// The age up to which a snapshot counts as the newest: some are on their way.
const NEWEST_TICKS: Tick = 15;

/// What came of a room.
#[derive(Clone, Debug, Default)]
pub(super) struct Watched {
    /// Events, as they were on the wire.
    pub(super) events: Vec<Bytes>,
    newest: Option<(RaceTag, Tick)>,
}

impl Watched {
    /// Takes what has come.
    pub(super) fn note(&mut self, received: &Received) {
        match received {
            Received::Frame(FrameKind::Event, body) => self.events.push(body.clone()),
            Received::Frame(FrameKind::Snapshot, body) => {
                if let Ok((header, _)) = RelayedHeader::split(body) {
                    self.newest = Some((header.race, header.tick));
                }
            }
            Received::Frame(_, _) | Received::Message(_) | Received::Unreadable => {}
        }
    }

    /// Whether its newest snapshot is the other's, or almost.
    pub(super) fn is_as_new_as(&self, other: &Self) -> bool {
        match (self.newest, other.newest) {
            (Some((race, tick)), Some((newest_race, newest))) => {
                race == newest_race && tick + NEWEST_TICKS >= newest
            }
            (None, Some(_)) => false,
            (_, None) => true,
        }
    }
}

/// How a client's events are to those of its witness.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// All are there, in order.
    Complete,
    /// All so far, in order.
    Incomplete,
    /// One is missing between others.
    Gap,
    /// One came twice or too late.
    Disorder,
}

/// Compares a client's events with those of a witness, which had `before` events when the
/// client came. One may have been on its way.
pub(super) fn compare(events: &[Bytes], witnessed: &[Bytes], before: usize) -> Order {
    let Some(first) = events.first() else {
        return match witnessed.len() <= before + 1 {
            true => Order::Complete,
            false => Order::Incomplete,
        };
    };
    let from = before.saturating_sub(1).min(witnessed.len());
    let later = &witnessed[from..];
    let Some(start) = later.iter().position(|event| event == first) else {
        // Newer than all that are due.
        return if witnessed.len() <= before + 1 {
            Order::Complete
        } else {
            Order::Gap
        };
    };
    if from + start > before + 1 {
        return Order::Gap;
    }
    let due = &later[start..];
    for (at, (event, expected)) in events.iter().zip(due).enumerate() {
        if event != expected {
            return match due[at..].contains(event) {
                true => Order::Gap,
                false => Order::Disorder,
            };
        }
    }
    if events.len() < due.len() {
        Order::Incomplete
    } else {
        Order::Complete
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_has_the_events_of_its_witness_in_their_order() {
        let events = |names: &'static str| -> Vec<Bytes> {
            names.bytes().map(|name| vec![name].into()).collect()
        };
        let witnessed = events("abcdef");
        // The witness had two when the client came.
        for (client, order) in [
            ("cdef", Order::Complete),
            ("bcdefg", Order::Complete),
            ("defg", Order::Complete),
            ("cd", Order::Incomplete),
            ("", Order::Incomplete),
            ("ef", Order::Gap),
            ("cdf", Order::Gap),
            ("cdde", Order::Disorder),
            ("cdc", Order::Disorder),
            ("g", Order::Gap),
        ] {
            assert_eq!(compare(&events(client), &witnessed, 2), order, "{client}");
        }
        assert_eq!(compare(&[], &witnessed, 6), Order::Complete);
        assert_eq!(compare(&events("g"), &witnessed, 6), Order::Complete);
    }
}
