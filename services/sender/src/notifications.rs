//! From a batch of requests to delivered e-mails.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::Utc;
use domain::EmailRequested;
use queue::{Handler, Job, Outage, Outcome};
use store::{
    AttemptOutcome, NotificationAttempt, NotificationClaim, NotificationRequest, Notifications,
    StoreError,
};
use tracing::warn;

use crate::{
    compose::Composer,
    deliver::{Outbox, Outgoing},
};

/// How long a claim holds: longer than a batch takes to write, short enough that the e-mails of a
/// sender that died go out soon.
const CLAIM: Duration = Duration::from_secs(20);
/// How soon to look again at an e-mail that another sender has in hand; most are settled by then.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// What the log says of an e-mail in the outbox.
const WRITTEN: &str = "written to the outbox";

/// Claims, writes, delivers and records.
pub(crate) struct Deliverer {
    notifications: Arc<dyn Notifications>,
    composer: Composer,
    outbox: Arc<Outbox>,
}

type EmailJob = Job<EmailRequested>;

impl Deliverer {
    pub(crate) fn new(
        notifications: Arc<dyn Notifications>,
        composer: Composer,
        outbox: Arc<Outbox>,
    ) -> Self {
        Self { notifications, composer, outbox }
    }
}

#[async_trait]
impl Handler for Deliverer {
    type Data = EmailRequested;

    /// The whole batch or, if the store refuses it, one at a time: then only the e-mail that is to blame
    /// fails.
    async fn handle(&self, batch: &[EmailJob]) -> Result<Vec<Outcome>, Outage> {
        let cause = match self.send(batch).await {
            Ok(outcomes) => return Ok(outcomes),
            Err(StoreError::Unavailable(reason)) => return Err(Outage(reason)),
            Err(StoreError::Failed(cause)) => cause,
        };
        if let [_] = batch {
            return Ok(vec![Outcome::Failed(cause)]);
        }
        warn!(cause, jobs = batch.len(), "the store refused a batch; trying each by itself");
        let mut outcomes = Vec::with_capacity(batch.len());
        for job in batch.chunks(1) {
            outcomes.append(&mut self.handle(job).await?);
        }
        Ok(outcomes)
    }
}

impl Deliverer {
    async fn send(&self, batch: &[EmailJob]) -> Result<Vec<Outcome>, StoreError> {
        let started = Instant::now();
        let requests: Vec<_> = batch.iter().map(to_request).collect();
        let claims = self.notifications.claim_notifications(&requests, CLAIM).await?;

        let mut written = Written::default();
        let outcomes =
            batch.iter().zip(claims).map(|(job, claim)| self.write(job, claim, &mut written));
        let outcomes: Vec<_> = outcomes.collect();

        let Written { outgoing, attempts } = written;
        if !outgoing.is_empty() {
            // A folder that cannot be written to is the relay being away: no e-mail's fault.
            let delivered = self.outbox.clone().deliver(outgoing).await;
            delivered.map_err(|e| StoreError::Unavailable(format!("the outbox: {e}")))?;
        }
        if !attempts.is_empty() {
            let records: Vec<_> = attempts.iter().map(|a| a.record.clone()).collect();
            self.notifications.record_attempts(&records).await?;
        }
        for attempt in attempts {
            measure(attempt, started.elapsed());
        }
        Ok(outcomes)
    }
}

/// What a batch comes to, before any of it is delivered.
#[derive(Default)]
struct Written {
    outgoing: Vec<Outgoing>,
    attempts: Vec<Attempt>,
}

struct Attempt {
    template: String,
    record: NotificationAttempt,
}

impl Deliverer {
    /// Writes the e-mail of a granted claim.
    fn write(&self, job: &EmailJob, claim: NotificationClaim, written: &mut Written) -> Outcome {
        let EmailRequested { notification_id, user_id, template, .. } = &job.event.data;
        let mail = match claim {
            NotificationClaim::Granted(mail) => mail,
            NotificationClaim::Settled => return Outcome::Done,
            NotificationClaim::Held { until } => {
                let left = (until - Utc::now()).to_std().unwrap_or_default();
                return Outcome::NotYet(left.min(LOOK_AGAIN));
            }
            NotificationClaim::UnknownUser => {
                return Outcome::Rejected(format!("there is no user {user_id}"));
            }
        };
        let (outcome, reply, result) = match self.composer.compose(&mail, template) {
            Ok(bytes) => {
                let created_at = mail.created_at;
                let notification_id = *notification_id;
                written.outgoing.push(Outgoing { notification_id, created_at, bytes });
                (AttemptOutcome::Sent, WRITTEN.to_owned(), Outcome::Done)
            }
            Err(error) => {
                let cause = error.to_string();
                (AttemptOutcome::Failed, cause.clone(), Outcome::Rejected(cause))
            }
        };
        let record = NotificationAttempt {
            notification_id: *notification_id,
            outcome,
            reply,
            at: Utc::now(),
        };
        written.attempts.push(Attempt { template: template.clone(), record });
        result
    }
}

fn to_request(job: &EmailJob) -> NotificationRequest {
    NotificationRequest {
        notification_id: job.event.data.notification_id,
        user_id: job.event.data.user_id,
        notification_type: job.event.data.template.clone(),
        claimer: job.delivery,
    }
}

fn measure(attempt: Attempt, elapsed: Duration) {
    let outcome = match attempt.record.outcome {
        AttemptOutcome::Sent => "sent",
        AttemptOutcome::Retrying => "retried",
        AttemptOutcome::Failed => "failed",
    };
    let labels = [("template", attempt.template), ("outcome", outcome.to_owned())];
    metrics::counter!("userstream_emails_total", &labels).increment(1);
    metrics::histogram!("userstream_email_duration_seconds", &labels).record(elapsed.as_secs_f64());
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::{ConfirmationKeys, Event, NotificationId, UserId};
    use store::{Notification, NotificationFilter, Page};
    use uuid::Uuid;

    use super::*;

    /// A log that fails at whatever concerns one e-mail.
    struct OneBad(NotificationId);

    #[async_trait]
    impl Notifications for OneBad {
        async fn claim_notifications(
            &self,
            requests: &[NotificationRequest],
            _lease: Duration,
        ) -> Result<Vec<NotificationClaim>, StoreError> {
            if requests.iter().any(|r| r.notification_id == self.0) {
                return Err(StoreError::Failed("no".into()));
            }
            Ok(vec![NotificationClaim::Settled; requests.len()])
        }

        async fn record_attempts(&self, _: &[NotificationAttempt]) -> Result<(), StoreError> {
            Ok(())
        }

        async fn notification(
            &self,
            _: NotificationId,
        ) -> Result<Option<Notification>, StoreError> {
            Ok(None)
        }

        async fn notifications(
            &self,
            _: &NotificationFilter,
            _: Option<i64>,
            _: u32,
        ) -> Result<Page<Notification, i64>, StoreError> {
            Ok(Page { items: Vec::new(), next: None })
        }
    }

    fn job(n: u128) -> EmailJob {
        let data = EmailRequested {
            notification_id: NotificationId(Uuid::from_u128(n)),
            user_id: UserId(1),
            template: "confirmation".into(),
            context: serde_json::Map::new(),
        };
        let time = DateTime::UNIX_EPOCH;
        let event = Event { id: n.to_string(), source: "/test".into(), time, data };
        Job { event, attempts: 0, traceparent: None, delivery: Uuid::from_u128(n) }
    }

    #[tokio::test]
    async fn one_that_the_store_fails_at_does_not_take_its_neighbours_along() {
        let folder = tempfile::tempdir().unwrap();
        let composer = Composer::new(
            "UserStream <no-reply@example.com>".parse().unwrap(),
            "https://example.org".into(),
            ConfirmationKeys::derive(b"secret", []),
        );
        let outbox = Arc::new(Outbox::open(folder.path()).unwrap());
        let bad = NotificationId(Uuid::from_u128(2));
        let deliverer = Deliverer::new(Arc::new(OneBad(bad)), composer.unwrap(), outbox);
        let outcomes = deliverer.handle(&[job(1), job(2), job(3)]).await.unwrap();
        assert_eq!(outcomes, [Outcome::Done, Outcome::Failed("no".into()), Outcome::Done]);
    }
}
