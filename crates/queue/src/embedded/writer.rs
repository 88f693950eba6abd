//! The one thread that writes: whatever waits is committed together.

use std::{
    path::PathBuf,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

use super::{
    EmbeddedSettings,
    checkpoint::Copying,
    command::{Command, WAITING_COMMANDS},
    error,
    hands::Returns,
    now, owners,
    publish::Numbers,
    rush::Rush,
    schema,
    wake::Bells,
    work::{Results, Work},
};
use crate::QueueError;

/// Free pages that the file keeps for the next rush; more are given back to the disk.
const SPARE_PAGES: i64 = 4096;
/// Pages given back with one heartbeat, so that nobody waits for it long.
const PAGES_GIVEN_BACK: &str = "PRAGMA incremental_vacuum(2048)";

/// Pages of a file with a bound that publishing leaves to those who make room: to take a few of many
/// events that share a row needs some.
const RESERVED_PAGES: u64 = 32;

/// How often others are let run for nobody to have come, before a transaction begins without more.
const TURNS: usize = 3;
/// Commands in one transaction that are enough.
const ENOUGH: usize = 64;
/// How long a transaction waits for more at the most.
const GATHERING: Duration = Duration::from_millis(1);

/// It has a thread of its own: between the disk and those who wait there is then nobody who must first be
/// woken, and no task waits for the disk.
pub(super) struct Writer {
    pub path: PathBuf,
    pub settings: EmbeddedSettings,
    pub owner: String,
    /// `None` after a failure, until it is opened anew.
    pub file: Option<File>,
    pub commands: mpsc::Receiver<Command>,
    pub returns: Arc<Returns>,
    pub bells: Arc<Bells>,
    pub rush: Arc<Rush>,
    /// Whether the last transaction failed; so that a failure is logged once and not each time.
    pub failing: bool,
    pub copying: Copying,
    /// Where those who are answered go on.
    pub runtime: Handle,
}

/// The file, open for writing.
pub(super) struct File {
    connection: Connection,
    numbers: Numbers,
}

impl Writer {
    /// Starts the thread, and returns when it has opened the file.
    pub(super) async fn start(mut self) -> Result<(), QueueError> {
        let (reply, opened) = oneshot::channel();
        let thread = move || {
            let open = self.open();
            if reply.send(open.map(|file| self.file = Some(file))).is_ok() {
                self.run();
            }
        };
        thread::Builder::new()
            .name("queue".into())
            .spawn(thread)
            .map_err(|e| QueueError::Unavailable(format!("no thread for it: {e}")))?;
        opened.await.unwrap_or_else(|_| Err(error::shut()))
    }

    fn open(&self) -> Result<File, QueueError> {
        let connection = schema::writer(&self.path, &self.settings)?;
        Ok(File { connection, numbers: Numbers::default() })
    }

    /// Serves commands until nobody is left to send any, then leaves.
    fn run(mut self) {
        let mut commands = Vec::with_capacity(WAITING_COMMANDS);
        while self.commands.blocking_recv_many(&mut commands, WAITING_COMMANDS) > 0 {
            self.gather(&mut commands);
            let work = Work::sort(commands.drain(..), self.returns.take());
            let (rows, idle) = (work.rows(), work.is_idle());
            self.rush.published(work.publishers());
            self.transact(work);
            self.copying.changed(rows, self.file.as_ref().map(|file| &file.connection));
            if idle {
                self.give_back_pages();
            }
        }
        self.leave();
    }

    /// Lets whoever publishes at this moment come along: a sync costs much the same for few as for many.
    /// To let others run costs nothing where nobody wants to, so that who comes alone does not wait.
    fn gather(&mut self, commands: &mut Vec<Command>) {
        if !commands.iter().any(|c| matches!(c, Command::Publish(_))) {
            return;
        }
        let started = Instant::now();
        let mut turns = 0;
        while turns < TURNS && commands.len() < ENOUGH && started.elapsed() < GATHERING {
            thread::yield_now();
            turns += 1;
            while commands.len() < WAITING_COMMANDS
                && let Ok(command) = self.commands.try_recv()
            {
                commands.push(command);
                turns = 0;
            }
        }
    }

    fn transact(&mut self, mut work: Work) {
        if work.is_empty() && !work.is_idle() {
            return;
        }
        let mut outcome = self.attempt(&work);
        if let Err(Failure { disk_full: true, error }) = &outcome
            && work.publishers() > 0
            && work.has_more_than_publishes()
        {
            // The rest may well fit, and it is the rest that makes room.
            work.publishes_failed(error);
            outcome = self.attempt(&work);
        }
        match outcome {
            Ok(results) => {
                if std::mem::take(&mut self.failing) {
                    tracing::info!("the queue's file can be written again");
                }
                work.committed(results, &self.bells, &self.runtime);
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
    fn attempt(&mut self, work: &Work) -> Result<Results, Failure> {
        let mut file = match self.file.take() {
            Some(file) => file,
            None => self.open().map_err(|error| Failure { disk_full: false, error })?,
        };
        let results = commit(&mut file, work, &self.owner, &self.settings).map_err(|e| {
            Failure { disk_full: error::is_full(&e), error: error::unavailable(&e) }
        })?;
        self.file = Some(file);
        Ok(results)
    }

    /// Gives free pages back to the disk once there are many: a backlog leaves its size behind.
    fn give_back_pages(&self) {
        let Some(File { connection, .. }) = &self.file else { return };
        let free = schema::number(connection, "PRAGMA freelist_count");
        if free.is_ok_and(|free| free > SPARE_PAGES)
            && let Err(error) = give_back(connection)
        {
            tracing::debug!(%error, "free pages stay in the file for now");
        }
    }

    /// Hands back what is still held, so that no other process waits for the lease to end.
    fn leave(mut self) {
        self.transact(Work::sort(std::iter::empty(), self.returns.take()));
        let Some(mut file) = self.file else { return };
        if let Err(error) = sign_off(&mut file.connection, &self.owner, &self.settings) {
            tracing::debug!(%error, "did not sign off; the lease will end by itself");
        }
    }
}

struct Failure {
    disk_full: bool,
    error: QueueError,
}

fn commit(
    file: &mut File,
    work: &Work,
    owner: &str,
    settings: &EmbeddedSettings,
) -> rusqlite::Result<Results> {
    let File { connection, numbers } = file;
    let tx = begin(connection, Instant::now() + settings.lock_wait)?;
    let now = now();
    if work.wants_heartbeat() {
        let expires_at = now.saturating_add_unsigned(millis(settings.lease));
        owners::heartbeat(&tx, owner, expires_at, now)?;
    }
    schema::bound(&tx, settings, RESERVED_PAGES)?;
    work.publish(&tx, numbers, now)?;
    schema::bound(&tx, settings, 0)?;
    let results = work.run(&tx, numbers, owner, now)?;
    tx.commit()?;
    Ok(results)
}

fn sign_off(
    connection: &mut Connection,
    owner: &str,
    settings: &EmbeddedSettings,
) -> rusqlite::Result<()> {
    let tx = begin(connection, Instant::now() + settings.lock_wait)?;
    owners::leave(&tx, owner)?;
    tx.commit()
}

/// Begins a transaction that writes; waits while another process is in one.
fn begin(connection: &Connection, deadline: Instant) -> rusqlite::Result<Transaction<'_>> {
    loop {
        match Transaction::new_unchecked(connection, TransactionBehavior::Immediate) {
            Err(e) if error::is_busy(&e) && Instant::now() < deadline => {}
            begun => return begun,
        }
    }
}

fn give_back(connection: &Connection) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(PAGES_GIVEN_BACK)?;
    let mut rows = statement.query([])?;
    // Each step gives back one.
    while rows.next()?.is_some() {}
    Ok(())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
