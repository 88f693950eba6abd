//! The log of reports.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::ReportId;
use serde_json::json;
use uuid::Uuid;

use super::{AnyStore, at};
use crate::{NewReport, Report, ReportClaim, ReportResult, ReportStatus};

const MINUTE: Duration = Duration::from_mins(1);

fn new() -> NewReport {
    NewReport {
        report_id: ReportId::new(),
        report_name: "All of them".into(),
        format: "csv".into(),
        request: json!({"filters": {"q": "x'\"\u{0}👩"}, "columns": ["id"], "options": null}),
        requested_by: Some("ada@example.com".into()),
    }
}

fn done(file: &str) -> ReportResult {
    ReportResult::Done {
        record_count: 3,
        file_path: file.into(),
        size_bytes: 123,
        sha256: "ab".repeat(32),
        generated_at: at("2026-05-06T07:08:09.000001Z"),
    }
}

async fn requested(store: &AnyStore) -> ReportId {
    store.request_report(&new()).await.unwrap().report_id
}

async fn logged(store: &AnyStore, id: ReportId) -> Report {
    store.report(id).await.unwrap().unwrap()
}

pub async fn a_report_is_requested_once(store: AnyStore) {
    let new = new();
    assert_eq!(store.report(new.report_id).await.unwrap(), None);
    let report = store.request_report(&new).await.unwrap();
    let expected = Report {
        report_id: new.report_id,
        report_name: "All of them".into(),
        format: "csv".into(),
        status: ReportStatus::Queued,
        record_count: None,
        file_path: None,
        size_bytes: None,
        sha256: None,
        requested_by: Some("ada@example.com".into()),
        requested_at: report.requested_at,
        generated_at: None,
        error: None,
    };
    assert_eq!(report, expected);
    assert!((Utc::now() - report.requested_at).abs() < TimeDelta::minutes(1));
    assert_eq!(store.report(new.report_id).await.unwrap(), Some(report.clone()));

    let other = NewReport { report_name: "Another".into(), ..new.clone() };
    assert_eq!(store.request_report(&other).await.unwrap(), report, "the log has it already");
    store.finish_report(new.report_id, &done("a.csv")).await.unwrap();
    assert_eq!(store.request_report(&new).await.unwrap().status, ReportStatus::Done);
    assert_eq!(store.reports(None, 10).await.unwrap().items.len(), 1);
}

pub async fn a_report_is_claimed_by_one_generator(store: AnyStore) {
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let id = requested(&store).await;
    assert_eq!(store.claim_report(id, one, MINUTE).await.unwrap(), ReportClaim::Granted);
    assert_eq!(logged(&store, id).await.status, ReportStatus::Running);
    let ReportClaim::Held { until } = store.claim_report(id, two, MINUTE).await.unwrap() else {
        panic!("it is not held");
    };
    assert!(
        until > Utc::now() + TimeDelta::seconds(30) && until < Utc::now() + TimeDelta::seconds(90)
    );
    assert_eq!(store.claim_report(id, one, MINUTE * 10).await.unwrap(), ReportClaim::Granted);
    let renewed = store.claim_report(id, two, MINUTE).await.unwrap();
    assert!(matches!(renewed, ReportClaim::Held { until: later } if later > until));
    let unknown = store.claim_report(ReportId::new(), one, MINUTE).await.unwrap();
    assert_eq!(unknown, ReportClaim::Unknown);
}

pub async fn an_expired_claim_is_taken_over(store: AnyStore) {
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let id = requested(&store).await;
    assert_eq!(store.claim_report(id, one, Duration::ZERO).await.unwrap(), ReportClaim::Granted);
    assert_eq!(store.claim_report(id, two, MINUTE).await.unwrap(), ReportClaim::Granted);
    let late = store.claim_report(id, one, MINUTE).await.unwrap();
    assert!(matches!(late, ReportClaim::Held { .. }));
}

pub async fn a_finished_report_is_settled(store: AnyStore) {
    let id = requested(&store).await;
    store.claim_report(id, Uuid::now_v7(), MINUTE).await.unwrap();
    store.finish_report(id, &done("2026/all.csv")).await.unwrap();
    let report = logged(&store, id).await;
    assert_eq!(report.status, ReportStatus::Done);
    assert_eq!((report.record_count, report.size_bytes), (Some(3), Some(123)));
    assert_eq!(report.file_path.as_deref(), Some("2026/all.csv"));
    assert_eq!(report.sha256, Some("ab".repeat(32)));
    assert_eq!(report.generated_at, Some(at("2026-05-06T07:08:09.000001Z")));
    assert_eq!(report.error, None);
    let claim = store.claim_report(id, Uuid::now_v7(), MINUTE).await.unwrap();
    assert_eq!(claim, ReportClaim::Settled);
}

pub async fn a_failed_report_says_why(store: AnyStore) {
    let id = requested(&store).await;
    let failed = ReportResult::Failed { error: "There is no column \"age\".".into() };
    store.finish_report(id, &failed).await.unwrap();
    let report = logged(&store, id).await;
    assert_eq!(report.status, ReportStatus::Failed);
    assert_eq!(report.error.as_deref(), Some("There is no column \"age\"."));
    assert_eq!((report.record_count, report.file_path, report.generated_at), (None, None, None));
    let claim = store.claim_report(id, Uuid::now_v7(), MINUTE).await.unwrap();
    assert_eq!(claim, ReportClaim::Settled);
}

pub async fn a_file_outlives_a_late_failure(store: AnyStore) {
    let id = requested(&store).await;
    store.finish_report(id, &done("first.csv")).await.unwrap();
    let first = logged(&store, id).await;
    store.finish_report(id, &ReportResult::Failed { error: "late".into() }).await.unwrap();
    store.finish_report(id, &done("second.csv")).await.unwrap();
    assert_eq!(logged(&store, id).await, first);

    let id = requested(&store).await;
    store.finish_report(id, &ReportResult::Failed { error: "first".into() }).await.unwrap();
    store.finish_report(id, &ReportResult::Failed { error: "second".into() }).await.unwrap();
    assert_eq!(logged(&store, id).await.error.as_deref(), Some("first"));
    store.finish_report(id, &done("late.csv")).await.unwrap();
    let report = logged(&store, id).await;
    assert_eq!(
        (report.status, report.error),
        (ReportStatus::Done, None),
        "there is a file after all"
    );
    // One that is not there is passed over.
    store.finish_report(ReportId::new(), &done("nobody.csv")).await.unwrap();
}

pub async fn a_deleted_report_is_gone(store: AnyStore) {
    let id = requested(&store).await;
    let kept = requested(&store).await;
    let report = logged(&store, id).await;
    assert_eq!(store.delete_report(id).await.unwrap(), Some(report));
    assert_eq!(store.report(id).await.unwrap(), None);
    assert_eq!(store.delete_report(id).await.unwrap(), None);
    let claim = store.claim_report(id, Uuid::now_v7(), MINUTE).await.unwrap();
    assert_eq!(claim, ReportClaim::Unknown);
    let left: Vec<_> = store.reports(None, 10).await.unwrap().items;
    assert_eq!(left.iter().map(|r| r.report_id).collect::<Vec<_>>(), [kept]);
}

pub async fn long_texts_are_cut(store: AnyStore) {
    let long = NewReport {
        report_name: "ä".repeat(1000),
        format: "x".repeat(1000),
        requested_by: Some("y".repeat(1000)),
        ..new()
    };
    let report = store.request_report(&long).await.unwrap();
    assert_eq!(report.report_name, "ä".repeat(255));
    assert_eq!(report.format, "x".repeat(50));
    assert_eq!(report.requested_by, Some("y".repeat(255)));
}
