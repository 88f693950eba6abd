//! Recording registrations.

use chrono::{DateTime, Utc};
use domain::{NotificationId, Registration, UserFilter};

use super::{AnyStore, address, all_users, at, of, person, record, registration};
use crate::{MAILS_PER_ADDRESS_AND_DAY, NotificationFilter, NotificationStatus, RecordOutcome};

pub async fn a_new_address_becomes_a_user(store: AnyStore) {
    let before = Utc::now() - chrono::TimeDelta::seconds(5);
    let item = of(&Registration::parse("Grace", "Hopper", "grace@example.com").unwrap());
    let recorded = record(&store, &item).await;
    assert_eq!(recorded.outcome, RecordOutcome::Created);
    assert_eq!(recorded.registration_id, item.registration_id.to_string());
    assert_eq!(recorded.cause, None);
    assert_eq!(recorded.notification_type.as_deref(), Some("confirmation"));
    let id = NotificationId::of_registration(item.registration_id);
    assert_eq!(recorded.notification_id, Some(id));

    let user = store.user(recorded.user_id.unwrap()).await.unwrap().unwrap();
    assert_eq!(user.registration_id, Some(item.registration_id));
    assert_eq!(
        (user.name.as_str(), user.surname.as_str(), user.email.as_str()),
        ("Grace", "Hopper", "grace@example.com")
    );
    assert_eq!(user.created_at, user.updated_at);
    assert!(user.created_at > before && user.created_at <= Utc::now());
    assert_eq!(user.created_at.timestamp_subsec_nanos() % 1000, 0, "whole microseconds");
    assert_eq!(user.confirmed_at, None);

    let notification = store.notification(id).await.unwrap().unwrap();
    assert_eq!(notification.user_id, Some(user.id));
    assert_eq!(notification.notification_type, "confirmation");
    assert_eq!(notification.recipient, "grace@example.com");
    assert_eq!(notification.status, NotificationStatus::Queued);
    assert_eq!((notification.attempts, notification.last_reply), (0, None));
    assert_eq!((notification.created_at, notification.sent_at), (user.created_at, None));
}

pub async fn a_known_address_does_not(store: AnyStore) {
    let first = record(&store, &registration("ada@example.com")).await;
    let user = store.user(first.user_id.unwrap()).await.unwrap();
    let again = of(&Registration::parse("Someone", "Else", "ADA@Example.COM").unwrap());
    let second = record(&store, &again).await;
    assert_eq!(second.outcome, RecordOutcome::Duplicate);
    assert_eq!(second.user_id, first.user_id);
    assert_eq!(second.notification_type.as_deref(), Some("already_registered"));
    let id = NotificationId::of_registration(again.registration_id);
    assert_eq!(second.notification_id, Some(id));
    assert_eq!(store.user(first.user_id.unwrap()).await.unwrap(), user, "the row is as it was");
    assert_eq!(all_users(&store, &UserFilter::default()).await.len(), 1);
    let notification = store.notification(id).await.unwrap().unwrap();
    assert_eq!(notification.notification_type, "already_registered");
    assert_eq!(notification.recipient, "ada@example.com");
}

pub async fn a_registration_counts_once(store: AnyStore) {
    let items = [registration("ada@example.com"), registration("ada@example.com")];
    let first = store.record(&items).await.unwrap();
    let log = store.notifications(&NotificationFilter::default(), None, 100).await.unwrap();
    for _ in 0..2 {
        for (again, first) in store.record(&items).await.unwrap().iter().zip(&first) {
            assert_eq!(again.outcome, RecordOutcome::Replayed);
            assert_eq!(again.user_id, first.user_id);
            assert_eq!(again.notification_id, first.notification_id);
            assert_eq!(again.notification_type, first.notification_type);
        }
    }
    assert_eq!(all_users(&store, &UserFilter::default()).await.len(), 1);
    assert_eq!(
        store.notifications(&NotificationFilter::default(), None, 100).await.unwrap(),
        log,
        "a replay adds nothing"
    );
}

pub async fn repeats_within_a_batch(store: AnyStore) {
    let one = registration("one@example.com");
    let batch = [
        one.clone(),
        one.clone(),
        registration("ONE@example.com"),
        registration("two@example.com"),
    ];
    let recorded = store.record(&batch).await.unwrap();
    let outcomes: Vec<_> = recorded.iter().map(|r| r.outcome).collect();
    assert_eq!(
        outcomes,
        [
            RecordOutcome::Created,
            RecordOutcome::Replayed,
            RecordOutcome::Duplicate,
            RecordOutcome::Created
        ]
    );
    assert_eq!(recorded[1].notification_id, recorded[0].notification_id);
    assert_eq!(recorded[1].notification_type.as_deref(), Some("confirmation"));
    assert_eq!(recorded[2].user_id, recorded[0].user_id);
    assert_ne!(recorded[2].notification_id, recorded[0].notification_id);
    assert_ne!(recorded[3].user_id, recorded[0].user_id);
    assert_eq!(all_users(&store, &UserFilter::default()).await.len(), 2);
}

pub async fn an_id_with_another_address_is_invalid(store: AnyStore) {
    let known = registration("known@example.com");
    record(&store, &known).await;
    let repeated = registration("known@example.com");
    let mut elsewhere = repeated.clone();
    elsewhere.person = person("elsewhere@example.com");
    let mut stolen = known.clone();
    stolen.person = person("stolen@example.com");
    let batch = [stolen, repeated, elsewhere, registration("neighbour@example.com")];
    let recorded = store.record(&batch).await.unwrap();
    let outcomes: Vec<_> = recorded.iter().map(|r| r.outcome).collect();
    assert_eq!(
        outcomes,
        [
            RecordOutcome::Invalid,
            RecordOutcome::Duplicate,
            RecordOutcome::Invalid,
            RecordOutcome::Created
        ]
    );
    for invalid in [&recorded[0], &recorded[2]] {
        assert_eq!((invalid.user_id, invalid.notification_id), (None, None));
        assert_eq!(invalid.notification_type, None);
        assert!(invalid.cause.as_ref().is_some_and(|cause| cause.contains("registration_id")));
    }
    let emails: Vec<_> =
        all_users(&store, &UserFilter::default()).await.into_iter().map(|u| u.email).collect();
    assert_eq!(
        emails,
        ["known@example.com", "neighbour@example.com"],
        "nothing was stored of them"
    );
}

pub async fn answers_keep_the_order_of_a_large_batch(store: AnyStore) {
    let batch: Vec<_> = (0..1200).map(|n| registration(&address(n / 2))).collect();
    let recorded = store.record(&batch).await.unwrap();
    assert_eq!(recorded.len(), batch.len());
    for (n, (item, answer)) in batch.iter().zip(&recorded).enumerate() {
        assert_eq!(answer.registration_id, item.registration_id.to_string());
        let expected = if n % 2 == 0 { RecordOutcome::Created } else { RecordOutcome::Duplicate };
        assert_eq!(answer.outcome, expected, "{n}");
    }
    let users = all_users(&store, &UserFilter::default()).await;
    assert_eq!(users.len(), 600);
    let of_evens: Vec<_> = recorded.iter().step_by(2).map(|r| r.user_id.unwrap()).collect();
    assert_eq!(users.iter().map(|u| u.id).collect::<Vec<_>>(), of_evens, "ids follow the batch");
}

pub async fn an_empty_batch_is_nothing(store: AnyStore) {
    assert_eq!(store.record(&[]).await.unwrap(), []);
}

pub async fn mails_to_an_address_are_limited(store: AnyStore) {
    let limit = usize::try_from(MAILS_PER_ADDRESS_AND_DAY).unwrap();
    // Some in one batch, some later.
    let batch: Vec<_> = (0..=limit).map(|_| registration("ada@example.com")).collect();
    let later = [registration("Ada@example.com"), registration("other@example.com")];
    let recorded = store.record(&batch).await.unwrap();
    assert!(recorded[..limit].iter().all(|r| r.notification_id.is_some()));
    let after = store.record(&later).await.unwrap();
    assert_eq!(after[1].notification_type.as_deref(), Some("confirmation"), "others are mailed");
    for withheld in [&recorded[limit], &after[0]] {
        assert_eq!(withheld.outcome, RecordOutcome::Duplicate);
        assert_eq!(withheld.user_id, recorded[0].user_id);
        assert_eq!((withheld.notification_id, &withheld.notification_type), (None, &None));
    }
    let filter =
        NotificationFilter { user_id: recorded[0].user_id, ..NotificationFilter::default() };
    assert_eq!(store.notifications(&filter, None, 100).await.unwrap().items.len(), limit);

    let replayed = record(&store, &later[0]).await;
    assert_eq!(replayed.outcome, RecordOutcome::Replayed);
    assert_eq!(replayed.notification_id, None, "a replay does not make up for it");
}

pub async fn a_user_created_directly_is_known(store: AnyStore) {
    let user = store.create_user(&person("ada@example.com")).await.unwrap().unwrap();
    assert_eq!(user.registration_id, None);
    let log = store.notifications(&NotificationFilter::default(), None, 10).await.unwrap();
    assert_eq!(log.items, [], "no e-mail follows");
    let recorded = record(&store, &registration("ADA@example.com")).await;
    assert_eq!(recorded.outcome, RecordOutcome::Duplicate);
    assert_eq!(recorded.user_id, Some(user.id));
    assert_eq!(recorded.notification_type.as_deref(), Some("already_registered"));
}

pub async fn a_changed_address_leaves_the_old_one_free(store: AnyStore) {
    let item = registration("old@example.com");
    let first = record(&store, &item).await;
    let id = first.user_id.unwrap();
    store.update_user(id, &person("new@example.com"), None).await.unwrap();
    let again = record(&store, &item).await;
    assert_eq!(again.outcome, RecordOutcome::Replayed, "the ledger knows what was submitted");
    assert_eq!(again.user_id, Some(id));
    let other = record(&store, &registration("old@example.com")).await;
    assert_eq!(other.outcome, RecordOutcome::Created);
    assert_ne!(other.user_id, Some(id));
    assert_eq!(record(&store, &registration("new@example.com")).await.user_id, Some(id));
}

pub async fn a_deleted_user_may_register_again(store: AnyStore) {
    let item = registration("ada@example.com");
    let first = record(&store, &item).await;
    assert!(store.delete_user(first.user_id.unwrap()).await.unwrap());
    let again = record(&store, &item).await;
    assert_eq!(again.outcome, RecordOutcome::Created);
    assert_ne!(again.user_id, first.user_id);
    assert_eq!(again.notification_id, first.notification_id);
}

pub async fn what_is_odd_but_harmless_is_taken(store: AnyStore) {
    let mut batch = Vec::new();
    for (n, locale) in ["", "not a tag", "de\0", &"x".repeat(5000), "👩"].into_iter().enumerate()
    {
        let mut item = registration(&address(n));
        item.locale = Some(locale.to_owned());
        batch.push(item);
    }
    for (n, time) in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC].into_iter().enumerate() {
        let mut item = registration(&address(100 + n));
        item.submitted_at = time;
        batch.push(item);
    }
    let mut item = registration(&address(200));
    item.submitted_at = at("2026-01-02T03:04:05.123456789Z");
    batch.push(item.clone());
    let recorded = store.record(&batch).await.unwrap();
    assert!(recorded.iter().all(|r| r.outcome == RecordOutcome::Created));
    for item in &batch {
        assert!(store.registration(item.registration_id).await.unwrap().is_some());
    }
    let trace = store.registration(item.registration_id).await.unwrap().unwrap();
    assert_eq!(trace.submitted_at, at("2026-01-02T03:04:05.123456Z"));
}
