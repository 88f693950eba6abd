//! What can be set.

use std::net::IpAddr;

use axum::http::HeaderValue;
use domain::EmailAddress;
use ipnet::IpNet;
use runtime::{ConfigError, Env, Secret, config::error};

use crate::admin::password;

/// The service's settings.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address that people reach the site at.
    pub public_url: String,
    /// Registrations per client address and minute; 0 turns the limit off.
    pub rate_limit_per_minute: u32,
    /// Registrations per e-mail address and hour; 0 turns the limit off.
    pub rate_limit_per_address: u32,
    /// Proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Other sites whose pages may send registrations.
    pub allowed_origins: AllowedOrigins,
    /// The account to create when there is none.
    pub first_administrator: Option<FirstAdministrator>,
}

/// Other sites whose pages may send registrations (CORS).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// These, as browsers write them in `Origin`; often none.
    These(Vec<HeaderValue>),
    /// All there are.
    Any,
}

/// The account to create when there is none.
#[derive(Clone, Debug)]
pub struct FirstAdministrator {
    /// To log in with.
    pub email: EmailAddress,
    /// To log in with.
    pub password: Secret,
}

impl Settings {
    /// Reads `PUBLIC_URL`, `RATE_LIMIT_PER_MINUTE`, `RATE_LIMIT_PER_ADDRESS`, `TRUSTED_PROXIES`,
    /// `CORS_ALLOWED_ORIGINS`, `ADMIN_EMAIL` and `ADMIN_PASSWORD`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let rate_limit_per_minute = env.or("RATE_LIMIT_PER_MINUTE", "60")?;
        // Who turns the one off means both.
        let per_address = if rate_limit_per_minute == 0 { "0" } else { "60" };
        Ok(Self {
            public_url: env.http_url("PUBLIC_URL", "http://localhost:3000")?,
            rate_limit_per_minute,
            rate_limit_per_address: env.or("RATE_LIMIT_PER_ADDRESS", per_address)?,
            allowed_origins: origins(env)?,
            trusted_proxies: networks(env)?,
            first_administrator: first_administrator(env)?,
        })
    }
}

fn networks(env: &Env) -> Result<Vec<IpNet>, ConfigError> {
    let list = env.text("TRUSTED_PROXIES").unwrap_or_default();
    let parse = |text: &str| {
        let network = text.parse::<IpNet>().ok();
        network.or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from)).ok_or_else(|| {
            let problem = format!("{text:?} is neither a network nor an address");
            error("TRUSTED_PROXIES", problem, "10.0.0.0/8,192.168.1.1")
        })
    };
    list.split(',').map(str::trim).filter(|t| !t.is_empty()).map(parse).collect()
}

fn origins(env: &Env) -> Result<AllowedOrigins, ConfigError> {
    let list = env.text("CORS_ALLOWED_ORIGINS").unwrap_or_default();
    if list == "*" {
        return Ok(AllowedOrigins::Any);
    }
    let parse = |text: &str| {
        let url = url::Url::parse(text).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
        let origin = url.map(|url| url.origin().ascii_serialization());
        // A path would never match what a browser sends.
        let origin = origin.filter(|origin| origin == text.trim_end_matches('/'));
        origin.and_then(|origin| origin.parse().ok()).ok_or_else(|| {
            let problem =
                format!("{text:?} is no origin: a scheme, a host, and a port where it has one");
            error("CORS_ALLOWED_ORIGINS", problem, "https://www.example.com,https://example.com")
        })
    };
    let parts = list.split(',').map(str::trim).filter(|t| !t.is_empty());
    parts.map(parse).collect::<Result<_, _>>().map(AllowedOrigins::These)
}

fn first_administrator(env: &Env) -> Result<Option<FirstAdministrator>, ConfigError> {
    match (env.text("ADMIN_EMAIL"), env.secret("ADMIN_PASSWORD")) {
        (None, None) => Ok(None),
        (Some(email), Some(password)) => {
            let email = EmailAddress::parse(email).map_err(|e| {
                error("ADMIN_EMAIL", format!("the address {e}"), "admin@example.com")
            })?;
            password::check("ADMIN_PASSWORD", password.expose())
                .map_err(|e| error("ADMIN_PASSWORD", e.message, "a sentence that only you know"))?;
            Ok(Some(FirstAdministrator { email, password }))
        }
        (Some(_), None) => Err(error(
            "ADMIN_PASSWORD",
            "is not set, but ADMIN_EMAIL is",
            "a sentence that only you know",
        )),
        (None, Some(_)) => {
            Err(error("ADMIN_EMAIL", "is not set, but ADMIN_PASSWORD is", "admin@example.com"))
        }
    }
}
