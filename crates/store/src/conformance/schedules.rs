//! Schedules of reports.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ScheduleId;
use serde_json::json;
use uuid::Uuid;

use super::{AnyStore, ask_for, at, new_report};
use crate::{MissedSlots, NewReport, NewSchedule, Page, ReportResult, ReportStatus, Schedule};

fn new(next_run_at: Option<&str>) -> NewSchedule {
    NewSchedule {
        schedule_id: ScheduleId(Uuid::now_v7()),
        report_name: "Every morning ä\u{0}👩".into(),
        cron: "30 7 * * MON-FRI".into(),
        timezone: "Europe/Berlin".into(),
        report: json!({"format": "csv", "filters": {"q": "x'\""}, "columns": ["id"]}),
        deliver_to: vec!["ada@example.com".into(), "o'hara@example.com".into()],
        missed: MissedSlots::Skip,
        enabled: true,
        created_by: Some("ada@example.com".into()),
        next_run_at: next_run_at.map(at),
    }
}

/// As it is to come back.
fn kept(new: &NewSchedule, like: &Schedule) -> Schedule {
    Schedule {
        schedule_id: new.schedule_id,
        report_name: new.report_name.replace('\0', "\u{fffd}"),
        cron: new.cron.clone(),
        timezone: new.timezone.clone(),
        report: new.report.clone(),
        deliver_to: new.deliver_to.clone(),
        missed: new.missed,
        enabled: new.enabled,
        created_by: new.created_by.clone(),
        created_at: like.created_at,
        updated_at: like.updated_at,
        next_run_at: new.next_run_at,
        last_run_at: None,
        last_status: None,
    }
}

async fn created(store: &AnyStore, next_run_at: Option<&str>) -> Schedule {
    store.create_schedule(&new(next_run_at)).await.unwrap()
}

pub async fn a_schedule_is_created_once(store: AnyStore) {
    let new = new(Some("2026-03-04T06:30:00Z"));
    assert_eq!(store.schedule(new.schedule_id).await.unwrap(), None);
    let schedule = store.create_schedule(&new).await.unwrap();
    assert_eq!(schedule, kept(&new, &schedule));
    assert!((Utc::now() - schedule.created_at).abs() < TimeDelta::minutes(1));
    assert_eq!(store.schedule(new.schedule_id).await.unwrap(), Some(schedule.clone()));
    let other = NewSchedule { cron: "* * * * *".into(), ..new };
    assert_eq!(store.create_schedule(&other).await.unwrap(), schedule, "it is there already");
    assert_eq!(store.schedules(None, 10).await.unwrap().items, [schedule]);
}

pub async fn a_schedule_is_changed_and_deleted(store: AnyStore) {
    let first = created(&store, Some("2026-03-04T06:30:00Z")).await;
    let other = created(&store, None).await;
    let change = NewSchedule {
        schedule_id: first.schedule_id,
        report_name: "n".repeat(1000),
        cron: "0 0 1 * *".into(),
        timezone: "UTC".into(),
        report: json!({"format": "pdf"}),
        deliver_to: Vec::new(),
        missed: MissedSlots::Once,
        enabled: false,
        created_by: Some("eve@example.com".into()),
        next_run_at: None,
    };
    let changed = store.update_schedule(&change).await.unwrap().unwrap();
    let expected = Schedule {
        report_name: "n".repeat(255),
        created_by: first.created_by.clone(),
        created_at: first.created_at,
        ..kept(&change, &changed)
    };
    assert_eq!(changed, expected);
    assert!(changed.updated_at >= first.updated_at);
    assert_eq!(store.schedule(first.schedule_id).await.unwrap(), Some(changed));
    assert_eq!(store.schedule(other.schedule_id).await.unwrap(), Some(other.clone()));
    let nobody = NewSchedule { schedule_id: ScheduleId(Uuid::now_v7()), ..change };
    assert_eq!(store.update_schedule(&nobody).await.unwrap(), None);

    assert!(store.delete_schedule(first.schedule_id).await.unwrap());
    assert!(!store.delete_schedule(first.schedule_id).await.unwrap());
    assert_eq!(store.schedule(first.schedule_id).await.unwrap(), None);
    assert_eq!(store.schedules(None, 10).await.unwrap().items, [other]);
}

pub async fn pages_visit_each_schedule_once(store: AnyStore) {
    let mut newest_first = Vec::new();
    for _ in 0..7 {
        newest_first.insert(0, created(&store, None).await);
    }
    for limit in [1, 3, 7, 100] {
        let (mut schedules, mut before) = (Vec::new(), None);
        loop {
            let Page { items, next } = store.schedules(before, limit).await.unwrap();
            schedules.extend(items);
            before = next;
            if before.is_none() {
                break;
            }
        }
        assert_eq!(schedules, newest_first, "{limit}");
    }
}

async fn due(store: &AnyStore, now: &str, limit: u32) -> Vec<ScheduleId> {
    let due = store.due_schedules(at(now), limit).await.unwrap();
    due.iter().map(|schedule| schedule.schedule_id).collect()
}

pub async fn a_slot_is_due_when_it_has_come(store: AnyStore) {
    created(&store, None).await;
    let later = created(&store, Some("2026-03-04T06:31:00Z")).await.schedule_id;
    let sooner = created(&store, Some("2026-03-04T06:30:00Z")).await.schedule_id;
    assert_eq!(due(&store, "2026-03-04T06:29:59.999999Z", 10).await, []);
    assert_eq!(due(&store, "2026-03-04T06:30:00Z", 10).await, [sooner]);
    assert_eq!(due(&store, "2027-01-01T00:00:00Z", 10).await, [sooner, later]);
    assert_eq!(due(&store, "2027-01-01T00:00:00Z", 1).await, [sooner]);
}

pub async fn a_slot_is_advanced_from_where_it_was_seen(store: AnyStore) {
    let id = created(&store, Some("2026-03-04T06:30:00Z")).await.schedule_id;
    let (first, second) = (at("2026-03-04T06:30:00Z"), at("2026-03-05T06:30:00Z"));
    let next = async || store.schedule(id).await.unwrap().unwrap().next_run_at;
    store.advance_schedule(id, second, None).await.unwrap();
    assert_eq!(next().await, Some(first), "it was not seen there");
    store.advance_schedule(id, first, Some(second)).await.unwrap();
    assert_eq!(next().await, Some(second));
    store.advance_schedule(id, first, Some(DateTime::<Utc>::MAX_UTC)).await.unwrap();
    assert_eq!(next().await, Some(second), "by now it is another");
    store.advance_schedule(id, second, None).await.unwrap();
    assert_eq!(next().await, None);
    assert_eq!(due(&store, "2027-01-01T00:00:00Z", 10).await, []);
    store.advance_schedule(ScheduleId(Uuid::now_v7()), first, None).await.unwrap();
}

pub async fn the_latest_report_is_told(store: AnyStore) {
    let id = created(&store, None).await.schedule_id;
    let ask = async |schedule_id| {
        let report = NewReport { report_name: "Every morning".into(), schedule_id, ..new_report() };
        ask_for(&store, &report).await
    };
    let first = ask(Some(id)).await;
    let second = ask(Some(id)).await;
    ask(None).await;
    ask(Some(ScheduleId(Uuid::now_v7()))).await;
    let latest = async || {
        let schedule = store.schedule(id).await.unwrap().unwrap();
        (schedule.last_run_at, schedule.last_status)
    };
    assert_eq!(latest().await, (Some(second.requested_at), Some(ReportStatus::Queued)));
    let owner = Uuid::now_v7();
    for report in [first, second] {
        let lease = Duration::from_mins(1);
        store.claim_report(report.report_id, owner, lease).await.unwrap();
    }
    assert_eq!(latest().await.1, Some(ReportStatus::Running));
    let id_of_second = store.reports(None, 10).await.unwrap().items[2].report_id;
    let failed = ReportResult::Failed { error: "The folder is full.".into() };
    assert!(store.finish_report(id_of_second, owner, &failed).await.unwrap());
    assert_eq!(latest().await.1, Some(ReportStatus::Failed));
}
