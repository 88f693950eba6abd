//! Who may use the console.

use chrono::{TimeDelta, Utc};
use domain::EmailAddress;

use super::AnyStore;
use crate::{Account, NewSession, Role, SessionKey};

fn email(text: &str) -> EmailAddress {
    EmailAddress::parse(text).unwrap()
}

fn key(n: u8) -> SessionKey {
    SessionKey(format!("{n:02x}").repeat(32))
}

/// The first account.
async fn administrator(store: &AnyStore) -> Account {
    assert!(store.create_first_account(&email("Root@example.com"), "$argon2id$x").await.unwrap());
    store.account(&email("root@example.com")).await.unwrap().unwrap()
}

fn session(account: &Account, key: SessionKey, lasts: TimeDelta) -> NewSession {
    NewSession { key, account_id: account.id, expires_at: Utc::now() + lasts }
}

pub async fn the_first_account_is_the_only_one(store: AnyStore) {
    assert!(!store.has_accounts().await.unwrap());
    let account = administrator(&store).await;
    assert!(store.has_accounts().await.unwrap());
    for other in ["root@example.com", "other@example.com"] {
        assert!(!store.create_first_account(&email(other), "$argon2id$y").await.unwrap());
    }
    assert_eq!(store.account(&email("root@example.com")).await.unwrap(), Some(account));
    assert_eq!(store.account(&email("other@example.com")).await.unwrap(), None);
}

pub async fn an_account_is_found_in_any_letter_case(store: AnyStore) {
    assert_eq!(store.account(&email("root@example.com")).await.unwrap(), None);
    let account = administrator(&store).await;
    assert_eq!(account.email, "Root@example.com");
    assert_eq!(
        (account.password_hash.as_str(), account.role),
        ("$argon2id$x", Role::Administrator)
    );
    assert_eq!(store.account(&email("ROOT@EXAMPLE.COM")).await.unwrap(), Some(account));
}

pub async fn a_session_lasts_until_it_ends(store: AnyStore) {
    let account = administrator(&store).await;
    assert_eq!(store.session(&key(1)).await.unwrap(), None);
    store.open_session(&session(&account, key(1), TimeDelta::hours(1))).await.unwrap();
    store.open_session(&session(&account, key(2), TimeDelta::hours(1))).await.unwrap();
    store.open_session(&session(&account, key(3), -TimeDelta::seconds(1))).await.unwrap();
    assert_eq!(store.session(&key(1)).await.unwrap(), Some(account.clone()));
    assert_eq!(store.session(&key(3)).await.unwrap(), None, "its time is over");
    store.close_session(&key(1)).await.unwrap();
    assert_eq!(store.session(&key(1)).await.unwrap(), None);
    assert_eq!(store.session(&key(2)).await.unwrap(), Some(account), "another's goes on");
}

pub async fn a_session_may_be_opened_and_closed_twice(store: AnyStore) {
    let account = administrator(&store).await;
    let session = session(&account, key(1), TimeDelta::hours(1));
    store.open_session(&session).await.unwrap();
    store.open_session(&session).await.unwrap();
    assert_eq!(store.session(&key(1)).await.unwrap(), Some(account));
    store.close_session(&key(1)).await.unwrap();
    store.close_session(&key(1)).await.unwrap();
    store.close_session(&SessionKey("' OR 1=1 --/../\u{0}".into())).await.unwrap();
    assert_eq!(store.session(&key(1)).await.unwrap(), None);
}

pub async fn a_session_of_nobody_is_none(store: AnyStore) {
    let mut nobody = administrator(&store).await;
    nobody.id += 4711;
    store.open_session(&session(&nobody, key(1), TimeDelta::hours(1))).await.unwrap();
    assert_eq!(store.session(&key(1)).await.unwrap(), None);
    for odd in ["", "' OR 1=1 --", "../users/1", "\u{0}"] {
        assert_eq!(store.session(&SessionKey(odd.into())).await.unwrap(), None, "{odd:?}");
    }
}
