//! A server that goes away and comes back.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use chrono::Utc;
use domain::UserFilter;
use futures::StreamExt;
use sqlx::{Executor, PgPool};
use store::{
    NotificationFilter, Notifications, Order, Overview, PostgresStore, RecordOutcome,
    Registrations, StoreError, Users,
};
use testkit::{Postgres, Proxy, eventually};

use crate::{crowd, database, open, registration, settings};

/// A server that only one test may stop.
async fn server() -> (Arc<Postgres>, String) {
    let started = tokio::task::spawn_blocking(|| {
        let server = Postgres::start();
        let url = server.url(&server.create_database());
        (Arc::new(server), url)
    });
    started.await.unwrap()
}

/// What takes a while, where it holds no other task up.
async fn on(server: &Arc<Postgres>, act: fn(&Postgres)) {
    let server = server.clone();
    tokio::task::spawn_blocking(move || act(&server)).await.unwrap();
}

fn is_away<T: std::fmt::Debug>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(StoreError::Unavailable(_)))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_waits_for_its_database() {
    let (server, url) = server().await;
    on(&server, Postgres::stop).await;
    let error = PostgresStore::open(&settings(&url)).await.unwrap_err();
    assert!(matches!(&error, StoreError::Unavailable(e) if e.contains("refused")), "{error}");
    let store = PostgresStore::open_later(&settings(&url)).unwrap();
    assert!(is_away(&store.check().await));
    assert!(is_away(&store.record(&[registration("ada@example.com")]).await));
    assert!(is_away(&store.users(&UserFilter::default(), None, 10, Order::Ascending).await));
    assert!(is_away(&store.export_users(&UserFilter::default()).await.map(drop)));
    on(&server, Postgres::start_again).await;
    eventually("it is connected and migrated", || async { store.check().await.ok() }).await;
    let recorded = store.record(&[registration("ada@example.com")]).await.unwrap();
    assert_eq!(recorded[0].outcome, RecordOutcome::Created);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_between_two_calls_goes_unnoticed() {
    let (server, url) = server().await;
    let store = open(&url).await;
    let once = registration("ada@example.com");
    for restart in [|s: &Postgres| s.stop(), |s: &Postgres| s.kill()] {
        // More than one connection, all of which will be dead.
        let calls: Vec<_> = (0..8)
            .map(|n| {
                let (store, item) = (store.clone(), registration(&format!("u{n}@example.com")));
                tokio::spawn(async move { store.record(&[item]).await })
            })
            .collect();
        for call in calls {
            call.await.unwrap().unwrap();
        }
        on(&server, restart).await;
        on(&server, Postgres::start_again).await;
        store.record(std::slice::from_ref(&once)).await.unwrap();
        assert!(store.create_user(&once.person).await.unwrap().is_none());
        assert_eq!(
            store
                .users(&UserFilter::default(), None, 100, Order::Ascending)
                .await
                .unwrap()
                .items
                .len(),
            9
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_it_is_away_everything_is_an_outage() {
    let (server, url) = server().await;
    let store = open(&url).await;
    store.record(&[registration("ada@example.com")]).await.unwrap();
    on(&server, Postgres::stop).await;
    assert!(is_away(&store.check().await));
    assert!(is_away(&store.record(&[registration("bea@example.com")]).await));
    assert!(is_away(&store.create_user(&registration("bea@example.com").person).await));
    assert!(is_away(&store.stats().await));
    assert!(is_away(&store.export_users(&UserFilter::default()).await.map(drop)));
    on(&server, Postgres::start_again).await;
    assert_eq!(store.stats().await.unwrap().users.total, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_in_the_middle_it_keeps_what_was_answered() {
    let (server, url) = server().await;
    let store = open(&url).await;
    let (stop, batches) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let recorders: Vec<_> = (0..3)
        .map(|task| {
            let (store, stop, batches) = (store.clone(), stop.clone(), batches.clone());
            tokio::spawn(async move {
                let mut answered = Vec::new();
                for n in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let batch: Vec<_> = (0..50)
                        .map(|i| registration(&format!("r{task}.{n}.{i}@example.com")))
                        .collect();
                    // As a message that comes back until it is recorded.
                    loop {
                        match store.record(&batch).await {
                            Ok(recorded) => break answered.extend(recorded),
                            Err(StoreError::Unavailable(_)) => {
                                tokio::time::sleep(Duration::from_millis(20)).await;
                            }
                            Err(other) => panic!("an outage is no failure: {other}"),
                        }
                    }
                    batches.fetch_add(1, Ordering::Relaxed);
                }
                answered
            })
        })
        .collect();
    for _ in 0..3 {
        let before = batches.load(Ordering::Relaxed);
        eventually("some batches are recorded", || async {
            (batches.load(Ordering::Relaxed) > before + 5).then_some(())
        })
        .await;
        on(&server, Postgres::kill).await;
        on(&server, Postgres::start_again).await;
    }
    stop.store(true, Ordering::Relaxed);
    let mut answered = Vec::new();
    for recorder in recorders {
        answered.extend(recorder.await.unwrap());
    }
    let users: HashSet<_> = answered.iter().map(|r| r.user_id.unwrap()).collect();
    assert_eq!(users.len(), answered.len());
    let stats = store.stats().await.unwrap();
    assert_eq!(stats.users.total, answered.len() as u64, "each once");
    assert_eq!(stats.notifications["queued"], answered.len() as u64);
    let page = store.notifications(&NotificationFilter::default(), None, 10).await.unwrap();
    assert_eq!(page.items.len(), 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_that_is_cut_is_never_a_short_success() {
    let (server, url) = server().await;
    let store = open(&url).await;
    crowd(&url).await;
    let mut export = store.export_users(&UserFilter::default()).await.unwrap().rows();
    assert!(export.next().await.unwrap().is_ok());
    on(&server, Postgres::kill).await;
    let rest: Vec<_> = export.collect().await;
    assert!(matches!(rest.last(), Some(Err(StoreError::Unavailable(_)))), "{:?}", rest.last());
    assert!(rest.len() < 120_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_given_up_while_it_begins_leaves_no_transaction_open() {
    let url = database().await;
    let port = Postgres::shared().port();
    let proxy = Proxy::start([port]);
    let store = open(&url.replace(&format!(":{port}/"), &format!(":{}/", proxy.port()))).await;
    let ada = registration("ada@example.com");
    store.record(std::slice::from_ref(&ada)).await.unwrap();
    proxy.stall();
    let confirm = store.confirm(ada.registration_id, Utc::now());
    let given_up = tokio::time::timeout(Duration::from_millis(200), confirm).await;
    assert!(given_up.is_err(), "nothing came through");
    proxy.restore();
    let by_hand = PgPool::connect(&url).await.unwrap();
    let sql = "SELECT pid FROM pg_stat_activity
               WHERE datname = current_database() AND state = 'idle' AND query LIKE 'ROLLBACK%'";
    eventually("what was begun is rolled back", || async {
        by_hand.fetch_optional(sql).await.unwrap()
    })
    .await;
}
