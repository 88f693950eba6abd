//! What happens to a registration, whichever way it came in.

use std::time::Duration;

use axum::http::HeaderMap;
use chrono::Utc;
use domain::{Event, FieldError, Registration, RegistrationId, RegistrationSubmitted};
use queue::USER_REGISTRATION;
use runtime::Problem;
use tracing::warn;

use super::{Intake, idempotency::Known};
use crate::{client::counted, language};

/// Names this service as the source of events.
pub(super) const SOURCE: &str = "/userstream/frontend";
/// Longer than any healthy queue needs; a person waits no longer.
pub(super) const PUBLISH_TIMEOUT: Duration = Duration::from_secs(5);
/// When to come back after the queue did not take it.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(5);

/// What a request says beside the person's data. It is all that is kept of the request: headers hold on
/// to the buffer that they were read into.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wishes {
    idempotency_key: Option<Vec<u8>>,
    locale: Option<String>,
    traceparent: Option<String>,
}

impl Wishes {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self {
            idempotency_key: idempotency_key(headers)?,
            locale: language::of_mails(headers),
            traceparent: trace::traceparent().or_else(|| callers_trace(headers)),
        })
    }
}

impl Intake {
    /// Makes a registration durable and returns its id.
    pub(super) async fn accept(
        &self,
        person: Registration,
        wishes: Wishes,
    ) -> Result<RegistrationId, Problem> {
        let now = Utc::now();
        let Wishes { idempotency_key, locale, traceparent } = wishes;
        let keyed = idempotency_key.map(|key| (key, content(&person)));
        let registration_id = match &keyed {
            None => self.ids.issue(now),
            Some((key, content)) => match self.answers.find(key, content) {
                Known::Same(id) => return Ok(id),
                Known::Other => return Err(key_reused()),
                Known::Nothing => self.ids.repeatable(key, content),
            },
        };
        self.check_address(&person)?;
        let event = Event::new(
            SOURCE,
            RegistrationSubmitted { registration_id, person, submitted_at: now, locale },
        );
        let publish = USER_REGISTRATION.publish(&*self.queue, [(event, traceparent)]);
        match tokio::time::timeout(PUBLISH_TIMEOUT, publish).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(not_taken(&error.to_string())),
            Err(_) => return Err(not_taken("no confirmation in time")),
        }
        if let Some((key, content)) = keyed {
            self.answers.remember(&key, &content, registration_id);
        }
        Ok(registration_id)
    }
}

/// What two requests must share to be the same request.
fn content(person: &Registration) -> Vec<u8> {
    let Registration { name, surname, email } = person;
    // A valid field holds no control character, so this joins without ambiguity.
    [name.as_str(), surname.as_str(), email.as_str()].join("\0").into_bytes()
}

/// The caller's `Idempotency-Key`, 1 to 255 printable ASCII characters.
fn idempotency_key(headers: &HeaderMap) -> Result<Option<Vec<u8>>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let key = value.as_bytes();
    if (1..=255).contains(&key.len()) && key.iter().all(|b| (b' '..=b'~').contains(b)) {
        return Ok(Some(key.to_owned()));
    }
    Err(Problem::invalid([FieldError::new(
        "Idempotency-Key",
        "invalid",
        "Idempotency-Key must be 1 to 255 printable ASCII characters; a random UUID is best.",
    )]))
}

fn key_reused() -> Problem {
    Problem::invalid([FieldError::new(
        "Idempotency-Key",
        "reused",
        "This Idempotency-Key was used for other content. Use a new one for a new registration.",
    )])
}

fn not_taken(reason: &str) -> Problem {
    warn!(reason, "a registration was not accepted: the queue did not confirm it");
    Problem::unavailable(
        "We cannot take registrations right now, and yours was not taken. Please try again shortly.",
        RETRY_AFTER,
    )
}

/// The caller's W3C `traceparent`, if it has the right shape.
fn callers_trace(headers: &HeaderMap) -> Option<String> {
    let value = headers.get("traceparent")?.to_str().ok()?;
    trace::is_valid(value).then(|| value.to_owned())
}

impl super::Intake {
    /// 429 for a client that has used up its share.
    pub(super) fn check_limit(&self, client: std::net::IpAddr) -> Result<(), Problem> {
        let Some(limit) = &self.per_client else { return Ok(()) };
        limit.check(counted(client)).map_err(|wait| {
            Problem::too_many(
                "Too many registrations from your network. Please wait a moment.",
                wait,
            )
        })
    }

    /// 429 for an address that comes again and again, whoever sends it and whether it is known or not.
    fn check_address(&self, person: &Registration) -> Result<(), Problem> {
        let Some(limit) = &self.per_address else { return Ok(()) };
        limit.check(person.email.canonical()).map_err(|wait| {
            Problem::too_many("Too many registrations for this address. Please wait.", wait)
        })
    }
}
