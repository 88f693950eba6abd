//! What can be set.

use std::path::PathBuf;

use lettre::message::Mailbox;
use queue::RetryDelays;
use runtime::{ConfigError, Env, config::error};

/// The service's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The folder that each e-mail is written to.
    pub outbox_dir: PathBuf,
    /// Who the e-mails are from.
    pub from: Mailbox,
    /// The address that links in e-mails start with.
    pub public_url: String,
    /// Delays between attempts at one e-mail.
    pub retry_delays: RetryDelays,
}

impl Settings {
    /// Reads `MAIL_OUTBOX_DIR`, `SMTP_FROM`, `PUBLIC_URL` and `RETRY_DELAYS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        if env.is_set("SMTP_HOST") {
            // Better no start than a log full of e-mails that went nowhere.
            let problem =
                "delivery by SMTP is not part of this version; unset it and set MAIL_OUTBOX_DIR";
            return Err(error("SMTP_HOST", problem, ""));
        }
        Ok(Self {
            outbox_dir: env.required("MAIL_OUTBOX_DIR", "var/outbox")?.into(),
            from: env.or("SMTP_FROM", "UserStream <no-reply@example.com>")?,
            public_url: env.http_url("PUBLIC_URL", "http://localhost:3000")?,
            retry_delays: env.or("RETRY_DELAYS", "30s,2m,10m,1h,4h")?,
        })
    }
}
