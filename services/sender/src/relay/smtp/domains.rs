//! How many e-mails are on their way to one domain.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// So many domains are remembered before those to which nothing is on its way are forgotten.
const REMEMBERED: usize = 1024;

/// A limit for each domain.
pub(super) struct Domains {
    limit: usize,
    places: Mutex<HashMap<String, Arc<Semaphore>>>,
}

impl Domains {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, places: Mutex::default() }
    }

    /// Waits for a place on the way to a domain, which is free again when the result is dropped.
    pub(super) async fn enter(&self, domain: &str) -> Option<OwnedSemaphorePermit> {
        let places = self.of(domain);
        // It is never closed.
        places.acquire_owned().await.ok()
    }

    fn of(&self, domain: &str) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = places.get(domain) {
            return known.clone();
        }
        if places.len() >= REMEMBERED {
            places.retain(|_, places| places.available_permits() < self.limit);
        }
        let new = Arc::new(Semaphore::new(self.limit));
        places.insert(domain.to_owned(), new.clone());
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_full_domain_holds_up_no_other_and_quiet_ones_are_forgotten() {
        let domains = Domains::new(2);
        let first = domains.enter("example.com").await;
        let _second = domains.enter("example.com").await;
        let mut third = Box::pin(domains.enter("example.com"));
        assert!(futures::poll!(&mut third).is_pending());
        for n in 0..3 * REMEMBERED {
            drop(domains.enter(&format!("example{n}.org")).await);
        }
        assert!(domains.places.lock().unwrap().len() <= REMEMBERED + 1);
        assert!(futures::poll!(&mut third).is_pending());
        drop(first);
        assert!(futures::poll!(&mut third).is_ready());
    }
}
