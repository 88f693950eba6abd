//! How far a registration has come.

use chrono::{TimeDelta, Utc};
use domain::{NotificationId, Recipient, RegistrationId};

use super::{AnyStore, at, record, registered, registration};
use crate::{
    AttemptOutcome, EmailStage, MAILS_PER_ADDRESS_AND_DAY, NewRegistration, NotificationAttempt,
    RecordOutcome, RegistrationTrace,
};

async fn trace(store: &AnyStore, id: RegistrationId) -> RegistrationTrace {
    store.registration(id).await.unwrap().unwrap()
}

/// Ends an e-mail, `after` it was asked for.
async fn end(
    store: &AnyStore,
    id: NotificationId,
    outcome: AttemptOutcome,
    after: TimeDelta,
) -> chrono::DateTime<Utc> {
    let at = store.notification(id).await.unwrap().unwrap().created_at + after;
    let attempt = NotificationAttempt {
        notification_id: id,
        outcome,
        reply: "said".into(),
        at,
        undeliverable: false,
    };
    store.record_attempts(&[attempt]).await.unwrap();
    at
}

pub async fn a_trace_follows_the_registration(store: AnyStore) {
    let item = registration("ada@example.com");
    assert_eq!(store.registration(item.registration_id).await.unwrap(), None);
    let recorded = record(&store, &item).await;
    let user = store.user(recorded.user_id.unwrap()).await.unwrap().unwrap();
    let stored = RegistrationTrace {
        registration_id: item.registration_id,
        user_id: user.id,
        outcome: RecordOutcome::Created,
        submitted_at: item.submitted_at,
        stored_at: user.created_at,
        email: None,
        confirmed_at: None,
    };
    assert_eq!(trace(&store, item.registration_id).await, stored);

    let id = recorded.notification_id.unwrap();
    end(&store, id, AttemptOutcome::Retrying, TimeDelta::seconds(1)).await;
    assert_eq!(trace(&store, item.registration_id).await, stored, "a retried mail has not ended");
    let sent_at = end(&store, id, AttemptOutcome::Sent, TimeDelta::seconds(2)).await;
    let email = Some(EmailStage { sent: true, at: sent_at });
    assert_eq!(trace(&store, item.registration_id).await.email, email);

    let confirmed_at = at("2026-03-04T05:06:07Z");
    store.confirm(item.registration_id, confirmed_at).await.unwrap();
    let confirmed = RegistrationTrace { email, confirmed_at: Some(confirmed_at), ..stored };
    assert_eq!(trace(&store, item.registration_id).await, confirmed);
}

pub async fn a_failed_mail_is_told(store: AnyStore) {
    let item = registration("ada@example.com");
    let id = record(&store, &item).await.notification_id.unwrap();
    let failed_at = end(&store, id, AttemptOutcome::Failed, TimeDelta::seconds(3)).await;
    assert_eq!(
        trace(&store, item.registration_id).await.email,
        Some(EmailStage { sent: false, at: failed_at })
    );
}

/// Registers an address once more than it gets e-mails; the last is without one.
async fn withheld(store: &AnyStore, email: &str) -> Vec<NewRegistration> {
    let items: Vec<_> = (0..=MAILS_PER_ADDRESS_AND_DAY).map(|_| registration(email)).collect();
    let recorded = store.record(&items).await.unwrap();
    assert_eq!(recorded.last().unwrap().notification_id, None);
    items
}

pub async fn a_withheld_mail_mirrors_the_latest(store: AnyStore) {
    for (email, outcome) in
        [("sent@example.com", AttemptOutcome::Sent), ("failed@example.com", AttemptOutcome::Failed)]
    {
        let items = withheld(&store, email).await;
        let [.., latest, last] = items.as_slice() else { panic!("there are two") };
        // Of an earlier one it shows nothing.
        let first = NotificationId::of_registration(items[0].registration_id);
        end(&store, first, AttemptOutcome::Sent, TimeDelta::zero()).await;
        assert_eq!(trace(&store, last.registration_id).await.email, None);

        let latest = NotificationId::of_registration(latest.registration_id);
        end(&store, latest, outcome, TimeDelta::microseconds(7)).await;
        let seen = trace(&store, last.registration_id).await;
        let expected = EmailStage {
            sent: outcome == AttemptOutcome::Sent,
            at: seen.stored_at + TimeDelta::microseconds(7),
        };
        assert_eq!(seen.email, Some(expected));

        // Nor of a later one.
        let mut later = registered(&store, &format!("other.{email}")).await;
        later.notification_id = NotificationId(uuid::Uuid::now_v7());
        later.to = Recipient::User(seen.user_id);
        store.claim_notifications(&[later.clone()], std::time::Duration::ZERO).await.unwrap();
        end(&store, later.notification_id, AttemptOutcome::Sent, TimeDelta::zero()).await;
        assert_eq!(trace(&store, last.registration_id).await.email, Some(expected));
    }
}

pub async fn a_mirrored_mail_takes_its_time(store: AnyStore) {
    let items = withheld(&store, "ada@example.com").await;
    let [.., latest, last] = items.as_slice() else { panic!("there are two") };
    let id = NotificationId::of_registration(latest.registration_id);
    let sent_at = end(&store, id, AttemptOutcome::Sent, TimeDelta::hours(1)).await;
    let own = trace(&store, latest.registration_id).await.email;
    assert_eq!(own, Some(EmailStage { sent: true, at: sent_at }));
    assert_eq!(trace(&store, last.registration_id).await.email, None, "an hour has not passed");
}

pub async fn a_repeated_registration_does_not_tell_of_the_first(store: AnyStore) {
    let first = registration("ada@example.com");
    let recorded = record(&store, &first).await;
    end(&store, recorded.notification_id.unwrap(), AttemptOutcome::Sent, TimeDelta::zero()).await;
    store.confirm(first.registration_id, Utc::now()).await.unwrap();
    let second = registration("ada@example.com");
    record(&store, &second).await;
    let seen = trace(&store, second.registration_id).await;
    assert_eq!(seen.outcome, RecordOutcome::Duplicate);
    assert_eq!((seen.email, seen.confirmed_at), (None, None), "as it would be of a new address");
}
