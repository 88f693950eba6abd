//! A fuzzer (Schemathesis) reads the API documents of all five services, and sends what they allow and what
//! they do not: no answer is a 5xx, and none is of a status, type or shape that is not documented.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use testkit::{Ports, System};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
/// Cases for each call; `FUZZ_CASES` says otherwise.
const CASES: &str = "10";
/// What every answer is judged by.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance,unsupported_method,\
                      ignored_auth";
/// A stream without an end, and what would end the fuzzer's own session.
const NOT_CALLED: &str = "^/api/admin/(events|login|logout|password)$";

fn fuzzer() -> PathBuf {
    let target = Path::new(BINARY).ancestors().find(|path| path.ends_with("target"));
    let found = target.map(|target| target.join("fuzzer/bin/schemathesis"));
    found.filter(|fuzzer| fuzzer.exists()).unwrap_or_else(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        let fuzzer = root.join("target/fuzzer/bin/schemathesis");
        assert!(fuzzer.exists(), "the fuzzer is missing: run scripts/install-fuzzer");
        fuzzer
    })
}

/// Fuzzes one service, and returns what the fuzzer said.
fn fuzz(folder: &Path, service: &str, port: u16, header: &str) -> std::process::Child {
    let cases = std::env::var("FUZZ_CASES").unwrap_or_else(|_| CASES.to_owned());
    let mut command = Command::new(fuzzer());
    command
        .arg("run")
        .arg(format!("http://127.0.0.1:{port}/api-docs/openapi.json"))
        .args(["--url", &format!("http://127.0.0.1:{port}")])
        .args(["--checks", CHECKS, "--max-examples", &cases, "--header", header])
        .args(["--phases", "examples,coverage,fuzzing", "--continue-on-failure"])
        .args(["--exclude-path-regex", NOT_CALLED, "--request-timeout", "30"])
        .args(["--generation-database", ":memory:", "--warnings", "off", "--no-color"])
        .args(["--seed", "20261128", "--suppress-health-check", "all"])
        .current_dir(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap_or_else(|e| panic!("{service}: {e}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn no_call_of_any_service_answers_with_a_5xx_or_with_what_is_not_documented() {
    let system = System::start(BINARY, &[]).await;
    system.register("Ada", "Lovelace", "ada@example.com").await;
    let Ports { frontend, queue_receiver, sender, database_service, report_generator } =
        system.ports();
    let console = system.console().await;
    let token = |service: &str| format!("Authorization: Bearer {}", system.token(service));
    let runs = [
        ("frontend", frontend, format!("Cookie: {}", console.cookie())),
        ("queue-receiver", queue_receiver, token("queue-receiver")),
        ("sender", sender, token("sender")),
        ("database-service", database_service, token("database-service")),
        ("report-generator", report_generator, token("report-generator")),
    ];
    let folder = tempfile::tempdir().unwrap();
    // Two at a time: a service token ends after five minutes.
    let mut mistakes = Vec::new();
    for two in runs.chunks(2) {
        let running: Vec<_> = two
            .iter()
            .map(|(service, port, header)| (service, fuzz(folder.path(), service, *port, header)))
            .collect();
        for (service, child) in running {
            let Output { status, stdout, .. } = child.wait_with_output().unwrap();
            let said = String::from_utf8_lossy(&stdout);
            if !status.success() {
                mistakes.push(format!("=== {service}\n{said}"));
            }
        }
    }
    assert!(mistakes.is_empty(), "{}", mistakes.join("\n"));
    // And it is as well as before.
    let id = system.register("Grace", "Hopper", "grace@example.com").await;
    system.reaches(&id, "email_sent").await;
}
