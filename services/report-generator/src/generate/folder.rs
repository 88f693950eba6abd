//! The folder that reports lie in.

use std::{
    fs::{self, File},
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use runtime::{ConfigError, config::error, files};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What an unfinished file is called after.
const UNFINISHED: &str = ".part";
/// An unfinished file that nobody has written to for so long belongs to nobody any more.
const ABANDONED: Duration = Duration::from_hours(1);

/// The folder. What it does with files blocks; it belongs on a thread that may.
#[derive(Clone, Debug)]
pub(crate) struct Folder {
    dir: PathBuf,
}

/// A file in the making. Dropped before it is complete, it is removed.
pub(crate) struct Partial {
    file: File,
    path: PathBuf,
    folder: PathBuf,
    hash: Sha256,
    bytes: u64,
    complete: bool,
}

/// A file whose bytes are all on the disk, still under its temporary name.
pub(crate) struct Sealed {
    partial: Partial,
    pub(crate) bytes: u64,
    /// In hexadecimal.
    pub(crate) sha256: String,
}

impl Folder {
    /// Makes the folder if it is not there.
    pub(crate) fn open(dir: &Path) -> Result<Self, ConfigError> {
        fs::create_dir_all(dir).map_err(|e| {
            let problem = format!("the folder {} cannot be made: {e}", dir.display());
            error("REPORT_OUTPUT_DIR", problem, "/reports")
        })?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Begins a file under a name of its own.
    pub(crate) fn create(&self) -> io::Result<Partial> {
        let path = self.dir.join(format!(".{}{UNFINISHED}", Uuid::new_v4()));
        Ok(Partial {
            file: files::private().create_new(true).open(&path)?,
            path,
            folder: self.dir.clone(),
            hash: Sha256::new(),
            bytes: 0,
            complete: false,
        })
    }

    /// Gives a file its name, in place of any that has it. Names are made of ids alone: nothing that a
    /// person wrote chooses where a file goes.
    pub(crate) fn name(&self, mut sealed: Sealed, name: &str) -> io::Result<()> {
        fs::rename(&sealed.partial.path, self.dir.join(name))?;
        sealed.partial.complete = true;
        // The name must survive a power cut as well.
        File::open(&self.dir)?.sync_all()
    }

    /// Where a finished file lies; `None` for a path that is not below the folder.
    pub(crate) fn path(&self, relative: &str) -> Option<PathBuf> {
        let plain =
            Path::new(relative).components().all(|c| matches!(c, std::path::Component::Normal(_)));
        (plain && !relative.is_empty()).then(|| self.dir.join(relative))
    }

    /// Removes a finished file; one that is not there is removed.
    pub(crate) fn remove(&self, relative: &str) -> io::Result<()> {
        let Some(path) = self.path(relative) else { return Ok(()) };
        match fs::remove_file(path) {
            Err(e) if e.kind() != ErrorKind::NotFound => Err(e),
            _ => Ok(()),
        }
    }

    /// Removes what generators that died have left unfinished.
    pub(crate) fn sweep(&self) -> io::Result<()> {
        for entry in fs::read_dir(&self.dir)? {
            let entry = entry?;
            let name = entry.file_name();
            let Some(name) = name.to_str() else { continue };
            let modified = entry.metadata().and_then(|m| m.modified());
            let is_abandoned = modified.is_ok_and(|at| {
                SystemTime::now().duration_since(at).is_ok_and(|age| age > ABANDONED)
            });
            if name.starts_with('.') && name.ends_with(UNFINISHED) && is_abandoned {
                self.remove(name)?;
            }
        }
        Ok(())
    }
}

impl Partial {
    /// The folder that it lies in.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Brings all of it to the disk.
    pub(crate) fn seal(mut self) -> io::Result<Sealed> {
        self.file.sync_all()?;
        let sha256 = hex::encode(std::mem::take(&mut self.hash).finalize());
        Ok(Sealed { bytes: self.bytes, sha256, partial: self })
    }

    /// What was written.
    #[cfg(test)]
    pub(crate) fn read_back(&self) -> io::Result<Vec<u8>> {
        fs::read(&self.path)
    }
}

impl Write for Partial {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        if !self.complete {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A sentence for the log of reports. It names no path: the log is shown to people.
pub(crate) fn failed(error: &io::Error) -> String {
    let hint = match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            "Free some space and ask for the report again."
        }
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem | ErrorKind::NotFound => {
            "Make REPORT_OUTPUT_DIR a folder that the Report Generator may write to, and ask again."
        }
        _ => "Ask for the report again once the folder is in order.",
    };
    format!("The file could not be written in the report folder: {error}. {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_abandoned_is_swept_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let folder = Folder::open(dir.path()).unwrap();
        let mine = folder.create().unwrap();
        let old = |name: &str| {
            let file = File::create(dir.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - 2 * ABANDONED).unwrap();
        };
        old(".5a5a.part");
        old("5a5a.csv");
        folder.sweep().unwrap();
        let mut left: Vec<_> =
            fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().path()).collect();
        left.sort();
        assert_eq!(left, [mine.path.clone(), dir.path().join("5a5a.csv")]);
        drop(mine);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn no_path_leaves_the_folder() {
        let folder = Folder { dir: "/reports".into() };
        for outside in ["../etc/passwd", "/etc/passwd", "a/../../b", "a/../b", ".", ""] {
            assert_eq!(folder.path(outside), None, "{outside}");
        }
        assert_eq!(folder.path("a.csv"), Some("/reports/a.csv".into()));
    }
}
