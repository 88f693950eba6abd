//! The calls that ask for reports and hand them out.

mod download;
mod reports;
mod schedules;

use std::{sync::Arc, time::Duration};

use queue::Queue;
use runtime::Problem;
use store::{Reports, Schedules, StoreError};
use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use self::{
    download::{file_name, media_type},
    reports::ReportBody,
};
use crate::generate::Folder;

/// What the calls work with.
#[derive(Clone)]
pub(crate) struct AppState {
    pub(crate) queue: Arc<dyn Queue>,
    pub(crate) reports: Arc<dyn Reports>,
    pub(crate) schedules: Arc<dyn Schedules>,
    pub(crate) folder: Folder,
}

pub(crate) fn routes(state: AppState) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(reports::create, reports::list))
        .routes(routes!(reports::get, reports::delete))
        .routes(routes!(reports::cancel))
        .routes(routes!(download::download))
        .routes(routes!(schedules::create, schedules::list))
        .routes(routes!(schedules::get, schedules::update, schedules::delete))
        .routes(routes!(schedules::run_now))
        .with_state(state)
}

fn problem(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => {
            Problem::unavailable("The database is away for a moment.", Duration::from_secs(5))
        }
        StoreError::Failed(cause) => Problem::internal(cause),
    }
}
