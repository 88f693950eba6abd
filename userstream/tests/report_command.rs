//! `userstream report`: a file, here.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{fs, process::Output, time::Duration};

use axum::{Json, Router, routing::get};
use common::crowd;
use serde_json::json;
use testkit::System;

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

fn report(system: &System, args: &[&str]) -> Output {
    let ports = system.ports();
    let url = |port| format!("http://127.0.0.1:{port}");
    let mut command = system.command(&[&["report"], args].concat());
    command.env("REPORT_GENERATOR_URL", url(ports.report_generator));
    command.env("DATABASE_SERVICE_URL", url(ports.database_service)).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[tokio::test]
async fn a_report_comes_to_a_file_or_to_standard_output() {
    let system = System::start(BINARY, &[]).await;
    crowd(&system.data().join("userstream.db"), 3);
    let columns = ["--columns", "email,name", "--delimiter", ";", "--no-header"];
    let output = report(&system, &columns);
    assert!(output.status.success(), "{}", said(&output));
    let rows = "u1@example.com;Ada\r\nu2@example.com;Ada\r\nu3@example.com;Ada\r\n";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), rows);

    let file = system.data().join("people.ndjson");
    let to_file = ["--output", file.to_str().unwrap(), "--q", "U2@", "--columns", "email"];
    let output = report(&system, &to_file);
    assert!(output.status.success(), "{}", said(&output));
    assert_eq!(output.stdout, b"");
    let told = said(&output);
    assert!(told.starts_with(&format!("1 row in {}, SHA-256 ", file.display())), "{told}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "{\"email\":\"u2@example.com\"}\n");
    assert!(!file.with_extension("ndjson.part").exists());
}

#[tokio::test]
async fn a_file_that_always_ends_too_early_is_given_up() {
    let made = Json(json!({
        "report_id": "0190a000-0000-7000-8000-000000000000", "report_name": "people", "format": "csv",
        "status": "done", "record_count": 1, "file_path": "people.csv", "size_bytes": 100, "sha256": "",
        "requested_by": null, "requested_at": "2026-01-02T03:04:05Z",
        "generated_at": "2026-01-02T03:04:06Z", "error": null,
    }));
    let ask = {
        let made = made.clone();
        async move || made
    };
    let app = Router::new()
        .route("/reports", axum::routing::post(ask))
        .route("/reports/{id}", get(async move || made))
        .route("/reports/{id}/download", get(async || ""));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    let folder = tempfile::tempdir().unwrap();
    let output = tokio::task::spawn_blocking(move || {
        let mut command = std::process::Command::new(BINARY);
        command.args(["report", "--q", "ada"]).env_clear().current_dir(folder.path());
        command.env("JWT_SECRET", "0123456789abcdef0123456789abcdef");
        command.env("REPORT_GENERATOR_URL", url).output().unwrap()
    });
    let output = tokio::time::timeout(Duration::from_mins(1), output).await;
    let output = output.expect("it does not try for ever").unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output).contains("does not come through: it ends too early"),
        "{}",
        said(&output)
    );
}

#[tokio::test]
async fn what_is_wrong_is_told_in_one_line() {
    let system = System::start(BINARY, &[]).await;
    for (args, wanted) in [
        (&["--output", "people.doc"][..], "there is no format \"doc\""),
        (&["--columns", "password", "--timezone", "Mars"], "There is no column \"password\""),
        (&["--created-from", "yesterday"], "In filters: "),
        (&["--output", "no/such/folder/people.csv"], "cannot write no/such/folder/people.csv"),
    ] {
        let output = report(&system, args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let said = said(&output);
        assert!(said.contains(wanted) && said.trim().lines().count() == 1, "{args:?}: {said}");
    }
    let nobody =
        system.command(&["report"]).env("REPORT_GENERATOR_URL", "http://127.0.0.1:9").output();
    let said = said(&nobody.unwrap());
    assert!(said.contains("the Report Generator does not answer"), "{said}");
    assert!(said.contains("REPORT_GENERATOR_URL"), "{said}");
}
