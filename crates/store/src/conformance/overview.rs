//! The store as a whole.

use std::time::Duration;

use chrono::{DurationRound, TimeDelta, Utc};
use uuid::Uuid;

use super::{AnyStore, address, ask_for, at, new_report, registration, request};
use crate::{AttemptOutcome, MinuteCount, NotificationAttempt, ReportResult, Stats, UserStats};

pub async fn an_empty_store_counts_nothing(store: AnyStore) {
    store.check().await.unwrap();
    let Stats { users, notifications, reports } = store.stats().await.unwrap();
    assert_eq!(users, UserStats::default());
    let zero = |names: &[&str]| names.iter().map(|n| ((*n).to_owned(), 0)).collect();
    assert_eq!(notifications, zero(&["queued", "sending", "sent", "retrying", "failed"]));
    assert_eq!(reports, zero(&["queued", "running", "done", "failed"]));
}

pub async fn everything_is_counted(store: AnyStore) {
    let items: Vec<_> = (0..5).map(|n| registration(&address(n))).collect();
    let recorded = store.record(&items).await.unwrap();
    store.confirm(items[0].registration_id, Utc::now()).await.unwrap();
    store.confirm(items[1].registration_id, Utc::now()).await.unwrap();
    let mails: Vec<_> = recorded.iter().map(request).collect();
    store.claim_notifications(&mails[..1], Duration::from_mins(1)).await.unwrap();
    let outcomes = [AttemptOutcome::Sent, AttemptOutcome::Retrying, AttemptOutcome::Failed];
    let attempts: Vec<_> = outcomes
        .into_iter()
        .zip(&mails[1..])
        .map(|(outcome, mail)| NotificationAttempt {
            notification_id: mail.notification_id,
            outcome,
            reply: String::new(),
            at: at("2026-05-06T07:08:09Z"),
            undeliverable: false,
        })
        .collect();
    store.record_attempts(&attempts).await.unwrap();
    for failed in [false, true] {
        let id = ask_for(&store, &new_report()).await.report_id;
        if failed {
            let owner = Uuid::now_v7();
            store.claim_report(id, owner, Duration::from_mins(1)).await.unwrap();
            let failed = ReportResult::Failed { error: "e".into() };
            assert!(store.finish_report(id, owner, &failed).await.unwrap());
        }
    }

    let stats = store.stats().await.unwrap();
    assert_eq!((stats.users.total, stats.users.confirmed), (5, 2));
    // Midnight may have passed since.
    let today = all_created_today(&store).await;
    assert!(stats.users.today == 5 || today < 5, "{:?}", stats.users);
    assert!(stats.notifications.values().all(|count| *count == 1), "{:?}", stats.notifications);
    let reports: Vec<_> = stats.reports.iter().map(|(name, n)| (name.as_str(), *n)).collect();
    assert_eq!(reports, [("done", 0), ("failed", 1), ("queued", 1), ("running", 0)]);
}

async fn all_created_today(store: &AnyStore) -> usize {
    let today = Utc::now().date_naive();
    let users = super::all_users(store, &domain::UserFilter::default()).await;
    users.iter().filter(|user| user.created_at.date_naive() == today).count()
}

pub async fn who_came_is_counted_by_minute(store: AnyStore) {
    let begun = Utc::now().duration_trunc(TimeDelta::minutes(1)).unwrap();
    let items: Vec<_> = (0..4).map(|n| registration(&address(n))).collect();
    store.record(&items).await.unwrap();
    let activity = store.activity(begun).await.unwrap();
    // It may have become the next minute meanwhile.
    assert!((1..=2).contains(&activity.len()), "{activity:?}");
    assert_eq!(activity.iter().map(|minute| minute.count).sum::<u64>(), 4);
    for MinuteCount { minute, .. } in &activity {
        assert_eq!(*minute, minute.duration_trunc(TimeDelta::minutes(1)).unwrap());
        assert!((begun..=Utc::now()).contains(minute));
    }
    let later = begun + TimeDelta::hours(1);
    assert_eq!(store.activity(later).await.unwrap(), []);
}
