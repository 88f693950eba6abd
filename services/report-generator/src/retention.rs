//! Files do not stay for ever.

use std::{sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
use store::{Report, Reports, Retention, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{generate, generate::Folder};

/// Between two looks.
const LOOK: Duration = Duration::from_hours(1);
/// Reports that are looked at together.
const TOGETHER: u32 = 100;

/// Which files stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Keep {
    /// So many days; for ever where absent.
    pub(crate) days: Option<u32>,
    /// So many of the newest; all where absent.
    pub(crate) newest: Option<u32>,
}

/// Looks now and from time to time, until shutdown. The log keeps its rows.
pub(crate) async fn tend(
    reports: Arc<dyn Reports>,
    folder: Folder,
    keep: Keep,
    shutdown: CancellationToken,
) {
    loop {
        let swept = tokio::task::spawn_blocking({
            let folder = folder.clone();
            move || folder.sweep()
        });
        if let Ok(Err(error)) = swept.await {
            warn!(%error, "unfinished files could not be looked for");
        }
        if let Err(error) = remove_outdated(&*reports, &folder, keep).await {
            warn!(%error, "outdated reports are removed later");
        }
        if shutdown.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            return;
        }
    }
}

async fn remove_outdated(
    reports: &dyn Reports,
    folder: &Folder,
    keep: Keep,
) -> Result<(), StoreError> {
    let since =
        keep.days.and_then(|days| Utc::now().checked_sub_signed(TimeDelta::days(days.into())));
    if since.is_none() && keep.newest.is_none() {
        return Ok(());
    }
    loop {
        let outdated =
            reports.outdated_reports(&Retention { since, newest: keep.newest }, TOGETHER).await?;
        let mut removed = false;
        for report in &outdated {
            let Report { report_id, file_path: Some(file), generated_at, .. } = report else {
                continue;
            };
            if let Err(error) = generate::remove(folder, *report_id, file).await {
                warn!(%report_id, %error, "an outdated file could not be removed");
                continue;
            }
            let is_old = generated_at.zip(since).is_some_and(|(at, since)| at < since);
            let why = match (is_old, keep) {
                (true, Keep { days: Some(days), .. }) => format!("after {days} days"),
                (_, Keep { newest, .. }) => format!("to keep the newest {}", newest.unwrap_or(0)),
            };
            let reason = format!("The file was removed {why}. Make the report again.");
            reports.forget_file(*report_id, &reason).await?;
            info!(%report_id, why, "a report's file was removed");
            removed = true;
        }
        // What could not be removed would come again.
        if !removed || outdated.len() < TOGETHER as usize {
            return Ok(());
        }
    }
}
