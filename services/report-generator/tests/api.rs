//! The calls that hand reports out and delete them, and what lies in the folder.

#![allow(clippy::unwrap_used, reason = "helpers of tests are tests")]

use std::{fs, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, time::Duration};

use domain::{LinkKeys, ScheduleId};
use queue::RetryDelays;
use report_generator::{Dependencies, Settings};
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_RANGE, CONTENT_TYPE, IF_UNMODIFIED_SINCE, RANGE, RETRY_AFTER},
};
use runtime::{Secret, ServiceTokens};
use serde_json::{Value, json};
use store::{MissedSlots, NewSchedule, Report, ReportStatus, Store};
use tempfile::TempDir;
use testkit::eventually;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use uuid::Uuid;

/// A generator on a database, a queue and a folder of its own. It is told to stop when this is dropped.
struct House {
    url: String,
    tokens: ServiceTokens,
    store: Arc<dyn Store>,
    folder: TempDir,
    _stop: DropGuard,
}

impl House {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = |name: &str| format!("sqlite:{}", folder.path().join(name).display());
        let store = store::open(&url("store.db")).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let secret = Secret::new("0123456789abcdef0123456789abcdef");
        let tokens = ServiceTokens::new(&secret, None);
        let dependencies = Dependencies {
            queue: queue::open(&url("queue.db"), None).await.unwrap(),
            users: store.clone(),
            reports: store.clone(),
            schedules: store.clone(),
            database: store.clone(),
            tokens: tokens.clone(),
            links: LinkKeys::derive(secret.expose().as_bytes(), []),
        };
        let settings = Settings {
            output_dir: folder.path().join("reports"),
            attach_up_to: None,
            public_url: "https://example.org".into(),
            csv_delimiter: b',',
            retention_days: None,
            retention_count: None,
            retry_delays: RetryDelays::new([]),
        };
        let shutdown = CancellationToken::new();
        let stop = shutdown.clone().drop_guard();
        let listener = listener.try_into().unwrap();
        tokio::spawn(report_generator::run(listener, dependencies, settings, shutdown));
        Self { url: format!("http://{address}"), tokens, store, folder, _stop: stop }
    }

    /// Asks as another service does.
    fn call(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let token = self.tokens.sign("test", "report-generator", Duration::from_mins(1));
        let call = testkit::http_client().request(method, format!("{}{path}", self.url));
        call.bearer_auth(token)
    }

    async fn answer(&self, method: Method, path: &str) -> Response {
        self.call(method, path).send().await.unwrap()
    }

    /// A report that is done, and where its file lies.
    async fn report(&self) -> (Report, PathBuf) {
        let asked = self.call(Method::POST, "/reports").json(&json!({"format": "csv"}));
        let asked: Report = asked.send().await.unwrap().json().await.unwrap();
        let done = eventually("the report is done", || async {
            let report = self.store.report(asked.report_id).await.unwrap()?;
            (report.status == ReportStatus::Done).then_some(report)
        })
        .await;
        let file = self.folder.path().join("reports").join(done.file_path.as_ref().unwrap());
        (done, file)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_report_stays_in_the_log_until_its_file_is_removed() {
    let house = House::start().await;
    let (report, file) = house.report().await;
    let path = format!("/reports/{}", report.report_id);
    // What is no file cannot be removed like one.
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    let refused = house.answer(Method::DELETE, &path).await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(refused.headers().contains_key(RETRY_AFTER));
    assert_eq!(house.answer(Method::GET, &path).await.status(), StatusCode::OK);

    fs::remove_dir(&file).unwrap();
    fs::write(&file, "rows").unwrap();
    assert_eq!(house.answer(Method::DELETE, &path).await.status(), StatusCode::NO_CONTENT);
    assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 0);
    assert_eq!(house.answer(Method::DELETE, &path).await.status(), StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_else_may_read_a_report() {
    let house = House::start().await;
    let (_, file) = house.report().await;
    for file in fs::read_dir(file.parent().unwrap()).unwrap().map(Result::unwrap) {
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{}", file.path().display());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_file_that_is_not_sent_is_a_problem() {
    let house = House::start().await;
    let (report, _) = house.report().await;
    let path = format!("/reports/{}/download", report.report_id);
    for (header, value, status, range) in [
        (RANGE, "bytes=999999999-", StatusCode::RANGE_NOT_SATISFIABLE, report.size_bytes),
        (
            IF_UNMODIFIED_SINCE,
            "Thu, 01 Jan 1970 00:00:00 GMT",
            StatusCode::PRECONDITION_FAILED,
            None,
        ),
    ] {
        let asked = house.call(Method::GET, &path).header(header, value);
        let answer = asked.send().await.unwrap();
        assert_eq!(answer.status(), status);
        assert_eq!(answer.headers()[CONTENT_TYPE], "application/problem+json");
        let told = answer.headers().get(CONTENT_RANGE).map(|range| range.to_str().unwrap());
        assert_eq!(told, range.map(|bytes| format!("bytes */{bytes}")).as_deref());
        let problem: Value = answer.json().await.unwrap();
        assert_eq!(problem["status"], status.as_u16());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_schedule_whose_report_cannot_be_read_is_not_run() {
    let house = House::start().await;
    let new = NewSchedule {
        schedule_id: ScheduleId(Uuid::now_v7()),
        report_name: "Every day".into(),
        cron: "0 0 * * *".into(),
        timezone: "UTC".into(),
        report: json!({"no": "report"}),
        deliver_to: Vec::new(),
        missed: MissedSlots::Once,
        enabled: false,
        created_by: None,
        next_run_at: None,
    };
    let schedule = house.store.create_schedule(&new).await.unwrap();
    let path = format!("/schedules/{}/run", schedule.schedule_id);
    let answer = house.answer(Method::POST, &path).await;
    assert_eq!(answer.status(), StatusCode::CONFLICT);
    let problem: Value = answer.json().await.unwrap();
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.starts_with("The report of this schedule cannot be read: "), "{detail}");
}
