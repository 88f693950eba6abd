//! Writes messages into their queues.

use std::{collections::HashMap, sync::Arc};

use rusqlite::{Connection, Result};

use super::pack::{self, Pack};
use crate::{Message, batch};

const NUMBER: &str = "
INSERT INTO queues (name) VALUES (?1)
ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING number";

const INSERT: &str = "
INSERT INTO messages (queue, visible_at, consumer, message_id, content_type, traceparent, body)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

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
    pub queue: Arc<str>,
    pub message: Message,
}

impl NewMessage {
    /// Messages as they are stored: those in batch mode as their single events.
    pub(super) fn all_of(queue: &Arc<str>, messages: Vec<Message>) -> Vec<Self> {
        let one = |message| Self { queue: queue.clone(), message };
        batch::split_all(messages).into_iter().map(one).collect()
    }

    /// Bytes that it takes, about.
    pub(super) fn size(&self) -> usize {
        let Message { id, content_type, traceparent, body } = &self.message;
        let trace = traceparent.as_ref().map_or(0, String::len);
        id.len() + content_type.len() + trace + body.len()
    }
}

/// Where a message is, in the queue or in a consumer's hand.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub queue: i64,
    pub visible_at: i64,
    pub consumer: Option<i64>,
}

/// Inserts messages, visible from `now` on, within the transaction that is open. Where many come
/// together they share rows.
pub(super) fn insert<'a>(
    connection: &Connection,
    numbers: &mut Numbers,
    messages: impl Iterator<Item = &'a NewMessage>,
    now: i64,
) -> Result<()> {
    let mut pack = Pack::default();
    for message in messages {
        if !pack.takes(message) {
            insert_together(connection, numbers, &pack.take(), now)?;
        }
        pack.push(message);
    }
    insert_together(connection, numbers, &pack.take(), now)
}

fn insert_together(
    connection: &Connection,
    numbers: &mut Numbers,
    messages: &[&NewMessage],
    now: i64,
) -> Result<()> {
    let [first, ..] = messages else { return Ok(()) };
    let queue = numbers.of(connection, &first.queue)?;
    let place = Place { queue, visible_at: now, consumer: None };
    let messages = messages.iter().map(|new| &new.message);
    if pack::EVENTS.contains(&messages.len()) {
        return pack::insert(connection, place, messages).map(drop);
    }
    for message in messages {
        insert_one(connection, place, message)?;
    }
    Ok(())
}

/// Inserts a message as a row of its own; gives the row.
pub(super) fn insert_one(connection: &Connection, place: Place, message: &Message) -> Result<i64> {
    let Place { queue, visible_at, consumer } = place;
    let Message { id, content_type, traceparent, body } = message;
    let content_type = Some(&**content_type).filter(|t| *t != Message::EVENT);
    let row = (queue, visible_at, consumer, id, content_type, traceparent, &**body);
    connection.prepare_cached(INSERT)?.insert(row)
}
