//! The log of reports.

use chrono::{DateTime, Utc};
use domain::{ReportId, ScheduleId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a report stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ReportStatus {
    /// Not begun.
    Queued,
    /// In a generator's hand.
    Running,
    /// Its file is there.
    Done,
    /// It has an error instead of a file.
    Failed,
}

impl ReportStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Queued, Self::Running, Self::Done, Self::Failed];

    /// The status of a name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == name)
    }

    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// A report to add to the log.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewReport {
    /// Names the report.
    pub report_id: ReportId,
    /// A name for people; cut to 255 characters.
    pub report_name: String,
    /// The format asked for; cut to 50 characters.
    pub format: String,
    /// What was asked for besides: filters, columns, options, as they came.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub request: serde_json::Value,
    /// Who asked; cut to 255 characters.
    #[serde(default)]
    pub requested_by: Option<String>,
    /// The schedule whose report it is.
    #[serde(default)]
    pub schedule_id: Option<ScheduleId>,
}

/// A row of `report_logs`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Report {
    /// Names the report.
    pub report_id: ReportId,
    /// A name for people.
    pub report_name: String,
    /// The file format.
    pub format: String,
    /// Where it stands.
    pub status: ReportStatus,
    /// Rows in the file, header aside; rows so far while it is being made.
    pub record_count: Option<i64>,
    /// The file, relative to the output folder.
    pub file_path: Option<String>,
    /// Size of the file in bytes.
    pub size_bytes: Option<i64>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: Option<String>,
    /// Who asked.
    pub requested_by: Option<String>,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// When the file was complete.
    pub generated_at: Option<DateTime<Utc>>,
    /// Why there is no file.
    pub error: Option<String>,
    /// The schedule whose report it is.
    pub schedule_id: Option<ScheduleId>,
}

/// Which files of reports are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Those generated since then; of any age where absent.
    pub since: Option<DateTime<Utc>>,
    /// So many of the newest; all where absent.
    pub newest: Option<u32>,
}

/// What a claim found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "claim", rename_all = "snake_case")]
pub enum ReportClaim {
    /// It is the claimer's to generate.
    Granted,
    /// It is done or failed.
    Settled,
    /// Another generator has it, until then at the latest.
    Held {
        /// When that claim runs out.
        until: DateTime<Utc>,
    },
    /// The log has no such report: it was deleted, or never added.
    Unknown,
}

/// How a report ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "result", rename_all = "snake_case", deny_unknown_fields)]
pub enum ReportResult {
    /// With a file.
    Done {
        /// Rows in the file, header aside.
        record_count: i64,
        /// The file, relative to the output folder.
        #[schema(max_length = 500)]
        file_path: String,
        /// Size of the file in bytes.
        size_bytes: i64,
        /// SHA-256 of the file, in hexadecimal.
        #[schema(max_length = 64)]
        sha256: String,
        /// When the file was complete.
        generated_at: DateTime<Utc>,
    },
    /// With an error.
    Failed {
        /// What happened and what to do, for a person.
        error: String,
    },
}
