//! The spans of events in hand.

use tracing::Span;

use super::Job;

/// One for each event of a batch that is part of a trace; they end with this.
pub(super) struct Spans(Vec<Span>);

/// Opens them, and lets what the events cause continue from them.
pub(super) fn open<T>(queue: &'static str, jobs: &mut [Job<T>]) -> Spans {
    if !trace::is_on() {
        return Spans(Vec::new());
    }
    let batch = jobs.len();
    let traced = jobs.iter_mut().filter(|job| job.traceparent.is_some());
    let spans: Vec<_> = traced
        .map(|job| {
            let span = trace::span!(
                "consumer",
                format!("process {queue}"),
                messaging.system = "userstream",
                messaging.destination.name = queue,
                messaging.message.id = job.event.id,
                messaging.batch.message_count = batch,
                messaging.message.attempts = job.attempts,
            );
            trace::continue_from(&span, job.traceparent.as_deref());
            if let Some(own) = trace::traceparent_of(&span) {
                job.traceparent = Some(own);
            }
            span
        })
        .collect();
    if let Some((first, others)) = spans.split_first() {
        for other in others {
            trace::link(other, first);
        }
    }
    Spans(spans)
}

impl Spans {
    /// The span that the batch's calls belong to; those of the other events are linked to it.
    pub(super) fn first(&self) -> Span {
        self.0.first().cloned().unwrap_or_else(Span::none)
    }
}
