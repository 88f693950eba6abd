//! Logins that are slowed down.

use chrono::{TimeDelta, Utc};
use futures::future::join_all;

use super::AnyStore;
use crate::LoginSubject;

fn subject(key: &str, free: u32) -> LoginSubject {
    LoginSubject { key: key.into(), free, shared: false }
}

pub async fn failures_beyond_the_free_ones_wait(store: AnyStore) {
    let ada = [subject("ada", 2)];
    for _ in 0..3 {
        assert_eq!(store.try_login(&ada).await.unwrap(), None);
    }
    let until = store.try_login(&ada).await.unwrap().expect("the third failure costs a second");
    assert!(until <= Utc::now() + TimeDelta::seconds(1));
    assert_eq!(store.try_login(&ada).await.unwrap(), Some(until), "who is refused is not counted");
    assert_eq!(store.try_login(&[subject("grace", 2)]).await.unwrap(), None, "another is free");
    store.login_succeeded(&ada).await.unwrap();
    assert_eq!(store.try_login(&ada).await.unwrap(), None);
    store.login_succeeded(&[subject("nobody", 0)]).await.unwrap();
}

pub async fn every_subject_counts(store: AnyStore) {
    let (here, there) = (subject("ada from here", 1), subject("ada from there", 1));
    let address = subject("ada", 3);
    for from in [&here, &here, &there, &there] {
        assert_eq!(store.try_login(&[address.clone(), from.clone()]).await.unwrap(), None);
    }
    let elsewhere = [subject("ada from elsewhere", 1), address];
    assert!(store.try_login(&elsewhere).await.unwrap().is_some(), "the address has its own count");
    assert_eq!(store.try_login(&elsewhere[..1]).await.unwrap(), None, "which counted nothing else");
}

pub async fn a_success_takes_back_its_own_failures(store: AnyStore) {
    let office = LoginSubject { shared: true, ..subject("office", 4) };
    let of = |who: &str| [subject(who, 9), office.clone()];
    for who in ["ada", "ada", "mallory", "mallory", "mallory"] {
        assert_eq!(store.try_login(&of(who)).await.unwrap(), None);
    }
    assert!(store.try_login(&of("grace")).await.unwrap().is_some(), "five are one too many");
    store.login_succeeded(&of("ada")).await.unwrap();
    // Told twice, as after an answer that was lost.
    store.login_succeeded(&of("ada")).await.unwrap();
    for _ in 0..2 {
        assert_eq!(store.try_login(&of("grace")).await.unwrap(), None);
    }
    assert!(store.try_login(&of("grace")).await.unwrap().is_some(), "three of Mallory's are left");
}

pub async fn of_many_at_once_no_more_than_the_free_ones_pass(store: AnyStore) {
    let ada = [subject("ada", 4), subject("ada from here", 4)];
    let tries = join_all((0..20).map(|_| store.try_login(&ada))).await;
    let passed = tries.into_iter().filter(|tried| matches!(tried, Ok(None))).count();
    // The fifth failure begins the first wait, of a second.
    assert_eq!(passed, 5);
}
