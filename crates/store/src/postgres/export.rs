//! All users that pass a filter, as a stream.

use std::{sync::Arc, time::Duration};

use domain::UserFilter;
use futures::TryStreamExt;
use sqlx::{ConnectOptions, Connection, Executor, PgConnection, postgres::PgConnectOptions};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{ACQUIRE_TIMEOUT, EXPORTS, error::judge, open::connect, row, users};
use crate::{
    Export, Order, StoreError,
    model::{Parcel, ROWS_TOGETHER},
};

/// How long one attempt to connect may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// No limit of time; and rows come in the order of an index as they are read, rather than sorted when
/// all have been.
const SETTINGS: &str = "
    SET statement_timeout = 0;
    SET enable_seqscan = off;
    SET max_parallel_workers_per_gather = 0;
    SET jit = off";
/// Where no time is asked for, whose index only a bitmap can use.
const IN_ORDER: &str = "SET enable_bitmapscan = off";
/// Its first statement, which asks for the time, decides what the others see.
const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
/// How soon the server notices, before it has a row to send, that nobody waits for it any more. Servers
/// before version 14 know no such setting.
const NOTICE: &str = "SET client_connection_check_interval = '1s'";

/// Where exports read, and how many may at a time.
#[derive(Debug)]
pub(super) struct Exports {
    options: PgConnectOptions,
    permits: Arc<Semaphore>,
}

impl Exports {
    pub(super) fn new(options: PgConnectOptions) -> Self {
        // One that takes long is nothing to warn of.
        let options = options.disable_statement_logging();
        Self { options, permits: Arc::new(Semaphore::new(EXPORTS)) }
    }

    /// One transaction reads from one snapshot, on a connection of its own. When the stream is dropped
    /// that is cut, which ends the statement: to read its rows to their end would take as long as the
    /// export.
    pub(super) async fn start(&self, filter: &UserFilter) -> Result<Export, StoreError> {
        let permit = self.permit().await?;
        let mut connection = connect(&self.options, CONNECT_TIMEOUT).await?;
        connection.execute(SETTINGS).await.map_err(|e| judge(&e))?;
        if filter.created_from.is_none() && filter.created_to.is_none() {
            connection.execute(IN_ORDER).await.map_err(|e| judge(&e))?;
        }
        let _ = connection.execute(NOTICE).await;
        connection.execute(SNAPSHOT).await.map_err(|e| judge(&e))?;
        let taken_at = sqlx::query_scalar("SELECT clock_timestamp()")
            .fetch_one(&mut connection)
            .await
            .map_err(|e| judge(&e))?;
        let (parcels, export) = Export::sent(taken_at);
        let filter = filter.clone();
        tokio::spawn(async move {
            tokio::select! {
                last = read(&mut connection, &filter, &parcels) => {
                    // The receiver that is gone needs no last word.
                    let _ = parcels.send(last).await;
                    let _ = connection.close().await;
                }
                () = parcels.closed() => drop(connection),
            }
            drop(permit);
        });
        Ok(export)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        let permit = self.permits.clone().acquire_owned();
        match tokio::time::timeout(ACQUIRE_TIMEOUT, permit).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(StoreError::Unavailable(format!("{EXPORTS} exports are under way already"))),
        }
    }
}

/// Sends all rows; returns what to send last.
async fn read(
    connection: &mut PgConnection,
    filter: &UserFilter,
    parcels: &mpsc::Sender<Parcel>,
) -> Parcel {
    let mut query = users::select(filter, None, Order::Ascending);
    let mut rows = query.build().fetch(connection);
    let mut parcel = Vec::with_capacity(ROWS_TOGETHER);
    loop {
        match rows.try_next().await.and_then(|row| row.as_ref().map(row::user).transpose()) {
            Ok(Some(user)) => parcel.push(user),
            Ok(None) => {
                let _ = parcels.send(Parcel::Rows(parcel)).await;
                return Parcel::End;
            }
            Err(error) => return Parcel::Failed(judge(&error)),
        }
        if parcel.len() == ROWS_TOGETHER {
            let full = std::mem::replace(&mut parcel, Vec::with_capacity(ROWS_TOGETHER));
            if parcels.send(Parcel::Rows(full)).await.is_err() {
                return Parcel::End;
            }
        }
    }
}
