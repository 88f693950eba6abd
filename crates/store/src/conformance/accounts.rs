//! Who may use the console.

use chrono::{TimeDelta, Utc};
use domain::EmailAddress;

use super::AnyStore;
use crate::{Account, AccountChange, AccountOutcome, NewAccount, NewSession, Role, SessionKey};

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

fn new(address: &str, role: Role) -> NewAccount {
    NewAccount { email: email(address), password_hash: "$argon2id$z".into(), role }
}

fn role(role: Role) -> AccountChange {
    AccountChange { role: Some(role), ..AccountChange::default() }
}

pub async fn accounts_are_made_changed_and_deleted(store: AnyStore) {
    let root = administrator(&store).await;
    let made = store.create_account(&new("Ada@example.com", Role::Viewer)).await.unwrap().unwrap();
    assert_eq!((made.email.as_str(), made.role), ("Ada@example.com", Role::Viewer));
    assert_eq!(made.last_login_at, None);
    let again = store.create_account(&new("ada@EXAMPLE.com", Role::Administrator)).await.unwrap();
    assert_eq!(again, None, "the address has one already");
    store.open_session(&session(&root, key(1), TimeDelta::hours(1))).await.unwrap();
    let all = store.accounts().await.unwrap();
    let found: Vec<_> = all.iter().map(|a| (a.email.as_str(), a.last_login_at.is_some())).collect();
    assert_eq!(found, [("Ada@example.com", false), ("Root@example.com", true)]);

    let done = store.change_account(made.id, &role(Role::Administrator)).await.unwrap();
    assert_eq!(done, AccountOutcome::Done);
    let ada = store.account(&email("ada@example.com")).await.unwrap().unwrap();
    assert_eq!((ada.role, ada.password_hash.as_str()), (Role::Administrator, "$argon2id$z"));
    store.open_session(&session(&ada, key(2), TimeDelta::hours(1))).await.unwrap();
    assert_eq!(store.delete_account(ada.id).await.unwrap(), AccountOutcome::Done);
    assert_eq!(store.session(&key(2)).await.unwrap(), None, "its sessions went with it");
    assert_eq!(store.delete_account(ada.id).await.unwrap(), AccountOutcome::NotFound);
    let missing = store.change_account(ada.id, &role(Role::Viewer)).await.unwrap();
    assert_eq!(missing, AccountOutcome::NotFound);
}

pub async fn the_last_administrator_stays(store: AnyStore) {
    let root = administrator(&store).await;
    let ada = store.create_account(&new("ada@example.com", Role::Viewer)).await.unwrap().unwrap();
    let refused = AccountOutcome::LastAdministrator;
    assert_eq!(store.delete_account(root.id).await.unwrap(), refused);
    assert_eq!(store.change_account(root.id, &role(Role::Viewer)).await.unwrap(), refused);
    let kept = store.change_account(root.id, &role(Role::Administrator)).await.unwrap();
    assert_eq!(kept, AccountOutcome::Done, "to stay one is no loss");
    store.change_account(ada.id, &role(Role::Administrator)).await.unwrap();
    let both = tokio::join!(store.delete_account(root.id), store.delete_account(ada.id));
    let mut both = [both.0.unwrap(), both.1.unwrap()];
    both.sort_by_key(|outcome| *outcome != AccountOutcome::Done);
    assert_eq!(both, [AccountOutcome::Done, refused], "of two at once one stays");
}

pub async fn a_new_password_ends_sessions(store: AnyStore) {
    let root = administrator(&store).await;
    for n in [1, 2] {
        store.open_session(&session(&root, key(n), TimeDelta::hours(1))).await.unwrap();
    }
    store.change_account(root.id, &role(Role::Administrator)).await.unwrap();
    assert!(store.session(&key(2)).await.unwrap().is_some(), "the password is the same");
    let change = AccountChange {
        password_hash: Some("$argon2id$new".into()),
        keep_session: Some(key(1)),
        ..AccountChange::default()
    };
    assert_eq!(store.change_account(root.id, &change).await.unwrap(), AccountOutcome::Done);
    let kept = store.session(&key(1)).await.unwrap().expect("the one that changed it goes on");
    assert_eq!(kept.password_hash, "$argon2id$new");
    assert_eq!(store.session(&key(2)).await.unwrap(), None);
}
