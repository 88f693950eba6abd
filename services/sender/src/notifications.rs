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

    async fn handle(&self, batch: &[EmailJob]) -> Result<Vec<Outcome>, Outage> {
        let started = Instant::now();
        let requests: Vec<_> = batch.iter().map(to_request).collect();
        let claims =
            self.notifications.claim_notifications(&requests, CLAIM).await.map_err(outage)?;

        let mut written = Written::default();
        let outcomes =
            batch.iter().zip(claims).map(|(job, claim)| self.write(job, claim, &mut written));
        let outcomes: Vec<_> = outcomes.collect();

        let Written { outgoing, attempts } = written;
        if !outgoing.is_empty() {
            // A folder that cannot be written to is the relay being away: no e-mail's fault.
            let delivered = self.outbox.clone().deliver(outgoing).await;
            delivered.map_err(|e| Outage(format!("the outbox: {e}")))?;
        }
        if !attempts.is_empty() {
            let records: Vec<_> = attempts.iter().map(|a| a.record.clone()).collect();
            self.notifications.record_attempts(&records).await.map_err(outage)?;
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

#[expect(clippy::needless_pass_by_value, reason = "it is the end of a `map_err`")]
fn outage(error: StoreError) -> Outage {
    Outage(error.to_string())
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
