//! The way of one e-mail: claim, write, hand over, record.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::Utc;
use domain::{EmailRequested, template};
use futures::future::join_all;
use queue::{Handler, Job, Outage, Outcome, RetryDelays};
use store::{
    AttemptOutcome, Deliveries, Mail, NotificationAttempt, NotificationClaim, NotificationRequest,
    ReleasedClaim, StoreError,
};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, warn};

use crate::{
    attachments::{Attachment, Attachments},
    compose::Composer,
    relay::{Delivered, NotNow, Outgoing, Relay},
    templates::{Catalogue, Texts},
    together::Together,
};

/// How long a claim holds: short enough that the e-mails of a sender that died go out soon.
const CLAIM: Duration = Duration::from_secs(20);
/// How often a claim is renewed while its e-mail is under way.
const RENEW_EVERY: Duration = Duration::from_secs(6);
/// How soon to look again at an e-mail that another sender has in hand; most are settled by then.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Claims, or attempts, that are one call to the log, at the most. One call of a kind is under way at a time:
/// a few large ones cost both sides least.
const TOGETHER: usize = 200;
/// The pauses between two tries to write down what came of an e-mail that cannot be called back.
const RECORD_AGAIN: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// Sends e-mails, each by itself. Its questions to the log are asked together.
pub(crate) struct Deliverer {
    claims: Together<NotificationRequest, NotificationClaim>,
    releases: Together<ReleasedClaim, ()>,
    attempts: Together<NotificationAttempt, ()>,
    catalogue: Arc<Catalogue>,
    composer: Composer,
    attachments: Attachments,
    relay: Arc<Relay>,
    retry: RetryDelays,
    shutdown: CancellationToken,
}

type EmailJob = Job<EmailRequested>;

impl Deliverer {
    pub(crate) fn new(
        log: Arc<dyn Deliveries>,
        catalogue: Arc<Catalogue>,
        composer: Composer,
        attachments: Attachments,
        relay: Arc<Relay>,
        retry: RetryDelays,
        shutdown: CancellationToken,
    ) -> Self {
        let (claimed, released, recorded) = (log.clone(), log.clone(), log);
        Self {
            claims: Together::new(TOGETHER, 1, move |requests: Vec<NotificationRequest>| {
                let log = claimed.clone();
                async move { log.claim_notifications(&requests, CLAIM).await }
            }),
            releases: Together::new(TOGETHER, 1, move |claims: Vec<ReleasedClaim>| {
                let log = released.clone();
                async move {
                    log.release_notifications(&claims).await?;
                    Ok(vec![(); claims.len()])
                }
            }),
            attempts: Together::new(TOGETHER, 1, move |attempts: Vec<NotificationAttempt>| {
                let log = recorded.clone();
                async move {
                    log.record_attempts(&attempts).await?;
                    Ok(vec![(); attempts.len()])
                }
            }),
            catalogue,
            composer,
            attachments,
            relay,
            retry,
            shutdown,
        }
    }
}

#[async_trait]
impl Handler for Deliverer {
    type Data = EmailRequested;

    async fn handle(&self, batch: &[EmailJob]) -> Result<Vec<Outcome>, Outage> {
        // All come to their end, whatever becomes of one: an e-mail under way is not dropped.
        join_all(batch.iter().map(|job| self.send(job))).await.into_iter().collect()
    }
}

impl Deliverer {
    async fn send(&self, job: &EmailJob) -> Result<Outcome, Outage> {
        // While the relay is away nothing is claimed: the log then says of no e-mail that it is being sent.
        self.relay.ready().map_err(Outage)?;
        let started = Instant::now();
        let texts = match self.catalogue.known().await {
            Ok(texts) => texts,
            Err(error) => return failed(error),
        };
        let request = to_request(job);
        let mail = match self.claims.ask(request.clone()).await {
            Ok(NotificationClaim::Granted(mail)) => mail,
            Ok(NotificationClaim::Settled) => return Ok(Outcome::Done),
            Ok(NotificationClaim::Held { until }) => {
                let left = (until - Utc::now()).to_std().unwrap_or_default();
                return Ok(Outcome::NotYet(left.min(LOOK_AGAIN)));
            }
            Ok(NotificationClaim::UnknownUser) => {
                let who = request.to.user().map_or_else(String::new, |id| id.to_string());
                return Ok(Outcome::Rejected(format!("there is no user {who}")));
            }
            Err(error) => return failed(error),
        };
        let attachment = self.attachments.fetch(&job.event.data.context).await;
        let delivered = match self.compose(&texts, &mail, &job.event.data, attachment) {
            Err(unwritten) => Ok(unwritten),
            Ok(outgoing) => self.hand_over(outgoing, &request).await,
        };
        match delivered {
            Ok(delivered) => self.record(job, delivered, started).await,
            Err(why) => {
                self.release(&request).await;
                postponed(why)
            }
        }
    }

    fn compose(
        &self,
        texts: &Texts,
        mail: &Mail,
        asked: &EmailRequested,
        attachment: Option<Attachment>,
    ) -> Result<Outgoing, Delivered> {
        let EmailRequested { template, context, .. } = asked;
        let composed = self.composer.compose(texts, mail, template, context, attachment);
        let (recipient, bytes) = composed.map_err(|error| Delivered::unwritten(&error))?;
        let (notification_id, created_at) = (mail.notification_id, mail.created_at);
        Ok(Outgoing { notification_id, created_at, recipient, bytes })
    }

    /// Hands an e-mail over, and renews its claim for as long as that takes.
    async fn hand_over(
        &self,
        outgoing: Outgoing,
        request: &NotificationRequest,
    ) -> Result<Delivered, NotNow> {
        let sending = trace::child!("client", "SMTP", userstream.relay = self.relay.name());
        let renew = async {
            loop {
                sleep(RENEW_EVERY).await;
                // Where it cannot be renewed it may run out; then another sender may send the e-mail too.
                if let Err(error) = self.claims.ask(request.clone()).await {
                    warn!(%error, "a claim was not renewed");
                }
            }
        };
        let deliver = self.relay.deliver(outgoing).instrument(sending);
        tokio::select! {
            delivered = deliver => delivered,
            never = renew => never,
        }
    }

    /// Writes down what came of an e-mail, for as long as it takes: it cannot be called back, and without
    /// this it would be sent again.
    async fn record(
        &self,
        job: &EmailJob,
        delivered: Delivered,
        started: Instant,
    ) -> Result<Outcome, Outage> {
        let Delivered { outcome, reply, undeliverable, place } = delivered;
        let passes = matches!(outcome, AttemptOutcome::Retrying | AttemptOutcome::Unknown);
        let last = passes && self.retry.after(job.attempts).is_none();
        let attempt = NotificationAttempt {
            notification_id: job.event.data.notification_id,
            outcome: if last { AttemptOutcome::Failed } else { outcome },
            reply,
            at: Utc::now(),
            undeliverable,
        };
        let mut pause = RECORD_AGAIN.0;
        while let Err(error) = self.attempts.ask(attempt.clone()).await {
            let cause = match error {
                StoreError::Unavailable(cause) => cause,
                StoreError::Failed(cause) => {
                    error!(cause, "what came of an e-mail could not be recorded");
                    return Ok(Outcome::Failed(cause));
                }
            };
            if self.shutdown.is_cancelled() {
                return Err(Outage(cause));
            }
            sleep(pause).await;
            pause = (pause * 2).min(RECORD_AGAIN.1);
        }
        drop(place);
        tell(&job.event.data, attempt.outcome, job.attempts + 1);
        measure(&job.event.data.template, attempt.outcome, started.elapsed());
        Ok(if passes { Outcome::Failed(attempt.reply) } else { Outcome::Done })
    }

    /// Gives a claim back, so that no other sender need wait for it to run out.
    async fn release(&self, request: &NotificationRequest) {
        let NotificationRequest { notification_id, claimer, .. } = *request;
        let claim = ReleasedClaim { notification_id, claimer };
        if let Err(error) = self.releases.ask(claim).await {
            warn!(%error, "a claim was not given back; it will run out");
        }
    }
}

fn postponed(why: NotNow) -> Result<Outcome, Outage> {
    match why {
        NotNow::Away(why) => Err(Outage(why)),
        NotNow::Crowded(pause) => Ok(Outcome::NotYet(pause)),
    }
}

fn failed(error: StoreError) -> Result<Outcome, Outage> {
    match error {
        StoreError::Unavailable(reason) => Err(Outage(reason)),
        StoreError::Failed(cause) => Ok(Outcome::Failed(cause)),
    }
}

fn to_request(job: &EmailJob) -> NotificationRequest {
    NotificationRequest {
        notification_id: job.event.data.notification_id,
        to: job.event.data.to.clone(),
        notification_type: job.event.data.template.clone(),
        context: job.event.data.context.clone(),
        claimer: job.delivery,
    }
}

fn tell(asked: &EmailRequested, outcome: AttemptOutcome, attempts: u32) {
    let EmailRequested { notification_id, context, .. } = asked;
    let registration_id = context.get("registration_id").and_then(serde_json::Value::as_str);
    info!(%notification_id, registration_id, ?outcome, attempts, "an e-mail was tried");
}

fn measure(template: &str, outcome: AttemptOutcome, elapsed: Duration) {
    let outcome = match outcome {
        AttemptOutcome::Sent => "sent",
        AttemptOutcome::Retrying | AttemptOutcome::Unknown => "retried",
        AttemptOutcome::Failed => "failed",
    };
    // The name comes from outside; only a known one may become a label.
    let known = template::ALL.into_iter().find(|name| *name == template).unwrap_or("other");
    let labels = [("template", known), ("outcome", outcome)];
    metrics::counter!("userstream_emails_total", &labels).increment(1);
    metrics::histogram!("userstream_email_duration_seconds", &labels).record(elapsed.as_secs_f64());
}
