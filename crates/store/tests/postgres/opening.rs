//! A database: how it is opened, and what is in it then.

use std::{collections::HashSet, time::Duration};

use chrono::Utc;
use domain::ReportId;
use futures::future::join_all;
use sqlx::{PgConnection, Row};
use store::{
    NewReport, NotificationFilter, NotificationStatus, Notifications, Order, Overview,
    PostgresStore, RecordOutcome, Registrations, ReportResult, ReportStatus, Reports, Retention,
    StoreError, Users,
};
use testkit::{Postgres, eventually, free_ports};
use uuid::Uuid;

use crate::{by_hand, containing, database, open, registration, run, settings};

/// The tables as they were agreed first, and as another program may have made and filled them.
const AGREED: &str = "
    CREATE TABLE users (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name VARCHAR(100) NOT NULL,
        surname VARCHAR(100) NOT NULL, email VARCHAR(255) NOT NULL UNIQUE,
        created_at TIMESTAMPTZ NOT NULL DEFAULT now(), updated_at TIMESTAMPTZ NOT NULL DEFAULT now());
    CREATE TABLE notification_logs (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id BIGINT NOT NULL REFERENCES users (id),
        notification_type VARCHAR(50) NOT NULL, status VARCHAR(50) NOT NULL, sent_at TIMESTAMPTZ);
    CREATE TABLE report_logs (
        id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, report_name VARCHAR(255) NOT NULL,
        generated_at TIMESTAMPTZ NOT NULL DEFAULT now(), record_count BIGINT, file_path VARCHAR(500))";
const OLD_FASHIONED: &str = "
    CREATE TABLE users (
        id SERIAL PRIMARY KEY, name TEXT NOT NULL, surname TEXT NOT NULL, email TEXT NOT NULL,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, updated_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP);
    CREATE TABLE notification_logs (
        id SERIAL PRIMARY KEY, user_id INTEGER REFERENCES users (id) ON DELETE RESTRICT,
        notification_type VARCHAR(50), status VARCHAR(50), sent_at TIMESTAMP);
    CREATE TABLE report_logs (
        id SERIAL PRIMARY KEY, report_name VARCHAR(255), generated_at TIMESTAMP, record_count INTEGER,
        file_path VARCHAR(500))";
const ROWS: &str = "
    INSERT INTO users (name, surname, email, created_at)
    VALUES ('Émile', 'ZOLA', 'z@example.com', '2020-01-02 03:04:05Z'),
           ('Grace', 'Hopper', 'Grace@example.com', '2021-01-02 03:04:05Z');
    INSERT INTO notification_logs (user_id, notification_type, status, sent_at)
    VALUES (1, 'welcome', 'SENT', '2020-01-02 03:04:06Z'), (2, 'welcome', 'pending', NULL);
    INSERT INTO report_logs (report_name, generated_at, record_count, file_path)
    VALUES ('all', '2020-01-03 00:00:00Z', 1, 'all.csv')";

/// Columns with their types, as far as they matter.
async fn columns(connection: &mut PgConnection, table: &str) -> HashSet<String> {
    let rows = sqlx::query(
        "SELECT column_name, upper(data_type), character_maximum_length, is_nullable
         FROM information_schema.columns WHERE table_name = $1",
    )
    .bind(table)
    .fetch_all(connection)
    .await
    .unwrap();
    let column = |row: &sqlx::postgres::PgRow| {
        let (name, kind): (&str, &str) = (row.get(0), row.get(1));
        let length = row.get::<Option<i32>, _>(2).map_or(String::new(), |n| format!("({n})"));
        let null = if row.get::<&str, _>(3) == "NO" { " NOT NULL" } else { "" };
        format!("{name} {kind}{length}{null}")
    };
    rows.iter().map(column).collect()
}

#[tokio::test]
async fn every_agreed_column_is_there() {
    let url = database().await;
    open(&url).await;
    let mut connection = by_hand(&url).await;
    for (table, wanted) in [
        (
            "users",
            "id BIGINT NOT NULL, name CHARACTER VARYING(100) NOT NULL, \
             surname CHARACTER VARYING(100) NOT NULL, email CHARACTER VARYING(255) NOT NULL, \
             created_at TIMESTAMP WITH TIME ZONE NOT NULL, \
             updated_at TIMESTAMP WITH TIME ZONE NOT NULL, registration_id UUID, \
             confirmed_at TIMESTAMP WITH TIME ZONE",
        ),
        (
            "notification_logs",
            "id BIGINT NOT NULL, user_id BIGINT, \
             notification_type CHARACTER VARYING(50) NOT NULL, \
             status CHARACTER VARYING(50) NOT NULL, sent_at TIMESTAMP WITH TIME ZONE, \
             notification_id UUID NOT NULL, attempts INTEGER NOT NULL, last_reply TEXT, \
             created_at TIMESTAMP WITH TIME ZONE NOT NULL",
        ),
        (
            "report_logs",
            "id BIGINT NOT NULL, report_name CHARACTER VARYING(255) NOT NULL, \
             generated_at TIMESTAMP WITH TIME ZONE, record_count BIGINT, \
             file_path CHARACTER VARYING(500), report_id UUID NOT NULL, \
             status CHARACTER VARYING(50) NOT NULL, format CHARACTER VARYING(50) NOT NULL, \
             filters JSONB, size_bytes BIGINT, sha256 CHARACTER VARYING(64), error TEXT, \
             schedule_id UUID",
        ),
    ] {
        let found = columns(&mut connection, table).await;
        for column in wanted.split(", ") {
            assert!(found.contains(column), "{table} has no {column}, but {found:?}");
        }
    }
    let insert = "INSERT INTO users (name, surname, email) VALUES ('A', 'B', 'x@example.com')";
    run(&mut connection, insert).await;
    let taken = "INSERT INTO users (name, surname, email) VALUES ('A', 'B', 'X@EXAMPLE.COM')";
    assert!(sqlx::query(taken).execute(&mut connection).await.is_err());

    // An e-mail goes to a user or to an address: not to both, and not to nobody.
    for (to, is_taken) in [
        ("NULL, NULL", false),
        ("1, 'x@example.com'", false),
        ("4711, NULL", false),
        ("1, NULL", true),
        ("NULL, 'x@example.com'", true),
    ] {
        let insert =
            "INSERT INTO notification_logs (notification_type, user_id, recipient) VALUES ('x', ";
        let insert = sqlx::AssertSqlSafe(format!("{insert}{to})"));
        let taken = sqlx::query(insert).execute(&mut connection).await;
        assert_eq!(taken.is_ok(), is_taken, "{to}: {taken:?}");
    }
}

#[tokio::test]
async fn a_database_of_another_program_gets_what_it_misses() {
    for tables in [AGREED, OLD_FASHIONED] {
        let url = database().await;
        let mut connection = by_hand(&url).await;
        run(&mut connection, "SET TIME ZONE 'UTC'").await;
        run(&mut connection, tables).await;
        run(&mut connection, ROWS).await;
        for _ in 0..2 {
            let store = open(&url).await;
            let found = eventually("the rows are folded", || async {
                let found = store
                    .users(&containing("éMILE zola"), None, 10, Order::Ascending)
                    .await
                    .unwrap()
                    .items;
                (!found.is_empty()).then_some(found)
            })
            .await;
            assert_eq!((found[0].name.as_str(), found[0].id.0), ("Émile", 1));
            assert_eq!(found[0].created_at.to_rfc3339(), "2020-01-02T03:04:05+00:00");
            let log = store.notifications(&NotificationFilter::default(), None, 9).await.unwrap();
            let statuses: Vec<_> = log.items.iter().map(|n| (n.status, n.attempts)).collect();
            assert_eq!(statuses, [(NotificationStatus::Queued, 0), (NotificationStatus::Sent, 1)]);
            let reports = store.reports(None, 9).await.unwrap().items;
            assert_eq!(reports[0].status, ReportStatus::Done);
            assert_eq!(reports[0].record_count, Some(1));
        }
        // It works on with these rows.
        let store = open(&url).await;
        let batch = [registration("GRACE@example.com"), registration("new@example.com")];
        let recorded = store.record(&batch).await.unwrap();
        let outcomes: Vec<_> = recorded.iter().map(|r| r.outcome).collect();
        assert_eq!(outcomes, [RecordOutcome::Duplicate, RecordOutcome::Created]);
        assert_eq!(recorded[0].user_id.unwrap().0, 2);
        assert!(store.delete_user(recorded[0].user_id.unwrap()).await.unwrap(), "with its log");
        assert_eq!(store.stats().await.unwrap().users.total, 2);
    }
}

#[tokio::test]
async fn an_address_that_is_there_in_two_letter_cases_is_told() {
    let url = database().await;
    let mut connection = by_hand(&url).await;
    run(&mut connection, AGREED).await;
    run(
        &mut connection,
        "INSERT INTO users (name, surname, email)
         VALUES ('A', 'B', 'ada@example.com'), ('A', 'B', 'ADA@example.com')",
    )
    .await;
    let error = PostgresStore::open(&settings(&url)).await.unwrap_err();
    assert!(matches!(&error, StoreError::Failed(e) if e.contains("letter case")), "{error}");
    assert!(!error.to_string().contains("ada@"), "{error}");
    run(&mut connection, "DELETE FROM users WHERE id = 2").await;
    open(&url).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_processes_open_one_new_database() {
    let url = database().await;
    let opened = join_all((0..6).map(|_| {
        let url = url.clone();
        tokio::spawn(async move { PostgresStore::open(&settings(&url)).await })
    }))
    .await;
    for store in opened {
        store.unwrap().unwrap().check().await.unwrap();
    }
}

#[tokio::test]
async fn a_newer_database_is_left_alone() {
    let url = database().await;
    open(&url).await;
    let mut connection = by_hand(&url).await;
    run(&mut connection, "INSERT INTO _sqlx_migrations VALUES (9999, 'later', now(), true, '', 0)")
        .await;
    let error = PostgresStore::open(&settings(&url)).await.unwrap_err();
    assert!(matches!(&error, StoreError::Failed(e) if e.contains("newer")), "{error}");
}

#[tokio::test]
async fn a_wrong_encoding_is_told() {
    let url = database().await;
    let mut connection = by_hand(&url).await;
    let name = format!("latin{}", uuid::Uuid::new_v4().simple());
    run(&mut connection, &format!("CREATE DATABASE {name} ENCODING 'LATIN1' TEMPLATE template0"))
        .await;
    let error = PostgresStore::open(&settings(&Postgres::shared().url(&name))).await.unwrap_err();
    assert!(matches!(&error, StoreError::Failed(e) if e.contains("LATIN1")), "{error}");
}

#[tokio::test]
async fn what_keeps_it_from_opening_is_told_without_the_password() {
    let url = database().await;
    let mut connection = by_hand(&url).await;
    run(&mut connection, "CREATE ROLE locked LOGIN PASSWORD 'the right one'").await;
    let port = Postgres::shared().port();
    let [nobody] = free_ports();
    for (url, told, failed) in [
        (format!("postgres://locked:hunter2@127.0.0.1:{port}/postgres"), "password", true),
        (format!("postgres://postgres:hunter2@127.0.0.1:{port}/nowhere"), "nowhere", true),
        (format!("postgres://postgres:hunter2@127.0.0.1:{nobody}/x"), "refused", false),
        (format!("postgres://postgres:hunter2@127.0.0.1:{port}/x?sslmode=require"), "TLS", true),
        ("postgres://postgres:hunter2@127.0.0.1:port/x".into(), "postgres://USER", true),
    ] {
        let error = PostgresStore::open(&settings(&url)).await.unwrap_err();
        assert_eq!(matches!(error, StoreError::Failed(_)), failed, "{error}");
        assert!(error.to_string().contains(told), "{error}");
        assert!(!error.to_string().contains("hunter2"), "{error}");
        // Where it is opened however, calls say the same, and that it is an outage.
        if let Ok(store) = store::open(&url).await {
            let error = store.check().await.unwrap_err();
            assert!(matches!(&error, StoreError::Unavailable(e) if e.contains(told)), "{error}");
        }
    }
}

#[tokio::test]
async fn lists_and_exports_are_read_from_the_replica() {
    // Two databases that differ stand for a primary and a replica that lags behind.
    let (primary, replica) = (database().await, database().await);
    open(&replica).await.record(&[registration("old@example.com")]).await.unwrap();
    let store = store::open_with_replica(&primary, Some(&replica)).await.unwrap();
    let new = store.record(&[registration("new@example.com")]).await.unwrap();
    let id = new[0].user_id.unwrap();
    assert_eq!(store.user(id).await.unwrap().unwrap().email, "new@example.com");
    assert_eq!(store.stats().await.unwrap().users.total, 1);
    let listed =
        store.users(&containing("@example"), None, 9, Order::Ascending).await.unwrap().items;
    assert_eq!(listed[0].email, "old@example.com");
    let filter = domain::UserFilter::default();
    let rows: Vec<_> =
        futures::TryStreamExt::try_collect(store.export_users(&filter).await.unwrap().rows())
            .await
            .unwrap();
    assert_eq!(rows, listed);
    assert!(store::open_with_replica("sqlite:x.db", Some(&replica)).await.is_err());
}

/// Whoever forgets a file must not be told of it again.
#[tokio::test]
async fn outdated_reports_are_never_read_from_a_replica_that_lags_behind() {
    let (primary, replica) = (database().await, database().await);
    let report = NewReport {
        report_id: ReportId::new(),
        report_name: "All".into(),
        format: "csv".into(),
        request: serde_json::Value::Null,
        requested_by: None,
        schedule_id: None,
    };
    for url in [&primary, &replica] {
        let (store, owner) = (open(url).await, Uuid::now_v7());
        store.request_report(&report).await.unwrap();
        store.claim_report(report.report_id, owner, Duration::from_mins(1)).await.unwrap();
        let done = ReportResult::Done {
            record_count: 0,
            file_path: "a.csv".into(),
            size_bytes: 0,
            sha256: String::new(),
            generated_at: Utc::now(),
        };
        assert!(store.finish_report(report.report_id, owner, &done).await.unwrap());
    }
    let store = store::open_with_replica(&primary, Some(&replica)).await.unwrap();
    let none = Retention { since: None, newest: Some(0) };
    assert_eq!(store.outdated_reports(&none, 9).await.unwrap().len(), 1);
    store.forget_file(report.report_id, "It was removed.").await.unwrap();
    assert_eq!(store.outdated_reports(&none, 9).await.unwrap(), []);
}
