//! Measurements of requests, by route.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use metrics::{Counter, Histogram};

/// The measurements of one service. Each is looked up by its labels once, and then known by its route.
pub(super) struct Measures {
    service: &'static str,
    by_route: RwLock<HashMap<String, Vec<Measure>>>,
}

#[derive(Clone)]
struct Measure {
    method: &'static str,
    status: u16,
    requests: Counter,
    durations: Histogram,
}

impl Measures {
    pub(super) fn new(service: &'static str) -> Self {
        Self { service, by_route: RwLock::default() }
    }

    /// The service that is measured.
    pub(super) fn service(&self) -> &'static str {
        self.service
    }

    /// Notes a request and how many seconds it took. A route is one of ours, and methods and statuses
    /// are few: no client can make more of these than there are.
    pub(super) fn record(&self, method: &'static str, route: &str, status: u16, seconds: f64) {
        let measure = self.known(method, route, status);
        let measure = measure.unwrap_or_else(|| self.add(method, route, status));
        measure.requests.increment(1);
        measure.durations.record(seconds);
    }

    fn known(&self, method: &'static str, route: &str, status: u16) -> Option<Measure> {
        let by_route = self.by_route.read().unwrap_or_else(PoisonError::into_inner);
        let same = |m: &&Measure| m.method == method && m.status == status;
        by_route.get(route)?.iter().find(same).cloned()
    }

    fn add(&self, method: &'static str, route: &str, status: u16) -> Measure {
        let labels = [
            ("service", self.service.to_owned()),
            ("method", method.to_owned()),
            ("route", route.to_owned()),
            ("status", status.to_string()),
        ];
        let requests = metrics::counter!("userstream_http_requests_total", &labels);
        let durations = metrics::histogram!("userstream_http_request_duration_seconds", &labels);
        let measure = Measure { method, status, requests, durations };
        let mut by_route = self.by_route.write().unwrap_or_else(PoisonError::into_inner);
        by_route.entry(route.to_owned()).or_default().push(measure.clone());
        measure
    }
}
