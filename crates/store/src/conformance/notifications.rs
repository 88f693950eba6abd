//! The log of e-mails.

use domain::{NotificationId, UserId};
use uuid::Uuid;

use super::{AnyStore, at, registered};
use crate::{AttemptOutcome, NotificationAttempt, NotificationFilter, NotificationStatus};

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
    };
    store.record_attempts(&[sent]).await.unwrap();
    let list = async |user_id: Option<UserId>, status: Option<NotificationStatus>| {
        let filter = NotificationFilter { user_id, status };
        let page = store.notifications(&filter, None, 100).await.unwrap();
        assert_eq!(page.next, None);
        let place = |id| requests.iter().position(|r| r.notification_id == id).unwrap();
        page.items.iter().map(|n| place(n.notification_id)).collect::<Vec<_>>()
    };
    let a = Some(requests[0].user_id);
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
