//! Other hands on the same file: processes, programs, people.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::UserId;
use futures::future::join_all;
use sqlx::Connection;
use store::{
    NotificationFilter, Notifications, Order, Overview, RecordOutcome, Registrations, SqliteStore,
    UserUpdate, Users,
};

use crate::{by_hand, containing, file, registration, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_open_and_write_one_new_file() {
    let (path, _folder) = file();
    let opened = join_all((0..4).map(|_| {
        let path = path.clone();
        tokio::spawn(async move { SqliteStore::open(&path).await })
    }))
    .await;
    let stores: Vec<_> = opened.into_iter().map(|s| s.unwrap().unwrap()).collect();
    let items: Vec<_> =
        (0..60).map(|n| registration(&format!("u{}@example.com", n % 20))).collect();
    let answers = join_all(stores.iter().enumerate().map(|(n, store)| {
        let (store, mut items) = (store.clone(), items.clone());
        items.rotate_left(n * 10);
        tokio::spawn(async move {
            let mut outcomes = Vec::new();
            for batch in items.chunks(11) {
                outcomes.extend(store.record(batch).await.unwrap());
            }
            outcomes
        })
    }))
    .await;
    let answers: Vec<_> = answers.into_iter().flat_map(Result::unwrap).collect();
    let count = |outcome| answers.iter().filter(|a| a.outcome == outcome).count();
    assert_eq!(count(RecordOutcome::Created), 20);
    assert_eq!(count(RecordOutcome::Duplicate), 40);
    assert_eq!(count(RecordOutcome::Replayed), 3 * 60);
    for store in &stores {
        assert_eq!(store.stats().await.unwrap().users.total, 20);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_for_another_process_and_a_read_does_not() {
    let (path, _folder) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut connection = by_hand(&path).await;
    let tx = connection.begin_with("BEGIN IMMEDIATE").await.unwrap();
    let write = tokio::spawn({
        let store = store.clone();
        async move { store.record(&[registration("ada@example.com")]).await }
    });
    store.check().await.unwrap();
    assert_eq!(store.stats().await.unwrap().users.total, 0);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!write.is_finished());
    tx.rollback().await.unwrap();
    assert_eq!(write.await.unwrap().unwrap()[0].outcome, RecordOutcome::Created);
}

#[tokio::test]
async fn a_change_by_hand_is_seen_and_found() {
    let (path, _folder) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    let recorded = store.record(&[registration("ada@example.com")]).await.unwrap();
    let id = recorded[0].user_id.unwrap();
    let user = async || store.user(id).await.unwrap().unwrap();
    let mut connection = by_hand(&path).await;

    let mut before = user().await;
    for _ in 0..5 {
        run(&mut connection, "UPDATE users SET name = 'ÉMILE'").await;
        let after = user().await;
        assert!(after.updated_at > before.updated_at, "even within one millisecond");
        before = after;
    }
    run(&mut connection, "UPDATE users SET updated_at = '2020-01-01 00:00:00'").await;
    assert!(user().await.updated_at > before.updated_at, "it is not set back");
    // A clock that was set back: the last change is in the future.
    for future in [
        "UPDATE users SET updated_at = '2999-12-31T23:59:59.999998Z'",
        "UPDATE users SET name = 'É'",
    ] {
        run(&mut connection, future).await;
    }
    let future: DateTime<Utc> = "2999-12-31T23:59:59.999999Z".parse().unwrap();
    assert_eq!(user().await.updated_at, future);
    run(&mut connection, "UPDATE users SET name = 'ÉMILE'").await;
    assert_eq!(user().await.updated_at, future + TimeDelta::microseconds(1), "3000-01-01");
    let by_the_store = store.update_user(id, &registration("ada@example.com").person, None).await;
    let UserUpdate::Updated(updated) = by_the_store.unwrap() else { panic!("not updated") };
    assert_eq!(updated.updated_at, future + TimeDelta::microseconds(2), "as it is in the row");
    assert_eq!(user().await, updated);
    run(&mut connection, "UPDATE users SET name = 'ÉMILE'").await;

    // Found at once in the letter case that ASCII knows, and in every one from the next opening on.
    let found = async |store: &SqliteStore, q| {
        store.users(&containing(q), None, 9, Order::Ascending).await.unwrap().items
    };
    assert_eq!(found(&store, "LOVE").await.len(), 1);
    assert_eq!(found(&store, "ada lovelace").await, [], "nobody is called that any more");
    let store = SqliteStore::open(&path).await.unwrap();
    assert_eq!(found(&store, "émile love").await, [user().await], "and updated_at is as it was");
}

#[tokio::test]
async fn rows_of_another_program_are_rows() {
    let (path, _folder) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    let mut connection = by_hand(&path).await;
    for sql in [
        "INSERT INTO users (name, surname, email, created_at)
         VALUES ('Grace', 'Hopper', 'grace@example.com', '1906-12-09 10:11:12')",
        "INSERT INTO notification_logs (user_id, notification_type) VALUES (1, 'welcome')",
        "INSERT INTO report_logs (report_name) VALUES ('all')",
    ] {
        run(&mut connection, sql).await;
    }
    let user = store.user(UserId(1)).await.unwrap().unwrap();
    assert_eq!(user.created_at, "1906-12-09T10:11:12Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(
        store.users(&containing("GRACE"), None, 9, Order::Ascending).await.unwrap().items,
        [user]
    );
    let log = store.notifications(&NotificationFilter::default(), None, 9).await.unwrap().items;
    assert_eq!(log[0].recipient, "grace@example.com");
    assert_eq!(store::Reports::reports(&store, None, 9).await.unwrap().items.len(), 1);
    // Its address is as taken as any other.
    let recorded = store.record(&[registration("Grace@Example.com")]).await.unwrap();
    assert_eq!(recorded[0].outcome, RecordOutcome::Duplicate);
    // A row restored with its registration, but without the ledger, does not stop its batch.
    let item = registration("restored@example.com");
    sqlx::query(
        "INSERT INTO users (name, surname, email, registration_id) VALUES ('A', 'B', ?1, ?2)",
    )
    .bind(item.person.email.as_str())
    .bind(item.registration_id.to_string())
    .execute(&mut connection)
    .await
    .unwrap();
    let recorded = store.record(&[item, registration("next@example.com")]).await.unwrap();
    let outcomes: Vec<_> = recorded.iter().map(|r| r.outcome).collect();
    assert_eq!(outcomes, [RecordOutcome::Replayed, RecordOutcome::Created]);
}

#[tokio::test]
async fn a_day_later_an_address_is_mailed_again() {
    let (path, _folder) = file();
    let store = SqliteStore::open(&path).await.unwrap();
    let batch: Vec<_> = (0..4).map(|_| registration("ada@example.com")).collect();
    let recorded = store.record(&batch).await.unwrap();
    assert_eq!(recorded.iter().filter(|r| r.notification_id.is_some()).count(), 3);
    let mut connection = by_hand(&path).await;
    for (age, mailed) in [(TimeDelta::hours(23), 0), (TimeDelta::hours(25), 3)] {
        let at = (Utc::now() - age).to_rfc3339_opts(chrono::SecondsFormat::Micros, true);
        sqlx::query("UPDATE notification_logs SET created_at = ?1")
            .bind(at)
            .execute(&mut connection)
            .await
            .unwrap();
        let batch: Vec<_> = (0..4).map(|_| registration("ada@example.com")).collect();
        let recorded = store.record(&batch).await.unwrap();
        assert_eq!(
            recorded.iter().filter(|r| r.notification_id.is_some()).count(),
            mailed,
            "{age}"
        );
    }
}
