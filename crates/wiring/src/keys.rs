//! What is derived from the one secret.

use std::sync::Arc;

use domain::{IdKey, LinkKeys, RegistrationIdIssuer};
use runtime::{ConfigError, Env, Secret, ServiceTokens, tokens::secrets};

/// The keys that are derived from the one secret.
pub struct Keys {
    /// Between services.
    pub tokens: ServiceTokens,
    /// Of registrations.
    pub ids: Arc<RegistrationIdIssuer>,
    /// Of links in e-mails.
    pub links: LinkKeys,
}

impl Keys {
    /// Reads `JWT_SECRET` and `JWT_SECRET_PREVIOUS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let (secret, previous) = secrets(env)?;
        Ok(Self::new(&secret, previous.as_ref()))
    }

    fn new(secret: &Secret, previous: Option<&Secret>) -> Self {
        let bytes = |s: &'_ Secret| s.expose().as_bytes().to_vec();
        let (current, previous_bytes) = (bytes(secret), previous.map(bytes));
        let previous_slice = previous_bytes.as_deref();
        Self {
            tokens: ServiceTokens::new(secret, previous),
            ids: Arc::new(RegistrationIdIssuer::new(
                IdKey::derive(&current),
                previous_slice.map(IdKey::derive),
            )),
            links: LinkKeys::derive(&current, previous_slice),
        }
    }
}
