//! The one task that writes: whatever waits is committed together.

use std::{path::PathBuf, sync::Arc, time::Instant};

use sqlx::{Connection, SqliteConnection};
use tokio::{
    sync::mpsc,
    time::{Interval, MissedTickBehavior},
};

use super::{
    EmbeddedSettings,
    checkpoint::Copying,
    command::{Command, WAITING_COMMANDS},
    error,
    hands::Returns,
    now, owners, schema,
    wake::Bells,
    work::{Results, Work},
};
use crate::QueueError;

/// Free pages that the file keeps for the next rush; more are given back to the disk.
const SPARE_PAGES: i64 = 4096;
/// Pages given back with one heartbeat, so that nobody waits for it long.
const PAGES_GIVEN_BACK: &str = "PRAGMA incremental_vacuum(2048)";

/// Turns that others get before a transaction begins, at the most: well below a millisecond.
const MOST_YIELDS: usize = 16;

pub(super) struct Writer {
    pub path: PathBuf,
    pub settings: EmbeddedSettings,
    pub owner: String,
    /// `None` after a failure, until it is opened anew.
    pub connection: Option<SqliteConnection>,
    pub commands: mpsc::Receiver<Command>,
    pub returns: Arc<Returns>,
    pub bells: Arc<Bells>,
    /// Whether the last transaction failed; so that a failure is logged once and not each time.
    pub failing: bool,
    /// How many commands came lately at one time: those of the last transaction, and those that waited
    /// when it was done.
    pub crowd: usize,
    pub copying: Copying,
}

impl Writer {
    /// Serves commands until nobody is left to send any, then leaves.
    pub(super) async fn run(mut self) {
        let mut heartbeat = self.heartbeat();
        let mut commands = Vec::with_capacity(WAITING_COMMANDS);
        loop {
            let mut beat = false;
            tokio::select! {
                biased;
                _ = heartbeat.tick() => beat = true,
                received = self.commands.recv_many(&mut commands, WAITING_COMMANDS) => {
                    if received == 0 {
                        break;
                    }
                    self.gather(received).await;
                }
                () = self.returns.arrived() => {}
            }
            while commands.len() < WAITING_COMMANDS
                && let Ok(command) = self.commands.try_recv()
            {
                commands.push(command);
            }
            let taken = commands.len();
            let idle = beat && commands.is_empty();
            let work = Work::sort(commands.drain(..), self.returns.take());
            let rows = work.rows();
            self.transact(work, beat).await;
            self.copying.changed(rows, self.connection.as_mut()).await;
            self.crowd = taken + self.commands.len();
            if idle {
                self.give_back_pages().await;
            }
        }
        self.leave().await;
    }

    /// Waits until half of those who were there lately are there again: they share this transaction,
    /// while the other half is answered and asks anew. So few transactions do it all, and neither the
    /// processor waits for the disk nor the disk for the processor.
    async fn gather(&self, received: usize) {
        let half = self.crowd / 2;
        for _ in 0..MOST_YIELDS {
            if received + self.commands.len() >= half {
                return;
            }
            tokio::task::yield_now().await;
        }
    }

    fn heartbeat(&self) -> Interval {
        let mut heartbeat = tokio::time::interval(self.settings.heartbeat);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        heartbeat
    }

    async fn transact(&mut self, mut work: Work, beat: bool) {
        if work.is_empty() && !beat {
            return;
        }
        let mut outcome = self.attempt(&mut work, beat).await;
        if let Err(Failure { disk_full: true, error }) = &outcome
            && work.has_publishes()
            && work.has_more_than_publishes()
        {
            // The rest may well fit, and it is the rest that makes room.
            work.publishes_failed(error);
            outcome = self.attempt(&mut work, beat).await;
        }
        match outcome {
            Ok(results) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the queue's file can be written again");
                }
                work.committed(results, &self.bells);
            }
            Err(Failure { error, .. }) => {
                if !std::mem::replace(&mut self.failing, true) {
                    tracing::error!(%error, "the queue's file cannot be written");
                }
                self.returns.put_back(work.failed(&error));
            }
        }
    }

    /// One transaction. After a failure the connection is given up: whatever it was in the middle
    /// of is rolled back with it.
    async fn attempt(&mut self, work: &mut Work, beat: bool) -> Result<Results, Failure> {
        let connection = match &mut self.connection {
            Some(connection) => connection,
            none => {
                let opened = schema::writer(&self.path, &self.settings).await;
                none.insert(opened.map_err(|error| Failure { disk_full: false, error })?)
            }
        };
        let outcome = commit(connection, work, beat, &self.owner, &self.settings).await;
        if outcome.is_err()
            && let Some(connection) = self.connection.take()
        {
            let _ = connection.close().await;
        }
        outcome
            .map_err(|e| Failure { disk_full: error::is_full(&e), error: error::unavailable(&e) })
    }

    /// Gives free pages back to the disk once there are many: a backlog leaves its size behind.
    async fn give_back_pages(&mut self) {
        let Some(connection) = &mut self.connection else { return };
        let free = schema::number(connection, "PRAGMA freelist_count").await;
        if free.is_ok_and(|free| free > SPARE_PAGES)
            && let Err(error) = sqlx::raw_sql(PAGES_GIVEN_BACK).execute(connection).await
        {
            tracing::debug!(%error, "free pages stay in the file for now");
        }
    }

    /// Hands back what is still held, so that no other process waits for the lease to end.
    async fn leave(mut self) {
        self.transact(Work::sort(std::iter::empty(), self.returns.take()), false).await;
        let Some(mut connection) = self.connection else { return };
        if let Err(error) = sign_off(&mut connection, &self.owner, &self.settings).await {
            tracing::debug!(%error, "did not sign off; the lease will end by itself");
        }
        let _ = connection.close().await;
    }
}

struct Failure {
    disk_full: bool,
    error: QueueError,
}

async fn commit(
    connection: &mut SqliteConnection,
    work: &mut Work,
    beat: bool,
    owner: &str,
    settings: &EmbeddedSettings,
) -> Result<Results, sqlx::Error> {
    let deadline = Instant::now() + settings.lock_wait;
    if !beat && let Some(published) = work.publish_alone(connection, now(), deadline).await {
        return published.map(|()| Results::default());
    }
    begin(connection, deadline).await?;
    let now = now();
    if beat || work.needs_owner() {
        let expires_at = now.saturating_add_unsigned(millis(settings.lease));
        owners::heartbeat(connection, owner, expires_at, now).await?;
    }
    let results = work.run(connection, owner, now).await?;
    sqlx::query("COMMIT").execute(connection).await?;
    Ok(results)
}

async fn sign_off(
    connection: &mut SqliteConnection,
    owner: &str,
    settings: &EmbeddedSettings,
) -> Result<(), sqlx::Error> {
    begin(connection, Instant::now() + settings.lock_wait).await?;
    owners::leave(connection, owner).await?;
    sqlx::query("COMMIT").execute(connection).await.map(drop)
}

/// Begins a transaction that writes; waits while another process is in one.
async fn begin(connection: &mut SqliteConnection, deadline: Instant) -> Result<(), sqlx::Error> {
    loop {
        match sqlx::query("BEGIN IMMEDIATE").execute(&mut *connection).await {
            Ok(_) => return Ok(()),
            Err(e) if error::is_busy(&e) && Instant::now() < deadline => {}
            Err(e) => return Err(e),
        }
    }
}

fn millis(duration: std::time::Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
