//! Reports, from the request to the file that a person opens.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::{collections::BTreeSet, fs, io::Cursor};

use calamine::{Data, Reader, Xlsx};
use common::crowd;
use reqwest::{Method, Response, header};
use serde_json::{Value, json};
use testkit::{Console, System, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

/// Names that break tables: formulas, separators, quotes, scripts of both directions, pictures, and length.
fn people() -> Vec<[String; 3]> {
    let names = [
        "=1+1",
        "+49",
        "-Ada",
        "@ada",
        "＝1",
        "O\"Brien",
        "a,b;c",
        "' OR 1",
        "<b>Ada</b>",
        "عائشة",
        "Ада",
        "李小龍",
        "👩\u{200d}💻",
        "Zoë",
        &"ä".repeat(100),
    ];
    let person = |(n, name): (usize, &&str)| {
        [(*name).to_owned(), "Lovelace".into(), format!("u{n}@example.com")]
    };
    names.iter().enumerate().map(person).collect()
}

async fn with_people(system: &System, console: &Console) -> Vec<[String; 3]> {
    let people = people();
    for [name, surname, email] in &people {
        system.register(name, surname, email).await;
    }
    eventually("all are stored", || async {
        (console.all_users().await.len() == people.len()).then_some(())
    })
    .await;
    people
}

fn id(report: &Value) -> &str {
    report["report_id"].as_str().unwrap()
}

async fn ask(console: &Console, request: &Value) -> Value {
    let answer = console.call(Method::POST, "/reports").json(request).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    answer.json().await.unwrap()
}

async fn get_file(console: &Console, report: &Value, headers: &[(&str, &str)]) -> Response {
    let path = format!("/reports/{}/download", id(report));
    let mut call = console.call(Method::GET, &path);
    for (name, value) in headers {
        call = call.header(*name, *value);
    }
    call.send().await.unwrap()
}

fn files(system: &System) -> BTreeSet<String> {
    let files = fs::read_dir(system.data().join("reports")).unwrap();
    files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn every_format_has_the_same_rows() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let mut expected = with_people(&system, &console).await;
    expected.sort();
    let columns = json!(["name", "surname", "email", "created_at"]);
    let make = async |format: &str, options: Value| {
        let request = json!({"format": format, "columns": columns, "options": options});
        let report = console.report(&request).await;
        assert_eq!(report["status"], "done", "{report}");
        assert_eq!(report["record_count"], expected.len());
        (console.download(&report).await, report)
    };
    let sorted = |mut rows: Vec<[String; 3]>| {
        rows.sort();
        rows
    };
    let of_csv = |file: &[u8]| {
        let mut reader = csv::Reader::from_reader(file);
        let rows = reader.records().map(|r| {
            let r = r.unwrap();
            [r[0].to_owned(), r[1].to_owned(), r[2].to_owned()]
        });
        sorted(rows.collect())
    };
    let (file, _) = make("csv", json!({})).await;
    assert_eq!(of_csv(&file), expected);

    // For spreadsheets nothing runs, and everything else is as it was.
    let (file, _) = make("csv", json!({"excel": true})).await;
    let text = String::from_utf8(file).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap();
    let guarded = |[name, surname, email]: &[String; 3]| {
        let runs = name.starts_with(['=', '+', '-', '@', '＝']);
        [if runs { format!("'{name}") } else { name.clone() }, surname.clone(), email.clone()]
    };
    assert_eq!(of_csv(text.as_bytes()), sorted(expected.iter().map(guarded).collect()));

    let (file, report) = make("ndjson", json!({"timezone": "Asia/Kathmandu"})).await;
    let text = String::from_utf8(file).unwrap();
    let rows: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let row =
        |row: &Value| ["name", "surname", "email"].map(|c| row[c].as_str().unwrap().to_owned());
    assert_eq!(sorted(rows.iter().map(row).collect()), expected);
    assert!(rows.iter().all(|row| row["created_at"].as_str().unwrap().ends_with("+05:45")));
    assert!(text.starts_with(r#"{"name":"#), "in the order of the columns");
    assert_eq!(report["file_path"], format!("{}.ndjson", id(&report)));

    let (file, _) = make("xlsx", json!({})).await;
    let mut workbook: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file)).unwrap();
    let sheet = workbook.worksheet_range("Report").unwrap();
    let mut rows = sheet.rows();
    let header: Vec<_> = rows.next().unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(header, ["name", "surname", "email", "created_at"]);
    let rows = rows.map(|row| {
        assert!(matches!(row[3], Data::DateTime(_)), "{row:?}");
        [0, 1, 2].map(|n| {
            let Data::String(text) = &row[n] else { panic!("{row:?}") };
            text.clone()
        })
    });
    assert_eq!(sorted(rows.collect()), expected, "texts are texts: a formula is none");
    assert_eq!(workbook.worksheet_formula("Report").unwrap().used_cells().count(), 0);

    let (file, _) = make("pdf", json!({})).await;
    assert!(file.starts_with(b"%PDF-") && file.trim_ascii_end().ends_with(b"%%EOF"));
}

#[tokio::test]
async fn a_report_can_be_checked_and_taken_up_again() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    with_people(&system, &console).await;
    let request = json!({
        "format": "csv", "report_name": "../Gäste \"heute\"\r\n", "filters": {"q": "ada"},
        "columns": ["email"], "options": {"header": false, "timezone": "Europe/Berlin"},
    });
    let report = console.report(&request).await;
    let answer = get_file(&console, &report, &[]).await;
    let headers = answer.headers().clone();
    let file = answer.bytes().await.unwrap();
    assert_eq!(file.split(|b| *b == b'\n').skip(1).count(), 3);
    assert_eq!(headers[header::CONTENT_TYPE], "text/csv; charset=utf-8");
    let disposition = headers[header::CONTENT_DISPOSITION].to_str().unwrap();
    let day = &report["requested_at"].as_str().unwrap()[..10];
    let expected = format!(
        "attachment; filename=\"_G_ste _heute_ {day}.csv\"; \
         filename*=UTF-8''_G%C3%A4ste%20_heute_%20{day}.csv"
    );
    assert_eq!(disposition, expected);
    let tag = headers[header::ETAG].to_str().unwrap();
    assert_eq!(tag, format!("\"{}\"", report["sha256"].as_str().unwrap()));

    let name = format!("{}.manifest.json", id(&report));
    let manifest = fs::read(system.data().join("reports").join(name)).unwrap();
    let manifest: Value = serde_json::from_slice(&manifest).unwrap();
    assert_eq!(manifest["rows"], 3);
    assert_eq!(manifest["bytes"], file.len());
    assert_eq!(manifest["sha256"], report["sha256"]);
    assert_eq!(manifest["filters"], json!({"q": "ada"}));
    assert_eq!(manifest["columns"], json!(["email"]));
    assert_eq!(manifest["timezone"], "Europe/Berlin");
    assert!(manifest["snapshot_at"].as_str() <= manifest["generated_at"].as_str());

    let known = get_file(&console, &report, &[("if-none-match", tag)]).await;
    assert_eq!(known.status(), 304);
    assert!(known.bytes().await.unwrap().is_empty());
    let rest = [("range", "bytes=5-"), ("if-range", tag)];
    let rest = get_file(&console, &report, &rest).await;
    assert_eq!(rest.status(), 206);
    assert_eq!(rest.bytes().await.unwrap(), file[5..]);
    let other = [("range", "bytes=5-"), ("if-range", "\"other\"")];
    let whole = get_file(&console, &report, &other).await;
    assert_eq!(whole.status(), 200);
    assert_eq!(whole.bytes().await.unwrap(), file);
    let beyond = get_file(&console, &report, &[("range", "bytes=99999-")]).await;
    assert_eq!(beyond.status(), 416);
}

#[tokio::test]
async fn a_report_tells_how_far_it_is_and_can_be_stopped() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    crowd(&system.data().join("userstream.db"), 400_000);
    let report = ask(&console, &json!({"format": "xlsx"})).await;
    let path = format!("/reports/{}", id(&report));
    eventually("it is running and has rows", || async {
        let report = console.get(&path).await;
        (report["status"] == "running" && report["record_count"].as_i64()? > 0).then_some(())
    })
    .await;
    // One that waits behind it, and is not wanted before it is begun.
    let waiting = ask(&console, &json!({"format": "csv"})).await;
    let call = console.call(Method::DELETE, &format!("/reports/{}", id(&waiting)));
    assert_eq!(call.send().await.unwrap().status(), 204);
    let answer = console.call(Method::POST, &format!("{path}/cancel")).send().await.unwrap();
    let cancelled: Value = answer.json().await.unwrap();
    assert_eq!(cancelled["status"], "failed");
    assert_eq!(cancelled["error"], "Cancelled by admin@example.com.");
    eventually("nothing is left of it", || async { files(&system).is_empty().then_some(()) }).await;
    assert_eq!(console.get(&path).await, cancelled, "it stays cancelled");
    assert_eq!(get_file(&console, &cancelled, &[]).await.status(), 409);

    // So does one that is deleted meanwhile; and a document has its limit.
    let deleted = ask(&console, &json!({"format": "csv"})).await;
    let call = console.call(Method::DELETE, &format!("/reports/{}", id(&deleted)));
    assert_eq!(call.send().await.unwrap().status(), 204);
    let long = console.report(&json!({"format": "pdf"})).await;
    assert_eq!(long["status"], "failed");
    assert!(
        long["error"].as_str().unwrap().starts_with("A PDF holds at most 10000 rows"),
        "{long}"
    );
    eventually("nothing is left of them", || async { files(&system).is_empty().then_some(()) })
        .await;
    let left = console.get("/reports").await;
    let left: Vec<_> = left["items"].as_array().unwrap().iter().map(id).collect();
    assert_eq!(left, [id(&long), id(&cancelled)], "what was deleted stays so");
}

#[tokio::test]
async fn what_a_killed_generator_had_in_hand_is_finished() {
    let mut system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    crowd(&system.data().join("userstream.db"), 300_000);
    let report = ask(&console, &json!({"format": "csv"})).await;
    let path = format!("/reports/{}", id(&report));
    eventually("it is running", || async {
        (console.get(&path).await["status"] == "running").then_some(())
    })
    .await;
    system.kill_and_restart().await;
    let console = system.console().await;
    assert!(files(&system).iter().all(|file| file.starts_with('.')), "no half file has a name");
    let ended =
        testkit::eventually_within(std::time::Duration::from_mins(2), "it is done", || async {
            let report = console.get(&path).await;
            matches!(report["status"].as_str(), Some("done" | "failed")).then_some(report)
        })
        .await;
    assert_eq!((&ended["status"], &ended["record_count"]), (&json!("done"), &json!(300_000)));
    let file = console.download(&ended).await;
    assert_eq!(file.split(|b| *b == b'\n').skip(1).count(), 300_001);
}

#[tokio::test]
async fn old_files_go_and_the_history_stays() {
    let mut system = System::start(BINARY, &[("REPORT_RETENTION_COUNT", "1")]).await;
    let console = system.console().await;
    let old = console.report(&json!({"format": "csv"})).await;
    let new = console.report(&json!({"format": "ndjson"})).await;
    assert_eq!(files(&system).len(), 4, "two files and their manifests");
    // It looks when it starts.
    system.kill_and_restart().await;
    let console = system.console().await;
    eventually("the older one is removed", || async { (files(&system).len() == 2).then_some(()) })
        .await;
    let old = console.get(&format!("/reports/{}", id(&old))).await;
    assert_eq!((&old["status"], &old["file_path"]), (&json!("done"), &Value::Null));
    let gone = get_file(&console, &old, &[]).await;
    assert_eq!(gone.status(), 410);
    let problem: Value = gone.json().await.unwrap();
    assert_eq!(
        problem["detail"],
        "The file was removed to keep the newest 1. Make the report again."
    );
    assert_eq!(get_file(&console, &new, &[]).await.status(), 200);
}
