//! Reports that are made again and again.

use chrono::{DateTime, Utc};
use domain::ScheduleId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ReportStatus;

/// What becomes of slots that passed while no generator ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MissedSlots {
    /// One report for all of them, as soon as a generator runs again.
    #[default]
    Once,
    /// None: the next slot is the next report.
    Skip,
}

impl MissedSlots {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Once, Self::Skip];

    /// The name in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Once => "once",
            Self::Skip => "skip",
        }
    }

    /// What a name stands for.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|missed| missed.as_str() == name)
    }
}

/// A schedule to keep.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewSchedule {
    /// Names the schedule.
    pub schedule_id: ScheduleId,
    /// What its reports are called; cut to 255 characters.
    pub report_name: String,
    /// When it runs, as a cron expression of five fields.
    #[schema(max_length = 255)]
    pub cron: String,
    /// The zone that the expression speaks of (IANA).
    #[schema(max_length = 64)]
    pub timezone: String,
    /// The report: format, filters, columns, options, as they were asked for.
    #[schema(value_type = Object)]
    #[serde(deserialize_with = "object")]
    pub report: serde_json::Value,
    /// Addresses that each report is delivered to.
    pub deliver_to: Vec<String>,
    /// What becomes of slots that passed unseen.
    pub missed: MissedSlots,
    /// Whether it runs.
    pub enabled: bool,
    /// Who made it; cut to 255 characters. A change does not change that.
    #[serde(default)]
    pub created_by: Option<String>,
    /// The next slot; none where it is switched off, or never comes again.
    pub next_run_at: Option<DateTime<Utc>>,
}

/// A row of `schedules`, with what came of its latest report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Schedule {
    /// Names the schedule.
    pub schedule_id: ScheduleId,
    /// What its reports are called.
    pub report_name: String,
    /// When it runs, as a cron expression of five fields.
    pub cron: String,
    /// The zone that the expression speaks of (IANA).
    pub timezone: String,
    /// The report: format, filters, columns, options, as they were asked for.
    #[schema(value_type = Object)]
    #[serde(deserialize_with = "object")]
    pub report: serde_json::Value,
    /// Addresses that each report is delivered to.
    pub deliver_to: Vec<String>,
    /// What becomes of slots that passed unseen.
    pub missed: MissedSlots,
    /// Whether it runs.
    pub enabled: bool,
    /// Who made it.
    pub created_by: Option<String>,
    /// When.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// The next slot; none where it is switched off, or never comes again.
    pub next_run_at: Option<DateTime<Utc>>,
    /// When its latest report was asked for.
    pub last_run_at: Option<DateTime<Utc>>,
    /// Where that report stands.
    pub last_status: Option<ReportStatus>,
}

/// A JSON object; what else there is in JSON is a mistake.
fn object<'de, D: serde::Deserializer<'de>>(value: D) -> Result<serde_json::Value, D::Error> {
    serde_json::Map::deserialize(value).map(serde_json::Value::Object)
}
