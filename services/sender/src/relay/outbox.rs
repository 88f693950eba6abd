//! Delivery into a folder: each e-mail becomes an `.eml` file that any mail program opens.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use store::{AttemptOutcome, StoreError};
use uuid::Uuid;

use super::{Delivered, NotNow, Outgoing};
use crate::together::Together;

/// E-mails that are synced together, at the most.
pub(super) const TOGETHER: usize = 100;
/// While some are synced others are written.
pub(super) const UNDER_WAY: usize = 2;
/// What the log says of an e-mail in the outbox.
const WRITTEN: &str = "written to the outbox";

/// The folder.
pub(crate) struct Outbox {
    dir: Arc<Path>,
    writer: Together<Outgoing, ()>,
}

impl Outbox {
    /// Makes the folder if it is not there. To be called within a Tokio runtime.
    pub(super) fn open(dir: &Path) -> io::Result<Self> {
        fs::create_dir_all(dir)?;
        let dir: Arc<Path> = dir.into();
        let folder = dir.clone();
        let writer = Together::new(TOGETHER, UNDER_WAY, move |mails| write(folder.clone(), mails));
        Ok(Self { dir, writer })
    }

    /// Whether the folder can be written to.
    pub(super) async fn check(&self) -> Result<(), String> {
        // Two senders may share a folder.
        let probe = self.dir.join(format!(".{}.probe", Uuid::new_v4()));
        on_disk(move || File::create(&probe).and_then(|_| fs::remove_file(&probe)))
            .await
            .map_err(|e| e.to_string())
    }

    /// Returns when the e-mail is on the disk, under its final name. To write one again replaces it: its
    /// name is its id's.
    pub(super) async fn deliver(&self, mail: Outgoing) -> Result<Delivered, NotNow> {
        // A folder that cannot be written to is the relay being away: no e-mail's fault.
        let away = |e| match e {
            StoreError::Unavailable(why) | StoreError::Failed(why) => NotNow::Away(why),
        };
        self.writer.ask(mail).await.map_err(away)?;
        Ok(Delivered {
            outcome: AttemptOutcome::Sent,
            reply: WRITTEN.into(),
            undeliverable: false,
            place: None,
        })
    }
}

async fn write(dir: Arc<Path>, mails: Vec<Outgoing>) -> Result<Vec<()>, StoreError> {
    let count = mails.len();
    let written = on_disk(move || write_all(&dir, &mails)).await;
    written.map_err(|e| StoreError::Unavailable(format!("the outbox: {e}")))?;
    Ok(vec![(); count])
}

fn write_all(dir: &Path, mails: &[Outgoing]) -> io::Result<()> {
    // All are written before the first is synced, so that one journal commit takes them all.
    let mut written: Vec<(File, PathBuf, PathBuf)> = Vec::with_capacity(mails.len());
    for mail in mails {
        let name = file_name(mail);
        let temporary = dir.join(format!(".{name}.part"));
        let mut file = runtime::files::private().create(true).truncate(true).open(&temporary)?;
        file.write_all(&mail.bytes)?;
        written.push((file, temporary, dir.join(name)));
    }
    for (file, temporary, target) in written {
        file.sync_all()?;
        fs::rename(temporary, target)?;
    }
    File::open(dir)?.sync_all()
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

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use chrono::Utc;
    use domain::NotificationId;

    use super::*;

    #[tokio::test]
    async fn nobody_else_may_read_an_e_mail() {
        let dir = tempfile::tempdir().unwrap();
        let outbox = Outbox::open(dir.path()).unwrap();
        let mail = Outgoing {
            notification_id: NotificationId(Uuid::new_v4()),
            created_at: Utc::now(),
            recipient: "ada@example.com".parse().unwrap(),
            bytes: b"Hello".to_vec(),
        };
        outbox.deliver(mail).await.unwrap();
        let file = fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap();
        assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    }
}
