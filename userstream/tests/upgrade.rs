//! An upgrade while everything runs: the database gains what a later version needs, and copies of this one
//! go on with it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use testkit::{Postgres, Role, Split, SplitSettings};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

/// What the next version's migration may do: tables and columns are added, nothing is taken away.
const LATER: &str = "
    ALTER TABLE users ADD COLUMN nickname varchar(100);
    ALTER TABLE notification_logs ADD COLUMN channel varchar(20) NOT NULL DEFAULT 'email';
    CREATE TABLE consents (user_id bigint REFERENCES users (id) ON DELETE CASCADE, given_at timestamptz);
    INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
        VALUES (9999, 'later', true, '', 0);";

#[tokio::test(flavor = "multi_thread")]
async fn copies_of_this_version_go_on_when_a_later_one_has_changed_the_database() {
    let postgres = Postgres::start();
    let database = postgres.create_database();
    let settings = SplitSettings::on("sqlite:queue.db", postgres.url(&database))
        .copies(Role::DatabaseService, 3)
        .copies(Role::QueueReceiver, 2);
    // Three copies make one new database at once.
    let mut split = Split::start(BINARY, settings).await;
    let load = split.load();
    tokio::time::sleep(Duration::from_millis(500)).await;
    postgres.execute(&database, LATER);
    tokio::time::sleep(Duration::from_secs(1)).await;
    // Restarts of what has no schema of its own are part of it.
    for role in [Role::QueueReceiver, Role::Sender, Role::Frontend] {
        split.stop(role, 0);
        split.restart(role, 0);
    }
    let ids = load.stop().await;
    for id in &ids {
        split.mailed(id).await;
    }
    let console = split.console().await;
    assert_eq!(console.all_users().await.len(), ids.len());
    for queue in console.get("/stats").await["queues"].as_array().unwrap() {
        assert_eq!(queue["dead_letters"], 0, "{queue}");
    }

    // This version does not start on it any more, and says so rather than guess.
    split.stop(Role::DatabaseService, 0);
    split.restart(Role::DatabaseService, 0);
    split.live(Role::DatabaseService, 0).await;
    let url = split.copy_url(Role::DatabaseService, 0, "/health/ready");
    let said = testkit::eventually("it says why", || async {
        let health: serde_json::Value =
            split.http().get(&url).send().await.ok()?.json().await.ok()?;
        health["checks"]["database"]["error"].as_str().map(str::to_owned)
    });
    let said = said.await;
    assert!(said.contains("9999"), "{said}");
}
