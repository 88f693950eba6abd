//! SQLite: the conformance suite, and what is particular to a file.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

mod conformance;
mod opening;
mod sharing;

use std::path::{Path, PathBuf};

use chrono::Utc;
use domain::{Registration, RegistrationId, UserFilter};
use sqlx::{Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use store::NewRegistration;
use tempfile::TempDir;
use uuid::Uuid;

fn file() -> (PathBuf, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (folder.path().join("userstream.db"), folder)
}

/// A connection as a person with a database tool has it.
async fn by_hand(path: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    SqliteConnection::connect_with(&options).await.unwrap()
}

async fn run(connection: &mut SqliteConnection, sql: &'static str) {
    sqlx::query(sql).execute(connection).await.unwrap();
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
