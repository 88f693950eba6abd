//! Asking for e-mails, and what is told of them.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use store::NotificationStatus;
use testkit::{MailBehaviour, MailStep};

use super::Post;

const ADA: &str = "ada@example.com";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_mail_is_told_with_every_attempt() {
    let post = Post::new().await;
    let later = MailBehaviour::Answer(MailStep::Recipient, "451 4.2.1 later");
    post.server.script(ADA, [later, MailBehaviour::Take]);
    let sender = post.sender().await;
    let id = post.ask_for_one(ADA).await;
    post.end_of(id).await;
    let path = format!("/notifications/{id}");
    let (status, told) = sender.call(Method::GET, &path, Value::Null).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!((&told["status"], &told["attempts"]), (&json!("sent"), &json!(2)));
    assert_eq!((&told["recipient"], &told["last_reply"]), (&json!(ADA), &json!("250 2.0.0 taken")));
    let history = told["history"].as_array().unwrap();
    let outcomes: Vec<_> = history.iter().map(|a| (&a["outcome"], &a["reply"])).collect();
    let (retrying, sent) = (json!("retrying"), json!("sent"));
    let (first, second) = (json!("451 4.2.1 later"), json!("250 2.0.0 taken"));
    assert_eq!(outcomes, [(&retrying, &first), (&sent, &second)]);
    assert!(history[0]["at"].as_str() < history[1]["at"].as_str());
    let unknown = "/notifications/00000000-0000-7000-8000-000000000000";
    let (status, _) = sender.call(Method::GET, unknown, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_sent_again_on_demand_and_its_address_is_cleared() {
    let post = Post::new().await;
    let no = MailBehaviour::Answer(MailStep::Recipient, "550 5.1.1 no such user");
    post.server.script(ADA, [no, MailBehaviour::Take]);
    let sender = post.sender().await;
    let id = post.ask_for_one(ADA).await;
    assert_eq!(post.end_of(id).await.status, NotificationStatus::Failed);
    let path = format!("/notifications/{id}/resend");
    let (status, told) = sender.call(Method::POST, &path, Value::Null).await;
    assert_eq!((status, &told["status"]), (StatusCode::ACCEPTED, &json!("queued")));
    let logged = post.end_of(id).await;
    assert_eq!((logged.status, logged.attempts), (NotificationStatus::Sent, 2));
    // What was sent may be sent once more, under the same name.
    sender.call(Method::POST, &path, Value::Null).await;
    testkit::eventually("it is sent again", || async { (post.server.count() == 2).then_some(()) })
        .await;
    let mails = post.server.taken();
    assert_eq!(mails[0].header("Message-ID"), mails[1].header("Message-ID"));
    let unknown = "/notifications/00000000-0000-7000-8000-000000000000/resend";
    let (status, _) = sender.call(Method::POST, unknown, Value::Null).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_is_asked_for_once_by_its_id() {
    let post = Post::new().await;
    let sender = post.sender().await;
    let first = post.ask_for_one(ADA).await;
    let user = post.end_of(first).await.user_id.unwrap();
    let id = "01930000-0000-7000-8000-000000000001";
    let body = json!({"notification_id": id, "user_id": user, "template": "confirmation"});
    for _ in 0..2 {
        let (status, told) = sender.call(Method::POST, "/notifications", body.clone()).await;
        assert_eq!((status, &told["notification_id"]), (StatusCode::ACCEPTED, &json!(id)));
        assert_eq!(post.end_of(id.parse().unwrap()).await.status, NotificationStatus::Sent);
    }
    assert_eq!(post.server.count(), 2);
    for (body, field) in [
        (json!({"user_id": 4711, "template": "confirmation"}), "user_id"),
        (json!({"user_id": user, "template": "newsletter"}), "template"),
    ] {
        let (status, told) = sender.call(Method::POST, "/notifications", body).await;
        assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(told["errors"][0]["field"], field, "{told}");
    }
}
