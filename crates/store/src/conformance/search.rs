//! Finding users.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Registration, UserFilter};

use super::{AnyStore, address, all_users, containing, exported, of, person, registration};
use crate::Order;

/// Stores people of these names and addresses.
async fn people(store: &AnyStore, people: &[(&str, &str, &str)]) {
    let batch: Vec<_> = people
        .iter()
        .map(|(name, surname, email)| of(&Registration::parse(name, surname, email).unwrap()))
        .collect();
    store.record(&batch).await.unwrap();
}

/// The addresses that a text finds.
async fn found(store: &AnyStore, q: &str) -> Vec<String> {
    all_users(store, &containing(q)).await.into_iter().map(|user| user.email).collect()
}

pub async fn a_part_of_each_field_is_found_in_any_letter_case(store: AnyStore) {
    people(
        &store,
        &[
            ("Ada", "Lovelace", "a@one.example.com"),
            ("Émile", "Zola", "b@two.example.com"),
            ("ΟΔΥΣΣΕΥΣ", "Ελύτης", "c@example.com"),
            ("Юлия", "Straße", "d@example.com"),
            ("李", "小龍", "e@example.com"),
        ],
    )
    .await;
    for (q, email) in [
        ("ada", "a@one.example.com"),
        ("DA LOVE", "a@one.example.com"),
        ("VELA", "a@one.example.com"),
        ("@ONE.", "a@one.example.com"),
        ("éMILE", "b@two.example.com"),
        ("e\u{301}mile", "b@two.example.com"),
        ("zOlA", "b@two.example.com"),
        ("οδυσσευς", "c@example.com"),
        ("δυσσ", "c@example.com"),
        ("юЛИ", "d@example.com"),
        ("STRASSE", "d@example.com"),
        ("小", "e@example.com"),
        ("  lovelace ", "a@one.example.com"),
    ] {
        assert_eq!(found(&store, q).await, [email], "{q:?}");
    }
    for nothing in ["nobody", "lovelacea@", "Lovelace a@one", "adaa"] {
        assert_eq!(found(&store, nothing).await, [""; 0], "{nothing:?}");
    }
    assert_eq!(found(&store, "example").await.len(), 5);
    for everything in ["", "  "] {
        assert_eq!(found(&store, everything).await.len(), 5);
    }
    let long = "x".repeat(100_000 / 50);
    assert_eq!(found(&store, &long).await, [""; 0]);
}

pub async fn wildcards_are_letters(store: AnyStore) {
    people(
        &store,
        &[
            ("100%", "A", "percent@example.com"),
            ("a_b", "B", "underscore@example.com"),
            (r"back\slash", "C", "backslash@example.com"),
            ("O'Brien", "\"D\"", "quote@example.com"),
            ("a*b?c[d]", "E", "glob@example.com"),
            ("axb", "F", "plain@example.com"),
        ],
    )
    .await;
    for (q, email) in [
        ("%", "percent"),
        ("0%", "percent"),
        ("_", "underscore"),
        ("A_B", "underscore"),
        ("\\", "backslash"),
        ("K\\S", "backslash"),
        ("'", "quote"),
        ("\"d\"", "quote"),
        ("*", "glob"),
        ("?", "glob"),
        ("[d]", "glob"),
        ("axb", "plain"),
    ] {
        assert_eq!(found(&store, q).await, [format!("{email}@example.com")], "{q:?}");
    }
    for nothing in ["%%", "__", "a%b", "\\%", "' OR 1=1 --", "\u{0}"] {
        assert_eq!(found(&store, nothing).await, [""; 0], "{nothing:?}");
    }
}

pub async fn confirmed_and_created_filter(store: AnyStore) {
    let items: Vec<_> = (0..5).map(|n| registration(&address(n))).collect();
    for item in &items {
        store.record(std::slice::from_ref(item)).await.unwrap();
    }
    store.confirm(items[1].registration_id, Utc::now()).await.unwrap();
    store.confirm(items[3].registration_id, Utc::now()).await.unwrap();
    let emails = async |filter: UserFilter| -> Vec<usize> {
        let users = all_users(&store, &filter).await;
        assert_eq!(exported(&store, &filter).await, users, "the export filters alike");
        users.iter().map(|u| (0..5).find(|n| u.email == address(*n)).unwrap()).collect()
    };
    let confirmed = |confirmed| UserFilter { confirmed: Some(confirmed), ..UserFilter::default() };
    assert_eq!(emails(confirmed(true)).await, [1, 3]);
    assert_eq!(emails(confirmed(false)).await, [0, 2, 4]);

    let created: Vec<_> = all_users(&store, &UserFilter::default())
        .await
        .into_iter()
        .map(|user| user.created_at)
        .collect();
    assert_eq!(created.iter().collect::<BTreeSet<_>>().len(), 5, "each at a time of its own");
    let range = |created_from: Option<DateTime<Utc>>, created_to: Option<DateTime<Utc>>| {
        UserFilter { created_from, created_to, ..UserFilter::default() }
    };
    assert_eq!(emails(range(Some(created[2]), None)).await, [2, 3, 4], "from includes");
    assert_eq!(emails(range(None, Some(created[2]))).await, [0, 1], "to does not");
    assert_eq!(emails(range(Some(created[1]), Some(created[3]))).await, [1, 2]);
    assert_eq!(emails(range(Some(created[3]), Some(created[1]))).await, [0; 0]);
    let nano = TimeDelta::nanoseconds(1);
    assert_eq!(emails(range(Some(created[2] + nano), None)).await, [3, 4]);
    assert_eq!(emails(range(None, Some(created[2] + nano))).await, [0, 1, 2]);
    let far = range(Some(DateTime::<Utc>::MIN_UTC), Some(DateTime::<Utc>::MAX_UTC));
    assert_eq!(emails(far).await, [0, 1, 2, 3, 4]);
}

pub async fn filters_work_together(store: AnyStore) {
    let items: Vec<_> = (0..6).map(|n| registration(&address(n))).collect();
    store.record(&items).await.unwrap();
    store.confirm(items[2].registration_id, Utc::now()).await.unwrap();
    store.create_user(&person("elsewhere@example.org")).await.unwrap().unwrap();
    let filter = UserFilter {
        q: Some("USER".into()),
        confirmed: Some(false),
        created_from: Some(Utc::now() - TimeDelta::hours(1)),
        created_to: Some(Utc::now() + TimeDelta::hours(1)),
    };
    let users = all_users(&store, &filter).await;
    assert_eq!(users.len(), 5);
    assert_eq!(exported(&store, &filter).await, users);
    let page = store.users(&filter, Some(users[1].id), 2, Order::Ascending).await.unwrap();
    assert_eq!(page.items, users[2..4]);
    assert_eq!(page.next, Some(users[3].id));
}
