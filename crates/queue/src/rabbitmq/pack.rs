//! Packing: events as few messages, in CloudEvents batch mode.

use bytes::Bytes;
use serde_json::value::RawValue;

use super::envelope::{History, Outgoing};
use crate::Message;

/// So few go one by one: packing pays where there are many.
pub(super) const FEW: usize = 16;
/// Events in one message, at the most. A consumer's prefetch counts messages: this bounds what it
/// may hold.
const MOST_EVENTS: usize = 64;
/// Bytes of one message, at the most.
pub(super) const MOST_BYTES: usize = 32 * 1024;

/// Events on their way to a queue, in as few messages as there may be.
///
/// A packed event keeps its bytes; what is no JSON, or would not keep them, goes alone. So does what
/// has a trace of its own, since the header that carries it is the whole message's.
pub(super) fn pack(queue: &str, events: Vec<Message>) -> Vec<Outgoing> {
    let outgoing = |message: &Message| Outgoing::new(queue, message, &History::default());
    if events.len() < FEW {
        return events.iter().map(outgoing).collect();
    }
    let mut packed = Vec::with_capacity(events.len() / MOST_EVENTS + 1);
    let mut batch = Batch::default();
    for event in events {
        if !can_share(&event) {
            packed.push(outgoing(&event));
            continue;
        }
        if !batch.takes(&event) {
            packed.extend(batch.close().as_ref().map(outgoing));
        }
        batch.push(event);
    }
    packed.extend(batch.close().as_ref().map(outgoing));
    packed
}

/// Whether an event is whole JSON with nothing around it, and so the same when it comes out again.
fn can_share(event: &Message) -> bool {
    let json = || serde_json::from_slice::<&RawValue>(&event.body);
    event.content_type == Message::EVENT
        && event.body.len() < MOST_BYTES
        && json().is_ok_and(|json| json.get().len() == event.body.len())
}

/// Events that will be one message.
#[derive(Default)]
struct Batch {
    events: Vec<Message>,
    bytes: usize,
}

impl Batch {
    fn takes(&self, event: &Message) -> bool {
        let Some(first) = self.events.first() else { return true };
        first.traceparent == event.traceparent
            && self.events.len() < MOST_EVENTS
            && self.bytes + event.body.len() < MOST_BYTES
    }

    fn push(&mut self, event: Message) {
        // With the comma, or the bracket, behind it.
        self.bytes += event.body.len() + 1;
        self.events.push(event);
    }

    /// The message, and an empty batch in its place. A single event is a message by itself.
    fn close(&mut self) -> Option<Message> {
        let Self { events, bytes } = std::mem::take(self);
        if events.len() < 2 {
            return events.into_iter().next();
        }
        let mut body = Vec::with_capacity(bytes + 1);
        for event in &events {
            body.push(if body.is_empty() { b'[' } else { b',' });
            body.extend_from_slice(&event.body);
        }
        body.push(b']');
        let first = events.into_iter().next()?;
        Some(Message { content_type: Message::BATCH.into(), body: Bytes::from(body), ..first })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{batch, rabbitmq::envelope};

    fn event(n: usize) -> Message {
        Message::event(format!("{n}"), format!(r#"{{"id":"{n}","data":{{ "x" : 1.0}}}}"#))
    }

    /// What a consumer makes of the messages.
    fn unpacked(packed: Vec<Outgoing>) -> Vec<Message> {
        let received = packed
            .into_iter()
            .flat_map(|o| batch::split(envelope::message(&o.properties, o.body.to_vec())));
        received.collect()
    }

    #[test]
    fn few_go_one_by_one_and_many_share() {
        let few: Vec<_> = (0..FEW - 1).map(event).collect();
        assert_eq!(pack("q", few).len(), FEW - 1);
        let many: Vec<_> = (0..=MOST_EVENTS * 2).map(event).collect();
        let packed = pack("q", many.clone());
        assert_eq!(packed.len(), 3);
        let types: Vec<_> = packed
            .iter()
            .map(|o| o.properties.content_type().clone().expect("each has one").to_string())
            .collect();
        assert_eq!(types, [Message::BATCH, Message::BATCH, Message::EVENT]);
        assert_eq!(unpacked(packed), many);
    }

    #[test]
    fn each_trace_has_messages_of_its_own() {
        let traced = |n: usize| event(n).with_traceparent(Some(format!("trace-{}", n / 20)));
        let events: Vec<_> = (0..40).map(traced).collect();
        let packed = pack("q", events.clone());
        assert_eq!(packed.len(), 2);
        assert_eq!(unpacked(packed), events);
    }

    fn any_body() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            Just(br#"{"id":"1"}"#.to_vec()),
            Just(b" {}".to_vec()),
            Just(b"{}\n".to_vec()),
            Just(b"7".to_vec()),
            Just(b"]".to_vec()),
            Just(b"{},{}".to_vec()),
            Just(b"\"\xff\"".to_vec()),
            Just(vec![b'1'; MOST_BYTES - 10]),
            proptest::collection::vec(any::<u8>(), 0..40),
        ]
    }

    proptest! {
        #[test]
        fn whatever_goes_in_comes_out_byte_for_byte(
            bodies in proptest::collection::vec(any_body(), 0..150)
        ) {
            let events = bodies.iter().map(|b| Message::event("1", b.clone())).collect();
            let packed = pack("q", events);
            for message in &packed {
                prop_assert!(message.body.len() <= MOST_BYTES);
            }
            let mut got: Vec<_> = unpacked(packed).iter().map(|m| m.body.to_vec()).collect();
            let mut bodies = bodies;
            // What goes alone overtakes what is gathered.
            got.sort_unstable();
            bodies.sort_unstable();
            prop_assert_eq!(got, bodies);
        }
    }
}
