//! What can be set.

use queue::RetryDelays;
use runtime::{ConfigError, Env};

/// The service's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Delays between attempts at one message.
    pub retry_delays: RetryDelays,
}

impl Settings {
    /// Reads `RETRY_DELAYS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        Ok(Self { retry_delays: env.or("RETRY_DELAYS", "1s,5s,30s,2m,10m")? })
    }
}
