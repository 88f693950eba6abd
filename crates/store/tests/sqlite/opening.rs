//! A file: how it is opened, and what is in it then.

use std::{collections::HashSet, path::Path};

use sqlx::{Row, SqliteConnection, migrate::Migrator};
use store::{Registrations, SqliteStore, StoreError, Users};

use crate::{by_hand, containing, file, registration, run};

#[tokio::test]
async fn every_agreed_column_is_there() {
    let (path, _folder) = file();
    SqliteStore::open(&path).await.unwrap();
    let mut connection = by_hand(&path).await;
    for (table, columns) in [
        (
            "users",
            "id INTEGER, name VARCHAR(100) NOT NULL, surname VARCHAR(100) NOT NULL, \
             email VARCHAR(255) NOT NULL, created_at TIMESTAMP NOT NULL, \
             updated_at TIMESTAMP NOT NULL, registration_id CHAR(36), confirmed_at TIMESTAMP",
        ),
        (
            "notification_logs",
            "id INTEGER, user_id BIGINT NOT NULL, notification_type VARCHAR(50) NOT NULL, \
             status VARCHAR(50) NOT NULL, sent_at TIMESTAMP, notification_id CHAR(36) NOT NULL, \
             attempts INTEGER NOT NULL, last_reply TEXT, created_at TIMESTAMP NOT NULL",
        ),
        (
            "report_logs",
            "id INTEGER, report_name VARCHAR(255) NOT NULL, generated_at TIMESTAMP, \
             record_count BIGINT, file_path VARCHAR(500), report_id CHAR(36) NOT NULL, \
             status VARCHAR(50) NOT NULL, format VARCHAR(50) NOT NULL, filters TEXT, \
             size_bytes BIGINT, sha256 CHAR(64), error TEXT, schedule_id CHAR(36)",
        ),
    ] {
        let rows = sqlx::query("SELECT name, type, \"notnull\" FROM pragma_table_info(?1)")
            .bind(table)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let found: HashSet<String> = rows
            .iter()
            .map(|row| {
                let (name, kind): (&str, &str) = (row.get(0), row.get(1));
                format!("{name} {kind}{}", if row.get(2) { " NOT NULL" } else { "" })
            })
            .collect();
        for column in columns.split(", ") {
            assert!(found.contains(column), "{table} has no {column}, but {found:?}");
        }
    }
    // What the address of a user promises, whoever writes it.
    let insert = "INSERT INTO users (name, surname, email) VALUES ('A', 'B', 'x@example.com')";
    run(&mut connection, insert).await;
    let taken = "INSERT INTO users (name, surname, email) VALUES ('A', 'B', 'X@EXAMPLE.COM')";
    assert!(sqlx::query(taken).execute(&mut connection).await.is_err());
}

#[tokio::test]
async fn an_older_file_gets_what_it_misses() {
    let (path, _folder) = file();
    let mut connection = by_hand(&path).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let migrations = Migrator::new(folder).await.unwrap();
    migrations.run_to(2, &mut connection).await.unwrap();
    let insert =
        "INSERT INTO users (name, surname, email) VALUES ('Émile', 'ZOLA', 'z@example.com')";
    run(&mut connection, insert).await;
    let installed = async |connection: &mut SqliteConnection| -> Vec<(i64, String)> {
        sqlx::query_as(
            "SELECT version, installed_on || execution_time FROM _sqlx_migrations ORDER BY 1",
        )
        .fetch_all(connection)
        .await
        .unwrap()
    };
    let before = installed(&mut connection).await;
    assert_eq!(before.len(), 2);
    for _ in 0..2 {
        let store = SqliteStore::open(&path).await.unwrap();
        let after = installed(&mut connection).await;
        assert_eq!(after[..2], before, "these were not run again");
        assert_eq!(after.len(), migrations.iter().count());
        let found = store.users(&containing("éMILE zola"), None, 10).await.unwrap().items;
        assert_eq!(found.len(), 1, "rows are kept, and found in every letter case");
        assert_eq!(found[0].name, "Émile");
    }
}

#[tokio::test]
async fn a_newer_file_is_left_alone() {
    let (path, _folder) = file();
    SqliteStore::open(&path).await.unwrap();
    let mut connection = by_hand(&path).await;
    let newer = "INSERT INTO _sqlx_migrations VALUES (9999, 'later', datetime(), true, x'00', 0)";
    run(&mut connection, newer).await;
    let error = SqliteStore::open(&path).await.unwrap_err();
    assert!(matches!(&error, StoreError::Failed(e) if e.contains("newer")), "{error}");
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_told_clearly() {
    let folder = tempfile::tempdir().unwrap();
    let text = folder.path().join("text");
    std::fs::write(&text, "This is no database. ".repeat(100)).unwrap();
    for path in [folder.path().to_path_buf(), text.join("below.db"), text.clone()] {
        let message = SqliteStore::open(&path).await.unwrap_err().to_string();
        assert!(message.contains(&path.display().to_string()), "{message}");
    }
    for path in ["", ":memory:"] {
        let message = SqliteStore::open(Path::new(path)).await.unwrap_err().to_string();
        assert!(message.contains("sqlite:var/userstream.db"), "{message}");
    }
    assert_eq!(std::fs::read(&text).unwrap().len(), 2100, "the file is as it was");
}

#[tokio::test]
async fn a_url_names_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let forms = [("sqlite:", ""), ("sqlite://", ""), ("sqlite://", "?mode=rwc")];
    for (n, (prefix, query)) in forms.into_iter().enumerate() {
        let path = folder.path().join(format!("{n}.db"));
        let store = store::open(&format!("{prefix}{}{query}", path.display())).await.unwrap();
        store.check().await.unwrap();
        assert!(path.exists());
    }
    for url in ["oracle://host/db", "userstream.db"] {
        let Err(error) = store::open(url).await else { panic!("{url} was opened") };
        assert!(error.to_string().contains("sqlite:var/userstream.db"), "{error}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_are_their_owners() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("new/folder/userstream.db");
    let store = SqliteStore::open(&path).await.unwrap();
    store.record(&[registration("ada@example.com")]).await.unwrap();
    let mut names = Vec::new();
    for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let file = file.unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{file:?}");
        names.push(file.file_name().into_string().unwrap());
    }
    names.sort();
    assert_eq!(names, ["userstream.db", "userstream.db-shm", "userstream.db-wal"]);
}
