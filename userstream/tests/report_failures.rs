//! What becomes of a report when the disk, the folder or the database fails in the middle of it.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use common::crowd;
use reqwest::Method;
use serde_json::{Value, json};
use testkit::{Console, Role, Split, SplitSettings, System, eventually, eventually_within};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// The binary, in a world of its own where `reports` lies on a disk of 256 KiB. None where this machine does
/// not let anybody make such a world.
fn on_a_small_disk(folder: &Path) -> Option<PathBuf> {
    let enter = "unshare --map-root-user --mount";
    let may = Command::new("sh").args(["-c", &format!("{enter} true")]).status().unwrap();
    if !may.success() {
        return None;
    }
    let script = folder.join("userstream");
    let text = format!(
        "#!/bin/sh\nexec {enter} sh -c 'mkdir -p var/reports \
         && mount -t tmpfs -o size=256k none var/reports && exec {BINARY} \"$@\"' sh \"$@\"\n"
    );
    fs::write(&script, text).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
    Some(script)
}

#[tokio::test]
async fn a_full_disk_fails_the_report_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let Some(binary) = on_a_small_disk(folder.path()) else {
        eprintln!("not tried: this machine forbids namespaces, and with them a small disk");
        return;
    };
    let variables = [("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")];
    let mut system = System::start(binary, &variables).await;
    let console = system.console().await;
    // The folder as the process sees it.
    let pid = system.process().id();
    let reports = system.data().join("reports");
    let reports = Path::new(&format!("/proc/{pid}/root")).join(reports.strip_prefix("/").unwrap());
    let small = console.report(&json!({"format": "csv"})).await;
    assert_eq!(small["status"], "done");
    assert_eq!(names(&reports).len(), 2, "it lies on the small disk");

    crowd(&system.data().join("userstream.db"), 20_000);
    for format in ["csv", "xlsx", "ndjson"] {
        let failed = console.report(&json!({"format": format})).await;
        assert_eq!(failed["status"], "failed", "{failed}");
        let error = failed["error"].as_str().unwrap();
        assert!(error.contains("No space left on device"), "{error}");
        assert_eq!((&failed["file_path"], &failed["record_count"]), (&Value::Null, &Value::Null));
        assert_eq!(names(&reports).len(), 2, "nothing of it is left");
    }
    let filters = json!({"q": "u1999"});
    let fits = console.report(&json!({"format": "csv", "filters": filters})).await;
    assert_eq!((&fits["status"], &fits["record_count"]), (&json!("done"), &json!(11)));
    let dead = console.get("/dead-letters").await;
    assert_eq!(dead["items"], json!([]), "the log says it, once and for all");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_fails_the_report_and_may_come_back() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let folder = system.data().join("reports");
    fs::remove_dir_all(&folder).unwrap();
    fs::write(&folder, "not a folder").unwrap();
    for format in ["csv", "xlsx", "ndjson", "pdf"] {
        let failed = console.report(&json!({"format": format})).await;
        assert_eq!(failed["status"], "failed", "{failed}");
        let error = failed["error"].as_str().unwrap();
        assert!(
            error.starts_with("The file could not be written in the report folder:"),
            "{error}"
        );
    }
    fs::remove_file(&folder).unwrap();
    fs::create_dir(&folder).unwrap();
    let done = console.report(&json!({"format": "csv"})).await;
    assert_eq!(done["status"], "done", "{done}");
}

#[tokio::test]
async fn a_database_that_goes_away_and_comes_back_costs_time_only() {
    let mut split = Split::start(BINARY, SplitSettings::embedded()).await;
    crowd(&split.folder().join("userstream.db"), 200_000);
    let console = split.console().await;
    let asked = console.call(Method::POST, "/reports").json(&json!({"format": "csv"}));
    let asked: Value = asked.send().await.unwrap().json().await.unwrap();
    let id = asked["report_id"].as_str().unwrap();
    let reports = split.folder().join("reports");
    eventually("its file is being written", || async {
        let files = fs::read_dir(&reports).ok()?;
        let sizes = files.map(|file| file.unwrap().metadata().map_or(0, |of| of.len()));
        (sizes.sum::<u64>() > 0).then_some(())
    })
    .await;
    split.kill(Role::DatabaseService, 0);
    eventually("nothing is left of it", || async { names(&reports).is_empty().then_some(()) })
        .await;
    split.answers(Role::ReportGenerator, "/health/live", 200).await;
    split.restart(Role::DatabaseService, 0);
    let console = reconnected(&split).await;
    let done = eventually_within(Duration::from_mins(2), "it is done", || async {
        let report = console.try_get(&format!("/reports/{id}")).await.ok()?;
        matches!(report["status"].as_str(), Some("done" | "failed")).then_some(report)
    })
    .await;
    assert_eq!(
        (&done["status"], &done["record_count"]),
        (&json!("done"), &json!(200_000)),
        "{done}"
    );
    let file = console.download(&done).await;
    assert_eq!(file.split(|byte| *byte == b'\n').skip(1).count(), 200_001);
    assert_eq!(names(&reports).len(), 2, "one file and its manifest");
    assert_eq!(console.get("/dead-letters").await["items"], json!([]));
}

/// The console, once the Database Service answers again.
async fn reconnected(split: &Split) -> Console {
    split.answers(Role::DatabaseService, "/health/ready", 200).await;
    split.console().await
}
