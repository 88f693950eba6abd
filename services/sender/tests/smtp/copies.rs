//! Several senders on one queue.

use std::collections::HashSet;

use testkit::eventually_within;

use super::{Post, addresses};

const MAILS: usize = 10_000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_senders_mail_each_once() {
    let post = Post::new().await;
    let senders = [post.sender().await, post.sender().await, post.sender().await];
    let ids = post.ask_for(&addresses(MAILS)).await;
    let limit = std::time::Duration::from_mins(2);
    eventually_within(limit, "all are sent", || async {
        (post.server.count() >= MAILS && post.depth().await.unacknowledged == 0).then_some(())
    })
    .await;
    for sender in senders {
        sender.stop().await;
    }
    let mails = post.server.taken();
    let message_ids: HashSet<_> = mails.iter().map(|mail| mail.header("Message-ID")).collect();
    assert_eq!((mails.len(), message_ids.len()), (MAILS, MAILS));
    assert!(ids.iter().all(|id| message_ids.contains(&Some(format!("<{id}@example.com>")))));
    assert_eq!(post.store.stats().await.unwrap().notifications["sent"], 10_000);
}
