//! Writes messages into their queues.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use bytes::Bytes;
use rusqlite::{Connection, Result};

use crate::{Message, batch};

const NUMBER: &str = "
INSERT INTO queues (name) VALUES (?1)
ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING number";

const INSERT: &str = "
INSERT INTO messages (queue, visible_at, message_id, content_type, traceparent, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

/// The numbers of queues that a connection knows. A transaction that fails may take one back: they are
/// forgotten with the connection, which is then given up.
#[derive(Default)]
pub(super) struct Numbers {
    by_name: HashMap<Arc<str>, i64>,
}

impl Numbers {
    fn of(&mut self, connection: &Connection, queue: &Arc<str>) -> Result<i64> {
        if let Some(number) = self.by_name.get(queue) {
            return Ok(*number);
        }
        let number = connection.query_row(NUMBER, [&**queue], |row| row.get(0))?;
        self.by_name.insert(queue.clone(), number);
        Ok(number)
    }
}

/// A message on its way into the file.
pub(super) struct NewMessage {
    queue: Arc<str>,
    id: String,
    /// `None` for [`Message::EVENT`].
    content_type: Option<Cow<'static, str>>,
    traceparent: Option<String>,
    body: Bytes,
}

impl NewMessage {
    /// Messages as they are stored: those in batch mode as their single events.
    pub(super) fn all_of(queue: &Arc<str>, messages: Vec<Message>) -> Vec<Self> {
        let mut all = Vec::with_capacity(messages.len());
        for message in messages {
            if batch::is_batch(&message.content_type) {
                all.extend(batch::split(message).into_iter().map(|m| Self::one(queue, m)));
            } else {
                all.push(Self::one(queue, message));
            }
        }
        all
    }

    fn one(queue: &Arc<str>, message: Message) -> Self {
        Self {
            queue: queue.clone(),
            id: message.id,
            content_type: Some(message.content_type).filter(|t| t != Message::EVENT),
            traceparent: message.traceparent,
            body: message.body,
        }
    }

    /// Bytes that it takes, about.
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.content_type.as_ref().map_or(0, |t| t.len()) + self.body.len()
    }

    pub(super) fn queue(&self) -> &Arc<str> {
        &self.queue
    }
}

/// Inserts messages, visible from `now` on, within the transaction that is open.
pub(super) fn insert<'a>(
    connection: &Connection,
    numbers: &mut Numbers,
    messages: impl Iterator<Item = &'a NewMessage>,
    now: i64,
) -> Result<()> {
    let mut insert = connection.prepare_cached(INSERT)?;
    for message in messages {
        let NewMessage { queue, id, content_type, traceparent, body } = message;
        let queue = numbers.of(connection, queue)?;
        insert.execute((queue, now, id, content_type.as_deref(), traceparent, &**body))?;
    }
    Ok(())
}
