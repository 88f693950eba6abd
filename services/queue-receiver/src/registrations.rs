//! From a batch of messages to rows and e-mail requests.

use std::{mem, sync::Arc};

use async_trait::async_trait;
use domain::{EmailRequested, Event, Recipient, RegistrationSubmitted};
use queue::{EMAIL_NOTIFICATIONS, Handler, Job, Outage, Outcome, Queue};
use serde_json::{Map, Value};
use store::{NewRegistration, RecordOutcome, Recorded, Registrations, StoreError};
use tokio::sync::Semaphore;
use tracing::{info, warn};

/// Names this service as the source of events.
const SOURCE: &str = "/userstream/queue-receiver";

/// Batches that are recorded at one time; more would only wait for each other in the database.
pub(crate) const RECORDED_AT_ONCE: usize = 2;

/// Records registrations and asks for their e-mails.
pub(crate) struct Recorder {
    queue: Arc<dyn Queue>,
    registrations: Arc<dyn Registrations>,
    turns: Semaphore,
}

type SubmittedJob = Job<RegistrationSubmitted>;

impl Recorder {
    pub(crate) fn new(queue: Arc<dyn Queue>, registrations: Arc<dyn Registrations>) -> Self {
        Self { queue, registrations, turns: Semaphore::new(RECORDED_AT_ONCE) }
    }

    /// Records the whole batch or, if the store refuses it, one at a time: then only the item that
    /// is to blame fails.
    async fn record(
        &self,
        batch: &[SubmittedJob],
    ) -> Result<Vec<Result<Recorded, String>>, Outage> {
        let _turn = self.turns.acquire().await.expect("the semaphore is never closed");
        let items: Vec<_> = batch.iter().map(to_row).collect();
        match self.registrations.record(&items).await {
            Ok(recorded) => return Ok(recorded.into_iter().map(Ok).collect()),
            Err(StoreError::Unavailable(reason)) => return Err(Outage(reason)),
            Err(StoreError::Failed(cause)) => {
                warn!(
                    cause,
                    items = items.len(),
                    "the store refused a batch; trying each by itself"
                );
            }
        }
        let mut results = Vec::with_capacity(items.len());
        for item in items {
            results.push(match self.registrations.record(std::slice::from_ref(&item)).await {
                Ok(mut recorded) => {
                    recorded.pop().ok_or_else(|| "the store gave no outcome".to_owned())
                }
                Err(StoreError::Unavailable(reason)) => return Err(Outage(reason)),
                Err(StoreError::Failed(cause)) => Err(cause),
            });
        }
        Ok(results)
    }
}

#[async_trait]
impl Handler for Recorder {
    type Data = RegistrationSubmitted;

    async fn handle(&self, batch: &[SubmittedJob]) -> Result<Vec<Outcome>, Outage> {
        let mut results = self.record(batch).await?;
        tell(&results);
        // A replayed registration asks again: whether the first request was published is not known.
        // The Sender's claim keeps the second from being mailed.
        let emails = results.iter_mut().zip(batch).filter_map(|(result, job)| {
            let event = email_request(result.as_mut().ok()?)?;
            Some((event, job.traceparent.clone()))
        });
        EMAIL_NOTIFICATIONS.publish(&*self.queue, emails).await?;
        Ok(results.into_iter().map(to_outcome).collect())
    }
}

/// One line for a batch, by whose ids each registration in it can be followed.
fn tell(results: &[Result<Recorded, String>]) {
    let recorded = results.iter().flatten();
    let ids: Vec<_> = recorded.clone().map(|r| r.registration_id.as_str()).collect();
    let created = recorded.filter(|r| r.outcome == RecordOutcome::Created).count();
    info!(registrations = ids.len(), created, registration_ids = ids.join(" "), "recorded");
}

fn to_row(job: &SubmittedJob) -> NewRegistration {
    let RegistrationSubmitted { registration_id, person, submitted_at, locale } =
        job.event.data.clone();
    NewRegistration { registration_id, person, submitted_at, locale }
}

/// The e-mail that a registration asks for, made of what the store says of it.
fn email_request(recorded: &mut Recorded) -> Option<Event<EmailRequested>> {
    let data = EmailRequested {
        notification_id: recorded.notification_id?,
        to: Recipient::User(recorded.user_id?),
        template: recorded.notification_type.take()?,
        context: Map::from_iter([(
            "registration_id".to_owned(),
            Value::from(mem::take(&mut recorded.registration_id)),
        )]),
    };
    Some(Event::new(SOURCE, data))
}

fn to_outcome(result: Result<Recorded, String>) -> Outcome {
    match result {
        Ok(Recorded { outcome: RecordOutcome::Invalid, cause, .. }) => {
            Outcome::Rejected(cause.unwrap_or_else(|| "the store found it invalid".to_owned()))
        }
        Ok(_) => Outcome::Done,
        Err(cause) => Outcome::Failed(cause),
    }
}
