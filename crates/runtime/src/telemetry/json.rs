//! Log lines as JSON, one object a line.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use tracing::{
    Event, Level, Subscriber,
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
        let level = match *metadata.level() {
            Level::ERROR => "error",
            Level::WARN => "warn",
            Level::INFO => "info",
            Level::DEBUG => "debug",
            Level::TRACE => "trace",
        };
        let now = Utc::now().to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(writer, r#"{{"timestamp":"{now}","level":"{level}""#)?;
        // A line about a request names the service that it came to.
        if metadata.fields().field("service").is_none() {
            write!(writer, r#","service":"{}""#, self.service(metadata.target()))?;
        }
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
    /// A value that is JSON as it is displayed.
    fn write(&mut self, field: &Field, json: impl fmt::Display) {
        let name = field.name();
        self.message |= name == "message";
        self.result = self.result.and_then(|()| write!(self.writer, r#","{name}":{json}"#));
    }

    fn write_text(&mut self, field: &Field, text: &str) {
        let plain = |b: u8| b >= b' ' && b != b'"' && b != b'\\';
        if text.bytes().all(plain) {
            return self.write(field, format_args!("\"{text}\""));
        }
        self.write(field, serde_json::Value::from(text));
    }
}

impl Visit for Fields<'_, '_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.write_text(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.write_text(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.write(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.write(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // What is no number in JSON is null.
        self.write(field, serde_json::Value::from(value));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.write(field, value);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use serde_json::{Value, json};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_line_is_an_object_whatever_is_in_it() {
        const ODD: &str = "\"\\ \n\u{1}\u{2028} ü {}";
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .event_format(JsonLines::new("here"))
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            tracing::info!(plain = "a b", odd = ODD, n = 7_u64, m = -7, yes = true, "as {ODD}");
            tracing::warn!(half = 0.5, none = f64::NAN, shown = ?["x\""], service = "there");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text.matches(r#""service":"#).count(), 2, "one a line: {text}");
        let lines: Vec<Value> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        let [first, second] = &lines[..] else { panic!("{text}") };
        for (name, wanted) in [
            ("level", json!("info")),
            ("service", json!("here")),
            ("plain", json!("a b")),
            ("odd", json!(ODD)),
            ("n", json!(7)),
            ("m", json!(-7)),
            ("yes", json!(true)),
            ("message", json!(format!("as {ODD}"))),
        ] {
            assert_eq!(first[name], wanted, "{name}");
        }
        for (name, wanted) in [
            ("level", json!("warn")),
            ("service", json!("there")),
            ("half", json!(0.5)),
            ("none", Value::Null),
            ("shown", json!("[\"x\\\"\"]")),
            ("message", json!("")),
        ] {
            assert_eq!(second[name], wanted, "{name}");
        }
    }
}
