//! Delivery into a folder: each e-mail becomes an `.eml` file that any mail program opens.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use chrono::{DateTime, Utc};
use domain::NotificationId;

/// An e-mail on its way out.
pub(crate) struct Outgoing {
    pub(crate) notification_id: NotificationId,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) bytes: Vec<u8>,
}

/// The folder.
#[derive(Debug)]
pub(crate) struct Outbox {
    dir: PathBuf,
}

impl Outbox {
    /// Makes the folder if it is not there.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)
            .map_err(|e| io::Error::new(e.kind(), format!("the outbox {}: {e}", dir.display())))?;
        Ok(Self { dir: dir.to_owned() })
    }

    /// Whether the folder can be written to.
    pub(crate) async fn check(self: Arc<Self>) -> Result<(), String> {
        on_disk(move || {
            let probe = self.dir.join(".probe");
            File::create(&probe).and_then(|_| fs::remove_file(&probe))
        })
        .await
        .map_err(|e| e.to_string())
    }

    /// Writes all e-mails and returns when they are on the disk, under their final names. To write
    /// one again replaces it: its name is its id's.
    pub(crate) async fn deliver(self: Arc<Self>, mails: Vec<Outgoing>) -> io::Result<()> {
        on_disk(move || self.write_all(&mails)).await
    }

    fn write_all(&self, mails: &[Outgoing]) -> io::Result<()> {
        // All are written before the first is synced, so that one journal commit takes them all.
        let mut written = Vec::with_capacity(mails.len());
        for mail in mails {
            let name = file_name(mail);
            let temporary = self.dir.join(format!(".{name}.part"));
            let mut file =
                OpenOptions::new().write(true).create(true).truncate(true).open(&temporary)?;
            file.write_all(&mail.bytes)?;
            written.push((file, temporary, self.dir.join(name)));
        }
        for (file, temporary, target) in written {
            file.sync_all()?;
            fs::rename(temporary, target)?;
        }
        File::open(&self.dir)?.sync_all()
    }
}

/// Sorted by time in any listing.
fn file_name(mail: &Outgoing) -> String {
    format!("{}-{}.eml", mail.created_at.format("%Y%m%dT%H%M%SZ"), mail.notification_id)
}

async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
