//! Confirming an address.

use chrono::TimeDelta;
use domain::RegistrationId;
use uuid::Uuid;

use super::{AnyStore, at, person, record, registration};
use crate::{Confirmed, RecordOutcome};

pub async fn the_first_time_stays(store: AnyStore) {
    let item = registration("ada@example.com");
    let first = at("2026-03-04T05:06:07.123456Z");
    assert_eq!(store.confirm(item.registration_id, first).await.unwrap(), None);
    let user_id = record(&store, &item).await.user_id.unwrap();
    let confirmed = Some(Confirmed { user_id, confirmed_at: first });
    assert_eq!(store.confirm(item.registration_id, first).await.unwrap(), confirmed);
    let user = store.user(user_id).await.unwrap().unwrap();
    assert_eq!(user.confirmed_at, Some(first));
    assert!(user.updated_at > user.created_at, "the row has changed");

    let later = first + TimeDelta::days(1);
    assert_eq!(store.confirm(item.registration_id, later).await.unwrap(), confirmed);
    assert_eq!(store.user(user_id).await.unwrap(), Some(user), "a repeat changes nothing");
    assert_eq!(store.confirm(RegistrationId(Uuid::now_v7()), first).await.unwrap(), None);
}

pub async fn any_registration_of_the_address_will_do(store: AnyStore) {
    let user_id = record(&store, &registration("ada@example.com")).await.user_id.unwrap();
    let second = registration("ADA@example.com");
    record(&store, &second).await;
    let when = at("2026-03-04T05:06:07Z");
    assert_eq!(
        store.confirm(second.registration_id, when).await.unwrap(),
        Some(Confirmed { user_id, confirmed_at: when })
    );
}

pub async fn a_changed_address_is_not_confirmed_by_the_old_one(store: AnyStore) {
    let item = registration("old@example.com");
    let id = record(&store, &item).await.user_id.unwrap();
    store.update_user(id, &person("new@example.com"), None).await.unwrap();
    let when = at("2026-03-04T05:06:07Z");
    assert_eq!(store.confirm(item.registration_id, when).await.unwrap(), None);
    assert_eq!(store.user(id).await.unwrap().unwrap().confirmed_at, None);
    let new = registration("new@example.com");
    record(&store, &new).await;
    assert!(store.confirm(new.registration_id, when).await.unwrap().is_some());
}

pub async fn who_leaves_is_gone(store: AnyStore) {
    let (ada, bob) = (registration("ada@example.com"), registration("bob@example.com"));
    assert_eq!(store.leave(ada.registration_id).await.unwrap(), None);
    let user = record(&store, &ada).await.user_id.unwrap();
    let other = record(&store, &bob).await.user_id.unwrap();
    let again = registration("ADA@example.com");
    record(&store, &again).await;
    // By any registration of the address.
    assert_eq!(store.leave(again.registration_id).await.unwrap(), Some(user));
    assert_eq!(store.user(user).await.unwrap(), None);
    assert!(store.user(other).await.unwrap().is_some());
    for id in [ada.registration_id, again.registration_id] {
        assert_eq!(store.leave(id).await.unwrap(), None, "a repeat is harmless");
        assert_eq!(store.registration(id).await.unwrap(), None);
    }
    let back = record(&store, &registration("ada@example.com")).await;
    assert_eq!(back.outcome, RecordOutcome::Created, "who has left may come back");
}

pub async fn a_changed_address_does_not_leave_by_the_old_one(store: AnyStore) {
    let item = registration("old@example.com");
    let id = record(&store, &item).await.user_id.unwrap();
    store.update_user(id, &person("new@example.com"), None).await.unwrap();
    assert_eq!(store.leave(item.registration_id).await.unwrap(), None);
    assert!(store.user(id).await.unwrap().is_some());
}
