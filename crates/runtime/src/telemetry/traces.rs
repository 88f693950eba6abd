//! Spans to an OpenTelemetry collector (OTLP over HTTP), where one is named.

use std::{collections::HashMap, time::Duration};

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    trace::{Sampler, SdkTracerProvider},
};
use tracing_subscriber::{Layer, filter::filter_fn, registry::LookupSpan};

use crate::{
    Trust,
    config::{ConfigError, Env, error},
};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const SAMPLED: &str = "OTEL_TRACES_SAMPLER_ARG";
/// How long one export may take.
const EXPORT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the last export may keep a process from ending.
const LAST_EXPORT: Duration = Duration::from_secs(2);

/// Exports what is left when dropped.
pub(super) struct Exporter(SdkTracerProvider);

impl Drop for Exporter {
    fn drop(&mut self) {
        // There is nobody left to tell.
        let _ = self.0.shutdown_with_timeout(LAST_EXPORT);
    }
}

/// Starts to export spans under a service's name, if `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector.
pub(super) fn start<S>(
    env: &Env,
    name: &'static str,
) -> Result<Option<(impl Layer<S> + Send + Sync + use<S>, Exporter)>, ConfigError>
where
    S: tracing::Subscriber + for<'a> LookupSpan<'a> + Send + Sync,
{
    if env.text(ENDPOINT).is_none() {
        return Ok(None);
    }
    let endpoint = env.http_url(ENDPOINT, "http://localhost:4318")?;
    let sampled: f64 = env.or(SAMPLED, "1")?;
    if !(0.0..=1.0).contains(&sampled) {
        return Err(error(SAMPLED, "is not between 0 and 1", "0.01"));
    }
    let http = reqwest::blocking::Client::builder()
        .tls_backend_preconfigured(rustls::ClientConfig::clone(
            Trust::from_env(env)?.client_config(),
        ))
        .no_proxy()
        .timeout(EXPORT_TIMEOUT)
        .build()
        .map_err(|e| error(ENDPOINT, e.to_string(), "http://localhost:4318"))?;
    let exporter = SpanExporter::builder()
        .with_http()
        .with_http_client(http)
        .with_endpoint(format!("{endpoint}/v1/traces"))
        .with_headers(headers(env)?)
        .build()
        .map_err(|e| error(ENDPOINT, e.to_string(), "http://localhost:4318"))?;
    let resource = Resource::builder_empty()
        .with_service_name(name)
        .with_attribute(KeyValue::new("service.namespace", "userstream"))
        .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")))
        .build();
    let provider = SdkTracerProvider::builder()
        .with_batch_exporter(exporter)
        .with_sampler(Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(sampled))))
        .with_resource(resource)
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("userstream"))
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false)
        .with_filter(filter_fn(|metadata| metadata.target() == trace::TARGET));
    trace::turn_on();
    Ok(Some((layer, Exporter(provider))))
}

/// `name=value` pairs with commas between, such as a token that the collector wants.
fn headers(env: &Env) -> Result<HashMap<String, String>, ConfigError> {
    let pairs = env.text(HEADERS).unwrap_or_default().split(',').filter(|p| !p.trim().is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').ok_or_else(|| {
                // Not the pair itself: it may be a secret.
                error(HEADERS, "is not of the form name=value,name=value", "authorization=…")
            })?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}
