//! How PostgreSQL means to carry statements out, and how its connections are set up.

use domain::{UserFilter, UserId};
use sqlx::{AssertSqlSafe, Row};
use testkit::Postgres;

use super::{
    PostgresSettings, PostgresStore, all_new, claims, known, notifications, record, registrations,
    reports, schedules, users,
};
use crate::{NotificationFilter, NotificationStatus, Order};

async fn open() -> PostgresStore {
    let url = tokio::task::spawn_blocking(|| {
        let server = Postgres::shared();
        server.url(&server.create_database())
    });
    let url = url.await.unwrap();
    PostgresStore::open(&PostgresSettings { url, read_replica_url: None }).await.unwrap()
}

/// The lines of the plan that is kept for a statement, whatever its parameters.
async fn plan(store: &PostgresStore, sql: &str) -> Vec<String> {
    let mut tx = store.begin().await.unwrap();
    for set in
        ["SET LOCAL plan_cache_mode = force_generic_plan".to_owned(), format!("PREPARE p AS {sql}")]
    {
        sqlx::raw_sql(AssertSqlSafe(set)).execute(&mut *tx).await.unwrap();
    }
    let parameters: i32 = sqlx::query_scalar(
        "SELECT coalesce(array_length(parameter_types, 1), 0) FROM pg_prepared_statements WHERE name = 'p'",
    )
    .fetch_one(&mut *tx)
    .await
    .unwrap();
    let nulls = vec!["NULL"; usize::try_from(parameters).unwrap()].join(", ");
    let arguments = if nulls.is_empty() { nulls } else { format!("({nulls})") };
    let rows = sqlx::raw_sql(AssertSqlSafe(format!("EXPLAIN EXECUTE p{arguments}")))
        .fetch_all(&mut *tx)
        .await
        .unwrap();
    sqlx::raw_sql("DEALLOCATE p").execute(&mut *tx).await.unwrap();
    rows.iter().map(|row| row.get::<String, _>(0)).collect()
}

/// Fails where a plan reads a whole table.
async fn assert_seeks(store: &PostgresStore, sql: &str) -> String {
    let plan = plan(store, sql).await.join("\n");
    for wrong in ["Seq Scan", "Hash Join", "Hash Anti Join", "Merge"] {
        assert!(!plan.contains(wrong), "{wrong} in\n{plan}\nof\n{sql}");
    }
    plan
}

#[tokio::test]
async fn hot_statements_seek_even_as_planned_for_empty_tables() {
    let store = open().await;
    for sql in [
        all_new::INSERT_ALL,
        record::INSERT_USERS,
        record::INSERT_THE_REST,
        known::KNOWN_REGISTRATIONS,
        known::LOCK_USERS,
        known::RECENT_MAILS,
        registrations::TRACE,
        registrations::REGISTERED,
        claims::ADD,
        claims::FIND,
        claims::CLAIM,
        claims::NOTE_UNKNOWN,
        claims::FAIL_UNTRIED,
        claims::RELEASE,
        claims::RECORD,
        claims::MARK_UNDELIVERABLE,
        notifications::REQUEUE,
        notifications::CLEAR,
        notifications::LOCALE,
        notifications::ATTEMPTS,
        users::UNFOLDED,
        users::FOLD,
        "DELETE FROM users WHERE id = 1",
        "DELETE FROM repeated_registrations WHERE user_id = 1",
        "DELETE FROM notification_logs WHERE user_id = 1",
        "DELETE FROM accounts WHERE id = 1",
        "DELETE FROM sessions WHERE expires_at <= now()",
    ] {
        assert_seeks(&store, sql).await;
    }
}

#[tokio::test]
async fn pages_continue_where_the_last_one_ended() {
    let store = open().await;
    let confirmed = |confirmed| UserFilter { confirmed: Some(confirmed), ..UserFilter::default() };
    for (filter, index) in [
        (UserFilter::default(), "users_pkey"),
        (UserFilter { q: Some("a".into()), ..UserFilter::default() }, "users_pkey"),
        (confirmed(true), "users_confirmed"),
        (confirmed(false), "users_unconfirmed"),
    ] {
        for order in [Order::Ascending, Order::Descending] {
            let mut query = users::select(&filter, Some(UserId(1)), order);
            query.push(" LIMIT 50");
            let plan = assert_seeks(&store, query.sql().as_str()).await;
            assert!(plan.contains(index) && !plan.contains("Sort"), "{plan}");
        }
    }
    let (user_id, status) = (Some(UserId(1)), Some(NotificationStatus::Queued));
    for (filter, index) in [
        (NotificationFilter::default(), "notification_logs_pkey"),
        (NotificationFilter { user_id, status: None }, "notification_logs_user"),
        (NotificationFilter { user_id: None, status }, "notification_logs_by_status"),
    ] {
        let query = notifications::select(&filter, Some(9), 50);
        let plan = assert_seeks(&store, query.sql().as_str()).await;
        assert!(plan.contains(index) && !plan.contains("Sort"), "{plan}");
    }
    let plan = assert_seeks(&store, reports::select(Some(9), 50).sql().as_str()).await;
    assert!(plan.contains("report_logs_pkey") && !plan.contains("Sort"), "{plan}");
    let plan = assert_seeks(&store, schedules::select(Some(9), 50).sql().as_str()).await;
    assert!(plan.contains("schedules_pkey") && plan.contains("report_logs_by_schedule"), "{plan}");
    let plan = assert_seeks(&store, schedules::due(chrono::Utc::now(), 50).sql().as_str()).await;
    assert!(plan.contains("schedules_due"), "{plan}");
    for sql in [schedules::UPDATE, schedules::ADVANCE] {
        assert_seeks(&store, sql).await;
    }
}

#[tokio::test]
async fn every_connection_for_calls_is_set_up() {
    let store = open().await;
    for (setting, value) in [
        ("statement_timeout", "30s"),
        ("enable_seqscan", "off"),
        ("application_name", "userstream"),
    ] {
        let sql = AssertSqlSafe(format!("SHOW {setting}"));
        let shown: String = sqlx::query_scalar(sql).fetch_one(&store.work).await.unwrap();
        assert_eq!(shown, value, "{setting}");
    }
}
