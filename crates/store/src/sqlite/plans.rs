//! How SQLite means to carry statements out, and how it is set up.

use domain::{Registration, UserFilter, UserId};
use sqlx::{AssertSqlSafe, Row, SqlitePool};

use super::{
    SqliteStore, claims, known, notifications, overview, registrations, reports, schedules, users,
};
use crate::{NotificationFilter, NotificationStatus, Order, Overview, StoreError, Users};

async fn open() -> (SqliteStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&folder.path().join("test.db")).await.unwrap();
    (store, folder)
}

/// The lines of a statement's plan.
async fn plan(store: &SqliteStore, sql: &str) -> Vec<String> {
    let rows = sqlx::query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {sql}")))
        .fetch_all(&store.writer)
        .await
        .unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

/// Fails where a plan reads a whole table, or sorts what an index could have given in order.
async fn assert_seeks(store: &SqliteStore, sql: &str) -> Vec<String> {
    let plan = plan(store, sql).await;
    assert!(!plan.is_empty());
    for line in &plan {
        // The parameter's own rows, and an index that holds nothing but what is looked for.
        let harmless = line.contains("VIRTUAL TABLE") || line.ends_with("INDEX users_unfolded");
        let reads_all = line.starts_with("SCAN") && !harmless;
        assert!(!reads_all && !line.contains("FOR ORDER BY"), "{line}\nin the plan of\n{sql}");
    }
    plan
}

#[tokio::test]
async fn hot_statements_seek() {
    let (store, _folder) = open().await;
    for sql in [
        known::KNOWN_REGISTRATIONS,
        known::KNOWN_USERS,
        known::RECENT_MAILS,
        registrations::TRACE,
        registrations::REGISTERED,
        claims::ADD,
        claims::FIND,
        claims::CLAIM,
        claims::FAIL_UNTRIED,
        claims::RELEASE,
        claims::RECORD,
        claims::MARK_UNDELIVERABLE,
        notifications::REQUEUE,
        notifications::CLEAR,
        notifications::LOCALE,
        notifications::ATTEMPTS,
        // with what it takes along
        "DELETE FROM users WHERE id = 1",
        "DELETE FROM accounts WHERE id = 1",
        "DELETE FROM sessions WHERE expires_at <= ''",
        users::UNFOLDED,
        users::FOLD,
    ] {
        assert_seeks(&store, sql).await;
    }
}

#[tokio::test]
async fn pages_continue_where_the_last_one_ended() {
    let (store, _folder) = open().await;
    for (filter, index) in [
        (UserFilter::default(), "INTEGER PRIMARY KEY (rowid>?)"),
        (
            UserFilter { q: Some("a".into()), ..UserFilter::default() },
            "INTEGER PRIMARY KEY (rowid>?)",
        ),
        (
            UserFilter { confirmed: Some(true), ..UserFilter::default() },
            "users_confirmed (<expr>=? AND rowid>?)",
        ),
    ] {
        for (order, index) in [
            (Order::Ascending, index.to_owned()),
            (Order::Descending, index.replace("rowid>", "rowid<")),
        ] {
            let mut query = users::select(&filter, Some(UserId(1)), order);
            query.push(" LIMIT 50");
            let plan = assert_seeks(&store, query.sql().as_str()).await;
            assert!(plan[0].ends_with(&index), "{plan:?}");
        }
    }
    let (user_id, status) = (Some(UserId(1)), Some(NotificationStatus::Queued));
    for (filter, index) in [
        (NotificationFilter::default(), "INTEGER PRIMARY KEY (rowid<?)"),
        (NotificationFilter { user_id, status: None }, "user_id (user_id=? AND rowid<?)"),
        (NotificationFilter { user_id: None, status }, "status (status=? AND rowid<?)"),
        (NotificationFilter { user_id, status }, "user_id (user_id=? AND rowid<?)"),
    ] {
        let plan =
            assert_seeks(&store, notifications::select(&filter, Some(9), 50).sql().as_str()).await;
        assert!(plan[0].ends_with(index), "{plan:?}");
    }
    assert_seeks(&store, reports::select(Some(9), 50).sql().as_str()).await;
    assert_seeks(&store, schedules::select(Some(9), 50).sql().as_str()).await;
    let due = assert_seeks(&store, schedules::due(chrono::Utc::now(), 50).sql().as_str()).await;
    assert!(due.iter().any(|step| step.contains("schedules_due")), "{due:?}");
    for sql in [schedules::UPDATE, schedules::ADVANCE] {
        assert_seeks(&store, sql).await;
    }
}

#[tokio::test]
async fn counts_read_the_narrowest_index() {
    let (store, _folder) = open().await;
    for sql in [overview::COUNT_USERS, overview::COUNT_NOTIFICATIONS, overview::COUNT_REPORTS] {
        for line in plan(&store, sql).await {
            let narrow = !line.contains("users") && !line.contains("logs");
            assert!(narrow || line.contains("COVERING INDEX"), "{line}\nin the plan of\n{sql}");
        }
    }
}

/// A setting of a connection.
async fn pragma(pool: &SqlitePool, name: &'static str) -> String {
    let row = sqlx::query(AssertSqlSafe(format!("PRAGMA {name}"))).fetch_one(pool).await.unwrap();
    row.try_get::<i64, _>(0).map_or_else(|_| row.get(0), |n| n.to_string())
}

#[tokio::test]
async fn a_commit_is_on_the_disk_and_readers_cannot_write() {
    let (store, _folder) = open().await;
    for (pool, query_only) in [(&store.writer, "0"), (&store.readers, "1"), (&store.exports, "1")] {
        assert_eq!(pragma(pool, "journal_mode").await, "wal");
        assert_eq!(pragma(pool, "synchronous").await, "2", "FULL");
        assert_eq!(pragma(pool, "foreign_keys").await, "1");
        assert_eq!(pragma(pool, "query_only").await, query_only);
    }
}

#[tokio::test]
async fn a_full_disk_is_an_outage_and_loses_nothing() {
    let (store, _folder) = open().await;
    let person = |n| Registration::parse("Ada", "Lovelace", &format!("a{n}@example.com")).unwrap();
    let pages: i64 =
        sqlx::query_scalar("PRAGMA page_count").fetch_one(&store.writer).await.unwrap();
    let limit = |pages: i64| AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
    sqlx::query(limit(pages + 1)).execute(&store.writer).await.unwrap();
    let mut stored = 0;
    let error = loop {
        match store.create_user(&person(stored)).await {
            Ok(user) => stored += i64::from(user.is_some()),
            Err(error) => break error,
        }
        assert!(stored < 10_000, "the limit does not work");
    };
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    sqlx::query(limit(1_000_000)).execute(&store.writer).await.unwrap();
    assert!(store.create_user(&person(stored)).await.unwrap().is_some(), "it was not stored");
    assert_eq!(store.stats().await.unwrap().users.total, stored.cast_unsigned() + 1);
}
