//! What became of an e-mail.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::NotificationId;
use uuid::Uuid;

use super::{AnyStore, at, by_another, registered};
use crate::{
    AttemptOutcome, Notification, NotificationAttempt, NotificationClaim, NotificationRequest,
    NotificationStatus,
};

const MINUTE: Duration = Duration::from_mins(1);

fn attempt(
    id: NotificationId,
    outcome: AttemptOutcome,
    reply: &str,
    at: DateTime<Utc>,
) -> NotificationAttempt {
    NotificationAttempt { notification_id: id, outcome, reply: reply.into(), at }
}

async fn logged(store: &AnyStore, request: &NotificationRequest) -> Notification {
    store.notification(request.notification_id).await.unwrap().unwrap()
}

/// Whether a claim is granted, and how many attempts it says were before.
async fn claim(store: &AnyStore, request: &NotificationRequest) -> Option<u32> {
    let claims = store.claim_notifications(&[by_another(request)], MINUTE).await.unwrap();
    match &claims[0] {
        NotificationClaim::Granted(mail) => Some(mail.attempts),
        NotificationClaim::Settled => None,
        other => panic!("neither granted nor settled: {other:?}"),
    }
}

/// A queued e-mail and the time of its first attempt.
async fn queued(store: &AnyStore) -> (NotificationRequest, DateTime<Utc>) {
    (registered(store, "ada@example.com").await, at("2026-05-06T07:08:09.123456Z"))
}

pub async fn a_sent_mail_is_settled(store: AnyStore) {
    let (request, at) = queued(&store).await;
    assert_eq!(claim(&store, &request).await, Some(0));
    let sent = attempt(request.notification_id, AttemptOutcome::Sent, "250 2.0.0 ok", at);
    store.record_attempts(&[sent]).await.unwrap();
    let seen = logged(&store, &request).await;
    assert_eq!((seen.status, seen.attempts), (NotificationStatus::Sent, 1));
    assert_eq!((seen.last_reply.as_deref(), seen.sent_at), (Some("250 2.0.0 ok"), Some(at)));
    assert_eq!(claim(&store, &request).await, None);
}

pub async fn a_failed_mail_is_settled(store: AnyStore) {
    let (request, at) = queued(&store).await;
    let failed = attempt(request.notification_id, AttemptOutcome::Failed, "550 no such user", at);
    store.record_attempts(&[failed]).await.unwrap();
    let seen = logged(&store, &request).await;
    assert_eq!((seen.status, seen.attempts), (NotificationStatus::Failed, 1));
    assert_eq!((seen.last_reply.as_deref(), seen.sent_at), (Some("550 no such user"), None));
    assert_eq!(claim(&store, &request).await, None);
}

pub async fn a_retried_mail_can_be_claimed_again(store: AnyStore) {
    let (request, first) = queued(&store).await;
    for n in 0..3 {
        assert_eq!(claim(&store, &request).await, Some(n), "the claim before has ended");
        let at = first + TimeDelta::seconds(n.into());
        let reply = format!("451 try {n}");
        let retrying = attempt(request.notification_id, AttemptOutcome::Retrying, &reply, at);
        store.record_attempts(&[retrying]).await.unwrap();
        let seen = logged(&store, &request).await;
        assert_eq!((seen.status, seen.attempts), (NotificationStatus::Retrying, n + 1));
        assert_eq!((seen.last_reply, seen.sent_at), (Some(reply), None));
    }
}

pub async fn an_attempt_told_twice_counts_once(store: AnyStore) {
    let (request, at) = queued(&store).await;
    let retrying = attempt(request.notification_id, AttemptOutcome::Retrying, "451", at);
    for _ in 0..3 {
        store.record_attempts(std::slice::from_ref(&retrying)).await.unwrap();
    }
    store.record_attempts(&[retrying.clone(), retrying]).await.unwrap();
    assert_eq!(logged(&store, &request).await.attempts, 1);
    assert_eq!(claim(&store, &request).await, Some(1));
}

pub async fn what_was_sent_stays_sent(store: AnyStore) {
    let (request, first) = queued(&store).await;
    let id = request.notification_id;
    let second = |n| first + TimeDelta::seconds(n);
    let failed = attempt(id, AttemptOutcome::Failed, "550", first);
    let late_retry = attempt(id, AttemptOutcome::Retrying, "451", second(1));
    store.record_attempts(&[failed, late_retry]).await.unwrap();
    assert_eq!(logged(&store, &request).await.status, NotificationStatus::Failed);

    // The claim was taken over; the slow sender got through nevertheless.
    store.record_attempts(&[attempt(id, AttemptOutcome::Sent, "250", second(2))]).await.unwrap();
    let sent = logged(&store, &request).await;
    assert_eq!((sent.status, sent.sent_at), (NotificationStatus::Sent, Some(second(2))));
    for (n, outcome) in [AttemptOutcome::Failed, AttemptOutcome::Retrying, AttemptOutcome::Sent]
        .into_iter()
        .enumerate()
    {
        let at = second(3 + i64::try_from(n).unwrap());
        store.record_attempts(&[attempt(id, outcome, "late", at)]).await.unwrap();
        let seen = logged(&store, &request).await;
        assert_eq!((seen.status, seen.sent_at), (NotificationStatus::Sent, Some(second(2))));
        assert_eq!(seen.last_reply.as_deref(), Some("250"));
    }
    assert_eq!(logged(&store, &request).await.attempts, 6);
    assert_eq!(claim(&store, &request).await, None);
}

pub async fn attempts_in_one_batch_count_in_order(store: AnyStore) {
    let (request, first) = queued(&store).await;
    let other = registered(&store, "other@example.com").await;
    let id = request.notification_id;
    let batch = [
        attempt(id, AttemptOutcome::Retrying, "451 one", first),
        attempt(other.notification_id, AttemptOutcome::Sent, "250 other", first),
        attempt(id, AttemptOutcome::Retrying, "451 two", first + TimeDelta::seconds(1)),
        attempt(id, AttemptOutcome::Sent, "250 three", first + TimeDelta::seconds(2)),
    ];
    store.record_attempts(&batch).await.unwrap();
    let seen = logged(&store, &request).await;
    assert_eq!((seen.status, seen.attempts), (NotificationStatus::Sent, 3));
    assert_eq!(seen.last_reply.as_deref(), Some("250 three"));
    assert_eq!(seen.sent_at, Some(first + TimeDelta::seconds(2)));
    let seen = logged(&store, &other).await;
    assert_eq!((seen.status, seen.attempts), (NotificationStatus::Sent, 1));
}

pub async fn attempts_at_unknown_mails_are_passed_over(store: AnyStore) {
    let (deleted, at) = queued(&store).await;
    store.delete_user(deleted.user_id).await.unwrap();
    let kept = registered(&store, "kept@example.com").await;
    let unknown = NotificationId(Uuid::now_v7());
    let batch = [unknown, deleted.notification_id, kept.notification_id]
        .map(|id| attempt(id, AttemptOutcome::Sent, "250", at));
    store.record_attempts(&batch).await.unwrap();
    assert_eq!(store.notification(unknown).await.unwrap(), None);
    assert_eq!(store.notification(deleted.notification_id).await.unwrap(), None);
    assert_eq!(logged(&store, &kept).await.status, NotificationStatus::Sent);
}
