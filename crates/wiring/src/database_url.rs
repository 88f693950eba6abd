//! A database's URL from its parts.

use std::fmt::Write;

use runtime::{ConfigError, Env};

/// The variables that name a PostgreSQL database together; each has a default, but the password.
pub const PARTS: [&str; 6] =
    ["DB_HOST", "DB_PORT", "DB_NAME", "DB_USER", "DB_PASSWORD", "DB_SSLMODE"];

/// The URL that [`PARTS`] make together.
pub(crate) fn from_parts(env: &Env) -> Result<String, ConfigError> {
    let port: u16 = env.or("DB_PORT", "5432")?;
    let host = match env.text("DB_HOST").unwrap_or("localhost") {
        // IPv6; a path is the folder of a socket.
        host if host.contains(':') && !host.starts_with('[') => format!("[{host}]"),
        host if host.starts_with('/') => encoded(host),
        host => host.to_owned(),
    };
    let user = encoded(env.text("DB_USER").unwrap_or("postgres"));
    let name = encoded(env.text("DB_NAME").unwrap_or("userstream"));
    let password = env.secret("DB_PASSWORD");
    let password = password.map_or(String::new(), |p| format!(":{}", encoded(p.expose())));
    let mode = env.text("DB_SSLMODE").map_or(String::new(), |mode| format!("?sslmode={mode}"));
    Ok(format!("postgres://{user}{password}@{host}:{port}/{name}{mode}"))
}

/// The URL of a database with the authority that its certificate is checked by: `TLS_CA_FILE`, unless it
/// names one itself.
pub(crate) fn with_authority(url: String, env: &Env) -> String {
    let Some(file) = env.text("TLS_CA_FILE") else { return url };
    let (base, query) = url.split_once('?').unwrap_or((&url, ""));
    let names_one = ["sslrootcert=", "ssl-root-cert=", "ssl-ca="].iter().any(|p| query.contains(p));
    if names_one || !base.starts_with("postgres") {
        return url;
    }
    let more = if query.is_empty() { "" } else { "&" };
    format!("{base}?{query}{more}sslrootcert={}", encoded(file))
}

/// A text as a part of a URL (RFC 3986, section 2.1).
fn encoded(text: &str) -> String {
    let mut url = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(variables: &[(&str, &str)]) -> String {
        from_parts(&Env::from_values(variables.iter().copied())).unwrap()
    }

    #[test]
    fn every_part_has_its_place_whatever_is_in_it() {
        assert_eq!(url(&[]), "postgres://postgres@localhost:5432/userstream");
        assert_eq!(
            url(&[
                ("DB_HOST", "db.example.com"),
                ("DB_PORT", "6543"),
                ("DB_NAME", "my people"),
                ("DB_USER", "ada@lovelace"),
                ("DB_PASSWORD", "p:/?#[]@%ß"),
            ]),
            "postgres://ada%40lovelace:p%3A%2F%3F%23%5B%5D%40%25%C3%9F@db.example.com:6543/my%20people"
        );
        assert!(url(&[("DB_HOST", "::1")]).contains("@[::1]:5432/"));
        assert!(url(&[("DB_HOST", "/run/postgresql")]).contains("@%2Frun%2Fpostgresql:5432/"));
        assert!(url(&[("DB_SSLMODE", "verify-full")]).ends_with("/userstream?sslmode=verify-full"));
        let wrong = from_parts(&Env::from_values([("DB_PORT", "many")])).unwrap_err();
        assert_eq!(wrong.variable, "DB_PORT");
    }

    #[test]
    fn a_certificate_is_checked_by_the_authority_that_is_trusted() {
        let env = Env::from_values([("TLS_CA_FILE", "/etc/our ca.pem")]);
        let with = |url: &str| with_authority(url.into(), &env);
        assert_eq!(with("postgres://h/d"), "postgres://h/d?sslrootcert=%2Fetc%2Four%20ca.pem");
        assert_eq!(
            with("postgres://h/d?sslmode=verify-full"),
            "postgres://h/d?sslmode=verify-full&sslrootcert=%2Fetc%2Four%20ca.pem"
        );
        for url in ["postgres://h/d?sslrootcert=x", "sqlite:users.db"] {
            assert_eq!(with(url), url);
        }
        let none = Env::from_values([] as [(&str, &str); 0]);
        assert_eq!(with_authority("postgres://h/d".into(), &none), "postgres://h/d");
    }
}
