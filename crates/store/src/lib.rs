//! What is kept: people, their registrations, the e-mails to them, reports, and who may look.
//!
//! Each trait is one capability, so that a service names only what it uses. [`Store`] is all of
//! them together. [`open()`] picks the SQL backend by the URL's scheme; [`RemoteStore`] speaks to the
//! Database Service. A backend is whatever passes the suite in `conformance`.
//!
//! "Not found" is `Ok(None)` or an outcome, never an error: a [`StoreError`] means that the question
//! could not be answered.

#[cfg(feature = "conformance")]
pub mod conformance;
mod error;
mod inspect;
mod metrics;
mod model;
mod open;
#[cfg(feature = "postgres")]
mod postgres;
mod remote;
mod sql;
mod sqlite;
pub mod wire;

pub use error::StoreError;
pub use inspect::{Inspection, inspect};
pub use metrics::count_stored;
pub use model::*;
pub use open::{StoreUrlError, file_of, open, open_with_replica};
#[cfg(feature = "postgres")]
pub use postgres::{PostgresSettings, PostgresStore};
pub use remote::{RemoteStore, TokenSource};
pub use sqlite::SqliteStore;

use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{
    NotificationId, Registration, RegistrationId, ReportId, ScheduleId, UserFilter, UserId,
};

/// Everything that is kept.
pub trait Store:
    Registrations
    + Users
    + Deliveries
    + Notifications
    + Templates
    + Reports
    + Schedules
    + Accounts
    + Logins
    + Overview
{
}
impl<T> Store for T where
    T: Registrations
        + Users
        + Deliveries
        + Notifications
        + Templates
        + Reports
        + Schedules
        + Accounts
        + Logins
        + Overview
{
}

/// The way of a registration into the database.
#[async_trait]
pub trait Registrations: Send + Sync + 'static {
    /// Records a batch in one transaction and says, in the same order, what became of each item.
    ///
    /// Idempotent by registration id, within a batch too. A new address becomes a user; a known
    /// one (without regard to case) does not. Both get a queued notification in the log, a known
    /// address only within [`MAILS_PER_ADDRESS_AND_DAY`].
    async fn record(&self, batch: &[NewRegistration]) -> Result<Vec<Recorded>, StoreError>;

    /// How far a registration has come; `None` while it is not stored.
    async fn registration(
        &self,
        id: RegistrationId,
    ) -> Result<Option<RegistrationTrace>, StoreError>;

    /// Marks the address of a registration's user as confirmed; a repeat keeps the first time.
    /// `None` when there is no such registration (any more), and when the user has another address
    /// by now, which this registration proves nothing about.
    async fn confirm(
        &self,
        id: RegistrationId,
        at: DateTime<Utc>,
    ) -> Result<Option<Confirmed>, StoreError>;

    /// Deletes the user of a registration, as the person behind it wishes. `None` when there is no such
    /// registration (any more), and when the user has another address by now.
    async fn leave(&self, id: RegistrationId) -> Result<Option<UserId>, StoreError>;
}

/// People as rows.
#[async_trait]
pub trait Users: Send + Sync + 'static {
    /// Creates a user directly; no e-mail follows. `None` when the address is taken.
    async fn create_user(&self, person: &Registration) -> Result<Option<User>, StoreError>;
    /// One user.
    async fn user(&self, id: UserId) -> Result<Option<User>, StoreError>;
    /// One page of users, by id, and the id to continue `after` if there are more.
    ///
    /// The filter's text is found within the name, the surname, the two as they are spoken together,
    /// and the address.
    async fn users(
        &self,
        filter: &UserFilter,
        after: Option<UserId>,
        limit: u32,
        order: Order,
    ) -> Result<Page<User, UserId>, StoreError>;
    /// Changes a user. With `unchanged_since`, only if the user's `updated_at` is still that.
    /// A changed address is unconfirmed.
    async fn update_user(
        &self,
        id: UserId,
        person: &Registration,
        unchanged_since: Option<DateTime<Utc>>,
    ) -> Result<UserUpdate, StoreError>;
    /// Deletes a user with all that belongs to it. `false` when there was none.
    async fn delete_user(&self, id: UserId) -> Result<bool, StoreError>;
    /// All users that pass the filter, by ascending id, from one consistent snapshot, in constant
    /// memory. An error ends the stream: what came before it is incomplete.
    async fn export_users(&self, filter: &UserFilter) -> Result<Export, StoreError>;
}

/// The claims that keep each e-mail from being sent twice, and what came of them.
#[async_trait]
pub trait Deliveries: Send + Sync + 'static {
    /// Claims e-mails for sending, for `lease`; says in the same order what each claim found.
    ///
    /// A notification that the log does not know yet is added to it. A claim that has run out may
    /// be taken over, which notes an attempt of unknown outcome; one that has not may be renewed by its
    /// claimer only. Where the address is undeliverable the e-mail fails, untried.
    async fn claim_notifications(
        &self,
        requests: &[NotificationRequest],
        lease: Duration,
    ) -> Result<Vec<NotificationClaim>, StoreError>;
    /// Gives claims back that came to nothing: no attempt is counted, and the next to ask need not wait
    /// for them to run out. A claim that is another's by now is left alone.
    async fn release_notifications(&self, claims: &[ReleasedClaim]) -> Result<(), StoreError>;
    /// Records what became of claimed e-mails; each counts as one attempt and ends its claim.
    ///
    /// Told twice it counts once. What was sent stays sent, whatever a slower sender tells later. An
    /// e-mail that is not in the log (any more) is passed over.
    async fn record_attempts(&self, attempts: &[NotificationAttempt]) -> Result<(), StoreError>;
}

/// The log of e-mails.
#[async_trait]
pub trait Notifications: Send + Sync + 'static {
    /// Adds an e-mail to the log as queued, unless the log has it; returns it as it stands. `None` where
    /// there is no such user.
    async fn add_notification(
        &self,
        new: &NewNotification,
    ) -> Result<Option<Notification>, StoreError>;
    /// Queues an e-mail again that was sent or failed, and lets its address count as deliverable. One
    /// that is on its way stays as it is. Returns it as it stands; `None` where there is none.
    async fn requeue_notification(
        &self,
        id: NotificationId,
    ) -> Result<Option<Notification>, StoreError>;
    /// One notification.
    async fn notification(&self, id: NotificationId) -> Result<Option<Notification>, StoreError>;
    /// The language that an e-mail was asked for in (BCP 47); `None` where none was, or there is no such
    /// e-mail.
    async fn notification_locale(&self, id: NotificationId) -> Result<Option<String>, StoreError>;
    /// The attempts at one, in order; none where there is no such notification.
    async fn attempts(&self, id: NotificationId) -> Result<Vec<PastAttempt>, StoreError>;
    /// One page of notifications, newest first, and where to continue if there are more.
    async fn notifications(
        &self,
        filter: &NotificationFilter,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Notification, i64>, StoreError>;
}

/// The e-mails' texts that a person has changed.
#[async_trait]
pub trait Templates: Send + Sync + 'static {
    /// The latest version of each, by name and language.
    async fn templates(&self) -> Result<Vec<Template>, StoreError>;
    /// The versions of one, newest first.
    async fn template_versions(
        &self,
        name: &str,
        locale: &str,
    ) -> Result<Vec<Template>, StoreError>;
    /// Keeps a text as the next version, and returns it; the latest itself where that says the same.
    async fn save_template(&self, new: &NewTemplate) -> Result<Template, StoreError>;
}

/// The log of reports.
#[async_trait]
pub trait Reports: Send + Sync + 'static {
    /// Adds a report as `queued`, unless the log has it; returns it as it stands. `None` where it was
    /// deleted: its request may have waited longer, and does not bring it back.
    async fn request_report(&self, report: &NewReport) -> Result<Option<Report>, StoreError>;
    /// Claims a report for generating, for `lease`; renewed by claiming again as the same `owner`.
    async fn claim_report(
        &self,
        id: ReportId,
        owner: uuid::Uuid,
        lease: Duration,
    ) -> Result<ReportClaim, StoreError>;
    /// Renews a claim, and notes how many rows are written. `false` when the report is not the owner's to
    /// generate any more: cancelled, deleted, or another's.
    async fn renew_report(
        &self,
        id: ReportId,
        owner: uuid::Uuid,
        rows: i64,
        lease: Duration,
    ) -> Result<bool, StoreError>;
    /// Records the end of a report that `owner` has claimed; told twice it is recorded once. `false`, and
    /// nothing changes, when the report is not the owner's any more.
    async fn finish_report(
        &self,
        id: ReportId,
        owner: uuid::Uuid,
        result: &ReportResult,
    ) -> Result<bool, StoreError>;
    /// Ends a report that is queued or running, as failed for this reason; one that has ended stays as it
    /// is. Returns it as it stands; `None` where there is none.
    async fn cancel_report(&self, id: ReportId, reason: &str)
    -> Result<Option<Report>, StoreError>;
    /// Reports whose files are not to be kept, oldest first.
    async fn outdated_reports(
        &self,
        retention: &Retention,
        limit: u32,
    ) -> Result<Vec<Report>, StoreError>;
    /// Notes that the file of a finished report was removed, and why.
    async fn forget_file(&self, id: ReportId, reason: &str) -> Result<(), StoreError>;
    /// One report.
    async fn report(&self, id: ReportId) -> Result<Option<Report>, StoreError>;
    /// One page of reports, newest first, and where to continue if there are more.
    async fn reports(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Report, i64>, StoreError>;
    /// Removes a report from the log and returns it as it was.
    async fn delete_report(&self, id: ReportId) -> Result<Option<Report>, StoreError>;
}

/// Reports that are made again and again.
#[async_trait]
pub trait Schedules: Send + Sync + 'static {
    /// Adds a schedule, unless there is one of that id; returns it as it stands.
    async fn create_schedule(&self, new: &NewSchedule) -> Result<Schedule, StoreError>;
    /// Changes the schedule of that id; `None` where there is none.
    async fn update_schedule(&self, new: &NewSchedule) -> Result<Option<Schedule>, StoreError>;
    /// One schedule.
    async fn schedule(&self, id: ScheduleId) -> Result<Option<Schedule>, StoreError>;
    /// One page of schedules, newest first, and where to continue if there are more.
    async fn schedules(
        &self,
        before: Option<i64>,
        limit: u32,
    ) -> Result<Page<Schedule, i64>, StoreError>;
    /// Removes a schedule; its reports stay. `false` where there is none.
    async fn delete_schedule(&self, id: ScheduleId) -> Result<bool, StoreError>;
    /// Schedules whose next slot has come, the longest waiting first.
    async fn due_schedules(
        &self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<Schedule>, StoreError>;
    /// Sets the next slot from the one that was seen; where it is another by now nothing changes.
    async fn advance_schedule(
        &self,
        id: ScheduleId,
        from: DateTime<Utc>,
        to: Option<DateTime<Utc>>,
    ) -> Result<(), StoreError>;
}

/// Who may use the console, and their sessions.
#[async_trait]
pub trait Accounts: Send + Sync + 'static {
    /// Creates the first account. `false`, and nothing changes, when there is one already.
    async fn create_first_account(
        &self,
        email: &domain::EmailAddress,
        password_hash: &str,
    ) -> Result<bool, StoreError>;
    /// Whether there is an account at all.
    async fn has_accounts(&self) -> Result<bool, StoreError>;
    /// The account of an address, without regard to case.
    async fn account(&self, email: &domain::EmailAddress) -> Result<Option<Account>, StoreError>;
    /// All accounts, by address; a team is small.
    async fn accounts(&self) -> Result<Vec<AccountSummary>, StoreError>;
    /// Makes an account. `None` when the address has one already.
    async fn create_account(&self, new: &NewAccount) -> Result<Option<AccountSummary>, StoreError>;
    /// Changes an account; it never takes the last administrator's role away.
    async fn change_account(
        &self,
        id: i64,
        change: &AccountChange,
    ) -> Result<AccountOutcome, StoreError>;
    /// Deletes an account and its sessions, the last administrator's aside.
    async fn delete_account(&self, id: i64) -> Result<AccountOutcome, StoreError>;
    /// Opens a session of an account that is there; ended ones are swept out.
    async fn open_session(&self, session: &NewSession) -> Result<(), StoreError>;
    /// The account of a session that has not ended.
    async fn session(&self, key: &SessionKey) -> Result<Option<Account>, StoreError>;
    /// Ends a session; one that is not there is ended.
    async fn close_session(&self, key: &SessionKey) -> Result<(), StoreError>;
}

/// Slows those down who guess passwords, in all copies of a service alike.
#[async_trait]
pub trait Logins: Send + Sync + 'static {
    /// Counts a login as failed, against every subject, until [`Logins::login_succeeded`] says otherwise:
    /// of many at once none is free. `Some` when it may not be tried before then; nothing is counted.
    ///
    /// A subject is forgotten a day after its last failure.
    async fn try_login(
        &self,
        subjects: &[LoginSubject],
    ) -> Result<Option<DateTime<Utc>>, StoreError>;
    /// Forgets the failures of subjects; of those that are shared only as many as the first had that is not.
    async fn login_succeeded(&self, subjects: &[LoginSubject]) -> Result<(), StoreError>;
}

/// The store as a whole.
#[async_trait]
pub trait Overview: Send + Sync + 'static {
    /// Counts for the console.
    async fn stats(&self) -> Result<Stats, StoreError>;
    /// People who came in each minute since a time, in order; a minute in which nobody came is absent.
    async fn activity(&self, since: DateTime<Utc>) -> Result<Vec<MinuteCount>, StoreError>;
    /// Whether the store answers.
    async fn check(&self) -> Result<(), StoreError>;
}
