//! `userstream import`: every row through the queue, refused rows in a file, safe to run again.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::Value;
use testkit::{System, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

const PEOPLE: &str = "\u{feff}Surname;E-Mail address;NAME;email\n\
    Lovelace;x;Ada;ada@example.com\n\
    \"Ham;ilton\";x;Margaret;margaret@example.com\n\
    Lovelace;x;Ada;ADA@example.com\n\
    ;x;Nobody;nobody@example.com\n\
    Short;x\n\
    Link;x;www.evil.example;link@example.com\n\
    乔;x;李;li@例え.jp\n";

#[tokio::test]
async fn a_file_is_imported_once_however_often_it_is_run() {
    let system = System::start(BINARY, &[]).await;
    let file = system.data().join("people.csv");
    fs::write(&file, PEOPLE).unwrap();
    let import = || {
        let file = file.to_str().unwrap();
        let output = system.command(&["import", "--delimiter", ";", file]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        said
    };
    let said = import();
    assert!(said.starts_with("4 registered, 3 refused (see "), "{said}");

    let refused = system.data().join("people.csv.errors.csv");
    let mode = refused.metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "only its owner reads it");
    let refused = fs::read_to_string(refused).unwrap();
    let lines: Vec<_> = refused.lines().collect();
    assert_eq!(lines.len(), 4, "{refused}");
    assert_eq!(lines[0], "line,name,surname,email,codes,reasons");
    assert!(lines[1].starts_with("5,Nobody,,nobody@example.com,surname.required,"));
    assert!(lines[2].starts_with("6,,Short,,name.required email.required,"));
    assert!(lines[3].starts_with("7,www.evil.example,Link,link@example.com,name.link,"));

    let console = system.console().await;
    let settled = async || {
        eventually("all rows are stored and mailed, and the queues are empty", || async {
            let stats = console.get("/stats").await;
            let empty =
                |q: &Value| q["ready"] == 0 && q["unacknowledged"] == 0 && q["delayed"] == 0;
            let done = stats["notifications"]["sent"] == 3
                && stats["queues"].as_array()?.iter().all(empty);
            done.then_some(stats)
        })
        .await
    };
    let first = settled().await;
    assert_eq!(first["users"]["total"], 3);
    import();
    let second = settled().await;
    assert_eq!(second["users"], first["users"]);
    assert_eq!(system.outbox().len(), 3, "nobody is mailed twice");
}

#[tokio::test]
async fn a_file_that_cannot_be_imported_is_told_why() {
    let system = System::start(BINARY, &[]).await;
    let file = system.data().join("other.csv");
    fs::write(&file, "first,last\nAda,Lovelace\n").unwrap();
    for (args, wanted) in [
        (vec!["import", file.to_str().unwrap()], "names no column \"name\""),
        (vec!["import", "nowhere.csv"], "cannot read nowhere.csv"),
    ] {
        let output = system.command(&args).output().unwrap();
        assert!(!output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(wanted) && said.lines().count() == 1, "{said}");
    }
}
