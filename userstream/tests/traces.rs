//! One trace through all services, as a collector gets it (OTLP over HTTP).

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{Router, body::Bytes, extract::State, http::HeaderMap, routing::post};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value as Any,
    trace::v1::Span,
};
use prost::Message;
use serde_json::json;
use testkit::{Console, Role, Split, SplitSettings, eventually};

const BINARY: &str = env!("CARGO_BIN_EXE_userstream");
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const CALLER: &str = "b7ad6b7169203331";

/// Spans as they came, each with the service that made it.
type Spans = Arc<Mutex<Vec<(String, Span)>>>;

/// A collector on a free port.
async fn collector() -> (String, Spans) {
    let spans = Spans::default();
    let take = async |State(spans): State<Spans>, headers: HeaderMap, body: Bytes| {
        assert_eq!(headers["content-type"], "application/x-protobuf");
        assert_eq!(headers["x-collector-token"], "t0ken");
        let request = ExportTraceServiceRequest::decode(body).unwrap();
        for resource in request.resource_spans {
            let attributes = &resource.resource.as_ref().unwrap().attributes;
            let name = attributes.iter().find(|a| a.key == "service.name").unwrap();
            let Some(Any::StringValue(service)) = name.value.clone().unwrap().value else {
                panic!("a service has a name")
            };
            let found = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
            spans.lock().unwrap().extend(found.map(|span| (service.clone(), span)));
        }
    };
    let app = Router::new().route("/v1/traces", post(take)).with_state(spans.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, spans)
}

#[tokio::test(flavor = "multi_thread")]
async fn one_trace_has_a_span_from_each_service_and_each_hangs_on_another() {
    let (url, spans) = collector().await;
    let settings = SplitSettings::embedded()
        .variable("OTEL_EXPORTER_OTLP_ENDPOINT", url)
        .variable("OTEL_EXPORTER_OTLP_HEADERS", "x-collector-token=t0ken");
    let split = Split::start(BINARY, settings).await;
    let traceparent = format!("00-{TRACE}-{CALLER}-01");
    let console: Console = split.console().await;

    // A person registers, and a report is asked for, under one trace of the caller's.
    let form = json!({"name": "Ada", "surname": "Lovelace", "email": "ada@example.com"});
    let url = split.url(Role::Frontend, "/api/registrations");
    let call = split.http().post(url).header("traceparent", &traceparent).json(&form);
    let answer: serde_json::Value = call.send().await.unwrap().json().await.unwrap();
    split.mailed(answer["id"].as_str().unwrap()).await;
    let call = console.call(reqwest::Method::POST, "/reports").header("traceparent", &traceparent);
    let answer = call.json(&json!({"format": "csv"})).send().await.unwrap();
    assert_eq!(answer.status(), 202);

    let wanted = [
        ("frontend", "POST /api/registrations"),
        ("frontend", "send user.registration"),
        ("queue-receiver", "process user.registration"),
        ("queue-receiver", "POST /users"),
        ("database-service", "POST /users/batch"),
        ("database-service", "INSERT registrations"),
        ("queue-receiver", "send email.notifications"),
        ("sender", "process email.notifications"),
        ("sender", "SMTP"),
        ("frontend", "POST /api/admin/reports"),
        ("report-generator", "POST /reports"),
        ("report-generator", "send report.requests"),
        ("report-generator", "process report.requests"),
        ("database-service", "GET /users/export"),
    ];
    let of_trace = || {
        let spans = spans.lock().unwrap();
        let ours = spans.iter().filter(|(_, span)| hex(&span.trace_id) == TRACE);
        ours.cloned().collect::<Vec<_>>()
    };
    let has = |found: &[(String, Span)], (service, name): (&str, &str)| {
        found.iter().any(|(s, span)| s == service && span.name == name)
    };
    let found = eventually("all spans have come", || async {
        let found = of_trace();
        wanted.iter().all(|span| has(&found, *span)).then_some(found)
    });
    let found = tokio::time::timeout(Duration::from_mins(1), found).await;
    let found = found.unwrap_or_else(|_| {
        let names: Vec<_> = of_trace().into_iter().map(|(s, span)| (s, span.name)).collect();
        panic!("missing spans: {names:#?}")
    });

    // Every span's parent is in the trace too, or the caller's.
    let parents: BTreeMap<_, _> = found.iter().map(|(_, s)| (s.span_id.clone(), s)).collect();
    for (service, span) in &found {
        let known = parents.contains_key(&span.parent_span_id);
        assert!(known || hex(&span.parent_span_id) == CALLER, "{service} {}", span.name);
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
        let told = format!("{span:?}");
        assert!(!told.contains("ada@") && !told.contains("Lovelace"), "{told}");
    }
    let of = |name: &str| &found.iter().find(|(_, s)| s.name == name).unwrap().1;
    let (sent, process) = (of("send user.registration"), of("process user.registration"));
    assert_eq!(process.parent_span_id, sent.span_id);
    assert_eq!(of("INSERT registrations").parent_span_id, of("POST /users/batch").span_id);

    // Nobody's polling makes traces of its own.
    let all = spans.lock().unwrap();
    let alone = all.iter().filter(|(s, span)| s != "frontend" && span.parent_span_id.is_empty());
    let alone: Vec<_> = alone.map(|(service, span)| (service, &span.name)).collect();
    assert!(alone.is_empty(), "{alone:?}");
}

fn hex(bytes: &[u8]) -> String {
    hex::encode(bytes)
}
