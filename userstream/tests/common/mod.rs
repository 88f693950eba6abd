//! What several of these tests need.

use std::{path::Path, time::Duration};

/// So many rows, as another program would add them.
pub(crate) fn crowd(database: &Path, rows: u32) {
    let database = rusqlite::Connection::open(database).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    database
        .execute(
            "INSERT INTO users (name, surname, email)
             WITH RECURSIVE n (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM n WHERE n < ?1)
             SELECT 'Ada', 'Lovelace', 'u' || n || '@example.com' FROM n",
            [rows],
        )
        .unwrap();
}
