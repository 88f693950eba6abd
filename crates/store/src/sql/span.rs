//! Spans of the statements that a registration passes through.

use tracing::Span;

/// The span of recording so many registrations in a database, in a trace that somebody collects.
pub(crate) fn recording(system: &'static str, items: usize) -> Span {
    trace::child!(
        "client",
        "INSERT registrations",
        db.system.name = system,
        db.operation.batch.size = items,
    )
}
