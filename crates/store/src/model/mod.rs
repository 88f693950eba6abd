//! What the store takes and gives; on the wire of the Database Service too.

mod account;
mod export;
mod instant;
mod notification;
mod registration;
mod report;
mod schedule;
mod template;
mod user;

pub use account::{
    Account, AccountChange, AccountOutcome, AccountSummary, LoginSubject, NewAccount, NewSession,
    Role, SessionKey,
};
pub use export::Export;
pub(crate) use export::{Parcel, ROWS_TOGETHER};
pub use notification::{
    AttemptOutcome, Mail, NewNotification, Notification, NotificationAttempt, NotificationClaim,
    NotificationFilter, NotificationRequest, NotificationStatus, PastAttempt, ReleasedClaim,
};
pub use registration::{
    Confirmed, EmailStage, MAILS_PER_ADDRESS_AND_DAY, NewRegistration, RecordOutcome, Recorded,
    RegistrationTrace,
};
pub use report::{NewReport, Report, ReportClaim, ReportResult, ReportStatus, Retention};
pub use schedule::{MissedSlots, NewSchedule, Schedule};
pub use template::{BUILT_IN_VERSION, NewTemplate, Template};
pub use user::{User, UserUpdate};

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<T, K> {
    /// The items, in order.
    pub items: Vec<T>,
    /// Where the next page continues; `None` on the last.
    pub next: Option<K>,
}

impl<T, K> Page<T, K> {
    /// A page of what was read with one row more than `limit`: that one tells that there is a next
    /// page.
    pub(crate) fn of(mut rows: Vec<T>, limit: u32, key: impl Fn(&T) -> K) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| has_more).map(key);
        Self { items: rows, next }
    }

    /// The same page of other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U, K> {
        Page { items: self.items.into_iter().map(f).collect(), next: self.next }
    }
}

/// Which way a list runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The oldest first.
    #[default]
    Ascending,
    /// The newest first.
    Descending,
}

impl Order {
    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ascending => "ascending",
            Self::Descending => "descending",
        }
    }

    /// A key that comes before all others.
    pub(crate) fn before_all(self) -> i64 {
        match self {
            Self::Ascending => i64::MIN,
            Self::Descending => i64::MAX,
        }
    }
}

/// Counts for the console.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Stats {
    /// People.
    pub users: UserStats,
    /// E-mails by status; every status is there.
    pub notifications: BTreeMap<String, u64>,
    /// Reports by status; every status is there.
    pub reports: BTreeMap<String, u64>,
}

/// People who came in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MinuteCount {
    /// When the minute began.
    pub minute: DateTime<Utc>,
    /// How many.
    pub count: u64,
}

/// Counts of people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserStats {
    /// All of them.
    pub total: u64,
    /// Those whose address is confirmed.
    pub confirmed: u64,
    /// Those created since midnight UTC.
    pub today: u64,
}
