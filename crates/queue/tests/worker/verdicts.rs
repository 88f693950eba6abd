//! Each message is judged by itself.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use domain::EmailRequested;
use queue::{Depth, Job, Message, RetryDelays, WorkerSettings};
use tokio::{sync::Notify, time::sleep};

use super::{Do, Jobs, Obedient, QUEUE, Seen, System, as_told, event, settings};

#[tokio::test]
async fn the_malformed_is_dead_lettered_at_once_and_its_neighbours_are_done() {
    let mut system = System::new().await;
    let malformed = [
        Message::event("not UTF-8", Bytes::from_static(b"\xff\xfe")),
        Message::event("no JSON", "{"),
        Message::event(
            "another type",
            String::from_utf8_lossy(&event("x").body).replace("email", "e"),
        ),
        Message { content_type: "text/plain".into(), ..event("x") },
        Message { content_type: Message::BATCH.into(), ..Message::event("batch", "[{}") },
        Message::event("too large", vec![b' '; domain::MAX_EVENT_BYTES + 1]),
    ];
    let mut messages = vec![event("first")];
    messages.extend(malformed.clone());
    messages.push(event("last"));
    system.queue.publish(QUEUE, messages).await.expect("published");
    let seen = Seen::default();
    let retry = RetryDelays::new([Duration::from_hours(1)]);
    system.start(WorkerSettings { retry, ..settings() }, Obedient(seen.clone()));

    let mut found = system.all_settled(6).await;
    found.sort_by_key(|dead| malformed.iter().position(|m| *m == dead.message));
    assert!(found.iter().map(|dead| &dead.message).eq(&malformed), "{found:?}");
    assert!(found.iter().all(|dead| dead.attempts == 0 && dead.by == "the-worker"));
    for (dead, part) in
        found.iter().zip(["expected value", "EOF", "type", "text/plain", "batch", "65536"])
    {
        assert!(dead.cause.to_lowercase().contains(&part.to_lowercase()), "{}", dead.cause);
    }
    assert_eq!((seen.of("first").len(), seen.of("last").len()), (1, 1));
    system.stop().await;
}

#[tokio::test]
async fn events_of_one_batch_message_are_judged_by_themselves() {
    let mut system = System::new().await;
    let text = |template| String::from_utf8(event(template).body.to_vec()).expect("UTF-8");
    let body = format!("[{},7,{},{}]", text("done"), text("reject"), text("fail"));
    let batch = Message { content_type: Message::BATCH.into(), ..Message::event("batch", body) };
    system.queue.publish(QUEUE, vec![batch]).await.expect("published");
    let seen = Seen::default();
    system.start(settings(), Obedient(seen.clone()));
    let mut found = system.all_settled(3).await;
    found.sort_by_key(|dead| dead.message.body.len());
    assert_eq!(found[0].message.body, "7");
    assert_eq!(seen.of("done").len(), 1);
    system.stop().await;
}

#[tokio::test]
async fn the_failing_is_retried_by_schedule_then_dead_lettered() {
    let mut system = System::new().await;
    let delays = [100, 400].map(Duration::from_millis);
    let seen = Seen::default();
    let retry = RetryDelays::new(delays);
    system.start(WorkerSettings { retry, ..settings() }, Obedient(seen.clone()));
    system.publish(&["fail", "done"]).await;

    let found = system.all_settled(1).await.remove(0);
    assert_eq!((found.attempts, found.cause.as_str()), (3, "failed after 2 attempts"));
    assert_eq!(found.by, "the-worker");
    let attempts = seen.of("fail");
    assert_eq!(attempts.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [0, 1, 2]);
    for (pair, delay) in attempts.windows(2).zip(delays) {
        assert!(pair[1].1 - pair[0].1 >= delay, "{attempts:?}");
    }
    assert_eq!(seen.of("done").len(), 1);
    system.stop().await;
}

#[tokio::test]
async fn the_rejected_is_dead_lettered_at_once() {
    let mut system = System::new().await;
    let seen = Seen::default();
    let retry = RetryDelays::new([Duration::from_hours(1)]);
    system.start(WorkerSettings { retry, ..settings() }, Obedient(seen.clone()));
    system.publish(&["reject"]).await;
    let found = system.all_settled(1).await.remove(0);
    assert_eq!((found.attempts, found.cause.as_str()), (1, "rejected"));
    assert_eq!(seen.of("reject").len(), 1);
    system.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_yet_comes_again_uncounted() {
    let mut system = System::new().await;
    let seen = Seen::default();
    system.start(settings(), Obedient(seen.clone()));
    system.publish(&["not yet"]).await;
    seen.becomes("not yet", 4).await;
    system.stop().await;
    let seen = seen.of("not yet");
    assert!(seen.iter().all(|(attempts, _)| *attempts == 0));
    assert!(seen[3].1 - seen[0].1 >= Duration::from_millis(150));
    let depth = system.queue.depth(QUEUE).await.expect("a depth");
    assert_eq!(depth.dead_letters, 0);
}

#[tokio::test]
async fn a_slow_batch_does_not_hold_up_another() {
    let mut system = System::new().await;
    let fast_is_done = Arc::new(Notify::new());
    let handler = Do(move |jobs: Jobs| {
        let fast_is_done = fast_is_done.clone();
        async move {
            if jobs[0].event.data.template == "slow" {
                fast_is_done.notified().await;
            } else {
                fast_is_done.notify_one();
            }
            Ok(as_told(&jobs))
        }
    });
    system.start(WorkerSettings { batch: 1, ..settings() }, handler);
    system.publish(&["slow"]).await;
    system.publish(&["fast"]).await;
    system.all_settled(0).await;
    system.stop().await;
}

#[tokio::test]
async fn no_more_batches_are_in_hand_than_allowed() {
    let mut system = System::new().await;
    let (running, most) = (Arc::new(Notify::new()), Arc::new(std::sync::Mutex::new((0, 0))));
    let handler = {
        let (running, most) = (running.clone(), most.clone());
        Do(move |jobs: Jobs| {
            let (running, most) = (running.clone(), most.clone());
            async move {
                assert!(jobs.len() <= 3);
                {
                    let mut most = most.lock().expect("not poisoned");
                    most.0 += 1;
                    most.1 = most.1.max(most.0);
                }
                running.notify_one();
                sleep(Duration::from_millis(20)).await;
                most.lock().expect("not poisoned").0 -= 1;
                Ok(as_told(&jobs))
            }
        })
    };
    system.publish(&["done"; 40]).await;
    system.start(WorkerSettings { batch: 3, ..settings() }, handler);
    running.notified().await;
    system.all_settled(0).await;
    system.stop().await;
    assert_eq!(*most.lock().expect("not poisoned"), (0, 2));
}

#[tokio::test]
async fn shutdown_finishes_the_batch_in_hand_and_takes_no_other() {
    let mut system = System::new().await;
    let started = Arc::new(Notify::new());
    let handler = {
        let started = started.clone();
        Do(move |jobs: Jobs| {
            let started = started.clone();
            async move {
                started.notify_one();
                sleep(Duration::from_millis(200)).await;
                Ok(as_told(&jobs))
            }
        })
    };
    system.publish(&["done"; 5]).await;
    system.start(WorkerSettings { batch: 2, concurrency: 1, ..settings() }, handler);
    started.notified().await;
    system.stop().await;
    system.depth_becomes(Depth { ready: 3, ..Depth::default() }).await;
}

#[tokio::test]
async fn a_job_that_panics_fails_alone() {
    let mut system = System::new().await;
    let seen = Seen::default();
    let noted = seen.clone();
    let handler = Do(move |jobs: Jobs| {
        noted.note(&jobs);
        let panics = |job: &Job<EmailRequested>| job.event.data.template == "panic";
        assert!(!jobs.iter().any(panics), "no {}", jobs.len());
        std::future::ready(Ok(as_told(&jobs)))
    });
    system.publish(&["one", "panic", "two", "reject"]).await;
    let retry = RetryDelays::new([Duration::from_millis(10)]);
    system.start(WorkerSettings { retry, ..settings() }, handler);
    let mut found = system.all_settled(2).await;
    found.sort_by(|a, b| a.cause.cmp(&b.cause));
    assert_eq!((found[0].cause.as_str(), found[0].attempts), ("panic: no 1", 2));
    assert_eq!((found[1].cause.as_str(), found[1].attempts), ("rejected", 1));
    // The slots that panicked are free again.
    system.publish(&["panic"; 5]).await;
    system.all_settled(7).await;
    system.stop().await;
}

#[tokio::test]
async fn a_handler_that_answers_for_too_few_loses_nothing() {
    let mut system = System::new().await;
    let handler = Do(|jobs: Jobs| std::future::ready(Ok(as_told(&jobs[1..]))));
    system.publish(&["done"; 3]).await;
    system.start(settings(), handler);
    let found = system.all_settled(3).await;
    assert!(found.iter().all(|dead| dead.cause.contains("outcomes for")), "{found:?}");
    system.stop().await;
}
