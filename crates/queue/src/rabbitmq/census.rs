//! How much all consumers have, in all processes. The broker knows, and tells only its own tools; so
//! whoever wants to know asks, and every process that consumes answers.

use std::{
    collections::HashMap,
    sync::{Arc, Weak},
    time::Duration,
};

use futures::StreamExt;
use lapin::{
    BasicProperties, Channel, ExchangeKind,
    message::Delivery,
    options::{
        BasicConsumeOptions, BasicPublishOptions, ExchangeDeclareOptions, QueueBindOptions,
        QueueDeclareOptions,
    },
    types::FieldTable,
};
use tokio::time::{Instant, sleep, timeout_at};

use super::{Shared, error::unavailable, hand::Counts, link::Live};
use crate::QueueError;

/// Carries questions to everyone.
const EXCHANGE: &str = "userstream.census";
/// The broker's name for a queue that leads straight back.
const REPLY_TO: &str = "amq.rabbitmq.reply-to";
/// How long to wait for those who do not answer.
const PATIENCE: Duration = Duration::from_millis(300);
const PAUSE: Duration = Duration::from_secs(1);

type Answer = HashMap<String, Counts>;

impl Shared {
    /// What the consumers of a queue have, of which the broker says there are so many.
    pub(super) async fn census(
        &self,
        live: &Live,
        queue: &str,
        consumers: u32,
    ) -> Result<Counts, QueueError> {
        let own = self.hands.of(queue).counts();
        if own.consumers >= consumers.into() {
            return Ok(own);
        }
        let answers = ask(live, queue, consumers).await.map_err(unavailable)?;
        // One's own answer may be late too.
        Ok(if answers.consumers < own.consumers { own } else { answers })
    }
}

async fn ask(live: &Live, queue: &str, consumers: u32) -> lapin::Result<Counts> {
    let channel = live.bare_channel().await?;
    declare(&channel).await?;
    let no_ack = BasicConsumeOptions { no_ack: true, ..Default::default() };
    let mut answers =
        channel.basic_consume(REPLY_TO.into(), "".into(), no_ack, FieldTable::default()).await?;
    let question = BasicProperties::default().with_reply_to(REPLY_TO.into());
    publish(&channel, EXCHANGE, "", &[], question).await?;
    let deadline = Instant::now() + PATIENCE;
    let mut sum = Counts::default();
    while sum.consumers < consumers.into()
        && let Ok(Some(Ok(answer))) = timeout_at(deadline, answers.next()).await
    {
        let answer: Answer = serde_json::from_slice(&answer.data).unwrap_or_default();
        sum += answer.get(queue).copied().unwrap_or_default();
    }
    Ok(sum)
}

/// Answers for as long as the queue's handle lives.
pub(super) async fn answer_all(shared: Weak<Shared>) {
    while let Some(here) = shared.upgrade() {
        let questions = here.side.answered(listen(&here)).await;
        drop(here);
        if let Ok((channel, mut questions)) = questions {
            while let Some(Ok(question)) = questions.next().await {
                let Some(here) = shared.upgrade() else { return };
                if let Err(error) = answer(&channel, &here, &question).await {
                    tracing::debug!(%error, "a question was not answered");
                }
            }
        }
        sleep(PAUSE).await;
    }
}

async fn listen(shared: &Arc<Shared>) -> Result<(Channel, lapin::Consumer), QueueError> {
    let channel = shared.side.live().await?.channel().await?;
    let questions = async {
        declare(&channel).await?;
        // A name of the broker's choice; gone with the connection.
        let options = QueueDeclareOptions::exclusive().auto_delete();
        let queue = channel.queue_declare("".into(), options, FieldTable::default()).await?;
        let name = queue.name().clone();
        let options = QueueBindOptions::default();
        let bound = channel.queue_bind(
            name.clone(),
            EXCHANGE.into(),
            "".into(),
            options,
            FieldTable::default(),
        );
        bound.await?;
        let no_ack = BasicConsumeOptions { no_ack: true, ..Default::default() };
        channel.basic_consume(name, "".into(), no_ack, FieldTable::default()).await
    };
    let questions = questions.await.map_err(unavailable)?;
    Ok((channel, questions))
}

async fn answer(channel: &Channel, shared: &Shared, question: &Delivery) -> lapin::Result<()> {
    let Some(back) = question.properties.reply_to() else { return Ok(()) };
    let answer = serde_json::to_vec(&shared.hands.counts()).unwrap_or_default();
    publish(channel, "", back.as_str(), &answer, BasicProperties::default()).await
}

async fn declare(channel: &Channel) -> lapin::Result<()> {
    let options = ExchangeDeclareOptions::default();
    channel
        .exchange_declare(EXCHANGE.into(), ExchangeKind::Fanout, options, FieldTable::default())
        .await
}

async fn publish(
    channel: &Channel,
    exchange: &str,
    key: &str,
    body: &[u8],
    properties: BasicProperties,
) -> lapin::Result<()> {
    let options = BasicPublishOptions::default();
    channel.basic_publish(exchange.into(), key.into(), options, body, properties).await?.await?;
    Ok(())
}
