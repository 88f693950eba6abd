//! Consumers give way in a rush, and are not shut out by it.

use futures::future::join_all;
use queue::EmbeddedSettings;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::{Embedded, LINGER, PATIENCE, QUEUE, message};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_endless_rush_does_not_starve_consumers() {
    let embedded = Embedded::new();
    let queue = embedded.open_with(EmbeddedSettings::default()).await;
    let over = CancellationToken::new();
    let publishers = (0..64).map(async |n| {
        let mut published = 0;
        while !over.is_cancelled() {
            queue.publish(QUEUE, vec![message(n)]).await.expect("published");
            published += 1;
        }
        published
    });
    let consume = async {
        let consumer = queue.consume(QUEUE, 10_000).await.expect("a consumer");
        for _ in 0..5 {
            let received = timeout(PATIENCE, consumer.receive(500, LINGER)).await;
            assert!(!received.expect("in time").expect("received").is_empty());
        }
        over.cancel();
    };
    let (published, ()) = tokio::join!(join_all(publishers), consume);
    assert!(published.iter().sum::<u32>() > 500, "{published:?}");
}
