//! The first answers to recent idempotency keys.
//!
//! The id of a keyed request is derived from key and content, so a repeat gets the same id after a
//! restart and from another copy of this service too. What is remembered here only adds two things:
//! a repeat is not published again, and a key that comes back with other content is told so.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use domain::RegistrationId;
use lru::LruCache;
use sha2::{Digest, Sha256};

/// As many keys as fit in a few megabytes.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(20_000).expect("it is not zero");

type Hash = [u8; 32];

/// The memory.
pub(super) struct Answers(Mutex<LruCache<Hash, (Hash, RegistrationId)>>);

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It came with the same content, and this was the answer.
    Same(RegistrationId),
    /// It came with other content.
    Other,
    /// Nothing.
    Nothing,
}

impl Default for Answers {
    fn default() -> Self {
        Self(Mutex::new(LruCache::new(CAPACITY)))
    }
}

impl Answers {
    pub(super) fn find(&self, key: &[u8], content: &[u8]) -> Known {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match answers.get(&hash(key)) {
            Some((known, id)) if *known == hash(content) => Known::Same(*id),
            Some(_) => Known::Other,
            None => Known::Nothing,
        }
    }

    /// To be called only once the registration is durable.
    pub(super) fn remember(&self, key: &[u8], content: &[u8], id: RegistrationId) {
        let mut answers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        answers.put(hash(key), (hash(content), id));
    }
}

fn hash(bytes: &[u8]) -> Hash {
    Sha256::digest(bytes).into()
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_key_remembers_its_content() {
        let answers = Answers::default();
        let id = RegistrationId(Uuid::new_v4());
        assert_eq!(answers.find(b"k", b"a"), Known::Nothing);
        answers.remember(b"k", b"a", id);
        assert_eq!(answers.find(b"k", b"a"), Known::Same(id));
        assert_eq!(answers.find(b"k", b"b"), Known::Other);
        assert_eq!(answers.find(b"l", b"a"), Known::Nothing);
    }
}
