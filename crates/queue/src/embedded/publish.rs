//! Writes messages into their queues.

use std::sync::{Arc, LazyLock};

use sqlx::SqliteConnection;

use crate::{Message, batch};

/// Rows per statement, at the most. There is a statement for every number of rows up to it, so that
/// what waits goes in with one: it is the statements that cost, each a hand-over to another thread.
const MOST_ROWS: usize = 64;

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

/// A message on its way into the file.
pub(super) struct NewMessage {
    queue: Arc<str>,
    id: String,
    content_type: String,
    traceparent: Option<String>,
    body: Vec<u8>,
}

impl NewMessage {
    /// A message as it is stored: one in batch mode as its single events.
    pub(super) fn all_of(queue: &Arc<str>, message: Message) -> impl Iterator<Item = Self> {
        batch::split(message).into_iter().map(|message| Self {
            queue: queue.clone(),
            id: message.id,
            content_type: message.content_type,
            traceparent: message.traceparent,
            body: message.body.into(),
        })
    }

    /// Bytes that it takes, about.
    pub(super) fn size(&self) -> usize {
        self.id.len() + self.content_type.len() + self.body.len()
    }

    pub(super) fn queue(&self) -> &Arc<str> {
        &self.queue
    }
}

/// Inserts messages, visible from `now` on. Leaves only their queues behind, for the wake-up.
pub(super) async fn insert(
    connection: &mut SqliteConnection,
    messages: impl ExactSizeIterator<Item = &mut NewMessage>,
    now: i64,
) -> Result<(), sqlx::Error> {
    let mut messages = messages;
    while messages.len() > 0 {
        let rows = messages.len().min(MOST_ROWS);
        let mut query = sqlx::query(INSERTS[rows - 1].as_str());
        for message in messages.by_ref().take(rows) {
            query = query
                .bind(message.queue.clone())
                .bind(now)
                .bind(std::mem::take(&mut message.id))
                .bind(std::mem::take(&mut message.content_type))
                .bind(message.traceparent.take())
                .bind(std::mem::take(&mut message.body));
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}
