//! What a split system is to be.

use std::{collections::BTreeMap, sync::Arc};

use crate::{Authority, Role};

/// What a split system runs on, and in how many copies.
#[derive(Clone, Debug)]
pub struct SplitSettings {
    pub(super) queue: String,
    pub(super) database: String,
    pub(super) copies: BTreeMap<Role, usize>,
    pub(super) variables: Vec<(&'static str, String)>,
    pub(super) tls: Option<Arc<Authority>>,
}

impl SplitSettings {
    /// One copy of each service on this queue and this database. Paths are relative to the system's
    /// folder.
    pub fn on(queue_url: impl Into<String>, database_url: impl Into<String>) -> Self {
        Self {
            queue: queue_url.into(),
            database: database_url.into(),
            copies: Role::ALL.map(|role| (role, 1)).into(),
            variables: vec![("RATE_LIMIT_PER_MINUTE", "0".into())],
            tls: None,
        }
    }

    /// On SQLite and the embedded queue, in files that the processes share.
    pub fn embedded() -> Self {
        Self::on("sqlite:queue.db", "sqlite:userstream.db")
    }

    /// So many copies of a service.
    #[must_use]
    pub fn copies(mut self, role: Role, copies: usize) -> Self {
        self.copies.insert(role, copies);
        self
    }

    /// Every service speaks HTTPS, with a certificate that this authority signs, and trusts nobody else's
    /// beside those that the system trusts.
    #[must_use]
    pub fn tls(mut self, authority: Authority) -> Self {
        self.tls = Some(Arc::new(authority));
        self
    }

    /// A variable of every service.
    #[must_use]
    pub fn variable(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.variables.retain(|(n, _)| *n != name);
        self.variables.push((name, value.into()));
        self
    }
}
