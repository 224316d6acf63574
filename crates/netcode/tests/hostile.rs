//! Bytes that no honest room sends cause no panic and no unbounded memory, and
//! are counted.

mod support;

use std::time::Duration;

use domain::Controls;
use netcode::Client;
use netcode::client::SnapshotOutcome;
use netcode::network_model::Conditions;
use netcode::simulation::Track;
use proptest::prelude::*;
use protocol::RaceId;
use protocol::snapshot::RelayedHeader;
use support::{Race, START_TICK};

/// A race in progress, and a second of its snapshots.
fn snapshots() -> (Race, Vec<Vec<u8>>) {
    let track = Track::by_name("harbour-ring").expect("it ships with the game");
    let path = Conditions::of_round_trip(Duration::from_millis(20));
    let mut race = Race::new(track, 2, 4, path, path, 1);
    race.run_to(START_TICK + 120);
    let mut snapshots = Vec::new();
    while snapshots.len() < 30 {
        race.run_to(race.room.state.tick + 2);
        snapshots.push(race.room.snapshot());
    }
    (race, snapshots)
}

fn client(race: &Race) -> Client {
    let mut client = race.players[0].client.clone();
    client.reconnected();
    client
}

/// The same snapshot with another header.
fn with_header(bytes: &[u8], change: impl FnOnce(&mut RelayedHeader)) -> Vec<u8> {
    let (mut header, body) = RelayedHeader::split(bytes).expect("it is a snapshot");
    let body = body.to_vec();
    change(&mut header);
    let mut bytes = header.encode_into(Vec::new());
    bytes.extend(body);
    bytes
}

#[test]
fn counts_each_kind_of_snapshot_that_is_not_applied() {
    let (race, snapshots) = snapshots();
    let mut client = client(&race);
    let before = client.counters();
    let newest = &snapshots[29];
    let applied = client.snapshot(newest, race.now);
    assert!(matches!(applied, SnapshotOutcome::Applied { .. }));
    assert_eq!(client.snapshot(newest, race.now), SnapshotOutcome::Stale);
    assert_eq!(
        client.snapshot(&snapshots[3], race.now),
        SnapshotOutcome::Stale
    );
    let other: RaceId = "01BX5ZZKBKACTAV9WEVGEMMVRZ".parse().unwrap();
    let foreign = with_header(newest, |header| header.race = other.tag());
    assert_eq!(
        client.snapshot(&foreign, race.now),
        SnapshotOutcome::Foreign
    );
    assert_eq!(client.snapshot(b"", race.now), SnapshotOutcome::Unreadable);
    let cut = with_header(&newest[..newest.len() - 9], |header| header.tick += 2);
    assert_eq!(client.snapshot(&cut, race.now), SnapshotOutcome::Unreadable);
    let counters = client.counters();
    assert_eq!(counters.applied - before.applied, 1);
    assert_eq!(counters.stale - before.stale, 2);
    assert_eq!(counters.foreign - before.foreign, 1);
    assert_eq!(counters.unreadable - before.unreadable, 2);
}

#[test]
fn a_client_without_rules_applies_no_snapshot() {
    let (race, snapshots) = snapshots();
    let mut client = Client::new(support::race_id(), Some(0), race.room.track.clone());
    assert_eq!(
        client.snapshot(&snapshots[0], race.now),
        SnapshotOutcome::Early
    );
    assert_eq!(client.counters().early, 1);
    assert!(client.predicted().is_none());
}

#[test]
fn a_tick_far_ahead_is_followed_at_the_cost_of_one_snapshot() {
    let (race, snapshots) = snapshots();
    let mut client = client(&race);
    for tick in [100_000, u32::MAX - 1, u32::MAX] {
        let far = with_header(&snapshots[0], |header| header.tick = tick);
        let outcome = client.snapshot(&far, race.now);
        assert!(
            matches!(
                outcome,
                SnapshotOutcome::Applied {
                    replayed_ticks: 0,
                    ..
                }
            ),
            "{outcome:?}"
        );
        let commands = client.drive(Controls::default(), race.now);
        assert!(commands.input.is_none_or(|bytes| bytes.len() < 512));
    }
    assert!(client.predicted().unwrap().tick >= u32::MAX - 1);
}

#[test]
fn snapshots_in_any_order_end_at_the_newest() {
    let (race, snapshots) = snapshots();
    let mut client = client(&race);
    for index in [7, 3, 29, 11, 0, 28, 29] {
        client.snapshot(&snapshots[index], race.now);
        client.drive(Controls::default(), race.now);
    }
    assert_eq!(client.confirmed(), Some(&race.room.state));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
        fn survives_corrupted_snapshots(
        changes in proptest::collection::vec(
            (0..30_usize, any::<prop::sample::Index>(), any::<u8>(), 0..40_u64),
            1..100,
        ),
    ) {
        let (race, snapshots) = snapshots();
        let mut client = client(&race);
        let mut now = race.now;
        let before = client.counters();
        for (snapshot, at, byte, ms) in &changes {
            let mut bytes = snapshots[*snapshot].clone();
            let at = at.index(bytes.len());
            bytes[at] = *byte;
            now += Duration::from_millis(*ms);
            client.snapshot(&bytes, now);
            client.drive(Controls::default(), now);
            prop_assert!(client.cars(now).len() <= 4);
        }
        let after = client.counters();
        let counted = |c: netcode::client::Counters| {
            c.applied + c.stale + c.foreign + c.unreadable + c.early
        };
        prop_assert_eq!(counted(after) - counted(before), changes.len() as u64);
    }
}
