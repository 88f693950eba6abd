//! How often one client, or one address, may call. Memory is bounded: beyond [`CAPACITY`] keys whoever was
//! quiet the longest is forgotten.

use std::{
    hash::{BuildHasher, Hash, RandomState},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse, Response},
};
use lru::LruCache;
use runtime::{Problem, http::openapi};
use utoipa_axum::router::OpenApiRouter;

use crate::client::{ClientAddresses, counted};

/// Keys that are remembered: some 10 MB.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(100_000).expect("it is not zero");

/// So many calls in a period by each key, all of which may come at once; then evenly spread (GCRA, the
/// generic cell rate algorithm).
pub(crate) struct Limit {
    /// How much one call costs of the time to come.
    each: Duration,
    /// How far ahead of the time a key may be.
    burst: Duration,
    keys: RandomState,
    /// When each key will have paid for its calls.
    paid_at: Mutex<LruCache<u64, Instant>>,
}

impl Limit {
    /// `None` for no limit.
    pub(crate) fn new(calls: u32, period: Duration) -> Option<Self> {
        (calls > 0).then(|| Self {
            each: period / calls,
            burst: period,
            keys: RandomState::new(),
            paid_at: Mutex::new(LruCache::new(CAPACITY)),
        })
    }

    /// Counts a call, or says how long to wait.
    pub(crate) fn check(&self, key: impl Hash) -> Result<(), Duration> {
        self.check_at(key, Instant::now())
    }

    fn check_at(&self, key: impl Hash, now: Instant) -> Result<(), Duration> {
        let key = self.keys.hash_one(key);
        let mut keys = self.paid_at.lock().unwrap_or_else(PoisonError::into_inner);
        let paid_at = keys.get_or_insert_mut(key, || now);
        let would_be = (*paid_at).max(now) + self.each;
        match would_be.checked_duration_since(now + self.burst) {
            Some(wait) if !wait.is_zero() => Err(wait),
            _ => {
                *paid_at = would_be;
                Ok(())
            }
        }
    }
}

/// How often people may look: at the pages behind links, and how far a registration has come.
#[derive(Clone)]
pub(crate) struct Visits {
    limit: Option<Arc<Limit>>,
    clients: Arc<ClientAddresses>,
}

impl Visits {
    pub(crate) fn new(limit: Option<Limit>, clients: Arc<ClientAddresses>) -> Self {
        Self { limit: limit.map(Arc::new), clients }
    }
}

impl Visits {
    /// Limits these routes, and says so in their documentation.
    pub(crate) fn limit<S: Clone + Send + Sync + 'static>(
        self,
        routes: OpenApiRouter<S>,
    ) -> OpenApiRouter<S> {
        openapi::document(routes, StatusCode::TOO_MANY_REQUESTS, "Too many calls; see Retry-After")
            .route_layer(from_fn_with_state(self, visits))
    }
}

/// 429 for a client that looks too often.
async fn visits(
    State(Visits { limit, clients }): State<Visits>,
    ConnectInfo(peer): ConnectInfo<std::net::SocketAddr>,
    request: Request,
    next: Next,
) -> Response {
    let Some(limit) = limit else { return next.run(request).await };
    match limit.check(counted(clients.of(peer, request.headers()))) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let detail = "Too many calls from your network. Please wait a moment.";
            Problem::too_many(detail, wait).into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_mins(1);

    #[test]
    fn a_whole_period_at_once_then_evenly() {
        let limit = Limit::new(60, MINUTE).unwrap();
        let start = Instant::now();
        let allowed = |key, at| (0..100).filter(|_| limit.check_at(key, at).is_ok()).count();
        assert_eq!(allowed("a", start), 60);
        assert_eq!(limit.check_at("a", start), Err(Duration::from_secs(1)));
        assert_eq!(allowed("b", start), 60, "each key by itself");
        assert_eq!(allowed("a", start + Duration::from_secs(1)), 1);
        assert_eq!(allowed("a", start + Duration::from_secs(30)), 29);
        assert_eq!(allowed("a", start + MINUTE * 3), 60, "and no more is saved up");
        assert!(Limit::new(0, MINUTE).is_none());
    }

    #[test]
    fn memory_does_not_grow_with_visitors() {
        let limit = Limit::new(1, MINUTE).unwrap();
        let now = Instant::now();
        for client in 0..CAPACITY.get() * 2 {
            assert!(limit.check_at(client, now).is_ok());
        }
        assert_eq!(limit.paid_at.lock().unwrap().len(), CAPACITY.get());
        assert!(limit.check_at(CAPACITY.get() * 2 - 1, now).is_err(), "the latest is remembered");
    }
}
