//! What lies beside a report, for whoever wants to check it.

use std::io::{self, Write};

use chrono::{DateTime, Utc};
use domain::{ReportColumn, ReportFormat, ReportId, UserFilter};
use serde::Serialize;

use super::Folder;

/// A report described: `ID.manifest.json`.
#[derive(Serialize)]
pub(crate) struct Manifest<'a> {
    pub(super) report_id: ReportId,
    pub(super) report_name: &'a str,
    pub(super) file: &'a str,
    pub(super) format: ReportFormat,
    /// Header lines aside.
    pub(super) rows: i64,
    pub(super) bytes: u64,
    /// In hexadecimal.
    pub(super) sha256: &'a str,
    /// The moment whose rows these are, by the database's clock.
    pub(super) snapshot_at: DateTime<Utc>,
    pub(super) generated_at: DateTime<Utc>,
    pub(super) filters: &'a UserFilter,
    pub(super) columns: &'a [ReportColumn],
    /// The zone of the times in the file.
    pub(super) timezone: &'a str,
}

impl Manifest<'_> {
    /// The manifest's name.
    pub(crate) fn name(id: ReportId) -> String {
        format!("{id}.manifest.json")
    }

    /// Writes it into the folder, whole or not at all.
    pub(super) fn write(&self, folder: &Folder) -> io::Result<()> {
        let mut file = folder.create()?;
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        file.write_all(&text)?;
        folder.name(file.seal()?, &Self::name(self.report_id))
    }
}
