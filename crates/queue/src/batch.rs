//! CloudEvents batch mode: several events in one message, each judged by itself.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::Message;

/// Messages with those in batch mode taken apart.
pub(crate) fn split_all(messages: Vec<Message>) -> Vec<Message> {
    if !messages.iter().any(|message| is_batch(&message.content_type)) {
        return messages;
    }
    messages.into_iter().flat_map(split).collect()
}

/// Takes a message in batch mode apart; each part keeps its bytes. Any other message, and a batch
/// that is not an array of one element or more, comes back as it is.
pub(crate) fn split(message: Message) -> Vec<Message> {
    if !is_batch(&message.content_type) {
        return vec![message];
    }
    match serde_json::from_slice::<Vec<&RawValue>>(&message.body) {
        Ok(parts) if !parts.is_empty() => {
            parts.into_iter().map(|part| part_of(&message, part.get())).collect()
        }
        _ => vec![message],
    }
}

/// A message with another body, as a replay sends it. It says again what it is, since that may have been
/// what was wrong.
pub fn corrected(message: Message, body: Bytes) -> Message {
    let content_type =
        if is_batch(&message.content_type) { Message::BATCH } else { Message::EVENT };
    Message { body, content_type: content_type.into(), ..message }
}

/// Whether a content type is that of several events.
pub(crate) fn is_batch(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case(Message::BATCH)
}

fn part_of(whole: &Message, part: &str) -> Message {
    #[derive(Deserialize)]
    struct Id {
        id: String,
    }
    let id = serde_json::from_str::<Id>(part).map_or_else(|_| whole.id.clone(), |e| e.id);
    Message::event(id, whole.body.slice_ref(part.as_bytes()))
        .with_traceparent(whole.traceparent.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(body: &'static str) -> Message {
        Message { content_type: Message::BATCH.into(), ..Message::event("whole", body) }
    }

    #[test]
    fn each_part_keeps_its_bytes_and_its_id() {
        let parts = split(batch(r#" [ {"id":"a", "x" : 1.0} , 7, {"id":"b"} ] "#));
        let seen: Vec<_> = parts.iter().map(|m| (m.id.as_str(), &m.body[..])).collect();
        assert_eq!(
            seen,
            [
                ("a", &br#"{"id":"a", "x" : 1.0}"#[..]),
                ("whole", &b"7"[..]),
                ("b", &br#"{"id":"b"}"#[..]),
            ]
        );
        assert!(parts.iter().all(|m| m.content_type == Message::EVENT));
    }

    #[test]
    fn what_is_no_array_stays_whole() {
        for body in ["{}", "[", "", "[]", "\u{feff}[]"] {
            assert_eq!(split(batch(body)), [batch(body)]);
        }
    }

    #[test]
    fn a_single_event_stays_whole() {
        let message = Message::event("1", "[{}]");
        assert_eq!(split(message.clone()), [message]);
    }
}
