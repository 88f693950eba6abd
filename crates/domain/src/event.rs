//! The envelope of every message: CloudEvents 1.0 in JSON structured mode.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

/// The largest event, in bytes of its JSON.
pub const MAX_EVENT_BYTES: usize = 64 * 1024;
/// Nearly every event has less.
const USUAL_BYTES: usize = 512;

/// What an event may carry.
pub trait EventData: Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The CloudEvents `type`, with its version.
    const TYPE: &'static str;

    /// The CloudEvents `id`: the id in the data, which consumers are idempotent by.
    fn event_id(&self) -> String;
}

/// One CloudEvent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event<T> {
    /// Unique together with `source`.
    pub id: String,
    /// Who made it, as a URI reference such as `/userstream/frontend`.
    pub source: Cow<'static, str>,
    /// When it was made.
    pub time: DateTime<Utc>,
    /// What it says.
    pub data: T,
}

/// Why bytes are not the event that was expected. Repeating cannot mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MalformedEvent {
    /// Over [`MAX_EVENT_BYTES`].
    #[error("the event has {0} bytes; at most 65536 are allowed")]
    TooLarge(usize),
    /// Not UTF-8, not JSON, or an attribute is missing or of the wrong type.
    #[error("the message is not a CloudEvent: {0}")]
    Envelope(String),
    /// Another `specversion`.
    #[error("specversion is {0:?}; expected \"1.0\"")]
    Version(String),
    /// A `type` that this queue does not carry.
    #[error("type is {got:?}; expected {expected:?}")]
    Type {
        /// What the event says it is.
        got: String,
        /// What the queue carries.
        expected: &'static str,
    },
    /// `data` misses a field or breaks a rule.
    #[error("data is not valid: {0}")]
    Data(String),
}

#[derive(Serialize)]
struct Outgoing<'a, T> {
    specversion: &'a str,
    id: &'a str,
    source: &'a str,
    r#type: &'a str,
    time: DateTime<Utc>,
    datacontenttype: &'a str,
    data: &'a T,
}

#[derive(Deserialize)]
struct Incoming<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    id: String,
    source: String,
    #[serde(borrow)]
    r#type: Cow<'a, str>,
    #[serde(default)]
    time: Option<DateTime<Utc>>,
    #[serde(borrow, default)]
    datacontenttype: Option<Cow<'a, str>>,
    #[serde(borrow, default)]
    data: Option<&'a serde_json::value::RawValue>,
}

impl<T: EventData> Event<T> {
    /// An event of now.
    pub fn new(source: &'static str, data: T) -> Self {
        Self { id: data.event_id(), source: source.into(), time: Utc::now(), data }
    }

    /// The event as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        let mut json = Vec::with_capacity(USUAL_BYTES);
        let event = Outgoing {
            specversion: "1.0",
            id: &self.id,
            source: &self.source,
            r#type: T::TYPE,
            time: self.time,
            datacontenttype: "application/json",
            data: &self.data,
        };
        serde_json::to_writer(&mut json, &event).expect("an event has string keys and serializes");
        json
    }

    /// Reads and checks an event. Extension attributes and further fields of `data` are allowed.
    pub fn parse(bytes: &[u8]) -> Result<Self, MalformedEvent> {
        if bytes.len() > MAX_EVENT_BYTES {
            return Err(MalformedEvent::TooLarge(bytes.len()));
        }
        let envelope: Incoming<'_> =
            serde_json::from_slice(bytes).map_err(|e| MalformedEvent::Envelope(e.to_string()))?;
        if envelope.specversion != "1.0" {
            return Err(MalformedEvent::Version(envelope.specversion.into_owned()));
        }
        if envelope.r#type != T::TYPE {
            return Err(MalformedEvent::Type {
                got: envelope.r#type.into_owned(),
                expected: T::TYPE,
            });
        }
        if envelope.id.is_empty() || envelope.source.is_empty() {
            return Err(MalformedEvent::Envelope("id and source must not be empty".into()));
        }
        if let Some(other) = envelope.datacontenttype.filter(|t| !is_json(t)) {
            return Err(MalformedEvent::Envelope(format!(
                "datacontenttype is {other:?}, not JSON"
            )));
        }
        let data = envelope.data.ok_or_else(|| MalformedEvent::Data("it is missing".into()))?;
        let data =
            serde_json::from_str(data.get()).map_err(|e| MalformedEvent::Data(e.to_string()))?;
        let time = envelope.time.unwrap_or_else(Utc::now);
        Ok(Self { id: envelope.id, source: envelope.source.into(), time, data })
    }
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence.eq_ignore_ascii_case("application/json") || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::{RegistrationSubmitted, UserId};

    fn valid() -> Value {
        json!({
            "specversion": "1.0", "id": "1", "source": "/test", "time": "2026-01-02T03:04:05Z",
            "type": "userstream.registration.submitted.v1", "datacontenttype": "application/json",
            "data": {
                "registration_id": "0192f0c1-2345-7abc-8def-0123456789ab", "name": " Ada ",
                "surname": "Lovelace", "email": "ada@Example.com",
                "submitted_at": "2026-01-02T03:04:05Z", "locale": "en",
            },
        })
    }

    fn parse(value: &Value) -> Result<Event<RegistrationSubmitted>, MalformedEvent> {
        Event::parse(value.to_string().as_bytes())
    }

    #[test]
    fn a_foreign_event_is_read_and_normalized() {
        let event = parse(&valid()).unwrap();
        assert_eq!(event.data.person.name.as_str(), "Ada");
        assert_eq!(event.data.person.email.as_str(), "ada@example.com");
    }

    #[test]
    fn what_is_written_is_read_back() {
        let event = parse(&valid()).unwrap();
        assert_eq!(Event::parse(&event.to_json()), Ok(event));
    }

    #[test]
    fn each_mistake_has_its_cause() {
        let with = |pointer: &str, v: Value| {
            let mut event = valid();
            *event.pointer_mut(pointer).unwrap() = v;
            parse(&event).unwrap_err().to_string()
        };
        assert!(with("/specversion", json!("0.3")).contains("specversion"));
        assert!(with("/type", json!("other")).contains("expected"));
        assert!(with("/id", json!("")).contains("empty"));
        assert!(with("/data/name", json!("www.example.com")).contains("link"));
        assert!(with("/data/email", json!("nobody")).contains('@'));
        assert!(with("/data/submitted_at", json!("yesterday")).contains("data is not valid"));
        assert!(with("/data", Value::Null).contains("data"));
        assert!(with("/datacontenttype", json!("text/plain")).contains("datacontenttype"));
        let large = vec![b' '; MAX_EVENT_BYTES + 1];
        assert_eq!(
            Event::<RegistrationSubmitted>::parse(&large),
            Err(MalformedEvent::TooLarge(MAX_EVENT_BYTES + 1))
        );
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = Event::<RegistrationSubmitted>::parse(&bytes);
        }

        #[test]
        fn ids_survive_the_journey(id: i64) {
            let data = crate::EmailRequested {
                notification_id: crate::NotificationId(uuid::Uuid::new_v4()),
                to: crate::Recipient::User(UserId(id)),
                template: "confirmation".into(), context: serde_json::Map::new(),
            };
            let event = Event::new("/test", data);
            prop_assert_eq!(Event::parse(&event.to_json()), Ok(event));
        }
    }
}
