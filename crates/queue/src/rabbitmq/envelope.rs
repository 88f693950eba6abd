//! Messages as AMQP carries them: body and properties, and what we note beside them in headers.

use std::sync::Arc;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable, ShortString},
};

use super::topology::Kind;
use crate::{DeadLetter, Message};

/// What the broker writes to disk.
const PERSISTENT: u8 = 2;
/// The longest short string, in bytes (AMQP 0-9-1, section 4.2.5.3).
const SHORT: usize = 255;
/// The longest cause kept, in bytes: all headers of a message must fit into one frame.
const LONGEST_CAUSE: usize = 8 * 1024;

const TRACEPARENT: &str = "traceparent";
const ATTEMPTS: &str = "x-userstream-attempts";
const FIRST_FAILED_AT: &str = "x-userstream-first-failed-at";
const NOT_BEFORE: &str = "x-userstream-not-before";
const DEAD_LETTER_ID: &str = "x-userstream-dead-letter-id";
const CAUSE: &str = "x-userstream-cause";
const BY: &str = "x-userstream-by";
const DEAD_AT: &str = "x-userstream-dead-at";

/// What happened to a message so far, in its headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct History {
    pub(super) attempts: u32,
    pub(super) first_failed_at: Option<DateTime<Utc>>,
    /// When a long delay ends that is waited for in parts.
    pub(super) not_before: Option<DateTime<Utc>>,
}

impl History {
    pub(super) fn of(properties: &BasicProperties) -> Self {
        Self {
            attempts: number(properties, ATTEMPTS).and_then(|n| n.try_into().ok()).unwrap_or(0),
            first_failed_at: time(properties, FIRST_FAILED_AT),
            not_before: time(properties, NOT_BEFORE),
        }
    }

    fn write(&self, headers: &mut FieldTable) {
        if self.attempts > 0 {
            headers.insert(ATTEMPTS.into(), AMQPValue::LongLongInt(self.attempts.into()));
        }
        for (name, at) in [(FIRST_FAILED_AT, self.first_failed_at), (NOT_BEFORE, self.not_before)] {
            if let Some(at) = at {
                headers.insert(name.into(), millis(at));
            }
        }
    }
}

/// A message on its way to the broker.
#[derive(Clone)]
pub(super) struct Outgoing {
    pub(super) queue: ShortString,
    pub(super) body: Bytes,
    pub(super) properties: BasicProperties,
    /// Where it goes when it has waited.
    back: Option<Arc<str>>,
}

impl Outgoing {
    /// What its queue is for.
    pub(super) fn kind(&self) -> Kind {
        self.back.clone().map_or(Kind::Plain, Kind::Waiting)
    }

    /// A message into `queue`, as it is.
    pub(super) fn new(queue: &str, message: &Message, history: &History) -> Self {
        let mut headers = FieldTable::default();
        if let Some(traceparent) = &message.traceparent {
            headers.insert(TRACEPARENT.into(), text(traceparent));
        }
        history.write(&mut headers);
        let properties = properties(message, headers);
        Self { queue: queue.into(), body: message.body.clone(), properties, back: None }
    }

    /// A message that waits in `queue` for so many milliseconds, and then goes to `back`.
    pub(super) fn waiting(
        queue: &str,
        message: &Message,
        history: &History,
        millis: u64,
        back: &str,
    ) -> Self {
        let outgoing = Self::new(queue, message, history);
        let properties = outgoing.properties.with_expiration(millis.to_string().into());
        Self { properties, back: Some(back.into()), ..outgoing }
    }

    /// A dead letter into `queue`.
    pub(super) fn dead_letter(queue: &str, letter: &DeadLetter) -> Self {
        let mut headers = FieldTable::default();
        if let Some(traceparent) = &letter.message.traceparent {
            headers.insert(TRACEPARENT.into(), text(traceparent));
        }
        let cause = short(&letter.cause, LONGEST_CAUSE);
        for (name, value) in [
            (DEAD_LETTER_ID, text(&letter.id)),
            (CAUSE, text(cause)),
            (BY, text(&letter.by)),
            (ATTEMPTS, AMQPValue::LongLongInt(letter.attempts.into())),
            (FIRST_FAILED_AT, millis(letter.first_failed_at)),
            (DEAD_AT, millis(letter.dead_at)),
        ] {
            headers.insert(name.into(), value);
        }
        let properties = properties(&letter.message, headers);
        let body = letter.message.body.clone();
        Self { queue: queue.into(), body, properties, back: None }
    }
}

fn properties(message: &Message, headers: FieldTable) -> BasicProperties {
    let properties = BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_message_id(short(&message.id, SHORT).into())
        .with_content_type(short(&message.content_type, SHORT).into());
    if headers.inner().is_empty() { properties } else { properties.with_headers(headers) }
}

/// A message that the broker delivered. One without a content type is taken for an event.
pub(super) fn message(properties: &BasicProperties, body: Vec<u8>) -> Message {
    let content_type = properties.content_type().as_ref();
    Message {
        id: properties.message_id().as_ref().map_or_else(String::new, ToString::to_string),
        content_type: content_type
            .map_or(Message::EVENT.into(), |t| Message::known_type(t.as_str())),
        traceparent: string(properties, TRACEPARENT),
        body: body.into(),
    }
}

/// A dead letter that the broker delivered. What another program put there gets an id from its bytes.
pub(super) fn dead_letter(queue: &str, properties: &BasicProperties, body: Vec<u8>) -> DeadLetter {
    let message = message(properties, body);
    let id = string(properties, DEAD_LETTER_ID).unwrap_or_else(|| id_of(queue, &message));
    let dead_at = time(properties, DEAD_AT).unwrap_or_default();
    DeadLetter {
        id,
        queue: queue.to_owned(),
        cause: string(properties, CAUSE)
            .unwrap_or_else(|| "unknown: another program put it there".into()),
        by: string(properties, BY).unwrap_or_else(|| "unknown".into()),
        attempts: History::of(properties).attempts,
        first_failed_at: time(properties, FIRST_FAILED_AT).unwrap_or(dead_at),
        dead_at,
        message,
    }
}

fn id_of(queue: &str, message: &Message) -> String {
    let name = [queue.as_bytes(), message.id.as_bytes(), &message.body].join(&0);
    uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, &name).to_string()
}

fn header<'a>(properties: &'a BasicProperties, name: &str) -> Option<&'a AMQPValue> {
    properties.headers().as_ref()?.inner().get(name)
}

fn string(properties: &BasicProperties, name: &str) -> Option<String> {
    match header(properties, name)? {
        AMQPValue::LongString(s) => Some(String::from_utf8_lossy(s.as_bytes()).into_owned()),
        AMQPValue::ShortString(s) => Some(s.to_string()),
        _ => None,
    }
}

fn number(properties: &BasicProperties, name: &str) -> Option<i64> {
    match *header(properties, name)? {
        AMQPValue::LongLongInt(n) => Some(n),
        AMQPValue::LongInt(n) => Some(n.into()),
        AMQPValue::LongUInt(n) => Some(n.into()),
        _ => None,
    }
}

fn time(properties: &BasicProperties, name: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(number(properties, name)?)
}

fn millis(at: DateTime<Utc>) -> AMQPValue {
    AMQPValue::LongLongInt(at.timestamp_millis())
}

fn text(text: &str) -> AMQPValue {
    AMQPValue::LongString(text.into())
}

/// As much of a text as fits, in whole characters.
fn short(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}
