//! The way in: from a form to a durable message.

mod accept;
mod confirm;
mod create;
mod form;
mod idempotency;
mod leave;
mod outcomes;
mod status;

use std::{sync::Arc, time::Duration};

use domain::{LinkKeys, RegistrationIdIssuer};
use queue::Queue;
use runtime::Problem;
use store::{Registrations, StoreError};
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{idempotency::Answers, outcomes::Outcomes};
use crate::{
    Dependencies, Settings,
    client::ClientAddresses,
    limit::{Limit, Visits},
    site::Site,
};

/// What the calls work with.
pub(crate) struct Intake {
    queue: Arc<dyn Queue>,
    registrations: Arc<dyn Registrations>,
    ids: Arc<RegistrationIdIssuer>,
    links: LinkKeys,
    clients: Arc<ClientAddresses>,
    per_client: Option<Limit>,
    per_address: Option<Limit>,
    answers: Answers,
    outcomes: Outcomes,
    site: Arc<Site>,
}

impl Intake {
    pub(crate) fn new(
        dependencies: &Dependencies,
        settings: &Settings,
        clients: Arc<ClientAddresses>,
        site: Arc<Site>,
    ) -> Self {
        Self {
            queue: dependencies.queue.clone(),
            registrations: dependencies.registrations.clone(),
            ids: dependencies.ids.clone(),
            links: dependencies.links.clone(),
            clients,
            per_client: Limit::new(settings.rate_limit_per_minute, MINUTE),
            per_address: Limit::new(settings.rate_limit_per_address, HOUR),
            answers: Answers::default(),
            outcomes: Outcomes::new(),
            site,
        }
    }
}

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);

pub(crate) fn routes(intake: Intake, visits: Visits) -> OpenApiRouter {
    let pages = OpenApiRouter::new()
        .routes(routes!(status::status))
        .routes(routes!(status::status_page))
        .routes(routes!(confirm::show, confirm::confirm))
        .routes(routes!(leave::show, leave::leave));
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .merge(visits.limit(pages))
        .with_state(Arc::new(intake))
}

/// The store could not answer a public question.
fn problem(error: StoreError) -> Problem {
    match error {
        StoreError::Unavailable(_) => Problem::unavailable(
            "We cannot look this up right now. Nothing is lost; try again in a moment.",
            Duration::from_secs(5),
        ),
        StoreError::Failed(cause) => Problem::internal(cause),
    }
}
