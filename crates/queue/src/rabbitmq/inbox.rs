//! What the broker sent to one consumer, until it is settled.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use super::{
    acks::{Ack, Acks},
    envelope::History,
};
use crate::{Delivery, DeliveryTag, Message, QueueError, Verdict};

/// An event in hand.
pub(super) struct Held {
    /// The broker's tag, which the events of one message in batch mode share.
    pub(super) tag: u64,
    /// Whether it is the only event of its message.
    pub(super) alone: bool,
    pub(super) message: Message,
    pub(super) history: History,
}

impl Held {
    /// The events of one message.
    pub(super) fn events(tag: u64, events: Vec<Message>, history: &History) -> Vec<Self> {
        let alone = events.len() == 1;
        let held = |message| Self { tag, alone, message, history: history.clone() };
        events.into_iter().map(held).collect()
    }
}

#[derive(Default)]
pub(super) struct Inbox {
    last_tag: u64,
    waiting: VecDeque<Delivery>,
    held: HashMap<DeliveryTag, Held>,
    acks: Acks,
    ended: Option<QueueError>,
    /// The consumer is gone; what still comes is nobody's.
    left: bool,
}

impl Inbox {
    /// Whether there is nobody to receive.
    pub(super) fn is_left(&self) -> bool {
        self.left
    }

    /// An event that waits to be received.
    pub(super) fn arrive(&mut self, held: Held) {
        let (message, attempts) = (held.message.clone(), held.history.attempts);
        let tag = self.hold(held);
        self.waiting.push_back(Delivery { tag, message, attempts });
    }

    /// An event that nobody is to receive.
    pub(super) fn hold(&mut self, held: Held) -> DeliveryTag {
        self.last_tag += 1;
        let tag = DeliveryTag(self.last_tag);
        self.acks.delivered(held.tag);
        self.held.insert(tag, held);
        tag
    }

    /// How many events are here, received or not.
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// How many events were received and are not settled.
    pub(super) fn received(&self) -> usize {
        self.held.len() - self.waiting.len()
    }

    /// How many messages are here of which an event is not settled.
    pub(super) fn messages(&self) -> usize {
        self.acks.len()
    }

    /// How many events wait to be received; the error of a consumer that is over.
    pub(super) fn waiting(&self) -> Result<usize, QueueError> {
        self.ended.clone().map_or(Ok(self.waiting.len()), Err)
    }

    /// Takes events that wait, up to so many, of up to so many messages.
    pub(super) fn receive(&mut self, max: usize, max_messages: usize) -> Vec<Delivery> {
        let (mut messages, mut last) = (0, None);
        let fits = |delivery: &&Delivery| {
            let message = self.held.get(&delivery.tag).map(|held| held.tag);
            messages += usize::from(message != last);
            last = message;
            messages <= max_messages
        };
        let count = self.waiting.iter().take(max).take_while(fits).count();
        self.waiting.drain(..count).collect()
    }

    /// No more will come, and what is here cannot be settled.
    pub(super) fn end(&mut self, error: QueueError) {
        self.ended = Some(error);
    }

    /// The events that verdicts are about. A second verdict on one is passed over, as is one on an event
    /// that is settled.
    pub(super) fn judged(
        &self,
        verdicts: Vec<(DeliveryTag, Verdict)>,
    ) -> impl Iterator<Item = (DeliveryTag, &Held, Verdict)> {
        let mut seen = HashSet::with_capacity(verdicts.len());
        verdicts.into_iter().filter_map(move |(tag, verdict)| {
            let held = self.held.get(&tag).filter(|_| seen.insert(tag))?;
            Some((tag, held, verdict))
        })
    }

    /// An event is settled. `Some(true)` when it was the last of its message, `None` when it was settled
    /// before.
    pub(super) fn settle(&mut self, tag: DeliveryTag) -> Option<bool> {
        let held = self.held.remove(&tag)?;
        Some(self.acks.done(held.tag))
    }

    /// What to say to the broker about messages that are done.
    pub(super) fn words(&self, done: &BTreeSet<u64>) -> Vec<Ack> {
        self.acks.acknowledge(done)
    }

    /// The consumer goes. Gives how many events waited, and how many were received and not settled.
    pub(super) fn leave(&mut self) -> (usize, usize) {
        self.left = true;
        let (waiting, received) = (self.waiting.len(), self.received());
        self.waiting.clear();
        self.held.clear();
        (waiting, received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(tag: u64) -> Held {
        Held { tag, alone: true, message: Message::event("1", "{}"), history: History::default() }
    }

    #[test]
    fn so_many_events_of_so_many_messages_are_taken() {
        let mut inbox = Inbox::default();
        let events =
            |inbox: &mut Inbox, tag, count| (0..count).for_each(|_| inbox.arrive(held(tag)));
        events(&mut inbox, 1, 3);
        events(&mut inbox, 2, 1);
        events(&mut inbox, 3, 1);
        events(&mut inbox, 4, 2);
        assert_eq!(inbox.receive(2, 9).len(), 2, "a message may be taken in parts");
        assert_eq!(inbox.receive(9, 2).len(), 2, "the rest of the first, and the second");
        assert_eq!(inbox.receive(9, 9).len(), 3);
        assert_eq!(inbox.receive(9, 9).len(), 0);
        assert_eq!(inbox.messages(), 4);
    }

    #[test]
    fn what_is_in_hand_when_the_consumer_goes_is_told_apart() {
        let mut inbox = Inbox::default();
        (1..=5).for_each(|tag| inbox.arrive(held(tag)));
        let received = inbox.receive(3, 5);
        assert_eq!(inbox.settle(received[0].tag), Some(true));
        assert_eq!(inbox.settle(received[0].tag), None);
        assert!(!inbox.is_left());
        assert_eq!(inbox.leave(), (2, 2));
        assert!(inbox.is_left());
        assert_eq!(inbox.settle(received[1].tag), None);
    }
}
