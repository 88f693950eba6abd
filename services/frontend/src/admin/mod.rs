//! The console's calls: a login of its own, then the services' calls with a service token added.

mod calls;
mod forward;
mod login;
mod origin;
mod overview;
pub(crate) mod password;
mod session;
mod stats;
mod team;
mod throttle;

use std::{sync::Arc, time::Duration};

use axum::middleware::{from_fn, from_fn_with_state};
use runtime::Health;
use store::{Accounts, Logins, StoreError};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use utoipa_axum::{router::OpenApiRouter, routes};
use wiring::problem;

use self::{overview::Live, password::Passwords};
use crate::{Dependencies, FirstAdministrator, Services, client::ClientAddresses, origin::Origin};

/// What the calls work with.
#[derive(Clone)]
pub(crate) struct Console {
    accounts: Arc<dyn Accounts>,
    logins: Arc<dyn Logins>,
    clients: Arc<ClientAddresses>,
    live: Live,
    services: Services,
    passwords: Passwords,
    /// The site's own.
    origin: Origin,
}

impl Console {
    /// The console of a site at `origin`. It shows `own` health beside the other services', and ends with
    /// `shutdown`.
    pub(crate) fn new(
        dependencies: &Dependencies,
        origin: Origin,
        clients: Arc<ClientAddresses>,
        own: Health,
        shutdown: CancellationToken,
    ) -> Self {
        Self {
            accounts: dependencies.accounts.clone(),
            logins: dependencies.logins.clone(),
            clients,
            live: Live::new(own, shutdown),
            services: dependencies.services.clone(),
            passwords: Passwords::new(),
            origin,
        }
    }

    /// Creates the first administrator as soon as the database is there; nothing waits for it.
    pub(crate) async fn create_first_administrator(
        self,
        first: Option<FirstAdministrator>,
        shutdown: CancellationToken,
    ) {
        let Some(first) = first else { return };
        let mut pause = Duration::from_millis(200);
        loop {
            match self.try_create(&first).await {
                Ok(true) => return info!("the first administrator was created"),
                Ok(false) => return,
                Err(error) => warn!(%error, "the first administrator could not be created yet"),
            }
            if shutdown.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                return;
            }
            pause = (pause * 2).min(Duration::from_secs(10));
        }
    }

    async fn try_create(&self, first: &FirstAdministrator) -> Result<bool, StoreError> {
        // Asked first, since a hash costs a moment of the processor on every start.
        if self.accounts.has_accounts().await? {
            return Ok(false);
        }
        let hash = self.passwords.hash(first.password.clone()).await.map_err(StoreError::Failed)?;
        self.accounts.create_first_account(&first.email, &hash).await
    }
}

pub(crate) fn routes(console: Console) -> OpenApiRouter {
    let inside = OpenApiRouter::new()
        .routes(routes!(login::me))
        .routes(routes!(stats::stats))
        .routes(routes!(overview::events))
        .routes(routes!(team::list, team::create))
        .routes(routes!(team::change, team::delete))
        .routes(routes!(team::change_password))
        .routes(routes!(calls::users, calls::create_user))
        .routes(routes!(calls::record_users))
        .routes(routes!(calls::export_users))
        .routes(routes!(calls::user, calls::change_user, calls::delete_user))
        .routes(routes!(calls::registration_history))
        .routes(routes!(calls::notifications, calls::create_notification))
        .routes(routes!(calls::notification))
        .routes(routes!(calls::notification_preview))
        .routes(routes!(calls::resend_notification))
        .routes(routes!(calls::templates))
        .routes(routes!(calls::template, calls::change_template))
        .routes(routes!(calls::template_versions))
        .routes(routes!(calls::preview_template))
        .routes(routes!(calls::test_template))
        .routes(routes!(calls::reports, calls::create_report))
        .routes(routes!(calls::report, calls::delete_report))
        .routes(routes!(calls::cancel_report))
        .routes(routes!(calls::download_report))
        .routes(routes!(calls::schedules, calls::create_schedule))
        .routes(routes!(calls::schedule, calls::change_schedule, calls::delete_schedule))
        .routes(routes!(calls::run_schedule))
        .routes(routes!(calls::dead_letters))
        .routes(routes!(calls::dead_letter_causes))
        .routes(routes!(calls::dead_letter, calls::delete_dead_letter))
        .routes(routes!(calls::replay_dead_letter))
        .routes(routes!(calls::replay_dead_letters))
        .routes(routes!(calls::delete_dead_letters))
        .route_layer(from_fn(session::may_change))
        .route_layer(from_fn_with_state(console.clone(), session::required));
    OpenApiRouter::new()
        .routes(routes!(login::login))
        .routes(routes!(login::logout))
        .merge(inside)
        .route_layer(from_fn_with_state(console.clone(), origin::check))
        .with_state(console)
}
