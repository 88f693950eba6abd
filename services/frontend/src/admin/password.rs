//! Passwords by Argon2id.

use std::sync::{Arc, LazyLock};

use argon2::{
    Argon2,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use domain::FieldError;
use runtime::Secret;
use tokio::sync::Semaphore;

/// The shortest password of an account, in characters (NIST SP 800-63B asks for 8; these guard other
/// people's data).
const MIN_CHARS: usize = 10;
/// The longest, in bytes.
const MAX_BYTES: usize = 1024;

/// Whether a password may be one.
pub(crate) fn check(field: &str, password: &str) -> Result<(), FieldError> {
    if password.chars().count() < MIN_CHARS {
        let message = format!("A password has at least {MIN_CHARS} characters.");
        return Err(FieldError::new(field, "too_short", message));
    }
    if password.len() > MAX_BYTES {
        let message = format!("A password has at most {MAX_BYTES} bytes.");
        return Err(FieldError::new(field, "too_long", message));
    }
    Ok(())
}

/// Each hash takes 19 MiB for a moment (the OWASP minimum): few at a time keep memory flat.
const AT_ONCE: usize = 2;

/// A hash of no one's password, so that an unknown address takes as long as a known one.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody's password").unwrap_or_default());

/// Hashes and checks passwords, off the threads that serve requests.
#[derive(Clone)]
pub(super) struct Passwords(Arc<Semaphore>);

impl Passwords {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(AT_ONCE)))
    }

    /// The hash of a password as a PHC string.
    pub(super) async fn hash(&self, password: Secret) -> Result<String, String> {
        self.off_thread(move || hash(password.expose())).await.unwrap_or_else(Err)
    }

    /// Whether a password belongs to a hash; `None` stands for an account that is not there, and
    /// takes as long.
    pub(super) async fn verify(&self, password: Secret, hash: Option<String>) -> bool {
        let check = move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| NOBODY.clone());
            let Ok(hash) = PasswordHash::new(&hash) else { return false };
            let matches = Argon2::default().verify_password(password.expose().as_bytes(), &hash);
            known && matches.is_ok()
        };
        self.off_thread(check).await.unwrap_or(false)
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, String> {
        let _turn = self.0.acquire().await.map_err(|e| e.to_string())?;
        tokio::task::spawn_blocking(work).await.map_err(|e| e.to_string())
    }
}

fn hash(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    hash.map(|h| h.to_string()).map_err(|e| e.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_opens_its_own_account_only() {
        let passwords = Passwords::new();
        let hash = passwords.hash(Secret::new("correct horse")).await.unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(passwords.verify(Secret::new("correct horse"), Some(hash.clone())).await);
        assert!(!passwords.verify(Secret::new("wrong horse"), Some(hash)).await);
        assert!(!passwords.verify(Secret::new("nobody's password"), None).await);
    }
}
