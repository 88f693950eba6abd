//! All rows of one moment.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use chrono::{DateTime, Utc};
use futures::{Stream, StreamExt, stream::BoxStream};

use super::User;
use crate::StoreError;

/// A stream of users as they were at one moment. Its first error is its end.
pub struct Export {
    taken_at: DateTime<Utc>,
    rows: BoxStream<'static, Result<User, StoreError>>,
}

impl Export {
    /// Rows, and the moment whose they are.
    pub fn new(
        taken_at: DateTime<Utc>,
        rows: impl Stream<Item = Result<User, StoreError>> + Send + 'static,
    ) -> Self {
        Self { taken_at, rows: rows.boxed() }
    }

    /// The moment of the snapshot, by the database's clock.
    pub fn taken_at(&self) -> DateTime<Utc> {
        self.taken_at
    }
}

impl Stream for Export {
    type Item = Result<User, StoreError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.rows.poll_next_unpin(context)
    }
}
