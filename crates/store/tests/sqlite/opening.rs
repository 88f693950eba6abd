//! A file: how it is opened, and what is in it then.

use std::{collections::HashSet, path::Path};

use domain::UserId;
use sqlx::{Row, SqliteConnection, migrate::Migrator};
use store::{
    AttemptOutcome, Deliveries, NotificationAttempt, NotificationFilter, NotificationStatus,
    Notifications, Order, Registrations, SqliteStore, StoreError, Users,
};

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
            "id INTEGER, user_id BIGINT, notification_type VARCHAR(50) NOT NULL, \
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
        let found =
            store.users(&containing("éMILE zola"), None, 10, Order::Ascending).await.unwrap().items;
        assert_eq!(found.len(), 1, "rows are kept, and found in every letter case");
        assert_eq!(found[0].name, "Émile");
    }
}

/// The log of e-mails is a new table since 0008.
#[tokio::test]
async fn an_older_log_is_moved_as_it_is() {
    let (path, _folder) = file();
    let mut connection = by_hand(&path).await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    Migrator::new(folder).await.unwrap().run_to(7, &mut connection).await.unwrap();
    for statement in [
        "INSERT INTO users (id, name, surname, email) VALUES (7, 'Ada', 'Lovelace', 'ada@example.com')",
        "INSERT INTO notification_logs (id, user_id, notification_type) VALUES (3, 7, 'welcome'), (9, 7, 'gone')",
        "INSERT INTO notification_attempts VALUES (3, '2026-05-06T07:08:09.000000Z', 'retrying', '451 later')",
        "DELETE FROM notification_logs WHERE id = 9",
    ] {
        run(&mut connection, statement).await;
    }
    let store = SqliteStore::open(&path).await.unwrap();
    let log = store.notifications(&NotificationFilter::default(), None, 9).await.unwrap().items;
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].user_id, log[0].recipient.as_str()), (Some(UserId(7)), "ada@example.com"));
    assert_eq!((log[0].status, log[0].attempts), (NotificationStatus::Retrying, 1));
    let attempts = store.attempts(log[0].notification_id).await.unwrap();
    assert_eq!(attempts[0].reply, "451 later");
    let attempt = NotificationAttempt {
        notification_id: log[0].notification_id,
        outcome: AttemptOutcome::Sent,
        reply: "250 taken".into(),
        at: "2026-05-06T08:08:09Z".parse().unwrap(),
        undeliverable: false,
    };
    store.record_attempts(&[attempt]).await.unwrap();
    let sent = store.notification(log[0].notification_id).await.unwrap().unwrap();
    assert_eq!((sent.status, sent.attempts), (NotificationStatus::Sent, 2));
    run(
        &mut connection,
        "INSERT INTO notification_logs (user_id, notification_type) VALUES (7, 'x')",
    )
    .await;
    let newest =
        sqlx::query("SELECT max(id) FROM notification_logs").fetch_one(&mut connection).await;
    assert_eq!(newest.unwrap().get::<i64, _>(0), 10, "an id is never given again");
    assert!(store.delete_user(UserId(7)).await.unwrap());
    assert_eq!(store.attempts(log[0].notification_id).await.unwrap(), [], "all goes with its user");
    let left = store.notifications(&NotificationFilter::default(), None, 9).await.unwrap().items;
    assert_eq!(left, []);
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
