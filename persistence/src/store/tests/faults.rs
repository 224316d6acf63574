//! A file that is full, locked, removed or replaced: nothing that was reported as written
//! is missing.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use protocol::account::{Credentials, Password};
use protocol::{PlayerName, RaceId};
use sea_orm::ConnectionTrait;

use super::*;
use crate::database::SQLITE_CONNECTIONS_MAX;
use crate::error::StoreError;
use crate::store::Writer;

/// Pages of a database that has some room beside its empty tables.
const PAGES_MAX: u32 = 60;

struct File {
    _folder: tempfile::TempDir,
    path: PathBuf,
    url: DatabaseUrl,
}

impl File {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("slipstream.db");
        let url = format!("sqlite://{}?mode=rwc", path.display());
        Self {
            url: DatabaseUrl::parse(&url).unwrap(),
            path,
            _folder: folder,
        }
    }

    /// The file with its journals.
    fn all(&self) -> [PathBuf; 3] {
        ["", "-wal", "-shm"].map(|end| format!("{}{end}", self.path.display()).into())
    }

    /// How many of the races another process finds in it.
    async fn holds(&self, races: &[RaceId]) -> usize {
        let store = Store::new(&self.url.clone().existing());
        let mut found = 0;
        for race in races {
            found += usize::from(store.result(*race).await.unwrap().is_some());
        }
        store.close().await;
        found
    }
}

fn race(number: u64) -> RaceId {
    RaceId::first_of(1_700_000_000_000 + number)
}

fn result_of(race: RaceId) -> Batch {
    let mut batch = Batch::default();
    let message = format!(
        r#"{{"kind":"result","race":"{race}","room":"Friday","mode":"circuit","track":"{}",
            "laps":3,"ended_at":1,"epoch":1,"tick":1,"standings":[{{"place":1,"player":"Ada",
            "seat":0,"score":1,"laps":3,"time_ms":1,"best_lap_ms":1}}]}}"#,
        "o".repeat(64)
    );
    batch.add_bytes(message.as_bytes()).unwrap();
    batch
}

/// Writes that many results, one by one and once each; returns those that were reported
/// as written, and the number of failures.
async fn write_each(writer: &mut Writer, numbers: std::ops::Range<u64>) -> (Vec<RaceId>, usize) {
    let (mut written, mut failures) = (Vec::new(), 0);
    for race in numbers.map(race) {
        match writer.apply(&result_of(race), 1).await {
            Ok(_rows) => written.push(race),
            Err(error) => {
                assert!(error.is_passing(), "{error:?}");
                failures += 1;
            }
        }
    }
    (written, failures)
}

/// Limits all connections of the pool.
async fn limit_pages(store: &Store, pages: u32) {
    let database = store.database();
    let pool = database.get_sqlite_connection_pool();
    let mut connections = Vec::new();
    for _connection in 0..SQLITE_CONNECTIONS_MAX {
        connections.push(pool.acquire().await.unwrap());
    }
    for connection in &mut connections {
        let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        sqlx::query(limit).execute(&mut **connection).await.unwrap();
    }
}

#[tokio::test]
async fn loses_nothing_to_a_disk_that_is_full_for_a_while() {
    let file = File::new();
    let store = Store::new(&file.url);
    store.prepare().await.unwrap();
    let mut writer = store.writer();
    limit_pages(&store, PAGES_MAX).await;
    // Until it is full; then the connections are others, without the limit.
    let (mut written, failures) = write_each(&mut writer, 0..1_500).await;
    assert!(failures > 0, "it was full");
    // Full again, and free again on the same connections.
    limit_pages(&store, 10).await;
    let connections = store.pool.current();
    for number in 2_000..2_004 {
        let batch = result_of(race(number));
        let mark = crate::entity::written_batch::Model {
            writer: "another".to_owned(),
            batch: 1,
            written_at: 1,
        };
        let database = &connections.database;
        let full = write::transact(database, &batch, mark, 1).await;
        if full.is_ok() {
            written.push(race(number));
        }
    }
    limit_pages(&store, 1_000_000).await;
    let (later, failures) = write_each(&mut writer, 3_000..3_100).await;
    assert_eq!((later.len(), failures), (100, 0));
    written.extend(later);
    assert_eq!(file.holds(&written).await, written.len());
}

#[tokio::test]
async fn notices_that_its_file_has_been_removed() {
    let file = File::new();
    for removed in [&file.all()[..1], &file.all()] {
        let store = Store::new(&file.url);
        store.prepare().await.unwrap();
        let mut writer = store.writer();
        let (before, failures) = write_each(&mut writer, 0..10).await;
        assert_eq!((before.len(), failures), (10, 0));
        for path in removed {
            // The journals may have gone with an earlier connection.
            let _ = fs::remove_file(path);
        }
        let error = writer.apply(&result_of(race(10)), 1).await.unwrap_err();
        assert!(matches!(error, StoreError::FileChanged(_)), "{error:?}");
        let (after, failures) = write_each(&mut writer, 10..110).await;
        assert_eq!((after.len(), failures), (100, 0));
        assert_eq!(file.holds(&after).await, 100);
        store.close().await;
    }
}

#[tokio::test]
async fn notices_that_its_file_has_been_replaced() {
    let (file, other) = (File::new(), File::new());
    let stores = [Store::new(&file.url), Store::new(&other.url)];
    for store in &stores {
        store.prepare().await.unwrap();
    }
    let [store, backup] = stores;
    let kept = write_each(&mut backup.writer(), 500..510).await.0;
    backup.close().await;
    let mut writer = store.writer();
    write_each(&mut writer, 0..10).await;
    for path in &file.all()[1..] {
        let _ = fs::remove_file(path);
    }
    fs::rename(&other.path, &file.path).unwrap();
    let error = writer.apply(&result_of(race(10)), 1).await.unwrap_err();
    assert!(matches!(error, StoreError::FileChanged(_)), "{error:?}");
    let (after, failures) = write_each(&mut writer, 10..110).await;
    assert_eq!((after.len(), failures), (100, 0));
    assert_eq!(file.holds(&after).await, 100);
    assert_eq!(file.holds(&kept).await, 10);
}

#[tokio::test]
async fn answers_no_sign_up_that_is_in_no_file() {
    let file = File::new();
    let store = Store::new(&file.url);
    store.prepare().await.unwrap();
    for path in file.all() {
        let _ = fs::remove_file(path);
    }
    let ada = || {
        Credentials::new(
            PlayerName::parse("Ada").unwrap(),
            Password::new("correct horse"),
        )
    };
    let error = store.signup(ada(), 1).await.unwrap_err();
    assert!(matches!(error, StoreError::FileChanged(_)), "{error:?}");
    store.signup(ada(), 1).await.unwrap();
    let another = Store::new(&file.url.clone().existing());
    another.login(ada()).await.unwrap();
}

#[tokio::test]
async fn waits_for_a_file_that_another_process_has_locked() {
    let file = File::new();
    let store = Store::new(&file.url);
    store.prepare().await.unwrap();
    let other = Store::new(&file.url).database();
    let pool = other.get_sqlite_connection_pool();
    let mut locking = pool.acquire().await.unwrap();
    sqlx::query("BEGIN EXCLUSIVE")
        .execute(&mut *locking)
        .await
        .unwrap();
    let mut writer = store.writer();
    let written = tokio::spawn(async move { write_each(&mut writer, 0..1).await });
    tokio::time::sleep(Duration::from_secs(6)).await;
    sqlx::query("ROLLBACK")
        .execute(&mut *locking)
        .await
        .unwrap();
    let (written, _failures) = written.await.unwrap();
    assert_eq!(file.holds(&written).await, 1);
}

#[tokio::test]
async fn runs_beside_a_newer_release() {
    let file = File::new();
    let store = Store::new(&file.url);
    store.prepare().await.unwrap();
    let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m9999_later', 1)";
    store.database().execute_unprepared(newer).await.unwrap();
    store.close().await;
    let store = Store::new(&file.url);
    store.prepare().await.unwrap();
    assert_eq!(write_each(&mut store.writer(), 0..1).await.1, 0);
}
