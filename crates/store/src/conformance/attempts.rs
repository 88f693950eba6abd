//! What became of an e-mail.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::NotificationId;
use uuid::Uuid;

use super::{AnyStore, at, by_another, person, registered};
use crate::{
    AttemptOutcome, Notification, NotificationAttempt, NotificationClaim, NotificationRequest,
    NotificationStatus, PastAttempt, ReleasedClaim,
};

const MINUTE: Duration = Duration::from_mins(1);

fn attempt(
    id: NotificationId,
    outcome: AttemptOutcome,
    reply: &str,
    at: DateTime<Utc>,
) -> NotificationAttempt {
    NotificationAttempt {
        notification_id: id,
        outcome,
        reply: reply.into(),
        at,
        undeliverable: false,
    }
}

async fn logged(store: &AnyStore, request: &NotificationRequest) -> Notification {
    store.notification(request.notification_id).await.unwrap().unwrap()
}

/// Whether a claim is granted to another message, and how many attempts it says were before.
async fn claim(store: &AnyStore, request: &NotificationRequest) -> Option<u32> {
    claim_as(store, &by_another(request)).await
}

/// The same with the request's own claimer.
async fn claim_as(store: &AnyStore, request: &NotificationRequest) -> Option<u32> {
    let claims = store.claim_notifications(std::slice::from_ref(request), MINUTE).await.unwrap();
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
    store.delete_user(deleted.to.user().unwrap()).await.unwrap();
    let kept = registered(&store, "kept@example.com").await;
    let unknown = NotificationId(Uuid::now_v7());
    let batch = [unknown, deleted.notification_id, kept.notification_id]
        .map(|id| attempt(id, AttemptOutcome::Sent, "250", at));
    store.record_attempts(&batch).await.unwrap();
    assert_eq!(store.notification(unknown).await.unwrap(), None);
    assert_eq!(store.notification(deleted.notification_id).await.unwrap(), None);
    assert_eq!(logged(&store, &kept).await.status, NotificationStatus::Sent);
}

pub async fn every_attempt_is_kept_with_its_reply(store: AnyStore) {
    let (request, first) = queued(&store).await;
    let id = request.notification_id;
    assert_eq!(store.attempts(id).await.unwrap(), []);
    let outcomes = [AttemptOutcome::Retrying, AttemptOutcome::Unknown, AttemptOutcome::Sent];
    let mut expected = Vec::new();
    for (n, outcome) in (0..).zip(outcomes) {
        let (reply, at) = (format!("reply {n}"), first + TimeDelta::seconds(n));
        store.record_attempts(&[attempt(id, outcome, &reply, at)]).await.unwrap();
        expected.push(PastAttempt { at, outcome, reply });
        let status = if n < 2 { NotificationStatus::Retrying } else { NotificationStatus::Sent };
        assert_eq!(logged(&store, &request).await.status, status);
    }
    // Told again, though not as the last.
    let again = attempt(id, outcomes[0], "reply 0", first);
    store.record_attempts(&[again]).await.unwrap();
    assert_eq!(store.attempts(id).await.unwrap(), expected);
    assert_eq!(logged(&store, &request).await.attempts, 3);

    store.delete_user(request.to.user().unwrap()).await.unwrap();
    assert_eq!(store.attempts(id).await.unwrap(), []);
}

pub async fn a_claim_given_back_counts_nothing(store: AnyStore) {
    let (request, at) = queued(&store).await;
    let another = by_another(&request);
    let give_back = async |request: &NotificationRequest| {
        let NotificationRequest { notification_id, claimer, .. } = *request;
        let claim = ReleasedClaim { notification_id, claimer };
        store.release_notifications(&[claim]).await.unwrap();
        logged(&store, request).await.status
    };
    assert_eq!(claim_as(&store, &request).await, Some(0));
    assert_eq!(give_back(&another).await, NotificationStatus::Sending, "it is not theirs");
    assert_eq!(give_back(&request).await, NotificationStatus::Queued);
    assert_eq!(claim_as(&store, &another).await, Some(0), "nobody has it");

    let retrying = attempt(request.notification_id, AttemptOutcome::Retrying, "451", at);
    store.record_attempts(&[retrying]).await.unwrap();
    assert_eq!(claim_as(&store, &request).await, Some(1));
    assert_eq!(give_back(&request).await, NotificationStatus::Retrying);
    assert_eq!(store.attempts(request.notification_id).await.unwrap().len(), 1);

    let later = at + TimeDelta::seconds(1);
    let sent = attempt(request.notification_id, AttemptOutcome::Sent, "250", later);
    store.record_attempts(&[sent]).await.unwrap();
    assert_eq!(give_back(&request).await, NotificationStatus::Sent);
}

pub async fn a_sender_not_heard_of_again_is_noted(store: AnyStore) {
    let (request, _) = queued(&store).await;
    let lapsed = [request.clone()];
    store.claim_notifications(&lapsed, Duration::ZERO).await.unwrap();
    // Whoever has it may claim it again: nothing is unknown then.
    store.claim_notifications(&lapsed, Duration::ZERO).await.unwrap();
    assert_eq!(store.attempts(request.notification_id).await.unwrap(), []);

    assert_eq!(claim(&store, &by_another(&request)).await, Some(0));
    let kept = store.attempts(request.notification_id).await.unwrap();
    assert_eq!(kept.iter().map(|a| a.outcome).collect::<Vec<_>>(), [AttemptOutcome::Unknown]);
    let seen = logged(&store, &request).await;
    assert_eq!((seen.status, seen.attempts), (NotificationStatus::Sending, 1));
    assert_eq!(seen.last_reply.as_ref(), Some(&kept[0].reply));
}

pub async fn an_undeliverable_address_is_not_tried_until_it_is_cleared(store: AnyStore) {
    let (request, at) = queued(&store).await;
    let id = request.notification_id;
    let refused = NotificationAttempt {
        undeliverable: true,
        ..attempt(id, AttemptOutcome::Failed, "550 5.1.1 no such user", Utc::now())
    };
    store.record_attempts(&[refused]).await.unwrap();
    let again = registered(&store, "ADA@example.com").await;
    assert_eq!(claim(&store, &again).await, None);
    let seen = logged(&store, &again).await;
    assert_eq!((seen.status, seen.attempts), (NotificationStatus::Failed, 0));
    assert!(seen.last_reply.unwrap().contains("550 5.1.1 no such user"));
    assert_eq!(store.attempts(again.notification_id).await.unwrap(), []);

    // A person clears it by having the e-mail sent again.
    let queued = store.requeue_notification(again.notification_id).await.unwrap().unwrap();
    assert_eq!(queued.status, NotificationStatus::Queued);
    assert_eq!(claim(&store, &again).await, Some(0));
    let sent = attempt(again.notification_id, AttemptOutcome::Sent, "250", at);
    store.record_attempts(&[sent]).await.unwrap();
    assert_eq!(logged(&store, &again).await.status, NotificationStatus::Sent);
}

pub async fn another_address_is_deliverable(store: AnyStore) {
    let (request, _) = queued(&store).await;
    let refused = |at| NotificationAttempt {
        undeliverable: true,
        ..attempt(request.notification_id, AttemptOutcome::Failed, "550", at)
    };
    let before = Utc::now();
    store.record_attempts(&[refused(before)]).await.unwrap();
    let moved = person("ada@example.org");
    store.update_user(request.to.user().unwrap(), &moved, None).await.unwrap();
    let again = registered(&store, "ada@example.org").await;
    assert_eq!(claim(&store, &again).await, Some(0));
    // Told late, of the address that was.
    store.record_attempts(&[refused(before - TimeDelta::seconds(1))]).await.unwrap();
    let again = registered(&store, "ada@example.org").await;
    assert_eq!(claim(&store, &again).await, Some(0));
}
