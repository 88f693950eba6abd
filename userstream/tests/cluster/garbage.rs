//! Garbage delays nobody and is not lost.

use queue::Message;
use serde_json::json;
use testkit::{Role, eventually};

use crate::{
    messages::{REGISTRATIONS, message, registration},
    servers::start,
};

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_dead_lettered_byte_for_byte_and_can_be_corrected() {
    let cluster = start(|s| s.copies(Role::QueueReceiver, 2)).await;
    let console = cluster.console().await;
    let mut wrong_type = registration("wrong@example.com");
    wrong_type["type"] = json!("userstream.registration.submitted.v2");
    let mut no_email = registration("missing@example.com");
    no_email["data"].as_object_mut().unwrap().remove("email");
    let well = registration("typed@example.com").to_string();
    let mut garbage = vec![
        message(*b"not JSON"),
        message(vec![0xff, 0x00, 0xfe]),
        message(wrong_type.to_string()),
        message(no_email.to_string()),
        message(registration("nobody").to_string()),
        message(vec![b'x'; 1 << 20]),
    ];
    garbage.push(Message { content_type: "text/plain".into(), ..message(well) });
    let mut messages = garbage.clone();
    messages.insert(3, message(registration("ada@example.com").to_string()));
    messages.push(message(registration("grace@example.com").to_string()));
    cluster.queue.publish(REGISTRATIONS, messages).await.unwrap();
    cluster.all_mailed(&console, 2).await;

    let letters = cluster.dead_letters(&console, garbage.len()).await;
    let mut kept = Vec::new();
    for letter in &letters {
        assert_eq!(letter["attempts"], 0, "it was not tried: {}", letter["cause"]);
        assert!(!letter["cause"].as_str().unwrap().is_empty());
        let letter = cluster.queue.dead_letter(letter["id"].as_str().unwrap()).await;
        kept.push(letter.unwrap().unwrap().message);
    }
    for message in &garbage {
        let same = |kept: &&Message| {
            kept.body == message.body && kept.content_type == message.content_type
        };
        let found = kept.iter().filter(same).count();
        assert_eq!(found, 1, "{:?}…", &message.body[..message.body.len().min(80)]);
    }

    // A corrected one is stored, by the service's own API.
    let wrong =
        letters.iter().find(|l| l["body"].as_str().unwrap().contains("\"nobody\"")).unwrap();
    let id = wrong["id"].as_str().unwrap();
    let corrected = registration("nobody@example.com").to_string();
    let replay = cluster.url(Role::QueueReceiver, &format!("/dead-letters/{id}/replay"));
    let replay = cluster.http().post(replay).bearer_auth(cluster.token(Role::QueueReceiver));
    let answer = replay.json(&json!({"body": corrected})).send().await.unwrap();
    assert_eq!(answer.status(), 204, "{}", answer.text().await.unwrap());
    let users = eventually("the corrected one is stored", || async {
        let users = console.all("/users").await.ok()?;
        (users.len() == 3).then_some(users)
    })
    .await;
    assert_eq!(users[2]["email"], "nobody@example.com");
    cluster.dead_letters(&console, garbage.len() - 1).await;
}
