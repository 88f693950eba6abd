//! All rows of one moment.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use chrono::{DateTime, Utc};
use futures::{
    Stream, StreamExt, TryStreamExt,
    stream::{self, BoxStream},
};
use tokio::sync::mpsc;

use super::User;
use crate::StoreError;

/// Rows that travel together, and how many such parcels may wait: a slow reader holds the database
/// back, not memory.
pub(crate) const ROWS_TOGETHER: usize = 256;
const PARCELS_WAITING: usize = 4;

/// Users as they were at one moment, as a stream of parcels of rows. Its first error is its end.
pub struct Export {
    taken_at: DateTime<Utc>,
    parcels: BoxStream<'static, Result<Vec<User>, StoreError>>,
}

/// What a database's reader sends.
pub(crate) enum Parcel {
    Rows(Vec<User>),
    Failed(StoreError),
    /// All rows have been sent. A channel that closes without this has lost its sender.
    End,
}

impl Export {
    /// Parcels of rows, and the moment whose they are.
    pub fn new(
        taken_at: DateTime<Utc>,
        parcels: impl Stream<Item = Result<Vec<User>, StoreError>> + Send + 'static,
    ) -> Self {
        Self { taken_at, parcels: parcels.boxed() }
    }

    /// What is sent by a reader elsewhere.
    pub(crate) fn sent(taken_at: DateTime<Utc>) -> (mpsc::Sender<Parcel>, Self) {
        let (sender, received) = mpsc::channel(PARCELS_WAITING);
        (sender, Self::new(taken_at, stream::unfold(Some(received), next_parcel)))
    }

    /// The moment of the snapshot, by the database's clock.
    pub fn taken_at(&self) -> DateTime<Utc> {
        self.taken_at
    }

    /// Row by row.
    pub fn rows(self) -> impl Stream<Item = Result<User, StoreError>> + Send + Unpin + 'static {
        self.parcels.map_ok(|rows| stream::iter(rows.into_iter().map(Ok))).try_flatten()
    }
}

type Received = Option<mpsc::Receiver<Parcel>>;

/// Nothing after the last one.
async fn next_parcel(received: Received) -> Option<(Result<Vec<User>, StoreError>, Received)> {
    let mut received = received?;
    match received.recv().await {
        Some(Parcel::Rows(rows)) => Some((Ok(rows), Some(received))),
        Some(Parcel::End) => None,
        Some(Parcel::Failed(error)) => Some((Err(error), None)),
        None => Some((Err(StoreError::Unavailable("the export was stopped".into())), None)),
    }
}

impl Stream for Export {
    type Item = Result<Vec<User>, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.parcels.poll_next_unpin(context)
    }
}
