//! Writes messages into their queues.

use std::{
    borrow::Cow,
    sync::{Arc, LazyLock},
    time::Instant,
};

use sqlx::{Arguments, SqliteConnection, sqlite::SqliteArguments};

use super::error;
use crate::{Message, batch};

/// Rows per statement, at the most. There is a statement for every number of rows up to it, so that
/// what waits goes in with one: it is the statements that cost, each a hand-over to another thread.
const MOST_ROWS: usize = 64;
const COLUMNS: usize = 6;

/// The statement for `n + 1` rows, at `n`. Each is prepared once and kept.
static INSERTS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let insert = |rows| {
        format!(
            "INSERT INTO messages \
             (queue, visible_at, message_id, content_type, traceparent, body) VALUES {}",
            vec!["(?,?,?,?,?,?)"; rows].join(",")
        )
    };
    (1..=MOST_ROWS).map(insert).collect()
});

static EVENT: LazyLock<Arc<str>> = LazyLock::new(|| Message::EVENT.into());

/// A message on its way into the file.
pub(super) struct NewMessage {
    queue: Arc<str>,
    id: String,
    content_type: Arc<str>,
    traceparent: Option<String>,
    body: Vec<u8>,
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
            content_type: match message.content_type {
                Cow::Borrowed(Message::EVENT) => EVENT.clone(),
                other => other.into(),
            },
            traceparent: message.traceparent,
            body: message.body.into(),
        }
    }

    /// Bytes that it takes, about.
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.content_type.len() + self.body.len()
    }

    pub(super) fn queue(&self) -> &Arc<str> {
        &self.queue
    }
}

/// One insert of a few messages.
pub(super) struct Insert {
    rows: usize,
    values: SqliteArguments,
}

impl Insert {
    /// Takes up to [`MOST_ROWS`] messages, visible from `now` on. Leaves only their queues behind, for
    /// the wake-up.
    fn of<'a>(
        messages: &mut impl ExactSizeIterator<Item = &'a mut NewMessage>,
        now: i64,
    ) -> Result<Self, sqlx::Error> {
        let rows = messages.len().min(MOST_ROWS);
        let mut values = SqliteArguments::default();
        values.reserve(rows * COLUMNS, 0);
        let add = |values: &mut SqliteArguments, message: &mut NewMessage| {
            values.add(message.queue.clone())?;
            values.add(now)?;
            values.add(std::mem::take(&mut message.id))?;
            values.add(message.content_type.clone())?;
            values.add(message.traceparent.take())?;
            values.add(std::mem::take(&mut message.body))
        };
        for message in messages.take(rows) {
            add(&mut values, message).map_err(sqlx::Error::Encode)?;
        }
        Ok(Self { rows, values })
    }

    async fn execute(self, connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
        let insert = INSERTS[self.rows - 1].as_str();
        sqlx::query_with(insert, self.values).execute(connection).await.map(drop)
    }
}

/// Inserts messages within the transaction that is open.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    mut messages: impl ExactSizeIterator<Item = &mut NewMessage>,
    now: i64,
) -> Result<(), sqlx::Error> {
    while messages.len() > 0 {
        Insert::of(&mut messages, now)?.execute(connection).await?;
    }
    Ok(())
}

/// Inserts messages, if one statement does it, which is then the transaction: no statement need begin it
/// and none end it. Waits until `deadline` while another process is in one.
pub(super) async fn insert_alone(
    connection: &mut SqliteConnection,
    mut messages: impl ExactSizeIterator<Item = &mut NewMessage>,
    now: i64,
    deadline: Instant,
) -> Result<(), sqlx::Error> {
    let insert = Insert::of(&mut messages, now)?;
    loop {
        // The values are shared, not copied.
        let again = Insert { rows: insert.rows, values: insert.values.clone() };
        match again.execute(connection).await {
            Err(e) if error::is_busy(&e) && Instant::now() < deadline => {}
            done => return done,
        }
    }
}

/// Whether so many messages fit into one statement.
pub(super) fn fits_one_statement(messages: usize) -> bool {
    (1..=MOST_ROWS).contains(&messages)
}
