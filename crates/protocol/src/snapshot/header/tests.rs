use proptest::prelude::*;

use super::*;

const BODY: &[u8] = b"a body";

fn header(tick: Tick, acks: &[InputAck]) -> SnapshotHeader {
    SnapshotHeader {
        race: RaceId::new(ulid::Ulid::from_parts(1, 0xabcd)),
        owner: WorkerId::new(0xdead_beef),
        epoch: Epoch::FIRST,
        tick,
        acks: acks.iter().copied().collect(),
    }
}

fn ack(tick: Tick, margin_ticks: i8) -> InputAck {
    InputAck { tick, margin_ticks }
}

fn relayed(snapshot: &[u8]) -> (RelayedHeader, Vec<u8>) {
    let bytes = relay_into(snapshot, Vec::new()).unwrap();
    let (header, body) = RelayedHeader::split(&bytes).unwrap();
    (header, body.to_vec())
}

/// What a tick of an ack is to its reader.
fn read(acked: Tick, at: Tick) -> Tick {
    let bytes = header(at, &[ack(acked, 1)]).encode_into(Vec::new());
    let (header, _) = SnapshotHeader::split(&bytes).unwrap();
    assert_eq!(header.acks[0].margin_ticks, 1);
    header.acks[0].tick
}

#[test]
fn is_so_small() {
    // A race of an hour, under its hundredth owner.
    let mut header = header(60 * 60 * 60, &[ack(60 * 60 * 60 - 2, 3); 4]);
    header.epoch = Epoch(100);
    let bytes = header.encode_into(Vec::new());
    assert_eq!(bytes.len(), 1 + 16 + 4 + 1 + 3 + 1 + 4);
    let bytes = relay_into(&bytes, Vec::new()).unwrap();
    assert_eq!(bytes.len(), 2 + 1 + 3 + 1 + 4);
}

#[test]
fn the_length_of_what_clients_do_not_get_is_fixed() {
    for owner in [0, u32::MAX] {
        let mut header = header(0, &[]);
        header.owner = WorkerId::new(owner);
        let bytes = header.encode_into(Vec::new());
        assert_eq!(
            bytes[1..17],
            header
                .race
                .to_string()
                .parse::<ulid::Ulid>()
                .unwrap()
                .to_bytes()
        );
        assert_eq!(bytes[17..21], owner.to_le_bytes());
        assert_eq!(relay_into(&bytes, Vec::new()).unwrap()[..2], [0xab, 0xcd]);
    }
}

#[test]
fn an_ack_that_is_far_from_the_snapshot_is_none() {
    for (acked, at, expected) in [
        (0, 0, 0),
        (0, 50, 0),
        (1, 128, 1),
        (1, 129, 0),
        (873, 1_000, 873),
        (872, 1_000, 0),
        (1_127, 1_000, 1_127),
        (1_128, 1_000, 0),
        (u32::MAX, u32::MAX, u32::MAX),
        (u32::MAX, 0, 0),
        (1, u32::MAX, 0),
    ] {
        assert_eq!(read(acked, at), expected, "{acked} at {at}");
    }
}

#[test]
fn a_tick_that_cannot_be_is_none() {
    for (tick, ahead) in [(3, -4_i8), (u32::MAX - 2, 3)] {
        let bytes = with_acks(tick, &[0xf0, ahead as u8, 0]);
        let (read, _) = SnapshotHeader::split(&bytes).unwrap();
        assert_eq!(read.acks[0].tick, 0);
    }
}

/// A header whose acks are those bytes.
fn with_acks(tick: Tick, acks: &[u8]) -> Vec<u8> {
    let mut bytes = header(tick, &[]).encode_into(Vec::new());
    assert_eq!(bytes.pop(), Some(0), "their count");
    bytes.push(acks.len() as u8);
    bytes.extend(acks);
    bytes
}

#[test]
fn an_ack_takes_one_byte_unless_it_is_unusual() {
    let length = |ack| header(1_000, &[ack]).encode_into(Vec::new()).len();
    let empty = header(1_000, &[]).encode_into(Vec::new()).len();
    for (acked, margin, bytes) in [
        (1_002, 2, 1),
        (997, -4, 1),
        (1_011, 11, 1),
        (996, 2, 3),
        (1_012, 2, 3),
        (1_002, -5, 3),
        (1_002, 12, 3),
        (0, 0, 1),
        (0, 1, 3),
    ] {
        let took = length(ack(acked, margin)) - empty;
        assert_eq!(took, bytes, "{acked} {margin}");
    }
}

#[test]
fn acks_that_make_no_sense_are_refused() {
    let read = |acks: &[u8]| SnapshotHeader::split(&with_acks(9, acks)).map(|(it, _)| it.acks);
    assert_eq!(read(&[0xff; SEATS_MAX]).unwrap().len(), SEATS_MAX);
    for acks in [
        &[0xff; SEATS_MAX + 1][..],
        &[0xf0],
        &[0xf0, 1],
        &[0xf1],
        &[0xfe, 1, 1],
    ] {
        assert!(read(acks).is_err(), "{acks:?}");
    }
}

prop_compose! {
    fn any_header()(
        tick in prop_oneof![0..1_000_u32, any::<Tick>()],
        ids in any::<(u128, u32)>(),
        epoch in 0..=Epoch::MAX.0,
        acks in proptest::collection::vec((-127..=127_i32, any::<i8>()), 0..=SEATS_MAX),
    ) -> SnapshotHeader {
        let (race, owner) = ids;
        let near = |(ahead, margin): (i32, i8)| {
            ack(tick.checked_add_signed(ahead).unwrap_or_default(), margin)
        };
        SnapshotHeader {
            race: RaceId::new(ulid::Ulid(race)),
            owner: WorkerId::new(owner),
            epoch: Epoch(epoch),
            tick,
            acks: acks.into_iter().map(near).collect(),
        }
    }
}

proptest! {
    #[test]
    fn every_header_comes_back_as_it_was(header in any_header()) {
        let mut bytes = header.encode_into(Vec::new());
        bytes.extend_from_slice(BODY);
        let (read, body) = SnapshotHeader::split(&bytes).unwrap();
        prop_assert_eq!((&read, body), (&header, BODY));
        let (read, body) = relayed(&bytes);
        prop_assert_eq!(&body[..], BODY);
        let expected = RelayedHeader {
            race: header.race.tag(),
            epoch: header.epoch,
            tick: header.tick,
            acks: header.acks,
        };
        prop_assert_eq!(&read, &expected);
        let mut again = expected.encode_into(Vec::new());
        again.extend_from_slice(BODY);
        prop_assert_eq!(again, relay_into(&bytes, Vec::new()).unwrap());
    }

    #[test]
    fn what_is_too_short_is_refused(header in any_header()) {
        let bytes = header.encode_into(Vec::new());
        let relayed = relay_into(&bytes, Vec::new()).unwrap();
        for len in 0..bytes.len() {
            prop_assert!(SnapshotHeader::split(&bytes[..len]).is_err());
            prop_assert_eq!(relay_into(&bytes[..len], Vec::new()).is_ok(), len >= 21);
        }
        for len in 0..relayed.len() {
            prop_assert!(RelayedHeader::split(&relayed[..len]).is_err());
        }
    }

    #[test]
    fn random_bytes_are_refused_or_read_but_never_panic(
        bytes in proptest::collection::vec(any::<u8>(), 0..100),
    ) {
        let bytes = [&[version::SNAPSHOT.written()], &bytes[..]].concat();
        let read = SnapshotHeader::split(&bytes);
        let relayed = relay_into(&bytes, Vec::new());
        if read.is_ok() {
            prop_assert!(RelayedHeader::split(&relayed.unwrap()).is_ok());
        }
        let _ = RelayedHeader::split(&bytes);
    }
}
