//! Reports that are made again and again, and come by e-mail.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{collections::BTreeSet, time::Duration};

use chrono::{DateTime, Timelike, Utc};
use reqwest::{Method, Response, StatusCode};
use serde_json::{Value, json};
use testkit::{Console, Role, Split, SplitSettings, System, eventually, eventually_within};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");

async fn call(console: &Console, method: Method, path: &str, body: &Value) -> Response {
    let call = console.call(method, path);
    let call = if body.is_null() { call } else { call.json(body) };
    call.send().await.unwrap()
}

async fn created(console: &Console, schedule: &Value) -> Value {
    let answer = call(console, Method::POST, "/schedules", schedule).await;
    assert_eq!(answer.status(), 201);
    answer.json().await.unwrap()
}

fn path_of(schedule: &Value) -> String {
    format!("/schedules/{}", schedule["schedule_id"].as_str().unwrap())
}

fn times(schedule: &Value) -> Vec<DateTime<Utc>> {
    let runs = schedule["next_runs"].as_array().unwrap();
    runs.iter().map(|run| run.as_str().unwrap().parse().unwrap()).collect()
}

#[tokio::test]
async fn a_schedule_is_kept_changed_and_removed() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let report = json!({
        "format": "csv", "report_name": "passed over", "filters": {"confirmed": true}, "columns": ["email"],
    });
    let schedule = created(
        &console,
        &json!({
            "report_name": "Every morning", "cron": "30 7 * * MON-FRI", "timezone": "Europe/Berlin",
            "report": report, "deliver_to": ["Ada@Example.com", "ada@example.com"],
        }),
    )
    .await;
    assert_eq!(schedule["report_name"], "Every morning");
    assert_eq!(schedule["cron"], "30 7 * * MON-FRI");
    assert_eq!(schedule["timezone"], "Europe/Berlin");
    assert_eq!(schedule["report"], report);
    assert_eq!(schedule["deliver_to"], json!(["Ada@example.com"]), "each address once");
    assert_eq!((&schedule["enabled"], &schedule["missed"]), (&json!(true), &json!("once")));
    assert_eq!((&schedule["last_run_at"], &schedule["last_status"]), (&Value::Null, &Value::Null));
    let runs = times(&schedule);
    assert_eq!(runs.len(), 5);
    assert_eq!(schedule["next_run_at"], schedule["next_runs"][0]);
    assert!(runs.is_sorted() && runs[0] > Utc::now());
    assert!(runs.iter().all(|run| run.minute() == 30 && [5, 6].contains(&run.hour())), "{runs:?}");

    let path = path_of(&schedule);
    assert_eq!(console.get(&path).await, schedule);
    let off = call(&console, Method::PUT, &path, &json!({"enabled": false})).await;
    let off: Value = off.json().await.unwrap();
    assert_eq!((&off["next_run_at"], &off["next_runs"]), (&Value::Null, &json!([])));
    for kept in ["report_name", "cron", "timezone", "report", "deliver_to", "missed"] {
        assert_eq!(off[kept], schedule[kept], "it stays as it is");
    }
    let change = json!({
        "cron": "0 0 1 1 *", "timezone": "UTC", "report": {"format": "pdf"}, "deliver_to": [],
        "enabled": true, "missed": "skip",
    });
    let changed = call(&console, Method::PUT, &path, &change).await;
    assert_eq!(changed.status(), 200);
    let changed: Value = changed.json().await.unwrap();
    for (field, value) in change.as_object().unwrap() {
        assert_eq!(&changed[field], value);
    }
    assert!(changed["next_run_at"].as_str().unwrap().ends_with("-01-01T00:00:00Z"));
    assert_eq!(console.all("/schedules").await.unwrap(), [changed]);

    assert_eq!(call(&console, Method::DELETE, &path, &Value::Null).await.status(), 204);
    for (method, body) in [
        (Method::GET, Value::Null),
        (Method::PUT, json!({"enabled": false})),
        (Method::DELETE, Value::Null),
    ] {
        assert_eq!(call(&console, method, &path, &body).await.status(), 404);
    }
    assert_eq!(
        call(&console, Method::POST, &format!("{path}/run"), &Value::Null).await.status(),
        404
    );
}

#[tokio::test]
async fn every_mistake_in_a_schedule_is_told() {
    let system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let fields = async |schedule: Value| -> Vec<String> {
        let answer = call(&console, Method::POST, "/schedules", &schedule).await;
        assert_eq!(answer.status(), StatusCode::UNPROCESSABLE_ENTITY, "{schedule}");
        let problem: Value = answer.json().await.unwrap();
        let errors = problem["errors"].as_array().unwrap();
        errors.iter().map(|error| error["field"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(fields(json!({})).await, ["cron", "report"]);
    let all_wrong = json!({
        "report_name": "x".repeat(256), "cron": "0 7 * *", "timezone": "Mars/Base",
        "report": {"format": "doc", "columns": ["password"], "options": {"delimiter": "ab"}},
        "deliver_to": ["ada@example.com", "nobody"],
    });
    assert_eq!(
        fields(all_wrong).await,
        [
            "report_name",
            "cron",
            "timezone",
            "report.format",
            "report.options.delimiter",
            "report.columns",
            "deliver_to[1]"
        ]
    );
    let never = json!({"cron": "0 0 31 2 *", "report": {"format": "csv"}});
    assert_eq!(fields(never).await, ["cron"]);
    assert_eq!(console.all("/schedules").await.unwrap(), [Value::Null; 0]);
}

#[tokio::test]
async fn a_report_comes_by_email() {
    let mut system = System::start(BINARY, &[]).await;
    let console = system.console().await;
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    system.reaches(&id, "email_sent").await;
    let schedule = created(
        &console,
        &json!({
            "report_name": "Für den <Vorstand>", "cron": "0 7 * * *", "enabled": false,
            "report": {"format": "csv", "columns": ["email"]},
            "deliver_to": ["board@example.com", "ada@example.com"],
        }),
    )
    .await;
    let path = path_of(&schedule);
    let answer = call(&console, Method::POST, &format!("{path}/run"), &Value::Null).await;
    assert_eq!(answer.status(), 202);
    let asked: Value = answer.json().await.unwrap();
    assert_eq!(asked["schedule_id"], schedule["schedule_id"]);
    assert_eq!(asked["report_name"], "Für den <Vorstand>");
    assert_eq!(asked["requested_by"], "admin@example.com");

    let mails = eventually("both are written to", || async {
        let mails: Vec<_> =
            system.outbox().into_iter().filter(|m| m.contains("/reports/")).collect();
        (mails.len() == 2).then_some(mails)
    })
    .await;
    let to: BTreeSet<_> = mails
        .iter()
        .map(|m| m.lines().find_map(|line| line.strip_prefix("To: ")).unwrap())
        .collect();
    assert_eq!(to, BTreeSet::from(["ada@example.com", "board@example.com"]));
    let schedule = console.get(&path).await;
    assert_eq!(schedule["last_status"], "done");
    assert_eq!(schedule["last_run_at"], asked["requested_at"]);

    // The log has it, with nobody's user, and can send it again.
    let log = console.all("/notifications").await.unwrap();
    let mut delivered = log.iter().filter(|n| n["notification_type"] == "report_ready");
    let first = delivered.next().unwrap();
    assert_eq!((&first["user_id"], delivered.count()), (&Value::Null, 1));
    let link = first["context"]["download_url"].as_str().unwrap();
    let again = format!("/notifications/{}", first["notification_id"].as_str().unwrap());
    let resent = call(&console, Method::POST, &format!("{again}/resend"), &Value::Null).await;
    assert_eq!(resent.status(), 202);
    eventually("it is sent again", || async {
        let sent = console.get(&again).await;
        (sent["status"] == "sent" && sent["attempts"] == 2).then_some(())
    })
    .await;

    // Whoever has the link has the file; nobody else does.
    let token = link.rsplit('/').next().unwrap();
    let open = async |token: &str| {
        let url = system.url(&format!("/reports/{token}"));
        system.http().get(url).header("accept", "text/html").send().await.unwrap()
    };
    let answer = open(token).await;
    assert_eq!(answer.status(), 200);
    let disposition = answer.headers()["content-disposition"].to_str().unwrap().to_owned();
    assert!(
        disposition.contains("filename*=UTF-8''F%C3%BCr%20den%20_Vorstand_%20"),
        "{disposition}"
    );
    assert_eq!(answer.bytes().await.unwrap(), "email\r\nada@example.com\r\n");
    let mut forged = token.to_owned();
    forged.replace_range(3..4, if &token[3..4] == "0" { "1" } else { "0" });
    for token in [forged.as_str(), "x", asked["report_id"].as_str().unwrap()] {
        let answer = open(token).await;
        assert_eq!(answer.status(), 404, "{token}");
        assert!(answer.text().await.unwrap().contains("This link is not complete"));
    }
    let report = format!("/reports/{}", asked["report_id"].as_str().unwrap());
    assert_eq!(call(&console, Method::DELETE, &report, &Value::Null).await.status(), 204);
    let gone = open(token).await;
    assert_eq!(gone.status(), 404);
    assert!(gone.text().await.unwrap().contains("This report is gone"));
    let log = system.process().output();
    for secret in ["board@example.com", "ada@example.com", token] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
}

#[tokio::test]
async fn a_small_report_goes_along_where_that_is_wanted() {
    let system = System::start(BINARY, &[("REPORT_ATTACH_UP_TO", "100")]).await;
    let console = system.console().await;
    let id = system.register("Ada", "Lovelace", "ada@example.com").await;
    system.reaches(&id, "stored").await;
    for (to, columns) in [("small@example.com", json!(["email"])), ("large@example.com", json!([]))]
    {
        let schedule = json!({
            "cron": "0 7 * * *", "enabled": false, "deliver_to": [to],
            "report": {"format": "csv", "report_name": "Everyone", "columns": columns},
        });
        let path = path_of(&created(&console, &schedule).await);
        let answer = call(&console, Method::POST, &format!("{path}/run"), &Value::Null).await;
        assert_eq!(answer.status(), 202);
        let mail = eventually("it is delivered", || async {
            system.outbox().into_iter().find(|mail| mail.contains(&format!("To: {to}\r\n")))
        })
        .await;
        assert!(mail.contains("/reports/"), "the link is there in any case");
        // email, a line end, ada@example.com, a line end
        let is_attached = mail.contains("ZW1haWwNCmFkYUBleGFtcGxlLmNvbQ0K");
        assert_eq!(is_attached, to.starts_with("small"), "{mail}");
        assert_eq!(mail.contains("filename=\"Everyone 20"), is_attached, "{mail}");
    }
}

#[tokio::test]
async fn two_generators_make_each_report_once() {
    let settings = SplitSettings::embedded().copies(Role::ReportGenerator, 2);
    let mut split = Split::start(BINARY, settings).await;
    let id = split.register("ada@example.com").await;
    split.mailed(&id).await;
    let console = split.console().await;
    let schedule = json!({
        "report_name": "Every minute", "cron": "* * * * *", "report": {"format": "csv"},
        "deliver_to": ["board@example.com"],
    });
    let schedule = created(&console, &schedule).await;
    let first = times(&schedule)[0];
    for n in 0..20 {
        let format = ["csv", "xlsx", "ndjson", "pdf"][n % 4];
        let asked = call(&console, Method::POST, "/reports", &json!({"format": format})).await;
        assert_eq!(asked.status(), 202);
    }
    // One generator dies on the way; what it had in hand is the other's.
    tokio::time::sleep(Duration::from_millis(300)).await;
    split.kill(Role::ReportGenerator, 0);
    split.restart(Role::ReportGenerator, 0);
    let ended = eventually_within(Duration::from_mins(3), "all are done", || async {
        let reports = console.all("/reports").await.ok()?;
        let done = reports.iter().filter(|report| report["status"] == "done").count();
        (done == reports.len() && done > 20).then_some(reports)
    })
    .await;
    let slots = usize::try_from((Utc::now() - first).num_minutes()).unwrap() + 1;
    let by_clock = ended.iter().filter(|r| r["schedule_id"] == schedule["schedule_id"]).count();
    assert!(by_clock == slots || by_clock + 1 == slots, "{by_clock} reports of {slots} slots");
    assert_eq!(ended.len(), 20 + by_clock);
    let files = std::fs::read_dir(split.folder().join("reports")).unwrap();
    let names: Vec<_> = files.map(|f| f.unwrap().file_name().into_string().unwrap()).collect();
    for report in &ended {
        assert_eq!(report["record_count"], 1);
        let id = report["report_id"].as_str().unwrap();
        let of_it = names.iter().filter(|name| name.starts_with(id)).count();
        assert_eq!(of_it, 2, "one file and its manifest");
    }
    eventually("each report of the clock is delivered once", || async {
        let log = console.all("/notifications").await.ok()?;
        let delivered = log.iter().filter(|n| n["notification_type"] == "report_ready");
        let sent = delivered.filter(|n| n["status"] == "sent" && n["attempts"] == 1).count();
        (sent >= by_clock).then_some(())
    })
    .await;
    for queue in console.get("/stats").await["queues"].as_array().unwrap() {
        assert_eq!(queue["dead_letters"], 0, "{queue}");
    }
}
