//! Copies share the work, and one that is stopped leaves nothing behind.

use queue::EMAIL_NOTIFICATIONS;
use serde_json::Value;
use testkit::{Role, eventually};

use crate::{
    messages::{REGISTRATIONS, publish_people},
    servers::{Cluster, start},
};

#[tokio::test(flavor = "multi_thread")]
async fn two_receivers_share_the_work_and_double_nothing() {
    const PEOPLE: u64 = 2_000;
    let cluster = start(|s| {
        s.copies(Role::QueueReceiver, 2).copies(Role::Sender, 2).copies(Role::DatabaseService, 2)
    })
    .await;
    let console = cluster.console().await;
    // Whoever is there first would take what there is.
    for topic in [REGISTRATIONS, EMAIL_NOTIFICATIONS.queue] {
        eventually("both consume", || async {
            let depth = cluster.queue.depth(topic).await.ok()?;
            (depth.consumers == 2).then_some(())
        })
        .await;
    }
    publish_people(&*cluster.queue, PEOPLE).await;
    cluster.all_mailed(&console, PEOPLE).await;
    for role in [Role::QueueReceiver, Role::Sender] {
        let (one, other) =
            (cluster.verdicts(role, 0, "ack").await, cluster.verdicts(role, 1, "ack").await);
        assert!(one > 0 && other > 0, "{}: one did all of it: {one}, {other}", role.name());
    }
    cluster.no_dead_letters().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_stopped_in_a_backlog_loses_nothing() {
    const PEOPLE: u64 = 8_000;
    let mut cluster = start(|s| s).await;
    let console = cluster.console().await;
    // All of it is there before the first is taken.
    cluster.stop(Role::QueueReceiver, 0);
    publish_people(&*cluster.queue, PEOPLE).await;
    let mut stopped_in_the_middle = 0;
    for _ in 0..3 {
        let before = stored(&cluster).await;
        if before == PEOPLE {
            break;
        }
        cluster.restart(Role::QueueReceiver, 0);
        let after = eventually("it stores some", || async {
            let now = stored(&cluster).await;
            (now > before).then_some(now)
        })
        .await;
        stopped_in_the_middle += usize::from(after < PEOPLE);
        cluster.stop(Role::QueueReceiver, 0);
    }
    assert!(stopped_in_the_middle > 0, "it was too fast to be stopped in the middle");
    cluster.restart(Role::QueueReceiver, 0);
    cluster.all_mailed(&console, PEOPLE).await;
    cluster.no_dead_letters().await;
    let depth = cluster.queue.depth(REGISTRATIONS).await.unwrap();
    assert_eq!((depth.ready, depth.delayed), (0, 0));
}

/// How many users there are. The console cannot say while there is no Queue Receiver.
async fn stored(cluster: &Cluster) -> u64 {
    let call = cluster.http().get(cluster.url(Role::DatabaseService, "/stats"));
    let answer = call.bearer_auth(cluster.token(Role::DatabaseService)).send().await.unwrap();
    answer.json::<Value>().await.unwrap()["users"]["total"].as_u64().unwrap()
}
