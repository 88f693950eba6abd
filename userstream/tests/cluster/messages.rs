//! What a foreign client publishes.

use queue::{Message, Queue};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) const REGISTRATIONS: &str = "user.registration";

/// An event as the contract has it.
pub(crate) fn registration(email: &str) -> Value {
    json!({
        "specversion": "1.0", "id": Uuid::new_v4(), "source": "/foreign",
        "type": "userstream.registration.submitted.v1",
        "time": "2026-01-02T03:04:05Z", "datacontenttype": "application/json",
        "data": {
            "registration_id": Uuid::new_v4(), "name": "Ada", "surname": "Lovelace", "email": email,
            "submitted_at": "2026-01-02T03:04:05Z",
        },
    })
}

pub(crate) fn message(body: impl Into<Vec<u8>>) -> Message {
    Message::event("foreign", body.into())
}

/// Publishes so many different people.
pub(crate) async fn publish_people(queue: &dyn Queue, count: u64) {
    let people =
        (0..count).map(|n| message(registration(&format!("p{n}@example.com")).to_string()));
    queue.publish(REGISTRATIONS, people.collect()).await.unwrap();
}
