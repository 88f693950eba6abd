//! One trace through HTTP, queues and stores.
//!
//! Spans are made with [`span!`] and [`child!`]; they cost nothing while [`is_on`] is false. Between processes a trace is
//! carried as a W3C `traceparent` (Trace Context, level 1). While tracing is off, what came in is handed on
//! unchanged, so that others' traces do not end here.

use std::sync::atomic::{AtomicBool, Ordering};

use opentelemetry::{
    Context, SpanId, TraceFlags, TraceId,
    trace::{SpanContext, TraceContextExt, TraceState},
};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt;

pub use tracing;

/// The target of spans that are exported; logs pass over them.
pub const TARGET: &str = "otel";

static ON: AtomicBool = AtomicBool::new(false);

/// Whether anyone collects spans.
pub fn is_on() -> bool {
    ON.load(Ordering::Relaxed)
}

/// Says that from now on somebody collects spans.
pub fn turn_on() {
    ON.store(true, Ordering::Relaxed);
}

/// A span of a kind (`server`, `client`, `producer`, `consumer`, `internal`), with its name and fields as
/// `tracing::info_span!` takes them.
#[macro_export]
macro_rules! span {
    ($kind:literal, $name:expr $(, $($fields:tt)*)?) => {
        $crate::tracing::info_span!(
            target: "otel", "span", otel.kind = $kind, otel.name = $name $(, $($fields)*)?
        )
    };
}

/// The same, below the current span; none where nobody collects that.
#[macro_export]
macro_rules! child {
    ($kind:literal, $name:expr $(, $($fields:tt)*)?) => {
        match $crate::traceparent() {
            Some(_) => $crate::span!($kind, $name $(, $($fields)*)?),
            None => $crate::tracing::Span::none(),
        }
    };
}

/// Makes a span the child of a remote one, where there is a valid one.
pub fn continue_from(span: &Span, traceparent: Option<&str>) {
    if let Some(parent) = traceparent.and_then(parse) {
        // Fails only where nobody collects this span.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// Notes on a span that its work was done together with that of another.
pub fn link(span: &Span, other: &Span) {
    span.add_link(other.context().span().span_context().clone());
}

/// A span as a `traceparent`; `None` for one that nobody collects.
pub fn traceparent_of(span: &Span) -> Option<String> {
    if !is_on() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    (context.is_valid() && context.is_sampled())
        .then(|| format!("00-{}-{}-01", context.trace_id(), context.span_id()))
}

/// The current span as a `traceparent`; `None` where nobody collects it.
pub fn traceparent() -> Option<String> {
    if is_on() { traceparent_of(&Span::current()) } else { None }
}

/// The id of a span's trace, for logs; `None` where nobody collects it.
pub fn trace_id(span: &Span) -> Option<String> {
    traceparent_of(span).and_then(|t| t.get(3..35).map(str::to_owned))
}

/// Whether a `traceparent` has the form of version 00: its length, its dashes, and no zero ids.
pub fn is_valid(traceparent: &str) -> bool {
    parse(traceparent).is_some()
}

fn parse(traceparent: &str) -> Option<SpanContext> {
    let hex = |text: &str| text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let mut parts = traceparent.split('-');
    let (version, trace, span, flags) =
        (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    // A later version may have more behind these.
    let whole = [version, trace, span, flags].map(str::len) == [2, 32, 16, 2];
    let known = version == "00" && parts.next().is_none() || version > "00" && version != "ff";
    if !whole || !known || ![version, trace, span, flags].into_iter().all(hex) {
        return None;
    }
    let flags = TraceFlags::new(u8::from_str_radix(flags, 16).ok()? & 1);
    let (trace, span) = (TraceId::from_hex(trace).ok()?, SpanId::from_hex(span).ok()?);
    let context = SpanContext::new(trace, span, flags, true, TraceState::NONE);
    context.is_valid().then_some(context)
}

#[cfg(test)]
mod tests {
    use opentelemetry::trace::TracerProvider;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn only_what_the_standard_allows_is_continued() {
        assert!(is_valid(PARENT));
        assert!(is_valid("01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-later"));
        for odd in [
            "",
            "00",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01x",
        ] {
            assert!(!is_valid(odd), "{odd}");
        }
    }

    #[test]
    fn a_span_continues_what_came_in_and_goes_out_under_its_own_id() {
        turn_on();
        let provider = SdkTracerProvider::builder().build();
        let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), || {
            let span = span!("server", "POST /things");
            continue_from(&span, Some(PARENT));
            let out = traceparent_of(&span).unwrap();
            assert_eq!(out[..36], PARENT[..36]);
            assert_ne!(out[36..52], PARENT[36..52]);
            assert_eq!(trace_id(&span).as_deref(), Some(&PARENT[3..35]));

            let unsampled = span!("server", "POST /things");
            continue_from(&unsampled, Some(&PARENT.replace("-01", "-00")));
            assert_eq!(traceparent_of(&unsampled), None);
        });
    }
}
