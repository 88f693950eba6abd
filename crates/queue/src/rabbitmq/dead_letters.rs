//! Dead letters: browsing, replaying, deleting.
//!
//! The broker gives messages out and takes them back, but does not show them. To look through a queue is
//! to take all of it in hand and to hand back what stays. Whoever does so holds a lock, so that nobody
//! meanwhile finds the queue emptier than it is.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use lapin::{
    Channel,
    message::Delivery,
    options::{
        BasicAckOptions, BasicCancelOptions, BasicConsumeOptions, BasicGetOptions,
        BasicNackOptions, BasicQosOptions,
    },
    types::FieldTable,
};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use super::{
    Shared, depth,
    envelope::{self, History, Outgoing},
    error::{silent, unavailable},
    link::Live,
    lock,
    topology::{Kind, dead_letters_of},
};
use crate::{DeadLetter, DeadLetterFilter, QueueError, batch};

/// A queue that says it has more and gives none for so long is being emptied by someone else.
const SILENCE: Duration = Duration::from_secs(2);
/// How long to wait for the next of what was handed back to be there again.
const RETURN_WAIT: Duration = Duration::from_secs(2);
const RETURN_PAUSE: Duration = Duration::from_millis(5);
/// So many are in this process's memory at a time.
const PART: u16 = 500;

/// What becomes of a dead letter that was looked at.
enum Decision {
    /// It stays.
    Keep,
    /// It goes.
    Delete,
    /// It goes back to its queue, in its own words or in others.
    Replay(Box<DeadLetter>, Option<Bytes>),
}

/// Whether to look at the next one.
enum Next {
    GoOn,
    Stop,
}

impl Shared {
    /// One page, oldest first: ids are UUIDs of version 7, whose order is that of time.
    pub(super) async fn browse(
        &self,
        filter: &DeadLetterFilter,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, QueueError> {
        let mut page = BTreeMap::new();
        for queue in self.queues_of(filter) {
            self.look_through(&queue, |letter| {
                if after.is_none_or(|after| letter.id.as_str() > after) && passes(filter, &letter) {
                    page.insert(letter.id.clone(), letter);
                    if page.len() > limit {
                        page.pop_last();
                    }
                }
                (Decision::Keep, Next::GoOn)
            })
            .await?;
        }
        Ok(page.into_values().collect())
    }

    pub(super) async fn find(&self, id: &str) -> Result<Option<DeadLetter>, QueueError> {
        let mut found = None;
        self.on_one(id, |letter| {
            found = Some(letter);
            Decision::Keep
        })
        .await?;
        Ok(found)
    }

    /// Does something to the dead letter of an id; `false` when there is none.
    async fn on_one(
        &self,
        id: &str,
        mut act: impl FnMut(DeadLetter) -> Decision,
    ) -> Result<bool, QueueError> {
        if id.parse::<Uuid>().is_err() {
            return Ok(false);
        }
        for queue in self.queues_of(&DeadLetterFilter::default()) {
            let mut found = false;
            self.look_through(&queue, |letter| {
                if letter.id != id {
                    return (Decision::Keep, Next::GoOn);
                }
                found = true;
                (act(letter), Next::Stop)
            })
            .await?;
            if found {
                return Ok(true);
            }
        }
        Ok(false)
    }

    pub(super) async fn replay(
        &self,
        id: &str,
        corrected: Option<Bytes>,
    ) -> Result<bool, QueueError> {
        self.on_one(id, |letter| Decision::Replay(Box::new(letter), corrected.clone())).await
    }

    pub(super) async fn delete(&self, id: &str) -> Result<bool, QueueError> {
        self.on_one(id, |_| Decision::Delete).await
    }

    pub(super) async fn replay_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError> {
        self.all(filter, dead_before, |letter| Decision::Replay(Box::new(letter), None)).await
    }

    pub(super) async fn delete_all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
    ) -> Result<u64, QueueError> {
        self.all(filter, dead_before, |_| Decision::Delete).await
    }

    pub(super) async fn survey(
        &self,
        filter: &DeadLetterFilter,
        visit: &mut (dyn FnMut(DeadLetter) + Send),
    ) -> Result<(), QueueError> {
        for queue in self.queues_of(filter) {
            self.look_through(&queue, |letter| {
                if passes(filter, &letter) {
                    visit(letter);
                }
                (Decision::Keep, Next::GoOn)
            })
            .await?;
        }
        Ok(())
    }

    /// Does the same to all that pass a filter and were dead at a time; gives how many.
    async fn all(
        &self,
        filter: &DeadLetterFilter,
        dead_before: DateTime<Utc>,
        act: impl Fn(DeadLetter) -> Decision,
    ) -> Result<u64, QueueError> {
        let mut count = 0;
        for queue in self.queues_of(filter) {
            self.look_through(&queue, |letter| {
                if letter.dead_at <= dead_before && passes(filter, &letter) {
                    count += 1;
                    return (act(letter), Next::GoOn);
                }
                (Decision::Keep, Next::GoOn)
            })
            .await?;
        }
        Ok(count)
    }

    fn queues_of(&self, filter: &DeadLetterFilter) -> Vec<String> {
        let known = self.known_queues();
        match &filter.queue {
            Some(queue) => known.into_iter().filter(|known| known == queue).collect(),
            None => known,
        }
    }

    /// Looks at every dead letter of a queue, until it is told to stop.
    async fn look_through(
        &self,
        queue: &str,
        decide: impl FnMut(DeadLetter) -> (Decision, Next),
    ) -> Result<(), QueueError> {
        let live = self.side.live().await?;
        let name = dead_letters_of(queue);
        live.declare(&[(&name, Kind::Plain)]).await?;
        let _turn = self.looking.lock().await;
        let (connection, _) = live.endpoints().connect("looking at dead letters").await?;
        lock::acquire(&connection, &format!("{name}.lock"), "looks at the dead letters").await?;
        let result = self.look(&live, queue, decide).await;
        if let Err(error) = connection.close(200, "done".into()).await {
            tracing::debug!(%error, "the lock ends with its connection all the same");
        }
        result
    }

    async fn look(
        &self,
        live: &Live,
        queue: &str,
        mut decide: impl FnMut(DeadLetter) -> (Decision, Next),
    ) -> Result<(), QueueError> {
        let name = dead_letters_of(queue);
        let count = depth::ready(live, &name).await?;
        if count == 0 {
            return Ok(());
        }
        let channel = live.channel().await?;
        let (mut left, mut gone) = (count, 0);
        // The last that stays of each part.
        let mut kept = Vec::new();
        while left > 0 {
            let most = u16::try_from(left).unwrap_or(PART).min(PART);
            let mut part = take(&channel, &name, most).await?.into_iter();
            left = if part.len() < most.into() { 0 } else { left - u32::from(most) };
            let mut leaving = Leaving::default();
            let mut last_kept = None;
            for delivery in part.by_ref() {
                let tag = delivery.delivery_tag;
                let letter = envelope::dead_letter(queue, &delivery.properties, delivery.data);
                let (decision, next) = decide(letter);
                match decision {
                    Decision::Keep => last_kept = Some(tag),
                    Decision::Delete => leaving.tags.push(tag),
                    Decision::Replay(letter, corrected) => leaving.replay(tag, *letter, corrected),
                }
                if matches!(next, Next::Stop) {
                    left = 0;
                    break;
                }
            }
            let not_looked_at = part.last().map(|delivery| delivery.delivery_tag);
            kept.extend(not_looked_at.or(last_kept));
            gone += leaving.leave(self, &channel).await?;
        }
        if gone > 0 {
            settle(&channel, &name).await?;
        }
        // They come to the end of the queue, in about the order that they had.
        for last in kept {
            let back = BasicNackOptions { multiple: true, requeue: true };
            channel.basic_nack(last, back).await.map_err(unavailable)?;
        }
        // What the broker sent ahead goes back with the channel.
        let _ = channel.close(200, "done".into()).await;
        returned(live, &name, count - gone).await
    }
}

/// Takes the next of a queue in hand; fewer where it has no more. They have a consumer of their own, which
/// is gone before any of them is settled: so the broker sends no others, and not the same again.
async fn take(channel: &Channel, queue: &str, most: u16) -> Result<Vec<Delivery>, QueueError> {
    channel.basic_qos(most, BasicQosOptions::default()).await.map_err(unavailable)?;
    let options = BasicConsumeOptions::default();
    let consuming = channel.basic_consume(queue.into(), "".into(), options, FieldTable::default());
    let mut consumer = consuming.await.map_err(unavailable)?;
    let mut taken = Vec::with_capacity(most.into());
    while taken.len() < most.into() {
        let Ok(next) = timeout(SILENCE, consumer.next()).await else { break };
        taken.push(next.ok_or_else(|| silent("give its dead letters"))?.map_err(unavailable)?);
    }
    let options = BasicCancelOptions::default();
    channel.basic_cancel(consumer.tag(), options).await.map_err(unavailable)?;
    Ok(taken)
}

/// Waits until what was acknowledged is so. The broker does not say when, puts aside what is too much at
/// once, and forgets that with the channel. But what else is asked of the queue it answers in turn: this
/// after what it had begun with, and, asked again, after the rest. What it gives goes back with the channel.
async fn settle(channel: &Channel, queue: &str) -> Result<(), QueueError> {
    for _ in 0..2 {
        let asked = channel.basic_get(queue.into(), BasicGetOptions::default());
        asked.await.map_err(unavailable)?;
    }
    Ok(())
}

/// Dead letters that leave: deleted, or on their way back to their queue.
#[derive(Default)]
struct Leaving {
    tags: Vec<u64>,
    outgoing: Vec<Outgoing>,
}

impl Leaving {
    fn replay(&mut self, tag: u64, letter: DeadLetter, corrected: Option<Bytes>) {
        let DeadLetter { queue, mut message, .. } = letter;
        if let Some(body) = corrected {
            message = batch::corrected(message, body);
        }
        let events = batch::split(message);
        let event = |message| Outgoing::new(&queue, &message, &History::default());
        self.outgoing.extend(events.into_iter().map(event));
        self.tags.push(tag);
    }

    /// Publishes what goes back, and only then takes them out of the dead letters. Gives how many there were.
    async fn leave(self, shared: &Shared, channel: &Channel) -> Result<u32, QueueError> {
        shared.publisher.publish(self.outgoing).await?;
        let mut gone = 0;
        for tag in self.tags {
            channel.basic_ack(tag, BasicAckOptions::default()).await.map_err(unavailable)?;
            gone += 1;
        }
        Ok(gone)
    }
}

fn passes(filter: &DeadLetterFilter, letter: &DeadLetter) -> bool {
    filter.cause.as_ref().is_none_or(|cause| letter.cause.contains(cause))
}

/// Waits until so many are there again, as long as they become more: who looks next must not find fewer.
async fn returned(live: &Live, name: &str, count: u32) -> Result<(), QueueError> {
    let (mut most, mut deadline) = (0, Instant::now() + RETURN_WAIT);
    loop {
        let ready = depth::ready(live, name).await?;
        if ready > most {
            (most, deadline) = (ready, Instant::now() + RETURN_WAIT);
        }
        if ready >= count || Instant::now() >= deadline {
            return Ok(());
        }
        sleep(RETURN_PAUSE).await;
    }
}
