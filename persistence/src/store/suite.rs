//! The behaviour of the store on every database: written once, run on SQLite by this
//! crate and on MySQL and MariaDB by the integration tests (feature `test-suite`).
//!
//! Each function takes the URL of a database used only by the suite, creates its own
//! races and players in it, and may be run again. Call [`run_all`], or single
//! functions by name.

mod accounts;
mod changes;
mod records;
mod replays;
mod rooms;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use protocol::account::{Credentials, LeaderboardRequest, Password};
use protocol::persist::PersistMessage;
use protocol::{PlayerName, RaceId};
use serde_json::{Value, json};

use super::Store;
use crate::batch::Batch;
use crate::database::DatabaseUrl;

pub use accounts::*;
pub use changes::*;
pub use records::*;
pub use replays::*;
pub use rooms::*;

/// The current time of the suite, in the past, so that no sweep interferes.
const NOW: u64 = 1_700_000_000_000;
/// Databases in containers may still be starting.
const PREPARE_ATTEMPTS: u32 = 100;

/// Runs the whole suite, beginning with the start of several processes at once, which
/// needs an empty database.
///
/// # Errors
/// When a database does not show a behaviour, with its name. Panics when an assertion
/// fails.
pub async fn run_all(url: &str) -> Result<()> {
    macro_rules! run {
        ($($case:ident),* $(,)?) => {
            $($case(url).await.context(stringify!($case))?;)*
        };
    }
    run!(
        prepares_an_empty_database_from_several_processes_at_once,
        keeps_capitals_and_logs_in_without_regard_to_case,
        refuses_a_taken_name_in_any_case,
        lets_only_one_of_many_take_a_name,
        refuses_a_wrong_password_like_an_unknown_player,
        refuses_a_short_password,
        refuses_the_name_of_an_ai_driver,
        adds_up_profiles,
        refuses_the_profile_of_an_unknown_player,
        orders_the_leaderboard_by_wins_then_score,
        gives_the_leaderboard_page_by_page,
        survives_absurd_scores_that_are_there,
        answers_the_same_sign_up_again,
        refuses_a_name_that_looks_like_another,
        refuses_reserved_names,
        takes_a_password_in_either_form,
        takes_statements_as_values,
        changes_a_password,
        refuses_to_change_a_password_without_the_old_one,
        keeps_the_results_of_a_deleted_account_under_another_name,
        gives_late_results_of_a_deleted_account_its_other_name,
        keeps_the_name_of_a_deleted_account_for_a_month,
        writes_a_room_and_changes_it_only_for_newer_records,
        removes_a_closed_room_for_good,
        writes_no_room_closed_in_the_same_batch,
        removes_a_closed_room_whatever_other_processes_do,
        forgets_tombstones_after_a_day,
        keeps_the_newest_snapshot_of_a_player,
        forgets_snapshots_after_a_month,
        tells_the_last_race_of_a_player,
        gives_a_result_back_as_it_came,
        keeps_ai_drivers_in_results_and_out_of_the_leaderboard,
        changes_a_result_only_for_newer_records,
        has_no_result_of_an_unknown_race,
        writes_large_batches_again_and_again,
        stores_the_largest_values,
        gives_a_replay_back_page_by_page,
        gives_a_replay_with_its_result,
        keeps_the_chunk_of_the_highest_epoch,
        refuses_a_replay_that_is_missing_or_has_a_gap,
        forgets_replays_after_a_month,
        stores_the_largest_chunks,
    );
    Ok(())
}

/// Several processes may start at once, on an empty database or not.
///
/// # Errors
/// When one of them fails to prepare the database.
pub async fn prepares_an_empty_database_from_several_processes_at_once(url: &str) -> Result<()> {
    let processes = (0..4).map(|_| {
        let url = url.to_owned();
        tokio::spawn(async move { open(&url).await.map(drop) })
    });
    for process in processes.collect::<Vec<_>>() {
        process.await??;
    }
    let store = open(url).await?;
    store.ping().await?;
    assert!(store.rooms().await.is_ok(), "the tables are there");
    Ok(())
}

/// Opens a store as a separate process would, with its tables prepared.
async fn open(url: &str) -> Result<Store> {
    let store = Store::new(&DatabaseUrl::parse(url)?);
    let mut attempts = 0;
    while let Err(error) = store.prepare().await {
        attempts += 1;
        if attempts == PREPARE_ATTEMPTS {
            return Err(error).context("the database does not get ready");
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(store)
}

/// Returns a number that no other run uses.
fn fresh_number() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let started = u64::try_from(since.as_micros()).unwrap_or_default() << 8;
    started + COUNT.fetch_add(1, Ordering::Relaxed)
}

fn fresh_race() -> Result<RaceId> {
    Ok(format!("{:026}", fresh_number()).parse()?)
}

/// Longer than replays and snapshots are kept.
const TWO_MONTHS_MS: u64 = 60 * 24 * 3600 * 1000;

/// A race created about then, which no sweep of the suite removes.
fn recent_race(created_at: u64) -> Result<RaceId> {
    let time = RaceId::first_of(created_at).to_string();
    Ok(format!("{}{:016}", &time[..10], fresh_number() % 10_u64.pow(16)).parse()?)
}

fn fresh_player() -> Result<PlayerName> {
    Ok(PlayerName::parse(&format!("P{:x}", fresh_number()))?)
}

fn credentials(name: &PlayerName, password: &str) -> Credentials {
    Credentials::new(name.clone(), Password::new(password))
}

fn message(value: Value) -> Result<PersistMessage> {
    Ok(serde_json::from_value(value)?)
}

fn room(race: RaceId, epoch: u32, revision: u32, phase: &str) -> Result<PersistMessage> {
    message(json!({
        "kind": "room", "race": race, "name": "Friday-Night",
        "settings": {"seats": 4, "mode": "circuit", "track": "oval", "laps": 3},
        "phase": phase, "players": 2, "owner": "0000002a",
        "epoch": epoch, "revision": revision,
    }))
}

fn closed(race: RaceId) -> Result<PersistMessage> {
    message(json!({"kind": "room_closed", "race": race}))
}

fn result(race: RaceId, epoch: u32, tick: u32, standings: &Value) -> Result<PersistMessage> {
    message(json!({
        "kind": "result", "race": race, "room": "Friday-Night", "mode": "circuit",
        "track": "oval", "laps": 3, "ended_at": NOW, "epoch": epoch, "tick": tick,
        "standings": standings,
    }))
}

fn standing(place: u8, player: &PlayerName, score: i64) -> Value {
    json!({
        "place": place, "player": player, "seat": place, "score": score, "laps": 3,
        "time_ms": 61_234, "best_lap_ms": null,
    })
}

async fn write(store: &Store, messages: &[PersistMessage]) -> Result<()> {
    let mut batch = Batch::default();
    for message in messages {
        batch.add(message.clone())?;
    }
    store.writer().apply(&batch, NOW).await?;
    Ok(())
}
