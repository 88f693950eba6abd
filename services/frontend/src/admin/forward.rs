//! Carries the console's calls on.

use axum::{
    extract::{Request, State},
    response::Response,
};
use runtime::{Problem, ServiceClient};

use super::{Console, session::LoggedIn};
use crate::carry::carry;

/// Which service a call goes to.
#[derive(Clone, Copy)]
pub(super) enum To {
    QueueReceiver,
    Sender,
    Database,
    ReportGenerator,
}

impl Console {
    pub(super) fn client(&self, to: To) -> &ServiceClient {
        match to {
            To::QueueReceiver => &self.services.queue_receiver,
            To::Sender => &self.services.sender,
            To::Database => &self.services.database,
            To::ReportGenerator => &self.services.report_generator,
        }
    }
}

/// The same call at a service: `/api/admin/users/7?x=y` becomes `/users/7?x=y`.
pub(super) async fn forward(
    State(console): State<Console>,
    to: To,
    request: Request,
) -> Result<Response, Problem> {
    let path = request.uri().path_and_query().map_or("/", |p| p.as_str());
    let path = path.strip_prefix("/api/admin").unwrap_or(path).to_owned();
    let person = request.extensions().get().map(|LoggedIn(account)| account.email.clone());
    carry(console.client(to), request, &path, person.as_deref()).await
}
