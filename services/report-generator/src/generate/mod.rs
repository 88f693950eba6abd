//! Making a file: rows come as a stream and are written on a thread of their own, under a temporary name
//! until the file is complete.

mod cell;
mod csv;
mod folder;
mod manifest;
mod ndjson;
mod pdf;
mod xlsx;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use chrono::{DateTime, Utc};
use domain::{ReportFormat, ReportId, ReportSpec};
use futures::StreamExt;
use store::{ReportResult, StoreError, User, Users};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

pub(crate) use self::folder::Folder;
use self::{csv::Csv, folder::Partial, manifest::Manifest, ndjson::Ndjson, pdf::Pdf, xlsx::Xlsx};

/// How many parcels of rows may wait for the thread that writes.
const PARCELS_WAITING: usize = 4;

/// Why there is no file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum GenerateError {
    /// The rows did not come; they will another time.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Nobody wants it any more.
    #[error("stopped")]
    Stopped,
    /// Repeating does not mend it. A sentence for a person.
    #[error("{0}")]
    Hopeless(String),
}

/// Why rows cannot be written.
#[derive(Debug, thiserror::Error)]
enum WriteError {
    /// The folder is full or cannot be written to.
    #[error("{}", folder::failed(.0))]
    Folder(#[from] io::Error),
    /// The format does not take this.
    #[error("{0}")]
    Refused(String),
}

/// A table in the making, in some format.
trait Table {
    /// Adds a row.
    fn push(&mut self, user: &User) -> Result<(), WriteError>;
    /// Writes what is left.
    fn finish(self: Box<Self>) -> Result<Partial, WriteError>;
}

/// A report to make.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub(crate) id: ReportId,
    pub(crate) name: String,
    pub(crate) spec: ReportSpec,
    /// What separates the cells of CSV where the request does not say.
    pub(crate) delimiter: u8,
}

/// Writes a report and says what it came to. `rows` tells meanwhile how many are written; a `stop` that
/// comes in time leaves no file.
pub(crate) async fn generate(
    users: &dyn Users,
    folder: &Folder,
    task: Task,
    rows: Arc<AtomicI64>,
    stop: &CancellationToken,
) -> Result<ReportResult, GenerateError> {
    let mut export = users.export_users(&task.spec.filters).await?;
    let taken_at = export.taken_at();
    let (parcels, received) = mpsc::channel(PARCELS_WAITING);
    let folder = folder.clone();
    let writing =
        tokio::task::spawn_blocking(move || write(&folder, &task, taken_at, received, &rows));
    let mut failed = None;
    while let Some(Some(rows)) = stop.run_until_cancelled(export.next()).await {
        match rows {
            Ok(rows) => {
                // A writer that is gone says itself why.
                if parcels.send(Parcel::Rows(rows)).await.is_err() {
                    break;
                }
            }
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    if failed.is_none() && !stop.is_cancelled() {
        let _ = parcels.send(Parcel::End).await;
    }
    drop(parcels);
    let written = writing
        .await
        .map_err(|e| GenerateError::Hopeless(format!("The file was not written: {e}.")))?;
    match (failed, written) {
        (Some(error), _) => Err(error.into()),
        (None, Ok(Some(result))) => Ok(result),
        (None, Ok(None)) => Err(GenerateError::Stopped),
        (None, Err(error)) => Err(GenerateError::Hopeless(error.to_string())),
    }
}

/// Removes a report's file and what lies beside it.
pub(crate) async fn remove(folder: &Folder, id: ReportId, file: &str) -> io::Result<()> {
    let (folder, file) = (folder.clone(), file.to_owned());
    let removing = tokio::task::spawn_blocking(move || {
        folder.remove(&file)?;
        folder.remove(&Manifest::name(id))
    });
    removing.await.map_err(io::Error::other)?
}

enum Parcel {
    Rows(Vec<User>),
    /// All rows have been sent. A channel that closes without this has lost its sender.
    End,
}

/// Writes what is received; `None`, and no file, where that breaks off.
fn write(
    folder: &Folder,
    task: &Task,
    taken_at: DateTime<Utc>,
    mut received: mpsc::Receiver<Parcel>,
    rows: &AtomicI64,
) -> Result<Option<ReportResult>, WriteError> {
    let file = folder.create()?;
    let spec = &task.spec;
    let mut table: Box<dyn Table + '_> = match spec.format {
        ReportFormat::Csv => Box::new(Csv::new(file, spec, task.delimiter)?),
        ReportFormat::Ndjson => Box::new(Ndjson::new(file, spec)),
        ReportFormat::Xlsx => Box::new(Xlsx::new(file, spec)?),
        ReportFormat::Pdf => Box::new(Pdf::new(file, task, taken_at)),
    };
    let mut record_count = 0;
    loop {
        match received.blocking_recv() {
            Some(Parcel::Rows(users)) => {
                for user in &users {
                    table.push(user)?;
                }
                record_count += i64::try_from(users.len()).unwrap_or(0);
                rows.store(record_count, Ordering::Relaxed);
            }
            Some(Parcel::End) => break,
            None => return Ok(None),
        }
    }
    let sealed = table.finish()?.seal()?;
    let name = format!("{}.{}", task.id, spec.format.as_str());
    let generated_at = Utc::now();
    let result = ReportResult::Done {
        record_count,
        file_path: name.clone(),
        size_bytes: i64::try_from(sealed.bytes).unwrap_or(i64::MAX),
        sha256: sealed.sha256.clone(),
        generated_at,
    };
    // The manifest first: a report that is there can be checked.
    let manifest = Manifest {
        report_id: task.id,
        report_name: &task.name,
        file: &name,
        format: spec.format,
        rows: record_count,
        bytes: sealed.bytes,
        sha256: &sealed.sha256,
        snapshot_at: taken_at,
        generated_at,
        filters: &spec.filters,
        columns: &spec.columns,
        timezone: spec.options.zone().name(),
    };
    manifest.write(folder)?;
    if let Err(error) = folder.name(sealed, &name) {
        // What the log calls failed has neither.
        let _ = folder.remove(&name);
        let _ = folder.remove(&Manifest::name(task.id));
        return Err(error.into());
    }
    Ok(Some(result))
}
