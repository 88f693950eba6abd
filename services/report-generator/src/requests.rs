//! From a request to a report in the log.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::Utc;
use domain::{FieldError, ReportFormat, ReportRequested, ReportSpec};
use futures::future::{Either, select};
use queue::{Handler, Job, Outage, Outcome, RetryDelays};
use store::{NewReport, ReportClaim, ReportResult, ReportStatus, Reports, StoreError, Users};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use uuid::Uuid;

use crate::{
    Interruption,
    deliver::Delivery,
    generate::{Folder, GenerateError, Task, generate, remove},
};

/// How long a claim holds unless it is renewed.
const CLAIM: Duration = Duration::from_secs(30);
/// How often it is, with the rows so far.
const PROGRESS: Duration = Duration::from_secs(1);
/// The longest name of a report, in characters.
pub(crate) const MAX_NAME_CHARS: usize = 255;

/// Claims, generates and records.
pub(crate) struct Reporter {
    pub(crate) users: Arc<dyn Users>,
    pub(crate) reports: Arc<dyn Reports>,
    pub(crate) folder: Folder,
    pub(crate) delivery: Delivery,
    /// What separates the cells of CSV where a request does not say.
    pub(crate) delimiter: u8,
    /// When a request is tried again; the log hears of it when it is not.
    pub(crate) retry: RetryDelays,
}

#[async_trait]
impl Handler for Reporter {
    type Data = ReportRequested;

    async fn handle(&self, batch: &[Job<ReportRequested>]) -> Result<Vec<Outcome>, Outage> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for job in batch {
            outcomes.push(match self.report(job).await {
                Ok(outcome) => outcome,
                Err(Interruption::Store(StoreError::Failed(cause))) => Outcome::Failed(cause),
                Err(away) => return Err(Outage(away.to_string())),
            });
        }
        Ok(outcomes)
    }
}

impl Reporter {
    async fn report(&self, job: &Job<ReportRequested>) -> Result<Outcome, Interruption> {
        let request = &job.event.data;
        let (id, claimer) = (request.report_id, job.delivery);
        // A request that came straight to the queue is not in the log yet.
        let entry = log_entry(request);
        if self.reports.request_report(&entry).await?.is_none() {
            info!(report_id = %id, "not made: the report was deleted before it was begun");
            return Ok(Outcome::Done);
        }
        match self.reports.claim_report(id, claimer, CLAIM).await? {
            ReportClaim::Granted => {}
            ReportClaim::Unknown => return Ok(Outcome::Done),
            // By this very message perhaps, whose generator died before it told anybody.
            ReportClaim::Settled => {
                self.deliver(request).await?;
                return Ok(Outcome::Done);
            }
            ReportClaim::Held { until } => {
                return Ok(Outcome::NotYet((until - Utc::now()).to_std().unwrap_or_default()));
            }
        }
        let started = Instant::now();
        let result = match ReportSpec::parse(request) {
            Err(mistakes) => {
                // The sentences may repeat what was asked for, which is not for every eye.
                let mistakes_in: Vec<_> = mistakes.iter().map(|m| (&m.field, &m.code)).collect();
                info!(report_id = %id, ?mistakes_in, "a report was asked for that cannot be made");
                ReportResult::Failed { error: sentence(&mistakes) }
            }
            Ok(spec) => {
                let task = Task { id, name: entry.report_name, spec, delimiter: self.delimiter };
                match self.generate(task, claimer).await {
                    Ok(result) => result,
                    Err(GenerateError::Stopped) => {
                        info!(report_id = %id, "stopped: the report is not wanted any more");
                        return Ok(Outcome::Done);
                    }
                    Err(GenerateError::Hopeless(error)) => {
                        warn!(report_id = %id, error, "a report could not be made");
                        ReportResult::Failed { error }
                    }
                    Err(GenerateError::Store(StoreError::Failed(cause)))
                        if self.retry.after(job.attempts).is_none() =>
                    {
                        let error = format!("The rows could not be read: {cause}.");
                        self.finish(request, claimer, &ReportResult::Failed { error }, started)
                            .await?;
                        return Ok(Outcome::Rejected(cause));
                    }
                    Err(GenerateError::Store(error)) => return Err(error.into()),
                }
            }
        };
        self.finish(request, claimer, &result, started).await?;
        self.deliver(request).await?;
        Ok(Outcome::Done)
    }

    /// Tells the people who are to have the report, if it is there.
    async fn deliver(&self, request: &ReportRequested) -> Result<(), Interruption> {
        if request.deliver_to.is_empty() {
            return Ok(());
        }
        // A mistake in it has failed the report.
        let Ok(spec) = ReportSpec::parse(request) else { return Ok(()) };
        let Some(report) = self.reports.report(request.report_id).await? else { return Ok(()) };
        self.delivery.deliver(&report, spec.deliver_to).await
    }

    /// Writes the file; meanwhile the claim is renewed and the log hears how far it is.
    async fn generate(&self, task: Task, claimer: Uuid) -> Result<ReportResult, GenerateError> {
        let id = task.id;
        let (rows, stop) = (Arc::new(AtomicI64::new(0)), CancellationToken::new());
        let renew = async {
            loop {
                tokio::time::sleep(PROGRESS).await;
                let rows = rows.load(Ordering::Relaxed);
                match self.reports.renew_report(id, claimer, rows, CLAIM).await {
                    Ok(true) => {}
                    Ok(false) => return stop.cancel(),
                    Err(error) => warn!(report_id = %id, %error, "the claim was not renewed"),
                }
            }
        };
        let work = generate(&*self.users, &self.folder, task, rows.clone(), &stop);
        match select(std::pin::pin!(work), std::pin::pin!(renew)).await {
            Either::Left((result, _)) => result,
            // It ends by itself, which takes a moment: until then it may still make a file.
            Either::Right(((), work)) => work.await,
        }
    }

    /// Records the end, unless the report is not ours any more. Then a file that nobody knows of goes again.
    async fn finish(
        &self,
        request: &ReportRequested,
        claimer: Uuid,
        result: &ReportResult,
        started: Instant,
    ) -> Result<(), StoreError> {
        let id = request.report_id;
        if self.reports.finish_report(id, claimer, result).await? {
            announce(request, result, started.elapsed());
            return Ok(());
        }
        let status = self.reports.report(id).await?.map(|report| report.status);
        info!(report_id = %id, ?status, "the report was taken away while it was made");
        if let (None | Some(ReportStatus::Failed), ReportResult::Done { file_path, .. }) =
            (status, result)
            && let Err(error) = remove(&self.folder, id, file_path).await
        {
            warn!(report_id = %id, %error, "its file could not be removed");
        }
        Ok(())
    }
}

/// How a request stands in the log.
pub(crate) fn log_entry(request: &ReportRequested) -> NewReport {
    let name = request.report_name.as_deref().map(str::trim).filter(|n| !n.is_empty());
    NewReport {
        report_id: request.report_id,
        report_name: name.unwrap_or("Registrations").chars().take(MAX_NAME_CHARS).collect(),
        format: request.format.clone(),
        request: serde_json::json!({
            "filters": request.filters, "columns": request.columns, "options": request.options,
        }),
        requested_by: request.requested_by.clone(),
        schedule_id: request.schedule_id,
    }
}

fn sentence(mistakes: &[FieldError]) -> String {
    mistakes.iter().map(|m| m.message.as_str()).collect::<Vec<_>>().join(" ")
}

fn announce(request: &ReportRequested, result: &ReportResult, elapsed: Duration) {
    let (outcome, rows) = match result {
        ReportResult::Done { record_count, .. } => {
            info!(report_id = %request.report_id, rows = record_count, seconds = elapsed.as_secs_f64(), "report done");
            ("done", u64::try_from(*record_count).unwrap_or(0))
        }
        ReportResult::Failed { .. } => ("failed", 0),
    };
    // The format comes from outside; only a known one may become a label.
    let format = ReportFormat::from_name(&request.format).map_or("other", ReportFormat::as_str);
    let labels = [("format", format), ("outcome", outcome)];
    metrics::counter!("userstream_reports_total", &labels).increment(1);
    metrics::counter!("userstream_report_rows_total", &labels).increment(rows);
}
