//! PostgreSQL: the conformance suite, and what is particular to a server.

#![cfg(feature = "postgres")]
#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod conformance;
mod opening;
mod outage;
mod sharing;
mod tls;

use chrono::Utc;
use domain::{Registration, RegistrationId, UserFilter};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use store::{NewRegistration, PostgresSettings, PostgresStore};
use testkit::Postgres;
use uuid::Uuid;

/// An empty database of the server that the tests share, as a URL.
async fn database() -> String {
    let created = tokio::task::spawn_blocking(|| {
        let server = Postgres::shared();
        server.url(&server.create_database())
    });
    created.await.unwrap()
}

fn settings(url: &str) -> PostgresSettings {
    PostgresSettings { url: url.to_owned(), read_replica_url: None }
}

async fn open(url: &str) -> PostgresStore {
    PostgresStore::open(&settings(url)).await.unwrap()
}

/// A connection as a person with a database tool has it.
async fn by_hand(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

async fn run(connection: &mut PgConnection, sql: &str) {
    connection.execute(AssertSqlSafe(sql.to_owned())).await.unwrap();
}

/// As many users as no buffer between server and store can hold.
async fn crowd(url: &str) {
    run(
        &mut by_hand(url).await,
        "INSERT INTO users (name, surname, email, search)
         SELECT 'Ada', repeat('x', 99), 'u' || n || '@example.com', repeat('y', 99)
         FROM generate_series(1, 120000) n",
    )
    .await;
}

fn registration(email: &str) -> NewRegistration {
    NewRegistration {
        registration_id: RegistrationId(Uuid::now_v7()),
        person: Registration::parse("Ada", "Lovelace", email).unwrap(),
        submitted_at: Utc::now(),
        locale: None,
    }
}

fn containing(q: &str) -> UserFilter {
    UserFilter { q: Some(q.into()), ..UserFilter::default() }
}
