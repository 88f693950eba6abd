//! Backup and restore, as docs/operations.md describes them, while people register.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, fs, time::Duration};

use testkit::{Postgres, Role, Split, SplitSettings, System};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

fn ids(users: &[serde_json::Value]) -> BTreeSet<String> {
    let ids: BTreeSet<_> =
        users.iter().map(|user| user["registration_id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), users.len(), "a row stored twice");
    ids
}

#[tokio::test(flavor = "multi_thread")]
async fn one_process_comes_back_from_copies_that_were_made_while_it_ran() {
    let mut system = System::start(BINARY, &[]).await;
    let load = system.load();
    let mut before = Vec::new();
    for n in 0..20 {
        before.push(system.register("Ada", "Lovelace", &format!("b{n}@example.com")).await);
    }
    let backup = tempfile::tempdir().unwrap();
    for name in ["queue.db", "userstream.db"] {
        let (from, to) = (system.data().join(name), backup.path().join(name));
        let database = rusqlite::Connection::open(from).unwrap();
        database.busy_timeout(Duration::from_secs(10)).unwrap();
        database.execute("VACUUM INTO ?1", [to.to_str().unwrap()]).unwrap();
    }
    let after = system.register("Grace", "Hopper", "later@example.com").await;
    load.stop().await;

    system.process().kill();
    for name in ["queue.db", "userstream.db"] {
        fs::copy(backup.path().join(name), system.data().join(name)).unwrap();
        for beside in ["-wal", "-shm"] {
            let _ = fs::remove_file(system.data().join(format!("{name}{beside}")));
        }
    }
    system.kill_and_restart().await;
    for id in &before {
        system.reaches(id, "email_sent").await;
    }
    let restored = ids(&system.console().await.all_users().await);
    assert!(before.iter().all(|id| restored.contains(id)), "what was there is there again");
    assert!(!restored.contains(&after), "and it is the state of the copies");
    let again = system.register("Grace", "Hopper", "later@example.com").await;
    system.reaches(&again, "email_sent").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgresql_database_comes_back_and_what_waited_meanwhile_is_recorded() {
    let postgres = Postgres::start();
    let database = postgres.create_database();
    let settings = SplitSettings::on("sqlite:queue.db", postgres.url(&database));
    let mut split = Split::start(BINARY, settings).await;
    let load = split.load();
    let mut before = Vec::new();
    for n in 0..10 {
        before.push(split.register(&format!("b{n}@example.com")).await);
    }
    for id in &before {
        split.mailed(id).await;
    }
    let dump = split.folder().join("userstream.dump");
    postgres.dump(&database, &dump);
    load.stop().await;

    split.stop(Role::DatabaseService, 0);
    let meanwhile = split.register("meanwhile@example.com").await;
    postgres.restore(&database, &dump);
    split.restart(Role::DatabaseService, 0);
    split.mailed(&meanwhile).await;
    let restored = ids(&split.console().await.all_users().await);
    assert!(before.iter().all(|id| restored.contains(id)));
    assert!(restored.contains(&meanwhile));
}
