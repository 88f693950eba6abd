//! Calls the handler, through outages and panics.

use std::{any::Any, panic::AssertUnwindSafe, time::Instant};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{
    Handler, Job, LONGEST_PAUSE, Outage, Outcome, SHORTEST_PAUSE, Worker, sleep, without_addresses,
};

impl<H: Handler> Worker<H> {
    /// Handles the batch, again and again while a dependency is away. `None` when it is over before
    /// the outage is. Otherwise one outcome for each job.
    pub(super) async fn handle_through_outages(
        &self,
        jobs: &[Job<H::Data>],
        over: &CancellationToken,
    ) -> Option<Vec<Outcome>> {
        let queue = self.topic.queue;
        let mut pause = SHORTEST_PAUSE;
        let mut paused_since = None;
        loop {
            match self.attempt(jobs).await {
                Ok(outcomes) => {
                    // Of several that waited the first tells.
                    if let Some(since) = paused_since
                        && self.outage.send_replace(None).is_some()
                    {
                        let seconds = Instant::now().duration_since(since).as_secs();
                        self.show_pause(false);
                        info!(queue, seconds, "resumed");
                    }
                    return Some(outcomes);
                }
                Err(Outage(reason)) => {
                    paused_since.get_or_insert_with(Instant::now);
                    if self.outage.send_replace(Some(reason.clone())).is_none() {
                        self.show_pause(true);
                        let reason = without_addresses(&reason);
                        warn!(queue, %reason, "paused until it is back");
                    }
                    sleep(pause, over).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    if over.is_cancelled() {
                        return None;
                    }
                }
            }
        }
    }

    /// Shows in the measurements whether consuming waits for the end of an outage.
    pub(super) fn show_pause(&self, paused: bool) {
        metrics::gauge!("userstream_consumer_paused", "queue" => self.topic.queue)
            .set(f64::from(u8::from(paused)));
    }

    /// Handles the batch once. Where that panics, each job by itself, so that one of them does not
    /// take its neighbours along.
    async fn attempt(&self, jobs: &[Job<H::Data>]) -> Result<Vec<Outcome>, Outage> {
        let panic = match self.call(jobs).await {
            Ok(result) => return result,
            Err(panic) => panic,
        };
        let [_, _, ..] = jobs else { return Ok(all_failed(jobs, &panic)) };
        error!(queue = self.topic.queue, jobs = jobs.len(), "a batch panicked; one by one now");
        let mut outcomes = Vec::with_capacity(jobs.len());
        for job in jobs.chunks(1) {
            match self.call(job).await {
                Ok(result) => outcomes.append(&mut result?),
                Err(panic) => outcomes.append(&mut all_failed(job, &panic)),
            }
        }
        Ok(outcomes)
    }

    /// Calls the handler; the error is the text of a panic.
    async fn call(&self, jobs: &[Job<H::Data>]) -> Result<Result<Vec<Outcome>, Outage>, String> {
        let handled = AssertUnwindSafe(self.handler.handle(jobs)).catch_unwind().await;
        let result = handled.map_err(|panic| text_of(&*panic))?;
        Ok(result.map(|outcomes| match outcomes.len() {
            n if n == jobs.len() => outcomes,
            // A mistake in the handler; to guess which job got which outcome could lose one.
            n => all_failed(jobs, &format!("the handler gave {n} outcomes for {}", jobs.len())),
        }))
    }
}

fn all_failed<T>(jobs: &[Job<T>], cause: &str) -> Vec<Outcome> {
    vec![Outcome::Failed(cause.to_owned()); jobs.len()]
}

fn text_of(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    format!("panic: {}", text.unwrap_or("without a text"))
}
