//! All users that pass a filter, as a stream.

use domain::UserFilter;
use futures::{StreamExt, TryStreamExt, stream};
use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::sync::mpsc;

use super::{error::StoreResult, row, time, users};
use crate::{Export, StoreError, User};

/// Rows that travel together, and how many such parcels may wait: a slow reader holds the database's
/// reader back, not memory.
const ROWS_IN_CHUNK: usize = 256;
const CHUNKS_WAITING: usize = 4;

enum Chunk {
    Rows(Vec<User>),
    Failed(StoreError),
    /// All rows have been sent. A channel that closes without this has lost its sender.
    End,
}

/// One transaction reads from one snapshot. Its connection is free again at the end of the stream or
/// when that is dropped.
pub(super) async fn export(pool: &SqlitePool, filter: &UserFilter) -> Result<Export, StoreError> {
    let mut tx = pool.begin().await.store()?;
    // The first look decides what the others see.
    sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(&mut *tx).await.store()?;
    let taken_at = time::now();
    let (chunks, received) = mpsc::channel(CHUNKS_WAITING);
    let filter = filter.clone();
    tokio::spawn(async move {
        tokio::select! {
            last = read(tx, &filter, &chunks) => {
                // The receiver that is gone needs no last word.
                let _ = chunks.send(last).await;
            }
            () = chunks.closed() => {}
        }
    });
    let rows = stream::unfold(Some(received), next_chunk).flat_map(stream::iter);
    Ok(Export::new(taken_at, rows))
}

type Received = Option<mpsc::Receiver<Chunk>>;

/// The items of the next chunk; nothing after the last one.
async fn next_chunk(received: Received) -> Option<(Vec<Result<User, StoreError>>, Received)> {
    let mut received = received?;
    match received.recv().await {
        Some(Chunk::Rows(rows)) => Some((rows.into_iter().map(Ok).collect(), Some(received))),
        Some(Chunk::End) => None,
        Some(Chunk::Failed(error)) => Some((vec![Err(error)], None)),
        None => Some((vec![Err(StoreError::Unavailable("the export was stopped".into()))], None)),
    }
}

/// Sends all rows; returns what to send last.
async fn read(
    mut tx: Transaction<'static, Sqlite>,
    filter: &UserFilter,
    chunks: &mpsc::Sender<Chunk>,
) -> Chunk {
    let mut query = users::select(filter, None);
    let mut rows = query.build().fetch(&mut *tx);
    let mut chunk = Vec::with_capacity(ROWS_IN_CHUNK);
    loop {
        match rows.try_next().await.and_then(|row| row.as_ref().map(row::user).transpose()).store()
        {
            Ok(Some(user)) => chunk.push(user),
            Ok(None) => {
                let _ = chunks.send(Chunk::Rows(chunk)).await;
                return Chunk::End;
            }
            Err(error) => return Chunk::Failed(error),
        }
        if chunk.len() == ROWS_IN_CHUNK {
            let full = std::mem::replace(&mut chunk, Vec::with_capacity(ROWS_IN_CHUNK));
            if chunks.send(Chunk::Rows(full)).await.is_err() {
                return Chunk::End;
            }
        }
    }
}
