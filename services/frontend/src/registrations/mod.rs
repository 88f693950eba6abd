//! The way in: from a form to a durable message.

mod accept;
mod confirm;
mod create;
mod form;
mod idempotency;
mod leave;
mod limit;
mod outcomes;
mod status;

use std::{sync::Arc, time::Duration};

use domain::{LinkKeys, RegistrationIdIssuer};
use queue::Queue;
use runtime::Problem;
use store::{Registrations, StoreError};
use tokio_util::sync::CancellationToken;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::{idempotency::Answers, limit::ClientLimit, outcomes::Outcomes};
use crate::{Dependencies, Settings, client::ClientAddresses, site::Site};

/// What the calls work with.
pub(crate) struct Intake {
    queue: Arc<dyn Queue>,
    registrations: Arc<dyn Registrations>,
    ids: Arc<RegistrationIdIssuer>,
    links: LinkKeys,
    clients: ClientAddresses,
    limit: Option<Arc<ClientLimit>>,
    answers: Answers,
    outcomes: Outcomes,
    site: Arc<Site>,
}

impl Intake {
    pub(crate) fn new(dependencies: &Dependencies, settings: &Settings, site: Arc<Site>) -> Self {
        Self {
            queue: dependencies.queue.clone(),
            registrations: dependencies.registrations.clone(),
            ids: dependencies.ids.clone(),
            links: dependencies.links.clone(),
            clients: ClientAddresses::new(settings.trusted_proxies.clone()),
            limit: ClientLimit::new(settings.rate_limit_per_minute).map(Arc::new),
            answers: Answers::default(),
            outcomes: Outcomes::new(),
            site,
        }
    }

    /// Forgets clients that have been quiet, so that memory does not grow with visitors.
    pub(crate) fn sweep_limits(
        &self,
        shutdown: CancellationToken,
    ) -> impl Future<Output = ()> + use<> {
        let limit = self.limit.clone();
        async move {
            let Some(limit) = limit else { return };
            while shutdown
                .run_until_cancelled(tokio::time::sleep(limit::SWEEP_EVERY))
                .await
                .is_some()
            {
                limit.sweep();
            }
        }
    }
}

pub(crate) fn routes(intake: Intake) -> OpenApiRouter {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(status::status))
        .routes(routes!(status::status_page))
        .routes(routes!(confirm::show, confirm::confirm))
        .routes(routes!(leave::show, leave::leave))
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
