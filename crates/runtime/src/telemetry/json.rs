//! Log lines as JSON, one object a line.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{
    fmt::{FmtContext, FormatEvent, FormatFields, format::Writer},
    registry::LookupSpan,
};

/// Writes `timestamp`, `level`, `service`, `message`, and the event's own fields.
pub(super) struct JsonLines {
    process: &'static str,
}

impl JsonLines {
    pub(super) fn new(process: &'static str) -> Self {
        Self { process }
    }

    /// The service that speaks: the one whose code it is, else the process.
    fn service(&self, target: &str) -> &str {
        match target.split("::").next().unwrap_or_default() {
            "frontend" => "frontend",
            "queue_receiver" => "queue-receiver",
            "sender" => "sender",
            "database_service" => "database-service",
            "report_generator" => "report-generator",
            _ => self.process,
        }
    }
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let metadata = event.metadata();
        let level = metadata.level().as_str().to_ascii_lowercase();
        write!(
            writer,
            r#"{{"timestamp":"{}","level":"{level}","service":"{}""#,
            Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true),
            self.service(metadata.target()),
        )?;
        let mut fields = Fields { writer: &mut writer, message: false, result: Ok(()) };
        event.record(&mut fields);
        let Fields { message, result, .. } = fields;
        result?;
        writeln!(writer, "{}}}", if message { "" } else { r#","message":"""# })
    }
}

/// Writes each field as it comes.
struct Fields<'a, 'w> {
    writer: &'a mut Writer<'w>,
    /// Whether there was a message; every line has one.
    message: bool,
    result: fmt::Result,
}

impl Fields<'_, '_> {
    fn write(&mut self, field: &Field, value: impl Serialize) {
        self.message |= field.name() == "message";
        let json = serde_json::to_string(&value).unwrap_or_else(|_| "null".into());
        let name = field.name();
        self.result = self.result.and_then(|()| write!(self.writer, r#","{name}":{json}"#));
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write(field, format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.write(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, value);
    }
}
