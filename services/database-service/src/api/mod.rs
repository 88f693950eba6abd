//! The calls: one file for each group of them.

mod accounts;
mod batch;
mod export;
mod logins;
mod notifications;
mod registrations;
mod reports;
mod schedules;
mod sessions;
mod stats;
mod templates;
mod users;

use std::{sync::Arc, time::Duration};

use axum::extract::{DefaultBodyLimit, State};
use domain::FieldError;
use runtime::Problem;
use store::Store;
use utoipa_axum::{router::OpenApiRouter, routes};
use wiring::problem;

/// What every call works with.
type Db = State<Arc<dyn Store>>;

/// The media type of errors, for the documentation.
const PROBLEM: &str = runtime::Problem::MEDIA_TYPE;
/// The largest body of a call that takes a thousand items, in bytes.
const MAX_BATCH_BYTES: usize = 4 * 1024 * 1024;
/// The largest body of a call about a report or a schedule, in bytes: its request is as long as a message may be.
const MAX_REPORT_BYTES: usize = 256 * 1024;
/// The largest body of a call that saves an e-mail's text, in bytes.
const MAX_TEMPLATE_BYTES: usize = 256 * 1024;
/// The longest lease, in milliseconds: a day.
const MAX_LEASE_MS: u64 = 24 * 60 * 60 * 1000;

pub(crate) fn routes(store: Arc<dyn Store>) -> OpenApiRouter {
    let large = OpenApiRouter::new()
        .routes(routes!(batch::record))
        .routes(routes!(notifications::claim))
        .routes(routes!(notifications::record_attempts))
        .routes(routes!(notifications::release))
        .layer(DefaultBodyLimit::max(MAX_BATCH_BYTES));
    let reports = OpenApiRouter::new()
        .routes(routes!(reports::request, reports::list))
        .routes(routes!(reports::get, reports::delete))
        .routes(routes!(reports::claim))
        .routes(routes!(reports::renew))
        .routes(routes!(reports::finish))
        .routes(routes!(reports::cancel))
        .routes(routes!(reports::outdated))
        .routes(routes!(reports::forget_file))
        .routes(routes!(schedules::create, schedules::list))
        .routes(routes!(schedules::get, schedules::update, schedules::delete))
        .routes(routes!(schedules::due))
        .routes(routes!(schedules::advance))
        .layer(DefaultBodyLimit::max(MAX_REPORT_BYTES));
    let templates = OpenApiRouter::new()
        .routes(routes!(templates::list, templates::save))
        .routes(routes!(templates::versions))
        .layer(DefaultBodyLimit::max(MAX_TEMPLATE_BYTES));
    OpenApiRouter::new()
        .merge(large)
        .merge(reports)
        .merge(templates)
        .routes(routes!(users::create, users::list))
        .routes(routes!(users::get, users::update, users::delete))
        .routes(routes!(export::export))
        .routes(routes!(registrations::get))
        .routes(routes!(registrations::history))
        .routes(routes!(registrations::confirm))
        .routes(routes!(registrations::leave))
        .routes(routes!(notifications::list, notifications::add))
        .routes(routes!(notifications::get))
        .routes(routes!(notifications::locale))
        .routes(routes!(notifications::attempts))
        .routes(routes!(notifications::requeue))
        .routes(routes!(accounts::list, accounts::create))
        .routes(routes!(accounts::change, accounts::delete))
        .routes(routes!(accounts::create_first))
        .routes(routes!(accounts::lookup))
        .routes(routes!(sessions::open))
        .routes(routes!(sessions::get, sessions::close))
        .routes(routes!(logins::attempt))
        .routes(routes!(logins::succeeded))
        .routes(routes!(stats::stats))
        .routes(routes!(stats::activity))
        .with_state(store)
}

/// One field at fault.
fn invalid(field: &str, code: &str, message: impl Into<String>) -> Problem {
    Problem::invalid([FieldError::new(field, code, message)])
}

/// Refuses more items than one transaction should hold.
fn check_batch(field: &str, len: usize) -> Result<(), Problem> {
    if len <= store::wire::MAX_BATCH {
        return Ok(());
    }
    let message = format!("{field} must have at most {} items.", store::wire::MAX_BATCH);
    Err(invalid(field, "too_many", message))
}

/// Refuses a text that the database cannot hold as it is.
fn check_length(field: &str, text: &str, max: usize) -> Result<(), Problem> {
    if text.chars().count() <= max {
        return Ok(());
    }
    Err(invalid(field, "too_long", format!("{field} must be {max} characters or fewer.")))
}

/// A lease; one without an end would lock its thing for ever.
fn lease(millis: u64) -> Result<Duration, Problem> {
    if millis <= MAX_LEASE_MS {
        return Ok(Duration::from_millis(millis));
    }
    Err(invalid("lease_ms", "out_of_range", format!("lease_ms must be at most {MAX_LEASE_MS}.")))
}
