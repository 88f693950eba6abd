//! Logs to standard output, and measurements for `/metrics`.

mod json;
mod measurements;
mod output;
mod panics;
mod traces;

use std::io::{self, IsTerminal};

use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

pub(crate) use self::measurements::render;
pub use self::measurements::{init_metrics, room, watch_disk};
use self::output::{LogGuard, Output};
use crate::config::{ConfigError, Env, error};

/// Writes out logs and spans that are left when dropped. A process keeps it until its end.
#[must_use]
pub struct Telemetry {
    // In this order: the last export may have something to log.
    _traces: Option<traces::Exporter>,
    _logs: LogGuard,
}

/// Starts logs, measurements and traces of a process that goes by `name`: `LOG_LEVEL`, `LOG_FORMAT`,
/// `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_TRACES_SAMPLER_ARG`.
pub fn start(env: &Env, name: &'static str) -> Result<Telemetry, ConfigError> {
    let level = env.text("LOG_LEVEL").unwrap_or("info");
    // Libraries speak of what only their own developers need; what concerns us we say ourselves.
    let directives = match level {
        "off" | "error" | "warn" | "info" => {
            format!("{level},sqlx=warn,hyper=warn,lapin=off,opentelemetry=warn")
        }
        "debug" | "trace" => level.to_owned(),
        directives if directives.contains('=') => directives.to_owned(),
        _ => return Err(error("LOG_LEVEL", format!("{level:?} is not a level"), "info")),
    };
    // Spans are for collectors of traces.
    let filter = EnvFilter::try_new(format!("{directives},{}=off", trace::TARGET))
        .map_err(|e| error("LOG_LEVEL", format!("{level:?} cannot be used: {e}"), "info"))?;
    let terminal = io::stdout().is_terminal();
    let json = match env.text("LOG_FORMAT") {
        Some("json") => true,
        Some("text") => false,
        None => !terminal,
        Some(other) => {
            return Err(error("LOG_FORMAT", format!("{other:?} is neither json nor text"), "json"));
        }
    };
    let (output, guard) = Output::start(io::stdout());
    let layer = if json { json_layer(name, output) } else { text_layer(terminal, output) };
    let (spans, exporter) = traces::start(env, name)?.unzip();
    tracing_subscriber::registry().with(layer.with_filter(filter)).with(spans).init();
    panics::log_panics();
    init_metrics();
    Ok(Telemetry { _traces: exporter, _logs: guard })
}

type BoxedLayer = Box<dyn Layer<tracing_subscriber::Registry> + Send + Sync>;

fn json_layer(name: &'static str, output: Output) -> BoxedLayer {
    Box::new(
        fmt::layer()
            .event_format(json::JsonLines::new(name))
            .fmt_fields(fmt::format::JsonFields::new())
            .with_writer(output),
    )
}

fn text_layer(colors: bool, output: Output) -> BoxedLayer {
    Box::new(fmt::layer().compact().with_ansi(colors).with_writer(output))
}
