//! People as rows.

use domain::{NotificationId, RegistrationId, UserFilter, UserId};
use uuid::Uuid;

use super::{AnyStore, address, all_users, person, record, registration};
use crate::NotificationFilter;

pub async fn an_address_is_taken_in_any_letter_case(store: AnyStore) {
    let user = store.create_user(&person("ada@example.com")).await.unwrap().unwrap();
    assert_eq!((user.name.as_str(), user.surname.as_str()), ("Ada", "Lovelace"));
    assert_eq!((user.registration_id, user.confirmed_at), (None, None));
    assert_eq!(user.created_at, user.updated_at);
    assert_eq!(store.user(user.id).await.unwrap(), Some(user.clone()));
    for taken in ["ada@example.com", "ADA@EXAMPLE.COM", "aDa@example.com"] {
        assert_eq!(store.create_user(&person(taken)).await.unwrap(), None, "{taken}");
    }
    assert_eq!(all_users(&store, &UserFilter::default()).await, [user]);
}

pub async fn who_is_not_there_is_none(store: AnyStore) {
    for id in [0, 1, -1, i64::MIN, i64::MAX] {
        assert_eq!(store.user(UserId(id)).await.unwrap(), None);
        assert!(!store.delete_user(UserId(id)).await.unwrap());
    }
    assert_eq!(store.registration(RegistrationId(Uuid::now_v7())).await.unwrap(), None);
}

pub async fn deleting_takes_all_that_belongs_to_it(store: AnyStore) {
    let items = [registration("ada@example.com"), registration("ada@example.com")];
    let recorded = store.record(&items).await.unwrap();
    let neighbour = record(&store, &registration("neighbour@example.com")).await;
    let id = recorded[0].user_id.unwrap();
    assert!(store.delete_user(id).await.unwrap());
    assert_eq!(store.user(id).await.unwrap(), None);
    for item in &items {
        assert_eq!(store.registration(item.registration_id).await.unwrap(), None);
        let notification = NotificationId::of_registration(item.registration_id);
        assert_eq!(store.notification(notification).await.unwrap(), None);
    }
    let log = store.notifications(&NotificationFilter::default(), None, 10).await.unwrap().items;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].user_id, neighbour.user_id);
    assert!(!store.delete_user(id).await.unwrap(), "it is gone already");
}

pub async fn an_id_is_never_given_again(store: AnyStore) {
    let mut last = UserId(0);
    for n in 0..5 {
        let user = store.create_user(&person(&address(n))).await.unwrap().unwrap();
        assert!(user.id > last);
        last = user.id;
        assert!(store.delete_user(user.id).await.unwrap());
    }
}
