//! The store behind a Database Service: each method is one call.
//!
//! A service that is away or busy, or does not accept our token, is [`crate::StoreError::Unavailable`]. One
//! that failed at what it was asked (500), and an answer that does not fit the contract, is
//! [`crate::StoreError::Failed`]. What may be said twice is said again a few times within a second before
//! that; what may not, only if it certainly did nothing.

mod accounts;
mod call;
mod logins;
mod ndjson;
mod notifications;
mod overview;
mod page;
mod registrations;
mod reports;
mod schedules;
mod templates;
mod users;

use std::{fmt, sync::Arc};

/// Makes the token that a call proves itself with; asked once for every call.
pub type TokenSource = Arc<dyn Fn() -> String + Send + Sync>;

/// A store that speaks to a Database Service. Cheap to clone.
#[derive(Clone)]
pub struct RemoteStore {
    base_url: Arc<str>,
    client: reqwest::Client,
    token: TokenSource,
}

impl RemoteStore {
    /// A store at `base_url`, such as `http://localhost:8083`. Nothing is sent yet.
    pub fn new(base_url: impl AsRef<str>, client: reqwest::Client, token: TokenSource) -> Self {
        Self { base_url: base_url.as_ref().trim_end_matches('/').into(), client, token }
    }
}

impl fmt::Debug for RemoteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RemoteStore").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}
