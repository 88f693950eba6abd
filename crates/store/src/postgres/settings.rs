//! Where the database is.

use std::{fmt, str::FromStr};

use sqlx::postgres::PgConnectOptions;

use crate::StoreError;

/// The parameters that a URL may have behind its `?`.
const PARAMETERS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// Where the database is, and how to get in.
#[derive(Clone)]
pub struct PostgresSettings {
    /// The primary: `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full&sslrootcert=FILE`.
    /// `sslmode` is `disable`, `allow`, `prefer` (the default), `require`, `verify-ca` or `verify-full`.
    pub url: String,
    /// A replica, for lists and exports. It may lag behind; what must be true now is asked of the
    /// primary.
    pub read_replica_url: Option<String>,
}

impl fmt::Debug for PostgresSettings {
    /// A URL holds a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresSettings")
            .field("read_replica", &self.read_replica_url.is_some())
            .finish_non_exhaustive()
    }
}

/// Whether a URL can be used at all.
pub(crate) fn check_url(url: &str) -> Result<(), StoreError> {
    parse(url).map(drop)
}

/// A URL as the driver's options.
pub(super) fn parse(url: &str) -> Result<PgConnectOptions, StoreError> {
    let unusable = |e: sqlx::Error| {
        // Neither the URL nor its parts: a password may be in any of them where it is mistyped.
        StoreError::Failed(format!(
            "the URL cannot be used ({}); it is of the form \
             postgres://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for an @ in a password, and so on",
            match e {
                sqlx::Error::Configuration(e) => e.to_string(),
                _ => "it does not parse".into(),
            }
        ))
    };
    let options = PgConnectOptions::from_str(&known_parameters(url)).map_err(unusable)?;
    let named = options.get_application_name().is_some();
    let options = if named { options } else { options.application_name("userstream") };
    Ok(options)
}

/// The URL without the parameters that the driver does not know: it would log them with their values.
fn known_parameters(url: &str) -> String {
    let Some((base, query)) = url.split_once('?') else { return url.to_owned() };
    let (known, unknown): (Vec<_>, Vec<_>) = query.split('&').partition(|pair| {
        let key = pair.split('=').next().unwrap_or_default();
        PARAMETERS.contains(&key) || key.starts_with("options[")
    });
    for pair in unknown.into_iter().filter(|pair| !pair.is_empty()) {
        let key = pair.split('=').next().unwrap_or_default();
        tracing::warn!(parameter = key, "this parameter of the database's URL is not known here");
    }
    if known.is_empty() { base.to_owned() } else { format!("{base}?{}", known.join("&")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_all() {
        let url =
            "postgres://ada:p%40ss@db.example.com:5433/people?sslmode=verify-full&pasword=hunter2";
        let options = parse(url).unwrap();
        assert_eq!(
            (options.get_host(), options.get_port(), options.get_username()),
            ("db.example.com", 5433, "ada")
        );
        assert_eq!(options.get_database(), Some("people"));
        assert!(matches!(options.get_ssl_mode(), sqlx::postgres::PgSslMode::VerifyFull));
        assert_eq!(options.get_application_name(), Some("userstream"));
    }

    #[test]
    fn no_password_is_told() {
        let settings = PostgresSettings {
            url: "postgres://u:hunter2@h/d".into(),
            read_replica_url: Some("postgres://u:hunter2@r/d".into()),
        };
        assert!(!format!("{settings:?}").contains("hunter2"));
        for url in ["postgres://u:hunter2@h:port/d", "postgres://u:hunter2@h/d?sslmode=perhaps"] {
            let error = parse(url).expect_err(url).to_string();
            assert!(!error.contains("hunter2") && error.contains("postgres://USER"), "{error}");
        }
        // What is mistyped may be read as something else.
        for url in ["postgres://u:hun/ter2@h/d", "postgres:hunter2"] {
            if let Err(error) = parse(url) {
                assert!(!error.to_string().contains("ter2"), "{error}");
            }
        }
    }
}
