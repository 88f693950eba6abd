//! From a request to a report in the log.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use chrono::Utc;
use domain::{FieldError, ReportId, ReportRequested, ReportSpec};
use futures::future::{Either, select};
use queue::{Handler, Job, Outage, Outcome};
use store::{NewReport, ReportClaim, ReportResult, Reports, StoreError, Users};
use tracing::{info, warn};
use uuid::Uuid;

use crate::generate::{Folder, GenerateError, csv};

/// How long a claim holds unless it is renewed.
const CLAIM: Duration = Duration::from_secs(30);
/// The longest name of a report, in characters.
const MAX_NAME_CHARS: usize = 255;

/// Claims, generates and records.
pub(crate) struct Reporter {
    users: Arc<dyn Users>,
    reports: Arc<dyn Reports>,
    folder: Arc<Folder>,
    delimiter: u8,
}

impl Reporter {
    pub(crate) fn new(
        users: Arc<dyn Users>,
        reports: Arc<dyn Reports>,
        folder: Arc<Folder>,
        delimiter: u8,
    ) -> Self {
        Self { users, reports, folder, delimiter }
    }
}

#[async_trait]
impl Handler for Reporter {
    type Data = ReportRequested;

    async fn handle(&self, batch: &[Job<ReportRequested>]) -> Result<Vec<Outcome>, Outage> {
        let mut outcomes = Vec::with_capacity(batch.len());
        for job in batch {
            let request = &job.event.data;
            let outcome = self.report(request, job.delivery).await;
            outcomes.push(match outcome {
                Ok(outcome) => outcome,
                Err(StoreError::Unavailable(reason)) => return Err(Outage(reason)),
                Err(StoreError::Failed(cause)) => Outcome::Failed(cause),
            });
        }
        Ok(outcomes)
    }
}

impl Reporter {
    async fn report(
        &self,
        request: &ReportRequested,
        claimer: Uuid,
    ) -> Result<Outcome, StoreError> {
        let id = request.report_id;
        // A request that came straight to the queue is not in the log yet.
        self.reports.request_report(&log_entry(request)).await?;
        match self.reports.claim_report(id, claimer, CLAIM).await? {
            ReportClaim::Granted => {}
            ReportClaim::Settled | ReportClaim::Unknown => return Ok(Outcome::Done),
            ReportClaim::Held { until } => {
                return Ok(Outcome::NotYet((until - Utc::now()).to_std().unwrap_or_default()));
            }
        }
        let started = Instant::now();
        let result = match ReportSpec::parse(request) {
            Err(mistakes) => ReportResult::Failed { error: sentence(&mistakes) },
            Ok(spec) => {
                let work = csv::generate(&*self.users, &self.folder, id, &spec, self.delimiter);
                match self.keep_claimed(id, claimer, work).await {
                    Ok(result) => result,
                    Err(GenerateError::Store(error)) => return Err(error),
                    Err(GenerateError::Folder(error)) => ReportResult::Failed { error },
                }
            }
        };
        self.reports.finish_report(id, &result).await?;
        announce(request, &result, started.elapsed());
        Ok(Outcome::Done)
    }

    /// Renews the claim while the work goes on.
    async fn keep_claimed<T>(
        &self,
        id: ReportId,
        claimer: Uuid,
        work: impl Future<Output = T>,
    ) -> T {
        let renew = async {
            loop {
                tokio::time::sleep(CLAIM / 3).await;
                if let Err(error) = self.reports.claim_report(id, claimer, CLAIM).await {
                    warn!(report_id = %id, %error, "the claim could not be renewed");
                }
            }
        };
        match select(std::pin::pin!(work), std::pin::pin!(renew)).await {
            Either::Left((result, _)) => result,
            Either::Right((never, _)) => never,
        }
    }
}

/// How a request stands in the log.
pub(crate) fn log_entry(request: &ReportRequested) -> NewReport {
    let name = request.report_name.as_deref().map(str::trim).filter(|n| !n.is_empty());
    NewReport {
        report_id: request.report_id,
        report_name: name.unwrap_or("Registrations").chars().take(MAX_NAME_CHARS).collect(),
        format: request.format.chars().take(20).collect(),
        request: serde_json::json!({
            "filters": request.filters, "columns": request.columns, "options": request.options,
        }),
        requested_by: request.requested_by.clone(),
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
        ReportResult::Failed { error } => {
            warn!(report_id = %request.report_id, error, "report failed");
            ("failed", 0)
        }
    };
    // The format comes from outside; only a known one may become a label.
    let format = if request.format == "csv" { "csv" } else { "other" };
    let labels = [("format", format), ("outcome", outcome)];
    metrics::counter!("userstream_reports_total", &labels).increment(1);
    metrics::counter!("userstream_report_rows_total", &labels).increment(rows);
}
