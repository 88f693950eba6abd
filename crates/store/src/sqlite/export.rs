//! All users that pass a filter, as a stream.

use domain::UserFilter;
use futures::TryStreamExt;
use sqlx::{Sqlite, SqlitePool, Transaction};
use tokio::sync::mpsc;

use super::{error::StoreResult, row, time, users};
use crate::{
    Export, Order, StoreError,
    model::{Parcel, ROWS_TOGETHER},
};

/// One transaction reads from one snapshot. Its connection is free again at the end of the stream or
/// when that is dropped.
pub(super) async fn export(pool: &SqlitePool, filter: &UserFilter) -> Result<Export, StoreError> {
    let mut tx = pool.begin().await.store()?;
    // The first look decides what the others see.
    sqlx::query("SELECT 1 FROM users LIMIT 1").fetch_optional(&mut *tx).await.store()?;
    let taken_at = time::now();
    let (parcels, export) = Export::sent(taken_at);
    let filter = filter.clone();
    tokio::spawn(async move {
        tokio::select! {
            last = read(tx, &filter, &parcels) => {
                // The receiver that is gone needs no last word.
                let _ = parcels.send(last).await;
            }
            () = parcels.closed() => {}
        }
    });
    Ok(export)
}

/// Sends all rows; returns what to send last.
async fn read(
    mut tx: Transaction<'static, Sqlite>,
    filter: &UserFilter,
    parcels: &mpsc::Sender<Parcel>,
) -> Parcel {
    let mut query = users::select(filter, None, Order::Ascending);
    let mut rows = query.build().fetch(&mut *tx);
    let mut parcel = Vec::with_capacity(ROWS_TOGETHER);
    loop {
        match rows.try_next().await.and_then(|row| row.as_ref().map(row::user).transpose()).store()
        {
            Ok(Some(user)) => parcel.push(user),
            Ok(None) => {
                let _ = parcels.send(Parcel::Rows(parcel)).await;
                return Parcel::End;
            }
            Err(error) => return Parcel::Failed(error),
        }
        if parcel.len() == ROWS_TOGETHER {
            let full = std::mem::replace(&mut parcel, Vec::with_capacity(ROWS_TOGETHER));
            if parcels.send(Parcel::Rows(full)).await.is_err() {
                return Parcel::End;
            }
        }
    }
}
