//! One consumer: a channel, from its opening to its end. What it has in hand when it ends comes again.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use chrono::Utc;
use futures::StreamExt;
use lapin::{
    Channel,
    options::{BasicAckOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions},
    types::FieldTable,
};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    envelope::{self, History},
    error::unavailable,
    hand::InHand,
    inbox::{Held, Inbox},
    link::Live,
    publisher::Publisher,
    topology::parts,
    verdict::Judge,
};
use crate::{Consumer, Delivery, DeliveryTag, QueueError, Verdict, batch};

/// A delay that is over but for so little counts as over: clocks of two machines differ.
const ALMOST: Duration = Duration::from_millis(50);
/// Messages that the broker sends ahead, at the most. Each may be a packed one of
/// [`MOST_BYTES`](super::pack::MOST_BYTES): this bounds what a process holds.
const MOST_PREFETCHED: u16 = 2_000;

pub(super) struct RabbitConsumer {
    inner: Arc<Inner>,
    _stop_pump: DropGuard,
}

struct Inner {
    judge: Judge,
    channel: Channel,
    publisher: Arc<Publisher>,
    inbox: Mutex<Inbox>,
    /// Rings when the inbox has changed.
    changed: Notify,
    /// Messages that the broker sends ahead.
    prefetch: usize,
    /// Events in hand from which on no message is taken apart: one in batch mode has many.
    enough: usize,
    /// Whoever tells the broker of verdicts does so alone.
    telling: tokio::sync::Mutex<()>,
    in_hand: InHand,
    _live: Arc<Live>,
}

impl RabbitConsumer {
    pub(super) async fn open(
        live: Arc<Live>,
        publisher: Arc<Publisher>,
        in_hand: InHand,
        queue: &str,
        prefetch: usize,
    ) -> Result<Self, QueueError> {
        // Where a verdict may put a message is there before the first one comes.
        live.declare(&parts(queue)).await?;
        let channel = live.channel().await?;
        let enough = prefetch.max(1);
        let prefetch = u16::try_from(enough).map_or(MOST_PREFETCHED, |n| n.min(MOST_PREFETCHED));
        channel.basic_qos(prefetch, BasicQosOptions::default()).await.map_err(unavailable)?;
        let options = BasicConsumeOptions::default();
        let stream = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
        let stream = stream.await.map_err(|error| {
            // It may be gone: the next call declares it again.
            live.undeclare(queue);
            unavailable(error)
        })?;
        let inner = Arc::new(Inner {
            judge: Judge::new(queue),
            channel: channel.clone(),
            publisher,
            inbox: Mutex::default(),
            changed: Notify::new(),
            prefetch: prefetch.into(),
            enough,
            telling: tokio::sync::Mutex::default(),
            in_hand,
            _live: live,
        });
        inner.in_hand.open();
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(inner.clone().pump(stream)));
        Ok(Self { inner, _stop_pump: stop.drop_guard() })
    }
}

impl Inner {
    fn inbox(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts into the inbox what the broker sends, which is as much as prefetch allows.
    async fn pump(self: Arc<Self>, mut stream: lapin::Consumer) {
        let error = loop {
            match stream.next().await {
                Some(Ok(delivery)) => {
                    self.room().await;
                    let early = self.take(delivery);
                    if !early.is_empty() {
                        self.send_back(early).await;
                    }
                }
                Some(Err(error)) => break unavailable(error),
                None => break QueueError::Unavailable("RabbitMQ ended the consumer".into()),
            }
        };
        self.inbox().end(error);
        self.changed.notify_waiters();
    }

    /// Waits until so much is settled that there is room for another message.
    async fn room(&self) {
        loop {
            let changed = self.changed.notified();
            if self.inbox().len() < self.enough {
                return;
            }
            changed.await;
        }
    }

    /// Puts a message's events into the inbox; gives those whose long delay is not over.
    fn take(&self, delivery: lapin::message::Delivery) -> Vec<(DeliveryTag, Verdict)> {
        let lapin::message::Delivery { delivery_tag, properties, data, .. } = delivery;
        let history = History::of(&properties);
        let events = batch::split(envelope::message(&properties, data));
        let after = history.not_before.and_then(|at| (at - Utc::now()).to_std().ok());
        let after = after.filter(|after| *after > ALMOST);
        let mut early = Vec::new();
        let mut inbox = self.inbox();
        if inbox.is_left() {
            return early;
        }
        for held in Held::events(delivery_tag, events, &history) {
            self.in_hand.arrived();
            match after {
                None => inbox.arrive(held),
                Some(after) => {
                    self.in_hand.receive(1);
                    early.push((inbox.hold(held), Verdict::Postpone { after }));
                }
            }
        }
        drop(inbox);
        self.changed.notify_waiters();
        early
    }

    /// Sends back what came before its time. What cannot be sent comes again with the next consumer.
    async fn send_back(&self, early: Vec<(DeliveryTag, Verdict)>) {
        if let Err(error) = self.settle(early).await {
            tracing::debug!(%error, "what came early stays in hand");
        }
    }

    async fn settle(&self, verdicts: Vec<(DeliveryTag, Verdict)>) -> Result<(), QueueError> {
        if !self.channel.status().connected() {
            return Err(QueueError::Unavailable("RabbitMQ ended the consumer".into()));
        }
        let now = Utc::now();
        let mut outgoing = Vec::new();
        let judged: Vec<_> = self
            .inbox()
            .judged(verdicts)
            .map(|(tag, held, verdict)| {
                outgoing.extend(self.judge.outgoing(held, &verdict, now));
                let back = verdict == Verdict::Release && held.alone;
                (tag, held.tag, back)
            })
            .collect();
        self.publisher.publish(outgoing).await?;
        // Found out and said in one go: an acknowledgement of all up to a tag, if it overtook what
        // another call has found out, would take along what that one hands back.
        let _in_order = self.telling.lock().await;
        let (mut handed_back, mut done) = (Vec::new(), BTreeSet::new());
        let (settled, words) = {
            let mut inbox = self.inbox();
            let mut settled = 0;
            for (tag, message, back) in judged {
                let Some(last) = inbox.settle(tag) else { continue };
                settled += 1;
                if last && back {
                    handed_back.push(message);
                } else if last {
                    done.insert(message);
                }
            }
            (settled, inbox.words(&done))
        };
        self.in_hand.settle(settled);
        self.changed.notify_waiters();
        self.tell(&handed_back, words).await
    }

    /// Says to the broker what became of deliveries, now that all else is durable.
    async fn tell(&self, handed_back: &[u64], words: Vec<(u64, bool)>) -> Result<(), QueueError> {
        let back = BasicNackOptions { requeue: true, multiple: false };
        let nacks = handed_back.iter().map(|tag| self.channel.basic_nack(*tag, back));
        futures::future::try_join_all(nacks).await.map_err(unavailable)?;
        let acks = words
            .into_iter()
            .map(|(tag, multiple)| self.channel.basic_ack(tag, BasicAckOptions { multiple }));
        futures::future::try_join_all(acks).await.map_err(unavailable).map(drop)
    }
}

#[async_trait]
impl Consumer for RabbitConsumer {
    async fn receive(&self, max: usize, linger: Duration) -> Result<Vec<Delivery>, QueueError> {
        let Inner { prefetch, enough, .. } = *self.inner;
        let max = max.max(1);
        let mut deadline: Option<Instant> = None;
        loop {
            // Listens before it looks, so that nothing arrives in between.
            let changed = self.inner.changed.notified();
            {
                let mut inbox = self.inner.inbox();
                let waiting = inbox.waiting()?;
                let room = enough.saturating_sub(inbox.received());
                // The broker sends no more ahead, though more was asked for.
                let all_is_here = prefetch < enough && inbox.messages() >= prefetch;
                let is_over = deadline.is_some_and(|deadline| deadline <= Instant::now());
                if waiting > 0 && room > 0 {
                    if waiting >= max || all_is_here || is_over {
                        // As large a part of the messages that may be here as of the events.
                        let max_messages = (max * prefetch).div_ceil(enough);
                        let deliveries = inbox.receive(max.min(room), max_messages);
                        self.inner.in_hand.receive(deliveries.len());
                        return Ok(deliveries);
                    }
                    deadline.get_or_insert_with(|| Instant::now() + linger);
                } else {
                    deadline = None;
                }
            }
            match deadline {
                None => changed.await,
                Some(deadline) => drop(timeout_at(deadline, changed).await),
            }
        }
    }

    async fn settle(&self, verdicts: Vec<(DeliveryTag, Verdict)>) -> Result<(), QueueError> {
        self.inner.settle(verdicts).await
    }
}

impl Drop for RabbitConsumer {
    fn drop(&mut self) {
        let (waiting, received) = self.inner.inbox().leave();
        self.inner.in_hand.close(waiting, received);
        // Closing the channel is what hands back.
        let channel = self.inner.channel.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                let _ = channel.close(200, "done".into()).await;
            });
        }
    }
}
