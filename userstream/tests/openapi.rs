//! The documents that others, the console first, make their types from: `docs/openapi`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{env, fs, path::Path};

use serde_json::Value;
use testkit::System;

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

/// Set, it writes the documents anew instead: `make openapi`.
const WRITE: &str = "WRITE_OPENAPI";

#[tokio::test]
async fn the_kept_documents_are_those_that_are_served() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi");
    let system = System::start(BINARY, &[]).await;
    let ports = system.ports();
    for (service, port) in [
        ("frontend", ports.frontend),
        ("queue-receiver", ports.queue_receiver),
        ("sender", ports.sender),
        ("database-service", ports.database_service),
        ("report-generator", ports.report_generator),
    ] {
        let url = format!("http://127.0.0.1:{port}/api-docs/openapi.json");
        let served: Value = system.http().get(url).send().await.unwrap().json().await.unwrap();
        let page = system.http().get(format!("http://127.0.0.1:{port}/api-docs")).send().await;
        let page = page.unwrap();
        let policy = page.headers()["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; "), "{policy}");
        let served = format!("{}\n", serde_json::to_string_pretty(&served).unwrap());
        let file = folder.join(format!("{service}.json"));
        if env::var_os(WRITE).is_some() {
            fs::create_dir_all(&folder).unwrap();
            fs::write(&file, served).unwrap();
            continue;
        }
        let kept = fs::read_to_string(&file).unwrap_or_default();
        assert!(
            kept == served,
            "docs/openapi/{service}.json is not what the {service} serves. `make openapi` writes it anew."
        );
    }
}
