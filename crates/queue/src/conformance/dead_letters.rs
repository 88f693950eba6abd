//! What cannot be done is kept, seen, and put right.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use chrono::{TimeDelta, Utc};
use tokio::time::{Instant, sleep};

use super::{
    PATIENCE, QUEUE, Subject, consume, depth_becomes, message, nothing_comes, publish, receive_one,
    settle,
};
use crate::{DeadLetter, DeadLetterFilter, Depth, Message, Queue, Verdict};

fn dead(cause: &str) -> Verdict {
    Verdict::DeadLetter { cause: cause.into(), by: "suite".into(), tried: true }
}

/// Publishes a message and dead-letters it.
async fn bury(queue: &Arc<dyn Queue>, name: &str, message: Message, cause: &str) {
    queue.publish(name, vec![message]).await.expect("published");
    let consumer = queue.consume(name, 1).await.expect("a consumer");
    let delivery = receive_one(&*consumer).await;
    settle(&*consumer, &[delivery], dead(cause)).await;
}

/// Waits until there are so many dead letters, and gives them.
async fn browse(
    queue: &Arc<dyn Queue>,
    filter: &DeadLetterFilter,
    count: usize,
) -> Vec<DeadLetter> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = queue.dead_letters(filter, None, 1_000).await.expect("dead letters");
        if found.len() == count {
            return found;
        }
        assert!(Instant::now() < deadline, "{} dead letters; expected {count}", found.len());
        sleep(Duration::from_millis(20)).await;
    }
}

async fn the_one(queue: &Arc<dyn Queue>) -> DeadLetter {
    browse(queue, &DeadLetterFilter::default(), 1).await.remove(0)
}

/// The message byte for byte, whatever its bytes are, and where it came from.
pub async fn a_dead_letter_keeps_everything<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let message = Message {
        id: "1".into(),
        content_type: "text/anything".into(),
        traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
        body: Bytes::from_static(b"\xff\x00\xfe not UTF-8"),
    };
    bury(&queue, QUEUE, message.clone(), "it says \"no\" – because ünïcode").await;
    let found = the_one(&queue).await;
    assert_eq!(found.message, message);
    assert_eq!(found.queue, QUEUE);
    assert_eq!(found.cause, "it says \"no\" – because ünïcode");
    assert_eq!(found.by, "suite");
    assert_eq!(queue.dead_letter(&found.id).await.expect("an answer"), Some(found));
    nothing_comes(&*consume(&queue, 1).await).await;
}

/// Attempts in all, and the times of the first failure and of the end.
pub async fn attempts_and_times_are_kept<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let consumer = consume(&queue, 1).await;
    publish(&queue, vec![message("malformed")]).await;
    let malformed = receive_one(&*consumer).await;
    let verdict = Verdict::DeadLetter { cause: "no".into(), by: "suite".into(), tried: false };
    settle(&*consumer, &[malformed], verdict).await;
    assert_eq!(the_one(&queue).await.attempts, 0);

    publish(&queue, vec![message("tried")]).await;
    let started = Utc::now();
    for _ in 0..2 {
        let delivery = receive_one(&*consumer).await;
        let after = Duration::from_millis(300);
        settle(&*consumer, &[delivery], Verdict::Retry { after, cause: "first".into() }).await;
    }
    let delivery = receive_one(&*consumer).await;
    assert_eq!(delivery.attempts, 2);
    settle(&*consumer, &[delivery], dead("last")).await;
    let found = browse(&queue, &DeadLetterFilter::default(), 2).await.remove(1);
    assert_eq!((found.attempts, found.cause.as_str()), (3, "last"));
    let slack = TimeDelta::seconds(2);
    assert!(found.first_failed_at >= started - slack, "{found:?}");
    assert!(found.dead_at >= found.first_failed_at + TimeDelta::milliseconds(500), "{found:?}");
    assert!(found.dead_at <= Utc::now() + slack, "{found:?}");
}

/// By queue, by a part of the cause, in pages, oldest first.
pub async fn they_are_browsed_by_filter_and_page<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    for n in 0..5 {
        let cause = if n % 2 == 0 { "100% timeout" } else { "refused_" };
        bury(&queue, QUEUE, message(n), cause).await;
        sleep(Duration::from_millis(5)).await;
    }
    bury(&queue, "conformance.other", message(5), "timeout too").await;
    let seen = async |of: Option<&str>, cause: Option<&str>, count| {
        let filter = DeadLetterFilter { queue: of.map(Into::into), cause: cause.map(Into::into) };
        let found = browse(&queue, &filter, count).await;
        found.into_iter().map(|d| d.message.id).collect::<Vec<_>>()
    };
    assert_eq!(seen(None, None, 6).await, ["0", "1", "2", "3", "4", "5"]);
    assert_eq!(seen(Some(QUEUE), None, 5).await, ["0", "1", "2", "3", "4"]);
    assert_eq!(seen(None, Some("timeout"), 4).await, ["0", "2", "4", "5"]);
    assert_eq!(seen(Some(QUEUE), Some("0% time"), 3).await, ["0", "2", "4"]);
    assert_eq!(seen(Some(QUEUE), Some("refused_"), 2).await, ["1", "3"]);
    assert_eq!(seen(Some("conformance.none"), None, 0).await, [""; 0]);

    for filter in [
        DeadLetterFilter::default(),
        DeadLetterFilter { queue: Some(QUEUE.into()), cause: None },
        DeadLetterFilter { queue: None, cause: Some("timeout".into()) },
    ] {
        let all = queue.dead_letters(&filter, None, 100).await.expect("dead letters");
        let mut paged = Vec::<DeadLetter>::new();
        loop {
            let after = paged.last().map(|d| d.id.as_str());
            let page = queue.dead_letters(&filter, after, 2).await.expect("a page");
            assert!(page.len() <= 2);
            if page.is_empty() {
                break;
            }
            paged.extend(page);
        }
        assert_eq!(paged, all);
    }
}

/// Who replays page after page goes on where it was.
pub async fn a_page_goes_on_behind_one_that_is_gone<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    for n in 0..3 {
        bury(&queue, QUEUE, message(n), "no").await;
        sleep(Duration::from_millis(5)).await;
    }
    let filter = DeadLetterFilter::default();
    let all = browse(&queue, &filter, 3).await;
    assert!(queue.delete_dead_letter(&all[1].id).await.expect("deleted"));
    browse(&queue, &filter, 2).await;
    let page = queue.dead_letters(&filter, Some(&all[1].id), 10).await.expect("a page");
    assert_eq!(page, all[2..]);
}

/// With the same ids.
pub async fn they_survive_a_reopen<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    bury(&queue, QUEUE, message("1"), "no").await;
    let before = the_one(&queue).await;
    drop(queue);
    assert_eq!(the_one(&subject.open().await).await, before);
}

/// Back in its queue, in its own words, with no attempt counted; no dead letter any more.
pub async fn one_is_replayed_as_it_is<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let consumer = consume(&queue, 1).await;
    let original = message("1").with_traceparent(Some("00-1-2-01".into()));
    publish(&queue, vec![original.clone()]).await;
    let delivery = receive_one(&*consumer).await;
    let retry = Verdict::Retry { after: Duration::ZERO, cause: "no".into() };
    settle(&*consumer, &[delivery], retry).await;
    let delivery = receive_one(&*consumer).await;
    settle(&*consumer, &[delivery], dead("no")).await;

    let id = the_one(&queue).await.id;
    assert!(queue.replay(&id, None).await.expect("replayed"));
    let again = receive_one(&*consumer).await;
    assert_eq!((again.attempts, again.message.clone()), (0, original));
    browse(&queue, &DeadLetterFilter::default(), 0).await;
    assert!(!queue.replay(&id, None).await.expect("an answer"));

    // Its story starts anew.
    settle(&*consumer, &[again], dead("again")).await;
    let found = the_one(&queue).await;
    assert_eq!((found.attempts, found.cause.as_str()), (1, "again"));
    assert!(found.dead_at - found.first_failed_at < TimeDelta::milliseconds(50), "{found:?}");
}

/// With another body, and otherwise as it was.
pub async fn one_is_replayed_corrected<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    bury(&queue, QUEUE, message("1"), "no").await;
    let id = the_one(&queue).await.id;
    let body = Bytes::from_static(b"\xffcorrected");
    assert!(queue.replay(&id, Some(body.clone())).await.expect("replayed"));
    let again = receive_one(&*consume(&queue, 1).await).await;
    assert_eq!(again.message, Message { body, ..message("1") });
    browse(&queue, &DeadLetterFilter::default(), 0).await;
}

/// A batch that could not be taken apart can be once it is corrected.
pub async fn a_corrected_batch_arrives_as_its_events<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    let broken = Message { content_type: Message::BATCH.into(), ..Message::event("1", "[") };
    bury(&queue, QUEUE, broken, "no").await;
    let id = the_one(&queue).await.id;
    let body = Bytes::from_static(br#"[{"id":"a"},{"id":"b"}]"#);
    assert!(queue.replay(&id, Some(body)).await.expect("replayed"));
    let consumer = consume(&queue, 10).await;
    let again = super::receive(&*consumer, 2).await;
    assert_eq!(super::ids(&again), ["a", "b"].into());
    assert!(again.iter().all(|d| d.message.content_type == Message::EVENT));
}

/// Those that were dead at that time, and no others.
pub async fn all_that_pass_a_filter_are_replayed<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    for (n, cause) in [(0, "late"), (1, "lost"), (2, "late")] {
        bury(&queue, QUEUE, message(n), cause).await;
    }
    bury(&queue, "conformance.other", message(3), "late").await;
    let before = Utc::now() + TimeDelta::milliseconds(1);
    sleep(Duration::from_millis(20)).await;
    bury(&queue, QUEUE, message(4), "late").await;
    browse(&queue, &DeadLetterFilter::default(), 5).await;

    let late = |of: Option<&str>| DeadLetterFilter {
        queue: of.map(Into::into),
        cause: Some("late".into()),
    };
    assert_eq!(queue.replay_all(&late(Some(QUEUE)), before).await.expect("replayed"), 2);
    let consumer = consume(&queue, 10).await;
    let again = super::receive(&*consumer, 2).await;
    assert_eq!(super::ids(&again), ["0", "2"].into());
    assert!(again.iter().all(|d| d.attempts == 0));
    nothing_comes(&*consumer).await;
    let left = browse(&queue, &DeadLetterFilter::default(), 3).await;
    let left: Vec<_> = left.iter().map(|d| d.message.id.as_str()).collect();
    assert_eq!(left, ["1", "3", "4"]);

    assert_eq!(queue.replay_all(&late(None), before).await.expect("replayed"), 1);
    assert_eq!(
        queue.replay_all(&DeadLetterFilter::default(), Utc::now()).await.expect("replayed"),
        2
    );
    browse(&queue, &DeadLetterFilter::default(), 0).await;
}

/// Those that were dead at that time, and no others.
pub async fn all_that_pass_a_filter_are_shown_and_deleted<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    for (n, cause) in [(0, "late"), (1, "lost"), (2, "late")] {
        bury(&queue, QUEUE, message(n), cause).await;
    }
    let before = Utc::now() + TimeDelta::milliseconds(1);
    sleep(Duration::from_millis(20)).await;
    bury(&queue, QUEUE, message(3), "late").await;
    browse(&queue, &DeadLetterFilter::default(), 4).await;

    let late = DeadLetterFilter { queue: Some(QUEUE.into()), cause: Some("late".into()) };
    let mut seen = Vec::new();
    let visit = &mut |letter: DeadLetter| seen.push(letter.message.id);
    queue.survey(&late, visit).await.expect("shown");
    assert_eq!(seen, ["0", "2", "3"]);

    assert_eq!(queue.delete_all(&late, before).await.expect("deleted"), 2);
    let left = browse(&queue, &DeadLetterFilter::default(), 2).await;
    let left: Vec<_> = left.iter().map(|d| d.message.id.as_str()).collect();
    assert_eq!(left, ["1", "3"]);
    nothing_comes(&*consume(&queue, 10).await).await;
}

/// It is gone from everywhere.
pub async fn one_is_deleted<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    bury(&queue, QUEUE, message("1"), "no").await;
    let id = the_one(&queue).await.id;
    assert!(queue.delete_dead_letter(&id).await.expect("deleted"));
    browse(&queue, &DeadLetterFilter::default(), 0).await;
    assert_eq!(queue.dead_letter(&id).await.expect("an answer"), None);
    assert!(!queue.delete_dead_letter(&id).await.expect("an answer"));
    depth_becomes(&queue, Depth::default()).await;
}

/// An id that is none, or of none, is an answer and no error.
pub async fn unknown_ids_are_told<S: Subject>(subject: &S) {
    let queue = subject.open().await;
    for id in ["", "no id", "018f0000-0000-7000-8000-000000000000", "'; --", "\u{0}"] {
        assert_eq!(queue.dead_letter(id).await.expect("an answer"), None);
        assert!(!queue.replay(id, None).await.expect("an answer"));
        assert!(!queue.replay(id, Some(Bytes::from_static(b"x"))).await.expect("an answer"));
        assert!(!queue.delete_dead_letter(id).await.expect("an answer"));
    }
    nothing_comes(&*consume(&queue, 1).await).await;
}
