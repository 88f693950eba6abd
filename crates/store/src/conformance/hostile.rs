//! Texts that want to be something else.

use std::time::Duration;

use domain::{Registration, UserFilter};

use super::{AnyStore, all_users, at, containing, exported, of, registered, request};
use crate::{AttemptOutcome, NotificationAttempt, NotificationClaim, User, UserUpdate};

/// Names that are allowed and want care.
const NAMES: [&str; 20] = [
    "Robert'); DROP TABLE users;--",
    "\"quoted\" `and` 'so'",
    r"C:\new\table",
    "100% _under_ %s {} {0}",
    "=1+1",
    "+SUM(A1)",
    "-2",
    "@cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    "&amp;&lt;",
    "null",
    "true",
    "12345678901234567890",
    "1e5",
    "{\"name\":[1,2]}",
    "👩‍👩‍👧‍👦 🇨🇭",
    "مرحبا بالعالم",
    "שָׁלוֹם",
    "Ångström ﷽ ẞ",
    "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 ‌نیم‌فاصله",
];

/// Addresses that are allowed and want care.
const LOCALS: [&str; 5] = ["o'brien", "a%b_c", "{x}|`~", "null", "!#$&*+-/=?^"];

pub async fn texts_survive_byte_for_byte(store: AnyStore) {
    let people: Vec<_> = NAMES
        .iter()
        .enumerate()
        .map(|(n, name)| {
            let email = format!("{}{n}@example.com", LOCALS[n % LOCALS.len()]);
            Registration::parse(name, NAMES[(n + 1) % NAMES.len()], &email).unwrap()
        })
        .collect();
    let kept = |user: &User, person: &Registration| {
        let got = (user.name.as_str(), user.surname.as_str(), user.email.as_str());
        assert_eq!(got, (person.name.as_str(), person.surname.as_str(), person.email.as_str()));
    };
    let recorded = store.record(&people.iter().map(of).collect::<Vec<_>>()).await.unwrap();
    let listed = all_users(&store, &UserFilter::default()).await;
    assert_eq!(listed.len(), people.len());
    assert_eq!(exported(&store, &UserFilter::default()).await, listed);
    let requests: Vec<_> = recorded.iter().map(request).collect();
    let claims = store.claim_notifications(&requests, Duration::from_mins(1)).await.unwrap();
    for ((person, user), claim) in people.iter().zip(&listed).zip(claims) {
        kept(user, person);
        let NotificationClaim::Granted(mail) = claim else { panic!("not granted: {claim:?}") };
        assert_eq!(
            (mail.name, mail.surname, mail.email),
            (user.name.clone(), user.surname.clone(), user.email.clone())
        );
        let found = all_users(&store, &containing(person.name.as_str())).await;
        assert!(found.contains(user), "{}", user.name);
        let found = all_users(&store, &containing(person.email.as_str())).await;
        assert_eq!(found, std::slice::from_ref(user));
    }
    // The same by the other two ways.
    for (user, person) in listed.iter().zip(people.iter().cycle().skip(1)) {
        let email = format!("other.{}", user.email);
        let other =
            Registration::parse(person.name.as_str(), person.surname.as_str(), &email).unwrap();
        let updated = store.update_user(user.id, &other, None).await.unwrap();
        let UserUpdate::Updated(updated) = updated else { panic!("not updated: {updated:?}") };
        kept(&updated, &other);
    }
    for person in &people {
        let user = store.create_user(person).await.unwrap().unwrap();
        kept(&store.user(user.id).await.unwrap().unwrap(), person);
    }
}

pub async fn replies_survive_byte_for_byte(store: AnyStore) {
    let request = registered(&store, "ada@example.com").await;
    let long = "x".repeat(4000);
    let replies =
        NAMES.into_iter().chain(["", "550-a\r\n550 b\tc", "\u{202e}\u{feff}\u{7f}", &long]);
    for (n, reply) in replies.enumerate() {
        let attempt = NotificationAttempt {
            notification_id: request.notification_id,
            outcome: AttemptOutcome::Retrying,
            reply: reply.to_owned(),
            at: at("2026-05-06T07:08:09Z") + chrono::TimeDelta::seconds(i64::try_from(n).unwrap()),
            undeliverable: false,
        };
        store.record_attempts(&[attempt]).await.unwrap();
        let logged = store.notification(request.notification_id).await.unwrap().unwrap();
        assert_eq!(logged.last_reply.as_deref(), Some(reply));
    }
    // What no SQL database keeps is replaced, and nothing around it lost.
    let nul = NotificationAttempt {
        notification_id: request.notification_id,
        outcome: AttemptOutcome::Failed,
        reply: "a\0b".into(),
        at: at("2027-05-06T07:08:09Z"),
        undeliverable: false,
    };
    store.record_attempts(&[nul]).await.unwrap();
    let logged = store.notification(request.notification_id).await.unwrap().unwrap();
    assert_eq!(logged.last_reply.as_deref(), Some("a\u{fffd}b"));
}
