//! The folder that reports lie in.

use std::{
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use domain::{ReportFormat, ReportId};
use sha2::{Digest, Sha256};
use tokio::{
    fs::{self, File},
    io::AsyncWriteExt,
};

use super::GenerateError;

/// The folder.
#[derive(Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
}

/// A file in the making. Dropped before it is complete, it is removed.
pub(crate) struct Partial {
    file: File,
    temporary: PathBuf,
    target: PathBuf,
    name: String,
    hash: Sha256,
    bytes: u64,
    complete: bool,
}

/// A complete file.
pub(crate) struct Complete {
    pub(crate) name: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Folder {
    /// Makes the folder if it is not there.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(dir).map_err(|e| {
            io::Error::new(e.kind(), format!("the report folder {}: {e}", dir.display()))
        })?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Begins the file of a report. Its name is made of the id alone: nothing that a person wrote
    /// chooses where it goes.
    pub(crate) async fn create(
        &self,
        id: ReportId,
        format: ReportFormat,
    ) -> Result<Partial, GenerateError> {
        let name = format!("{id}.{}", format.as_str());
        let temporary = self.dir.join(format!(".{name}.{}.part", uuid::Uuid::new_v4()));
        let file = File::create(&temporary).await.map_err(|e| failed("be created", &e))?;
        let target = self.dir.join(&name);
        Ok(Partial {
            file,
            temporary,
            target,
            name,
            hash: Sha256::new(),
            bytes: 0,
            complete: false,
        })
    }

    /// Where a finished file lies; `None` for a path that leaves the folder.
    pub(crate) fn path(&self, relative: &str) -> Option<PathBuf> {
        let plain =
            Path::new(relative).components().all(|c| matches!(c, std::path::Component::Normal(_)));
        plain.then(|| self.dir.join(relative))
    }

    /// Removes a finished file; one that is not there is removed.
    pub(crate) async fn remove(&self, relative: &str) -> io::Result<()> {
        let Some(path) = self.path(relative) else { return Ok(()) };
        match fs::remove_file(path).await {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }
}

impl Partial {
    /// Appends bytes.
    pub(crate) async fn write(&mut self, bytes: &[u8]) -> Result<(), GenerateError> {
        self.file.write_all(bytes).await.map_err(|e| failed("be written", &e))?;
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
        Ok(())
    }

    /// Makes the file durable and gives it its name.
    pub(crate) async fn complete(mut self) -> Result<Complete, GenerateError> {
        self.file.flush().await.map_err(|e| failed("be written", &e))?;
        self.file.sync_all().await.map_err(|e| failed("be written", &e))?;
        fs::rename(&self.temporary, &self.target).await.map_err(|e| failed("be named", &e))?;
        self.complete = true;
        if let Some(dir) = self.target.parent() {
            // The name must survive a power cut as well.
            File::open(dir)
                .await
                .map_err(|e| failed("be named", &e))?
                .sync_all()
                .await
                .map_err(|e| failed("be named", &e))?;
        }
        let hash = std::mem::take(&mut self.hash).finalize();
        let sha256 = hex::encode(hash);
        Ok(Complete { name: std::mem::take(&mut self.name), bytes: self.bytes, sha256 })
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.complete {
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// A sentence for the log of reports. It names no path: the log is shown to people.
fn failed(what: &str, error: &io::Error) -> GenerateError {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "Free some space and ask for the report again."
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotFound => {
            "Make REPORT_OUTPUT_DIR a folder that the Report Generator may write to, and ask again."
        }
        _ => "Ask for the report again once the folder is in order.",
    };
    GenerateError::Folder(format!(
        "The file could not {what} in the report folder: {error}. {hint}"
    ))
}
