//! Calls that are tried again.

use std::time::Duration;

use super::{
    CONNECTIONS,
    error::{Fault, is_dead, is_lost},
};
use crate::StoreError;

/// How often a transaction may lose against another.
const LOSSES: u32 = 10;
/// A call that has no answer by then has none: the server's own limit for a statement is shorter, so
/// that nobody is there.
const CALL_TIMEOUT: Duration = Duration::from_secs(45);

/// A call that may be made twice: a connection that dies under it is no end.
pub(super) async fn repeatable<T, F>(call: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, Fault>>,
{
    within_limit(retry(call, CONNECTIONS + 1)).await
}

/// A call that may have happened when its connection dies, and would then be answered differently. It
/// is made again only where it certainly has not happened.
pub(super) async fn once<T, F>(call: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, Fault>>,
{
    within_limit(retry(call, 0)).await
}

async fn retry<T, F>(call: impl Fn() -> F, mut deaths: u32) -> Result<T, Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut losses = 0;
    loop {
        match call().await {
            Err(Fault::Sql(e)) if deaths > 0 && is_dead(&e) => deaths -= 1,
            Err(fault) if losses < LOSSES && is_conflict(&fault) => {
                losses += 1;
                tokio::time::sleep(pause(losses)).await;
            }
            result => return result,
        }
    }
}

fn is_conflict(fault: &Fault) -> bool {
    match fault {
        Fault::Sql(error) => is_lost(error),
        Fault::Again => true,
        Fault::Store(_) => false,
    }
}

/// Longer each time, and not the same for two that met.
fn pause(losses: u32) -> Duration {
    let chance = chrono::Utc::now().timestamp_subsec_nanos() % 10_000;
    Duration::from_millis(u64::from(2 * losses)) + Duration::from_micros(chance.into())
}

async fn within_limit<T>(call: impl Future<Output = Result<T, Fault>>) -> Result<T, StoreError> {
    match tokio::time::timeout(CALL_TIMEOUT, call).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(StoreError::Unavailable(format!(
            "the database did not answer within {} s",
            CALL_TIMEOUT.as_secs()
        ))),
    }
}
