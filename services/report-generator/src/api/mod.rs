//! The calls that ask for reports and hand them out.

mod download;
mod reports;
mod schedules;

use std::sync::Arc;

use queue::Queue;
use store::{Reports, Schedules};
use utoipa_axum::{router::OpenApiRouter, routes};
use wiring::problem;

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
