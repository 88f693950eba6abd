//! The log of e-mails.

use std::time::Duration;

use chrono::TimeDelta;
use domain::{NotificationId, Recipient, UserId};
use serde_json::Map;
use uuid::Uuid;

use super::{AnyStore, at, person, registered};
use crate::{
    AttemptOutcome, NewNotification, NotificationAttempt, NotificationClaim, NotificationFilter,
    NotificationStatus,
};

pub async fn the_log_is_newest_first_and_filtered(store: AnyStore) {
    let mut requests = Vec::new();
    for email in ["a@example.com", "b@example.com", "a@example.com", "c@example.com"] {
        requests.push(registered(&store, email).await);
    }
    let sent = NotificationAttempt {
        notification_id: requests[2].notification_id,
        outcome: AttemptOutcome::Sent,
        reply: "250".into(),
        at: at("2026-05-06T07:08:09Z"),
        undeliverable: false,
    };
    store.record_attempts(&[sent]).await.unwrap();
    let list = async |user_id: Option<UserId>, status: Option<NotificationStatus>| {
        let filter = NotificationFilter { user_id, status };
        let page = store.notifications(&filter, None, 100).await.unwrap();
        assert_eq!(page.next, None);
        let place = |id| requests.iter().position(|r| r.notification_id == id).unwrap();
        page.items.iter().map(|n| place(n.notification_id)).collect::<Vec<_>>()
    };
    let a = requests[0].to.user();
    assert_eq!(list(None, None).await, [3, 2, 1, 0]);
    assert_eq!(list(a, None).await, [2, 0]);
    assert_eq!(list(None, Some(NotificationStatus::Queued)).await, [3, 1, 0]);
    assert_eq!(list(None, Some(NotificationStatus::Sent)).await, [2]);
    assert_eq!(list(a, Some(NotificationStatus::Queued)).await, [0]);
    assert_eq!(list(a, Some(NotificationStatus::Failed)).await, [0; 0]);
    assert_eq!(list(Some(UserId(4711)), None).await, [0; 0]);
}

pub async fn who_is_not_there_is_none(store: AnyStore) {
    assert_eq!(store.notification(NotificationId(Uuid::now_v7())).await.unwrap(), None);
}

pub async fn a_mail_is_added_once(store: AnyStore) {
    let user = store.create_user(&person("ada@example.com")).await.unwrap().unwrap();
    let new = NewNotification {
        notification_id: NotificationId(Uuid::now_v7()),
        to: Recipient::User(user.id),
        notification_type: "welcome".into(),
        context: Map::new(),
    };
    let added = store.add_notification(&new).await.unwrap().unwrap();
    assert_eq!((added.notification_id, added.user_id), (new.notification_id, Some(user.id)));
    assert_eq!((added.notification_type.as_str(), added.attempts), ("welcome", 0));
    assert_eq!((added.status, added.recipient), (NotificationStatus::Queued, user.email));
    let another = NewNotification { notification_type: "other".into(), ..new.clone() };
    let again = store.add_notification(&another).await.unwrap().unwrap();
    assert_eq!(again.notification_type, "welcome");
    let nobodys = NewNotification {
        notification_id: NotificationId(Uuid::now_v7()),
        to: Recipient::User(UserId(4711)),
        ..new
    };
    assert_eq!(store.add_notification(&nobodys).await.unwrap(), None);
    assert_eq!(store.notification(nobodys.notification_id).await.unwrap(), None);
}

pub async fn a_mail_is_queued_again(store: AnyStore) {
    let request = registered(&store, "ada@example.com").await;
    let id = request.notification_id;
    let time = at("2026-05-06T07:08:09Z");
    for (n, outcome) in (0..).zip([AttemptOutcome::Failed, AttemptOutcome::Sent]) {
        let attempt = NotificationAttempt {
            notification_id: id,
            outcome,
            reply: "said".into(),
            at: time + TimeDelta::seconds(n),
            undeliverable: false,
        };
        store.record_attempts(&[attempt]).await.unwrap();
        let queued = store.requeue_notification(id).await.unwrap().unwrap();
        assert_eq!(queued.status, NotificationStatus::Queued);
        assert_eq!(i64::from(queued.attempts), n + 1);
    }
    let minute = Duration::from_mins(1);
    let claims = store.claim_notifications(std::slice::from_ref(&request), minute).await.unwrap();
    assert!(matches!(claims[0], NotificationClaim::Granted(_)), "{claims:?}");
    let sending = store.requeue_notification(id).await.unwrap().unwrap();
    assert_eq!(sending.status, NotificationStatus::Sending, "it is on its way");
    let unknown = NotificationId(Uuid::now_v7());
    assert_eq!(store.requeue_notification(unknown).await.unwrap(), None);
}
