//! Many at once.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use domain::{EmailAddress, UserFilter};
use futures::future::join_all;
use uuid::Uuid;

use super::{
    AnyStore, address, all_users, by_another, new_report, person, registered, registration,
    templates,
};
use crate::{
    MAILS_PER_ADDRESS_AND_DAY, NotificationClaim, NotificationFilter, RecordOutcome, Recorded,
    ReportClaim, UserUpdate,
};

const TASKS: usize = 8;
const MINUTE: Duration = Duration::from_mins(1);

/// What eight tasks got that all asked at once.
async fn eight<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    ask: impl Fn(usize) -> F,
) -> Vec<T> {
    let asked: Vec<_> = (0..TASKS).map(|n| tokio::spawn(ask(n))).collect();
    join_all(asked).await.into_iter().map(Result::unwrap).collect()
}

pub async fn overlapping_batches_store_everything_once(store: AnyStore) {
    const ADDRESSES: usize = 40;
    // Five registrations of each address.
    let items: Vec<_> = (0..ADDRESSES * 5).map(|n| registration(&address(n % ADDRESSES))).collect();
    let answers = eight(|task| {
        let (store, mut items) = (store.clone(), items.clone());
        // Each records all of them, from another start, in batches of another size.
        items.rotate_left(task * 23);
        async move {
            let mut recorded: Vec<Recorded> = Vec::new();
            for batch in items.chunks(17 + task) {
                recorded.extend(store.record(batch).await.unwrap());
            }
            recorded
        }
    })
    .await;

    let mut first = HashMap::new();
    let mut by_id: HashMap<&str, Vec<&Recorded>> = HashMap::new();
    for answer in answers.iter().flatten() {
        by_id.entry(&answer.registration_id).or_default().push(answer);
        if answer.outcome != RecordOutcome::Replayed {
            let before = first.insert(answer.registration_id.as_str(), answer);
            assert!(before.is_none(), "one registration was recorded twice");
        }
    }
    assert_eq!(first.len(), items.len(), "each has an outcome of its own");
    for (id, answers) in by_id {
        assert_eq!(answers.len(), TASKS);
        assert!(answers.iter().all(|a| a.user_id == first[id].user_id));
        assert!(answers.iter().all(|a| a.notification_id == first[id].notification_id));
        assert!(answers.iter().all(|a| a.notification_type == first[id].notification_type));
    }
    let created = first.values().filter(|a| a.outcome == RecordOutcome::Created).count();
    assert_eq!(created, ADDRESSES);
    let users = all_users(&store, &UserFilter::default()).await;
    let emails: HashSet<_> = users.iter().map(|user| user.email.to_lowercase()).collect();
    assert_eq!((users.len(), emails.len()), (ADDRESSES, ADDRESSES));

    let asked: HashSet<_> = first.values().filter_map(|a| a.notification_id).collect();
    let mut logged = Vec::new();
    let mut before = None;
    loop {
        let filter = NotificationFilter::default();
        let page = store.notifications(&filter, before, 100).await.unwrap();
        logged.extend(page.items.into_iter().map(|n| n.notification_id));
        before = page.next;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(logged.len(), ADDRESSES * usize::try_from(MAILS_PER_ADDRESS_AND_DAY).unwrap());
    assert_eq!(logged.into_iter().collect::<HashSet<_>>(), asked);
}

pub async fn one_claimer_of_eight_gets_the_mail(store: AnyStore) {
    let mut requests = Vec::new();
    for n in 0..10 {
        requests.push(registered(&store, &address(n)).await);
    }
    // One that the log does not know yet.
    requests[9].notification_id = domain::NotificationId(Uuid::now_v7());
    let claims = eight(|_| {
        let store = store.clone();
        let requests: Vec<_> = requests.iter().map(by_another).collect();
        async move { store.claim_notifications(&requests, MINUTE).await.unwrap() }
    })
    .await;
    for n in 0..requests.len() {
        let of_this: Vec<_> = claims.iter().map(|claims| &claims[n]).collect();
        let granted = of_this.iter().filter(|c| matches!(c, NotificationClaim::Granted(_))).count();
        let held = of_this.iter().filter(|c| matches!(c, NotificationClaim::Held { .. })).count();
        assert_eq!((granted, held), (1, TASKS - 1));
    }
}

/// Its request may come from the queue in the very moment that somebody deletes it.
pub async fn a_report_deleted_while_it_is_requested_stays_deleted(store: AnyStore) {
    for _ in 0..20 {
        let report = new_report();
        store.request_report(&report).await.unwrap();
        let deleted = eight(|n| {
            let (store, report) = (store.clone(), report.clone());
            async move {
                if n == 4 {
                    return store.delete_report(report.report_id).await.unwrap().is_some();
                }
                store.request_report(&report).await.unwrap();
                false
            }
        })
        .await;
        assert_eq!(deleted.iter().filter(|deleted| **deleted).count(), 1);
        assert_eq!(store.report(report.report_id).await.unwrap(), None);
        assert_eq!(store.request_report(&report).await.unwrap(), None);
    }
}

pub async fn one_generator_of_eight_gets_the_report(store: AnyStore) {
    let report = new_report();
    let claims = eight(|_| {
        let (store, report) = (store.clone(), report.clone());
        async move {
            store.request_report(&report).await.unwrap();
            store.claim_report(report.report_id, Uuid::now_v7(), MINUTE).await.unwrap()
        }
    })
    .await;
    assert_eq!(claims.iter().filter(|c| **c == ReportClaim::Granted).count(), 1);
    assert_eq!(store.reports(None, 10).await.unwrap().items.len(), 1);
}

pub async fn one_account_of_eight_is_the_first(store: AnyStore) {
    let created = eight(|n| {
        let store = store.clone();
        let email = EmailAddress::parse(&address(n)).unwrap();
        async move { store.create_first_account(&email, "$argon2id$").await.unwrap() }
    })
    .await;
    assert_eq!(created.iter().filter(|created| **created).count(), 1);
}

pub async fn one_of_eight_changes_wins(store: AnyStore) {
    let user = store.create_user(&person("ada@example.com")).await.unwrap().unwrap();
    let outcomes = eight(|n| {
        let (store, id, since) = (store.clone(), user.id, Some(user.updated_at));
        async move { store.update_user(id, &person(&address(n)), since).await.unwrap() }
    })
    .await;
    let updated = outcomes.iter().filter(|o| matches!(o, UserUpdate::Updated(_))).count();
    let stale = outcomes.iter().filter(|o| **o == UserUpdate::Stale).count();
    assert_eq!((updated, stale), (1, TASKS - 1));
}

pub async fn eight_texts_at_once_are_eight_versions(store: AnyStore) {
    let saved = eight(|n| {
        let store = store.clone();
        async move {
            let new = templates::text("en", &format!("Subject {n}"));
            store.save_template(&new).await.unwrap().version
        }
    })
    .await;
    assert_eq!(saved.into_iter().collect::<HashSet<_>>(), (2..10).collect());
}
