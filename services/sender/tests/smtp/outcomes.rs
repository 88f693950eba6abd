//! What a server's replies make of an e-mail.

use std::time::{Duration, Instant};

use store::{AttemptOutcome, NotificationStatus};
use testkit::{MailBehaviour, MailServerSettings, MailStep, eventually};

use super::{Post, addresses};

/// Each case against a server that takes one command at a time, and one that takes several at once.
macro_rules! both_ways {
    ($($case:ident),+ $(,)?) => {$(
        mod $case {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn one_by_one() {
                super::$case(false).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn at_once() {
                super::$case(true).await;
            }
        }
    )+};
}

both_ways![
    what_is_taken_was_sent,
    what_is_put_off_is_tried_again,
    what_is_put_off_for_ever_fails_in_the_end,
    what_is_refused_is_not_tried_again_and_neither_is_its_address,
    a_refused_message_says_nothing_of_the_address,
    a_cut_after_the_mail_may_have_come_too_late,
    a_cut_before_the_mail_is_an_attempt,
    silence_is_an_attempt,
    one_bad_recipient_delays_no_other,
    connections_are_limited_and_kept,
];

fn settings(pipelining: bool) -> MailServerSettings {
    MailServerSettings { pipelining, ..MailServerSettings::default() }
}

const ADA: &str = "ada@example.com";

fn answers(step: MailStep, answers: &[&'static str]) -> Vec<MailBehaviour> {
    answers.iter().map(|answer| MailBehaviour::Answer(step, answer)).collect()
}

async fn what_is_taken_was_sent(pipelining: bool) {
    let post = Post::with(settings(pipelining)).await;
    let _sender = post.sender().await;
    let id = post.ask_for_one(ADA).await;
    let logged = post.end_of(id).await;
    assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 1));
    assert_eq!(logged.last_reply.as_deref(), Some("250 2.0.0 taken"));
    assert_eq!(post.attempts(id).await, [(AttemptOutcome::Sent, "250 2.0.0 taken".into())]);
    let taken = post.server.taken();
    assert_eq!((taken.len(), taken[0].recipient.as_str()), (1, ADA));
    assert_eq!(taken[0].header("Message-ID"), Some(format!("<{id}@example.com>")));
}

async fn what_is_put_off_is_tried_again(pipelining: bool) {
    for step in [MailStep::Recipient, MailStep::Message] {
        let post = Post::with(settings(pipelining)).await;
        let mut script = answers(step, &["451 4.2.1 one", "451 4.2.1 two"]);
        script.push(MailBehaviour::Take);
        post.server.script(ADA, script);
        let _sender = post.sender().await;
        let id = post.ask_for_one(ADA).await;
        let logged = post.end_of(id).await;
        assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 3));
        let expected = [
            (AttemptOutcome::Retrying, "451 4.2.1 one".to_owned()),
            (AttemptOutcome::Retrying, "451 4.2.1 two".to_owned()),
            (AttemptOutcome::Sent, "250 2.0.0 taken".to_owned()),
        ];
        assert_eq!(post.attempts(id).await, expected);
        assert_eq!(post.server.count(), 1);
        assert_eq!(post.server.connections(), 1, "it was good for another e-mail");
    }
}

async fn what_is_put_off_for_ever_fails_in_the_end(pipelining: bool) {
    let post = Post::with(settings(pipelining)).await;
    post.server.script(ADA, answers(MailStep::Recipient, &["452 4.2.2 mailbox full"]));
    let _sender = post.sender().await;
    let id = post.ask_for_one(ADA).await;
    let logged = post.end_of(id).await;
    assert_eq!((logged.status, logged.attempts), (NotificationStatus::Failed, 3));
    assert_eq!(post.depth().await.dead_letters, 1);
}

async fn what_is_refused_is_not_tried_again_and_neither_is_its_address(pipelining: bool) {
    let post = Post::with(settings(pipelining)).await;
    post.server.script(ADA, answers(MailStep::Recipient, &["550 5.1.1 no such user"]));
    let _sender = post.sender().await;
    let id = post.ask_for_one(ADA).await;
    let logged = post.end_of(id).await;
    assert_eq!((logged.status, logged.attempts), (NotificationStatus::Failed, 1));
    assert_eq!(logged.last_reply.as_deref(), Some("550 5.1.1 no such user"));
    assert_eq!(post.depth().await.dead_letters, 0, "it is in the log");

    let another = post.ask_for_one(ADA).await;
    let logged = post.end_of(another).await;
    assert_eq!((logged.status, logged.attempts), (NotificationStatus::Failed, 0));
    assert!(logged.last_reply.unwrap().contains("550 5.1.1 no such user"));
}

async fn a_refused_message_says_nothing_of_the_address(pipelining: bool) {
    let post = Post::with(settings(pipelining)).await;
    let mut script = answers(MailStep::Message, &["554 5.7.1 looks like spam"]);
    script.push(MailBehaviour::Take);
    post.server.script(ADA, script);
    let _sender = post.sender().await;
    let refused = post.ask_for_one(ADA).await;
    assert_eq!(post.end_of(refused).await.status, NotificationStatus::Failed);
    let another = post.ask_for_one(ADA).await;
    assert_eq!(post.end_of(another).await.status, NotificationStatus::Sent);
}

async fn a_cut_after_the_mail_may_have_come_too_late(pipelining: bool) {
    for (step, taken) in [(MailStep::Data, 1), (MailStep::Message, 2)] {
        let post = Post::with(settings(pipelining)).await;
        post.server.script(ADA, [MailBehaviour::Cut(step), MailBehaviour::Take]);
        let _sender = post.sender().await;
        let id = post.ask_for_one(ADA).await;
        let logged = post.end_of(id).await;
        assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 2));
        let attempts = post.attempts(id).await;
        assert_eq!(attempts[0].0, AttemptOutcome::Unknown);
        assert!(attempts[0].1.contains("may have arrived"), "{attempts:?}");
        let mails = post.server.taken();
        assert_eq!(mails.len(), taken);
        let message_id = Some(format!("<{id}@example.com>"));
        assert!(mails.iter().all(|mail| mail.header("Message-ID") == message_id));
    }
}

async fn a_cut_before_the_mail_is_an_attempt(pipelining: bool) {
    let post = Post::with(settings(pipelining)).await;
    post.server.script(ADA, [MailBehaviour::Cut(MailStep::Recipient), MailBehaviour::Take]);
    let _sender = post.sender().await;
    let id = post.ask_for_one(ADA).await;
    assert_eq!(post.end_of(id).await.attempts, 2);
    assert_eq!(post.attempts(id).await[0].0, AttemptOutcome::Retrying);
}

async fn silence_is_an_attempt(pipelining: bool) {
    let post = Post::with(settings(pipelining)).await;
    let long = Duration::from_mins(1);
    post.server.script(ADA, [MailBehaviour::Slow(MailStep::Recipient, long), MailBehaviour::Take]);
    let mut settings = post.settings();
    settings.timeout = Duration::from_millis(300);
    let _sender = post.sender_with(settings).await;
    let id = post.ask_for_one(ADA).await;
    assert_eq!(post.end_of(id).await.attempts, 2);
    let attempts = post.attempts(id).await;
    assert_eq!(
        attempts[0],
        (AttemptOutcome::Retrying, "the mail server fell silent at RCPT".into())
    );
}

/// Bad recipients of every kind among good ones.
async fn one_bad_recipient_delays_no_other(pipelining: bool) {
    let post = Post::with(settings(pipelining)).await;
    let slow = Duration::from_secs(8);
    for (n, behaviour) in [
        MailBehaviour::Slow(MailStep::Recipient, slow),
        MailBehaviour::Slow(MailStep::Message, slow),
        MailBehaviour::Answer(MailStep::Recipient, "550 5.1.1 no"),
        MailBehaviour::Answer(MailStep::Recipient, "451 4.3.0 later"),
        MailBehaviour::Cut(MailStep::Data),
    ]
    .into_iter()
    .enumerate()
    {
        post.server.script(&addresses(5)[n], [behaviour]);
    }
    let _sender = post.sender().await;
    let ids = post.ask_for(&addresses(300)).await;
    let started = Instant::now();
    eventually("all but five are sent", || async { (post.server.count() >= 295).then_some(()) })
        .await;
    assert!(started.elapsed() < slow, "the slow ones held the others up");
    assert_eq!(post.end_of(ids[0]).await.status, NotificationStatus::Sent);
    assert_eq!(post.end_of(ids[2]).await.status, NotificationStatus::Failed);
}

async fn connections_are_limited_and_kept(pipelining: bool) {
    let post = Post::with(settings(pipelining)).await;
    let mut settings = post.settings();
    settings.connections = 3;
    let _sender = post.sender_with(settings).await;
    let ids = post.ask_for(&addresses(200)).await;
    for id in ids {
        post.end_of(id).await;
    }
    assert_eq!(post.server.count(), 200);
    assert!(post.server.connections() <= 3, "{}", post.server.connections());
}
