//! Other hands on the same database: processes, programs, people.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{NotificationId, Recipient, RegistrationId, UserFilter, UserId};
use futures::{StreamExt, future::join_all};
use sqlx::{AssertSqlSafe, Connection};
use store::{
    Deliveries, NotificationFilter, NotificationRequest, Notifications, Order, Overview,
    RecordOutcome, Registrations, Reports, UserUpdate, Users,
};
use testkit::eventually;
use uuid::Uuid;

use crate::{by_hand, containing, crowd, database, open, registration, run};

/// A number that a statement gives.
async fn number(url: &str, sql: &str) -> i64 {
    let mut connection = by_hand(url).await;
    sqlx::query_scalar(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_record_the_same() {
    let url = database().await;
    let stores = [open(&url).await, open(&url).await, open(&url).await];
    let items: Vec<_> =
        (0..600).map(|n| registration(&format!("u{}@example.com", n % 300))).collect();
    let answers = join_all((0..9).map(|n| {
        let (store, mut items) = (stores[n % 3].clone(), items.clone());
        // Each in another order, one backwards.
        items.rotate_left(n * 67);
        if n % 2 == 1 {
            items.reverse();
        }
        tokio::spawn(async move {
            let mut outcomes = Vec::new();
            for batch in items.chunks(200) {
                outcomes.extend(store.record(batch).await.unwrap());
            }
            outcomes
        })
    }))
    .await;
    let answers: Vec<_> = answers.into_iter().flat_map(Result::unwrap).collect();
    let count = |outcome| answers.iter().filter(|a| a.outcome == outcome).count();
    assert_eq!(count(RecordOutcome::Created), 300);
    assert_eq!(count(RecordOutcome::Duplicate), 300);
    assert_eq!(count(RecordOutcome::Replayed), 8 * 600);
    for (table, rows) in [("users", 300), ("registrations", 600), ("notification_logs", 600)] {
        assert_eq!(number(&url, &format!("SELECT count(*) FROM {table}")).await, rows, "{table}");
    }
}

/// After many batches of which nobody was known the next one is not looked up first.
#[tokio::test]
async fn a_known_address_is_met_in_the_middle_of_a_rush_too() {
    let store = open(&database().await).await;
    let batch = |n: usize| {
        (0..3).map(|k| registration(&format!("u{n}.{k}@example.com"))).collect::<Vec<_>>()
    };
    for n in 0..20 {
        let recorded = store.record(&batch(n)).await.unwrap();
        assert!(recorded.iter().all(|r| r.outcome == RecordOutcome::Created), "{recorded:?}");
    }
    let mut mixed = batch(20);
    mixed[1] = registration("U7.2@EXAMPLE.com");
    let recorded = store.record(&mixed).await.unwrap();
    let outcomes: Vec<_> = recorded.iter().map(|r| r.outcome).collect();
    let (created, duplicate) = (RecordOutcome::Created, RecordOutcome::Duplicate);
    assert_eq!(outcomes, [created, duplicate, created]);
    assert_eq!(store.stats().await.unwrap().users.total, 62);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_id_with_two_addresses_at_once_is_recorded_once() {
    let url = database().await;
    let stores = [open(&url).await, open(&url).await];
    for round in 0..20 {
        let ids: Vec<_> = (0..10).map(|_| RegistrationId(Uuid::now_v7())).collect();
        let answers = join_all((0..4).map(|n| {
            let batch: Vec<_> = ids
                .iter()
                .enumerate()
                .map(|(i, id)| {
                    let email = format!("r{round}.{}.{i}@example.com", n % 2);
                    store::NewRegistration { registration_id: *id, ..registration(&email) }
                })
                .collect();
            let store = stores[n % 2].clone();
            tokio::spawn(async move { store.record(&batch).await.unwrap() })
        }))
        .await;
        let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
        for i in 0..ids.len() {
            let of = |outcome| answers.iter().filter(|a| a[i].outcome == outcome).count();
            assert_eq!(
                (
                    of(RecordOutcome::Created),
                    of(RecordOutcome::Replayed),
                    of(RecordOutcome::Invalid)
                ),
                (1, 1, 2)
            );
        }
    }
    assert_eq!(number(&url, "SELECT count(*) FROM users").await, 200);
    assert_eq!(number(&url, "SELECT count(*) FROM registrations").await, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_register_while_they_are_deleted() {
    let url = database().await;
    let store = open(&url).await;
    let deleting = {
        let store = store.clone();
        tokio::spawn(async move {
            for _ in 0..60 {
                for user in store
                    .users(&UserFilter::default(), None, 50, Order::Ascending)
                    .await
                    .unwrap()
                    .items
                {
                    store.delete_user(user.id).await.unwrap();
                }
            }
        })
    };
    while !deleting.is_finished() {
        let batch: Vec<_> = (0..20).map(|n| registration(&format!("u{n}@example.com"))).collect();
        store.record(&batch).await.unwrap();
    }
    deleting.await.unwrap();
    let orphans = "SELECT count(*) FROM registrations r
                   WHERE NOT EXISTS (SELECT FROM users u WHERE u.id = r.user_id)";
    assert_eq!(number(&url, orphans).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn senders_claim_and_record_the_same_in_any_order() {
    let url = database().await;
    let stores = [open(&url).await, open(&url).await];
    let batch: Vec<_> = (0..60).map(|n| registration(&format!("u{n}@example.com"))).collect();
    let recorded = stores[0].record(&batch).await.unwrap();
    let granted = join_all((0..6).map(|n| {
        let store = stores[n % 2].clone();
        let mut requests: Vec<_> = recorded
            .iter()
            .enumerate()
            .map(|(i, r)| NotificationRequest {
                // Some that the log does not know yet, the same for all.
                notification_id: if i % 5 == 0 {
                    NotificationId(Uuid::from_u128(i as u128))
                } else {
                    r.notification_id.unwrap()
                },
                to: Recipient::User(r.user_id.unwrap()),
                notification_type: "welcome".into(),
                context: serde_json::Map::new(),
                claimer: Uuid::now_v7(),
            })
            .collect();
        requests.rotate_left(n * 11);
        if n % 2 == 0 {
            requests.reverse();
        }
        tokio::spawn(async move {
            let lease = Duration::from_mins(1);
            let claims = store.claim_notifications(&requests, lease).await.unwrap();
            claims.iter().filter(|c| matches!(c, store::NotificationClaim::Granted(_))).count()
        })
    }))
    .await;
    assert_eq!(granted.into_iter().map(Result::unwrap).sum::<usize>(), 60, "each by one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_waits_for_another_and_a_read_does_not() {
    let url = database().await;
    let store = open(&url).await;
    let first = store.record(&[registration("ada@example.com")]).await.unwrap();
    let mut connection = by_hand(&url).await;
    let mut tx = connection.begin().await.unwrap();
    run(&mut tx, "SELECT * FROM users FOR UPDATE").await;
    let write = tokio::spawn({
        let store = store.clone();
        async move { store.record(&[registration("ada@example.com")]).await }
    });
    assert!(store.user(first[0].user_id.unwrap()).await.unwrap().is_some());
    assert_eq!(store.stats().await.unwrap().users.total, 1);
    store.record(&[registration("bea@example.com")]).await.unwrap();
    assert!(!write.is_finished());
    tx.rollback().await.unwrap();
    assert_eq!(write.await.unwrap().unwrap()[0].outcome, RecordOutcome::Duplicate);
}

#[tokio::test]
async fn a_dropped_export_ends_its_statement() {
    let url = database().await;
    let store = open(&url).await;
    crowd(&url).await;
    let running = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND state = 'active' AND query LIKE '%ORDER BY id%'
                     AND pid <> pg_backend_pid()";
    let mut export = store.export_users(&UserFilter::default()).await.unwrap();
    assert!(export.next().await.unwrap().is_ok());
    assert_eq!(number(&url, running).await, 1, "it waits for its reader");
    drop(export);
    eventually("the statement has ended", || async {
        (number(&url, running).await == 0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_change_by_hand_is_seen_and_found() {
    let url = database().await;
    let store = open(&url).await;
    let recorded = store.record(&[registration("ada@example.com")]).await.unwrap();
    let id = recorded[0].user_id.unwrap();
    let user = async || store.user(id).await.unwrap().unwrap();
    let mut connection = by_hand(&url).await;

    let mut before = user().await;
    // In one transaction, whose time stands still.
    run(&mut connection, "BEGIN").await;
    for _ in 0..5 {
        run(&mut connection, "UPDATE users SET name = 'ÉMILE'").await;
    }
    run(&mut connection, "COMMIT").await;
    let after = user().await;
    assert!(after.updated_at >= before.updated_at + TimeDelta::microseconds(5));
    before = after;
    run(&mut connection, "UPDATE users SET updated_at = '2020-01-01 00:00:00Z'").await;
    assert!(user().await.updated_at > before.updated_at, "it is not set back");
    // A clock that was set back: the last change is in the future.
    run(&mut connection, "UPDATE users SET updated_at = '2999-12-31 23:59:59.999999Z'").await;
    let future: DateTime<Utc> = "2999-12-31T23:59:59.999999Z".parse().unwrap();
    assert_eq!(user().await.updated_at, future);
    let by_the_store = store.update_user(id, &registration("ada@example.com").person, None).await;
    let UserUpdate::Updated(updated) = by_the_store.unwrap() else { panic!("not updated") };
    assert_eq!(updated.updated_at, future + TimeDelta::microseconds(1), "as it is in the row");
    assert_eq!(user().await, updated);
    run(&mut connection, "UPDATE users SET name = 'ÉMILE'").await;

    // Found at once in the letter case that ASCII knows, and in every one when the store comes by.
    let found =
        async |q| store.users(&containing(q), None, 9, Order::Ascending).await.unwrap().items;
    assert_eq!(found("LOVE").await.len(), 1);
    assert_eq!(found("ada lovelace").await, [], "nobody is called that any more");
    let store = open(&url).await;
    let seen = eventually("the row is folded", || async {
        let seen =
            store.users(&containing("émile love"), None, 9, Order::Ascending).await.unwrap().items;
        (!seen.is_empty()).then_some(seen)
    })
    .await;
    assert_eq!(seen, [user().await], "and updated_at is as it was");
}

#[tokio::test]
async fn rows_of_another_program_are_rows() {
    let url = database().await;
    let store = open(&url).await;
    let mut connection = by_hand(&url).await;
    run(
        &mut connection,
        "INSERT INTO users (name, surname, email, created_at)
         VALUES ('Grace', 'Hopper', 'grace@example.com', '1906-12-09 10:11:12Z');
         INSERT INTO notification_logs (user_id, notification_type) VALUES (1, 'welcome');
         INSERT INTO report_logs (report_name) VALUES ('all')",
    )
    .await;
    let user = store.user(UserId(1)).await.unwrap().unwrap();
    assert_eq!(user.created_at, "1906-12-09T10:11:12Z".parse::<DateTime<Utc>>().unwrap());
    assert_eq!(
        store.users(&containing("GRACE"), None, 9, Order::Ascending).await.unwrap().items,
        [user]
    );
    let log = store.notifications(&NotificationFilter::default(), None, 9).await.unwrap().items;
    assert_eq!(log[0].recipient, "grace@example.com");
    assert_eq!(store.reports(None, 9).await.unwrap().items.len(), 1);
    // Its address is as taken as any other.
    let recorded = store.record(&[registration("Grace@Example.com")]).await.unwrap();
    assert_eq!(recorded[0].outcome, RecordOutcome::Duplicate);
    // A row restored with its registration, but without the ledger, does not stop its batch.
    let item = registration("restored@example.com");
    sqlx::query(
        "INSERT INTO users (name, surname, email, registration_id) VALUES ('A', 'B', $1, $2)",
    )
    .bind(item.person.email.as_str())
    .bind(item.registration_id.0)
    .execute(&mut connection)
    .await
    .unwrap();
    let moved = store::NewRegistration {
        registration_id: item.registration_id,
        ..registration("moved@example.com")
    };
    let batch = [moved, item, registration("moved@example.com")];
    let recorded = store.record(&batch).await.unwrap();
    let outcomes: Vec<_> = recorded.iter().map(|r| r.outcome).collect();
    assert_eq!(outcomes, [RecordOutcome::Invalid, RecordOutcome::Replayed, RecordOutcome::Created]);
}

#[tokio::test]
async fn a_day_later_an_address_is_mailed_again() {
    let url = database().await;
    let store = open(&url).await;
    let batch: Vec<_> = (0..4).map(|_| registration("ada@example.com")).collect();
    let recorded = store.record(&batch).await.unwrap();
    assert_eq!(recorded.iter().filter(|r| r.notification_id.is_some()).count(), 3);
    let mut connection = by_hand(&url).await;
    for (hours, mailed) in [(23, 0), (25, 3)] {
        let aged =
            format!("UPDATE notification_logs SET created_at = now() - interval '{hours} hours'");
        run(&mut connection, &aged).await;
        let batch: Vec<_> = (0..4).map(|_| registration("ada@example.com")).collect();
        let recorded = store.record(&batch).await.unwrap();
        let count = recorded.iter().filter(|r| r.notification_id.is_some()).count();
        assert_eq!(count, mailed, "{hours}");
    }
}

/// What a foreign key would see to, whoever writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_e_mail_in_the_log_belongs_to_a_user() {
    const LOG: &str = "INSERT INTO notification_logs (user_id, notification_type) VALUES";
    let url = database().await;
    let store = open(&url).await;
    let user = store.record(&[registration("ada@example.com")]).await.unwrap()[0].user_id.unwrap();
    let mut connection = by_hand(&url).await;
    let refused = async |connection: &mut sqlx::PgConnection, sql: String| {
        let error = sqlx::query(AssertSqlSafe(sql)).execute(connection).await.unwrap_err();
        let error = error.into_database_error().unwrap();
        assert_eq!(error.code().as_deref(), Some("23503"), "{error}");
    };
    refused(&mut connection, format!("{LOG} ({user}, 'welcome'), (99, 'welcome')")).await;
    refused(&mut connection, "UPDATE notification_logs SET user_id = 99".into()).await;
    let rows = "SELECT count(*) FROM notification_logs";
    assert_eq!(number(&url, rows).await, 1);

    // Who deletes a user waits for whoever adds to its log, and takes that along.
    let mut adding = connection.begin().await.unwrap();
    run(&mut adding, &format!("{LOG} ({user}, 'welcome')")).await;
    let deleting = tokio::spawn(async move { store.delete_user(user).await });
    let waiting = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock'";
    eventually("the deletion waits", || async { (number(&url, waiting).await > 0).then_some(()) })
        .await;
    adding.commit().await.unwrap();
    assert!(deleting.await.unwrap().unwrap());
    assert_eq!(number(&url, rows).await, 0);
}
