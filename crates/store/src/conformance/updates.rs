//! Changing a user.

use chrono::Utc;
use domain::{Registration, UserFilter, UserId};

use super::{AnyStore, all_users, containing, person, record, registration};
use crate::{User, UserUpdate};

async fn updated(store: &AnyStore, id: UserId, person: &Registration) -> User {
    match store.update_user(id, person, None).await.unwrap() {
        UserUpdate::Updated(user) => user,
        other => panic!("not updated: {other:?}"),
    }
}

pub async fn an_update_has_four_outcomes(store: AnyStore) {
    let user = store.create_user(&person("ada@example.com")).await.unwrap().unwrap();
    store.create_user(&person("taken@example.com")).await.unwrap().unwrap();
    let change = Registration::parse("Ada", "King", "Countess@example.com").unwrap();

    let outcome = store.update_user(user.id, &change, Some(user.updated_at)).await.unwrap();
    let UserUpdate::Updated(changed) = outcome else { panic!("not updated: {outcome:?}") };
    assert_eq!(
        (changed.name.as_str(), changed.surname.as_str(), changed.email.as_str()),
        ("Ada", "King", "Countess@example.com")
    );
    assert_eq!((changed.id, changed.created_at), (user.id, user.created_at));
    assert!(changed.updated_at > user.updated_at);
    assert_eq!(store.user(user.id).await.unwrap(), Some(changed.clone()));

    let stale = store.update_user(user.id, &change, Some(user.updated_at)).await.unwrap();
    assert_eq!(stale, UserUpdate::Stale);
    let taken = store.update_user(user.id, &person("TAKEN@example.com"), None).await.unwrap();
    assert_eq!(taken, UserUpdate::EmailTaken);
    let nobody = store.update_user(UserId(4711), &change, Some(user.updated_at)).await.unwrap();
    assert_eq!(nobody, UserUpdate::NotFound);
    assert_eq!(store.user(user.id).await.unwrap(), Some(changed), "none of these changed it");

    let both = store
        .update_user(user.id, &person("taken@example.com"), Some(user.updated_at))
        .await
        .unwrap();
    assert_eq!(both, UserUpdate::Stale, "who looks at an old row learns that first");
}

pub async fn updated_at_grows_every_time(store: AnyStore) {
    let mut user = store.create_user(&person("ada@example.com")).await.unwrap().unwrap();
    for _ in 0..20 {
        // Nothing changes, and still it is a change.
        let next = updated(&store, user.id, &person("ada@example.com")).await;
        assert!(next.updated_at > user.updated_at);
        assert_eq!(next, User { updated_at: next.updated_at, ..user });
        user = next;
    }
}

pub async fn a_changed_address_is_unconfirmed(store: AnyStore) {
    let item = registration("ada@example.com");
    let id = record(&store, &item).await.user_id.unwrap();
    let confirmed_at = store.confirm(item.registration_id, Utc::now()).await.unwrap().unwrap();
    let renamed = Registration::parse("Augusta", "King", "ADA@example.com").unwrap();
    let kept = updated(&store, id, &renamed).await;
    assert_eq!(kept.confirmed_at, Some(confirmed_at.confirmed_at), "it is the same address");
    assert_eq!((kept.email.as_str(), kept.name.as_str()), ("ADA@example.com", "Augusta"));
    let moved = updated(&store, id, &person("ada@elsewhere.example.com")).await;
    assert_eq!(moved.confirmed_at, None);
    assert_eq!(store.user(id).await.unwrap(), Some(moved));
}

pub async fn what_is_found_follows_the_update(store: AnyStore) {
    let user = store.create_user(&person("ada@example.com")).await.unwrap().unwrap();
    for (name, q) in [("Émile", "éMILE"), ("ÉMILE", "émile"), ("Юлия", "ЮЛИ")] {
        let change = Registration::parse(name, "Zola", "zola@example.com").unwrap();
        updated(&store, user.id, &change).await;
        assert_eq!(all_users(&store, &containing(q)).await.len(), 1, "{q}");
        assert_eq!(all_users(&store, &containing("lovelace")).await, []);
        assert_eq!(all_users(&store, &containing("ada@")).await, []);
    }
    assert_eq!(all_users(&store, &UserFilter::default()).await.len(), 1);
}
