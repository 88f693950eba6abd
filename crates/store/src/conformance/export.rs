//! All users as a stream.

use chrono::Utc;
use domain::{Registration, UserFilter};
use futures::{StreamExt, TryStreamExt};

use super::{AnyStore, address, all_users, containing, exported, of, person, registration};
use crate::User;

/// Stores this many people.
async fn crowd(store: &AnyStore, size: usize) {
    let batch: Vec<_> = (0..size).map(|n| registration(&address(n))).collect();
    for items in batch.chunks(500) {
        store.record(items).await.unwrap();
    }
}

pub async fn an_export_has_every_row_in_order(store: AnyStore) {
    assert_eq!(exported(&store, &UserFilter::default()).await, []);
    crowd(&store, 2100).await;
    let users = exported(&store, &UserFilter::default()).await;
    assert_eq!(users.len(), 2100);
    assert!(users.is_sorted_by(|a, b| a.id < b.id));
    assert_eq!(users, all_users(&store, &UserFilter::default()).await);
}

pub async fn an_export_has_what_the_list_has(store: AnyStore) {
    crowd(&store, 30).await;
    let odd = Registration::parse("Émile 100%", "O'Brien", "odd@example.com").unwrap();
    let item = of(&odd);
    store.record(std::slice::from_ref(&item)).await.unwrap();
    store.confirm(item.registration_id, Utc::now()).await.unwrap();
    for (filter, size) in [
        (containing("ÉMILE 100%"), 1),
        (containing("user1"), 11),
        (containing("nobody"), 0),
        (UserFilter { confirmed: Some(true), ..UserFilter::default() }, 1),
        (UserFilter { confirmed: Some(false), ..containing("user") }, 30),
        (UserFilter { created_from: Some(Utc::now()), ..UserFilter::default() }, 0),
        (UserFilter { created_to: Some(Utc::now()), ..UserFilter::default() }, 31),
    ] {
        let users = exported(&store, &filter).await;
        assert_eq!(users.len(), size, "{filter:?}");
        assert_eq!(users, all_users(&store, &filter).await);
    }
}

pub async fn an_export_is_of_one_moment(store: AnyStore) {
    crowd(&store, 5000).await;
    let before = all_users(&store, &UserFilter::default()).await;
    let mut export = store.export_users(&UserFilter::default()).await.unwrap().rows();
    let first: User = export.try_next().await.unwrap().unwrap();
    // Now that it has begun: rows change, go and come, before and behind where it is.
    for user in [&before[0], &before[1], &before[4998]] {
        store
            .update_user(user.id, &person(&format!("x{}@example.com", user.id)), None)
            .await
            .unwrap();
    }
    for user in [&before[2], &before[3], &before[4999]] {
        assert!(store.delete_user(user.id).await.unwrap());
    }
    store.create_user(&person("late@example.com")).await.unwrap().unwrap();
    let rest: Vec<User> = export.try_collect().await.unwrap();
    assert_eq!(first, before[0]);
    assert_eq!(rest.len(), before.len() - 1);
    assert!(rest == before[1..], "the rows are as they were when it began");
    let after = exported(&store, &UserFilter::default()).await;
    assert_eq!(after.len(), 5000 - 3 + 1);
    assert_eq!(after[0].email, format!("x{}@example.com", after[0].id));
}

pub async fn a_dropped_export_is_over(store: AnyStore) {
    crowd(&store, 4000).await;
    // More than any backend has connections.
    for _ in 0..40 {
        let mut export = store.export_users(&UserFilter::default()).await.unwrap();
        assert!(export.next().await.unwrap().is_ok());
    }
    assert_eq!(exported(&store, &UserFilter::default()).await.len(), 4000);
}
