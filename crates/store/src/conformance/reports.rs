//! The log of reports.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use domain::{ReportId, ScheduleId};
use serde_json::json;
use uuid::Uuid;

use super::{AnyStore, ask_for, at, new_report};
use crate::{NewReport, Report, ReportClaim, ReportResult, ReportStatus, Retention};

const MINUTE: Duration = Duration::from_mins(1);

fn new() -> NewReport {
    NewReport {
        request: json!({"filters": {"q": "x'\"\u{0}👩"}, "columns": ["id"], "options": null}),
        requested_by: Some("ada@example.com".into()),
        schedule_id: Some(ScheduleId(Uuid::from_u128(7))),
        ..new_report()
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
    ask_for(store, &new()).await.report_id
}

/// A report in somebody's hand.
async fn claimed(store: &AnyStore) -> (ReportId, Uuid) {
    let (id, owner) = (requested(store).await, Uuid::now_v7());
    assert_eq!(store.claim_report(id, owner, MINUTE).await.unwrap(), ReportClaim::Granted);
    (id, owner)
}

fn failed(error: &str) -> ReportResult {
    ReportResult::Failed { error: error.into() }
}

async fn logged(store: &AnyStore, id: ReportId) -> Report {
    store.report(id).await.unwrap().unwrap()
}

pub async fn a_report_is_requested_once(store: AnyStore) {
    let new = new();
    assert_eq!(store.report(new.report_id).await.unwrap(), None);
    let report = ask_for(&store, &new).await;
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
        schedule_id: new.schedule_id,
    };
    assert_eq!(report, expected);
    assert!((Utc::now() - report.requested_at).abs() < TimeDelta::minutes(1));
    assert_eq!(store.report(new.report_id).await.unwrap(), Some(report.clone()));

    let other = NewReport { report_name: "Another".into(), ..new.clone() };
    assert_eq!(ask_for(&store, &other).await, report, "the log has it already");
    let owner = Uuid::now_v7();
    store.claim_report(new.report_id, owner, MINUTE).await.unwrap();
    store.finish_report(new.report_id, owner, &done("a.csv")).await.unwrap();
    assert_eq!(ask_for(&store, &new).await.status, ReportStatus::Done);
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
    let (id, owner) = claimed(&store).await;
    assert!(store.finish_report(id, owner, &done("2026/all.csv")).await.unwrap());
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
    let (id, owner) = claimed(&store).await;
    assert!(store.finish_report(id, owner, &failed("There is no column \"age\".")).await.unwrap());
    let report = logged(&store, id).await;
    assert_eq!(report.status, ReportStatus::Failed);
    assert_eq!(report.error.as_deref(), Some("There is no column \"age\"."));
    assert_eq!((report.record_count, report.file_path, report.generated_at), (None, None, None));
    let claim = store.claim_report(id, Uuid::now_v7(), MINUTE).await.unwrap();
    assert_eq!(claim, ReportClaim::Settled);
}

pub async fn an_end_is_recorded_once_and_by_its_owner(store: AnyStore) {
    let (id, owner) = claimed(&store).await;
    let other = Uuid::now_v7();
    assert!(!store.finish_report(id, other, &done("other.csv")).await.unwrap());
    assert_eq!(logged(&store, id).await.status, ReportStatus::Running);
    assert!(store.finish_report(id, owner, &done("first.csv")).await.unwrap());
    let first = logged(&store, id).await;
    // As when the answer was lost.
    assert!(store.finish_report(id, owner, &done("first.csv")).await.unwrap());
    assert!(!store.finish_report(id, other, &failed("late")).await.unwrap());
    assert_eq!(logged(&store, id).await, first);

    // Whoever lost the claim while at work is not heard.
    let (one, two) = (Uuid::now_v7(), Uuid::now_v7());
    let id = requested(&store).await;
    store.claim_report(id, one, Duration::ZERO).await.unwrap();
    store.claim_report(id, two, MINUTE).await.unwrap();
    assert!(!store.finish_report(id, one, &done("late.csv")).await.unwrap());
    assert!(store.finish_report(id, two, &done("second.csv")).await.unwrap());
    assert_eq!(logged(&store, id).await.file_path.as_deref(), Some("second.csv"));
    // A claim that ran out and that nobody took is still its owner's.
    let id = requested(&store).await;
    store.claim_report(id, one, Duration::ZERO).await.unwrap();
    assert!(store.finish_report(id, one, &done("slow.csv")).await.unwrap());
    // Neither of one that nobody claimed, nor of one that is not there.
    let id = requested(&store).await;
    assert!(!store.finish_report(id, one, &done("nobody.csv")).await.unwrap());
    assert!(!store.finish_report(ReportId::new(), one, &done("nobody.csv")).await.unwrap());
}

pub async fn a_renewed_claim_tells_how_far_it_is(store: AnyStore) {
    let (id, owner) = claimed(&store).await;
    let other = Uuid::now_v7();
    assert_eq!(logged(&store, id).await.record_count, None);
    assert!(store.renew_report(id, owner, 40_000, MINUTE * 10).await.unwrap());
    assert_eq!(logged(&store, id).await.record_count, Some(40_000));
    let ReportClaim::Held { until } = store.claim_report(id, other, MINUTE).await.unwrap() else {
        panic!("it is not held");
    };
    assert!(until > Utc::now() + TimeDelta::minutes(9));
    assert!(!store.renew_report(id, other, 1, MINUTE).await.unwrap());
    assert!(store.finish_report(id, owner, &failed("The folder is full.")).await.unwrap());
    assert!(!store.renew_report(id, owner, 2, MINUTE).await.unwrap());
    assert_eq!(logged(&store, id).await.record_count, None);
}

pub async fn a_cancelled_report_is_over(store: AnyStore) {
    let (running, owner) = claimed(&store).await;
    let queued = requested(&store).await;
    for id in [running, queued] {
        let report = store.cancel_report(id, "Cancelled by Ada.").await.unwrap().unwrap();
        assert_eq!(report.status, ReportStatus::Failed);
        assert_eq!(report.error.as_deref(), Some("Cancelled by Ada."));
        assert_eq!(logged(&store, id).await, report);
        let claim = store.claim_report(id, owner, MINUTE).await.unwrap();
        assert_eq!(claim, ReportClaim::Settled);
        assert!(!store.renew_report(id, owner, 1, MINUTE).await.unwrap());
        assert!(!store.finish_report(id, owner, &done("late.csv")).await.unwrap());
        assert_eq!(logged(&store, id).await, report);
    }
    let (id, owner) = claimed(&store).await;
    store.finish_report(id, owner, &done("done.csv")).await.unwrap();
    let report = store.cancel_report(id, "too late").await.unwrap().unwrap();
    assert_eq!((report.status, report.error), (ReportStatus::Done, None));
    assert_eq!(store.cancel_report(ReportId::new(), "nobody").await.unwrap(), None);
}

pub async fn outdated_files_are_found_and_forgotten(store: AnyStore) {
    let mut ids = Vec::new();
    for day in 1..=4 {
        let (id, owner) = claimed(&store).await;
        let ReportResult::Done { record_count, file_path, size_bytes, sha256, .. } = done("a.csv")
        else {
            panic!();
        };
        let generated_at = at(&format!("2026-05-0{day}T00:00:00Z"));
        let done = ReportResult::Done { record_count, file_path, size_bytes, sha256, generated_at };
        store.finish_report(id, owner, &done).await.unwrap();
        ids.push(id);
    }
    let (failed_one, owner) = claimed(&store).await;
    store.finish_report(failed_one, owner, &failed("no")).await.unwrap();
    requested(&store).await;
    let outdated = async |since: Option<&str>, newest, limit| {
        let retention = Retention { since: since.map(at), newest };
        let found = store.outdated_reports(&retention, limit).await.unwrap();
        found.iter().map(|r| r.report_id).collect::<Vec<_>>()
    };
    assert_eq!(outdated(None, None, 10).await, []);
    assert_eq!(outdated(Some("2026-05-03T00:00:00Z"), None, 10).await, ids[..2]);
    assert_eq!(outdated(None, Some(1), 10).await, ids[..3]);
    assert_eq!(outdated(None, Some(4), 10).await, []);
    assert_eq!(outdated(None, Some(0), 10).await, ids);
    assert_eq!(outdated(Some("2026-05-02T00:00:00Z"), Some(2), 10).await, ids[..2], "either");
    assert_eq!(outdated(None, Some(0), 2).await, ids[..2]);

    store.forget_file(ids[0], "Removed after 90 days.").await.unwrap();
    let report = logged(&store, ids[0]).await;
    assert_eq!((report.status, &report.file_path), (ReportStatus::Done, &None));
    assert_eq!(report.error.as_deref(), Some("Removed after 90 days."));
    assert_eq!(report.record_count, Some(3));
    assert_eq!(outdated(None, Some(0), 10).await, ids[1..]);
    // Twice is once, and what has no file keeps its reason.
    store.forget_file(ids[0], "again").await.unwrap();
    store.forget_file(failed_one, "again").await.unwrap();
    assert_eq!(logged(&store, ids[0]).await, report);
    assert_eq!(logged(&store, failed_one).await.error.as_deref(), Some("no"));
    store.forget_file(ReportId::new(), "nobody").await.unwrap();
}

pub async fn a_deleted_report_is_gone(store: AnyStore) {
    let new = new();
    let report = ask_for(&store, &new).await;
    let id = report.report_id;
    let kept = requested(&store).await;
    assert_eq!(store.delete_report(id).await.unwrap(), Some(report));
    assert_eq!(store.report(id).await.unwrap(), None);
    assert_eq!(store.delete_report(id).await.unwrap(), None);
    let claim = store.claim_report(id, Uuid::now_v7(), MINUTE).await.unwrap();
    assert_eq!(claim, ReportClaim::Unknown);
    // As when its request has waited in the queue until now.
    assert_eq!(store.request_report(&new).await.unwrap(), None);
    assert_eq!(store.report(id).await.unwrap(), None);
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
    let report = ask_for(&store, &long).await;
    assert_eq!(report.report_name, "ä".repeat(255));
    assert_eq!(report.format, "x".repeat(50));
    assert_eq!(report.requested_by, Some("y".repeat(255)));
}
