//! The suite on SQLite, and tests that are specific to SQLite.

mod faults;

use sea_orm_migration::MigratorTrait;

use super::suite;
use super::*;
use crate::batch::Batch;
use crate::migration::Migrator;

fn file_in(folder: &tempfile::TempDir) -> String {
    format!(
        "sqlite://{}/data/slipstream.db?mode=rwc",
        folder.path().display()
    )
}

macro_rules! on_sqlite {
    ($($case:ident),* $(,)?) => {
        $(#[tokio::test]
        async fn $case() {
            let folder = tempfile::tempdir().unwrap();
            suite::$case(&file_in(&folder)).await.unwrap();
        })*
    };
}

on_sqlite!(
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

#[tokio::test]
async fn passes_the_whole_suite_twice_on_one_database() {
    let folder = tempfile::tempdir().unwrap();
    for _time in 0..2 {
        suite::run_all(&file_in(&folder)).await.unwrap();
    }
}

#[tokio::test]
async fn tells_an_unreachable_server_from_one_that_refuses() {
    // Nothing listens on port 1.
    let url = DatabaseUrl::parse("mysql://ada:secret@127.0.0.1:1/slipstream").unwrap();
    let error = Store::new(&url).ping().await.unwrap_err();
    assert!(error.is_unreachable(), "{error:?}");
    assert!(!error.is_refusal() && !error.is_conflict());
    let rejection = protocol::Rejection::from(error);
    assert_eq!(rejection.code, protocol::RejectionCode::Unavailable);

    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&file_in(&folder)).unwrap();
    let error = Store::new(&url.clone().existing())
        .ping()
        .await
        .unwrap_err();
    assert!(!error.is_unreachable(), "{error:?}");

    let store = Store::new(&url);
    store.prepare().await.unwrap();
    let error = bounded("break a rule", READ_TIMEOUT, async {
        let twice = "INSERT INTO closed_race (race, closed_at) VALUES ('a', 1), ('a', 2)";
        sea_orm::ConnectionTrait::execute_unprepared(&store.database(), twice).await
    });
    assert!(error.await.unwrap_err().is_refusal());
}

#[tokio::test]
async fn writes_nothing_of_a_batch_that_fails() {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::new(&DatabaseUrl::parse(&file_in(&folder)).unwrap());
    store.prepare().await.unwrap();
    let drop_results = "DROP TABLE race_result";
    sea_orm::ConnectionTrait::execute_unprepared(&store.database(), drop_results)
        .await
        .unwrap();
    let mut batch = Batch::default();
    for message in [
        r#"{"kind":"room","race":"01ARZ3NDEKTSV4RRFFQ69G5FAV","name":"Friday","settings":{},
            "phase":"waiting","players":1,"owner":"0000002a","epoch":1,"revision":1}"#,
        r#"{"kind":"result","race":"01ARZ3NDEKTSV4RRFFQ69G5FAV","room":"Friday","mode":"circuit",
            "track":"oval","laps":3,"ended_at":1,"epoch":1,"tick":1,"standings":[{"place":1,
            "player":"Ada","seat":0,"score":1,"laps":3,"time_ms":1,"best_lap_ms":1}]}"#,
    ] {
        batch.add_bytes(message.as_bytes()).unwrap();
    }
    let error = store.writer().apply(&batch, 1).await.unwrap_err();
    assert!(
        !error.is_refusal(),
        "a missing table is the database's fault: {error:?}"
    );
    assert_eq!(store.rooms().await.unwrap(), []);
}

#[tokio::test]
async fn gives_accounts_of_an_earlier_release_their_skeletons() {
    let folder = tempfile::tempdir().unwrap();
    let url = DatabaseUrl::parse(&file_in(&folder)).unwrap();
    url.make_file().unwrap();
    let store = Store::new(&url);
    Migrator::up(&store.database(), Some(4)).await.unwrap();
    let earlier = "INSERT INTO player (id, name, password_hash, created_at) \
         VALUES ('aiice', 'AIice', 'x', 2), ('alice', 'Alice', 'x', 1), ('bob', 'Bob', 'x', 3)";
    sea_orm::ConnectionTrait::execute_unprepared(&store.database(), earlier)
        .await
        .unwrap();
    for _time in 0..2 {
        store.prepare().await.unwrap();
    }
    let skeletons = async |name: &str| {
        let id = protocol::PlayerId::parse(name).unwrap();
        store.find(&id).await.unwrap().unwrap().skeleton
    };
    // The older of two that look alike has it.
    assert_eq!(skeletons("alice").await.as_deref(), Some("allce"));
    assert_eq!(skeletons("aiice").await, None);
    assert_eq!(skeletons("bob").await.as_deref(), Some("bob"));
    let newcomer = protocol::account::Credentials::new(
        protocol::PlayerName::parse("A1ice").unwrap(),
        protocol::account::Password::new("correct horse"),
    );
    let refused = store.signup(newcomer, 1).await;
    assert!(matches!(refused, Err(StoreError::NameTooSimilar(_))));
}
