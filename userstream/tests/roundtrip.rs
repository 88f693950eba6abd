//! Reports of hostile data, read by the programs that people open them with.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{fs, path::Path, process::Command, time::Duration};

use serde_json::json;
use testkit::System;

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
const CHECK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/roundtrip/check.py");

/// What no form takes is there all the same: other programs write into the same table.
const HOSTILE: [&str; 36] = [
    "=1+1",
    "+49",
    "-Ada",
    "@ada",
    "＝1",
    "\t=1",
    "\r=1",
    "\n=1",
    "O\"Brien",
    "\"",
    "\"\"",
    "a,b;c",
    "two\r\nlines",
    "two\nlines",
    "tab\there",
    "'quoted",
    "' OR 1",
    "<b>Ada</b>",
    "عائشة",
    "שלום",
    "Ада",
    "李小龍",
    "👩\u{200d}💻",
    "🏳\u{fe0f}\u{200d}🌈",
    "Zoë",
    "_x0041_",
    " spaced ",
    "1.5",
    "007",
    "TRUE",
    "2026-01-01",
    "#REF!",
    "100%",
    "1e5",
    "a\\b",
    "\u{202e}RTL\u{202c}",
];

/// Programs of other people find in each format what its profile promises.
#[tokio::test]
async fn hostile_cells_come_out_as_intended() {
    let system = System::start(BINARY, &[]).await;
    let longest = "ä".repeat(100);
    let names = HOSTILE.into_iter().chain([longest.as_str()]);
    let rows: Vec<[String; 3]> = names
        .enumerate()
        .map(|(n, name)| [name.to_owned(), name.to_owned(), format!("u{n}@example.com")])
        .collect();
    let database = rusqlite::Connection::open(system.data().join("userstream.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    for row in &rows {
        let insert = "INSERT INTO users (name, surname, email) VALUES (?1, ?2, ?3)";
        database.execute(insert, rusqlite::params_from_iter(row)).unwrap();
    }

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("expected.json"), json!(rows).to_string()).unwrap();
    let console = system.console().await;
    for (file, options) in [
        ("plain.csv", json!({})),
        ("excel.csv", json!({"excel": true})),
        ("people.xlsx", json!({})),
        ("people.ndjson", json!({})),
    ] {
        let format = Path::new(file).extension().unwrap().to_str();
        let columns = ["name", "surname", "email"];
        let request = json!({"format": format, "columns": columns, "options": options});
        let report = console.report(&request).await;
        assert_eq!(report["status"], "done", "{report}");
        fs::write(folder.path().join(file), console.download(&report).await).unwrap();
    }
    let checked = Command::new("/usr/bin/python3").arg(CHECK).arg(folder.path()).output();
    let checked = checked.expect("Python runs; scripts/install-test-tools installs it");
    let said = [checked.stdout, checked.stderr].concat();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&said));
}
