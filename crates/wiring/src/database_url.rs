//! A database's URL from its parts.

use std::fmt::Write;

use runtime::{ConfigError, Env};

/// The URL that `DB_HOST`, `DB_PORT`, `DB_NAME`, `DB_USER` and `DB_PASSWORD` make together.
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
    Ok(format!("postgres://{user}{password}@{host}:{port}/{name}"))
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
        let wrong = from_parts(&Env::from_values([("DB_PORT", "many")])).unwrap_err();
        assert_eq!(wrong.variable, "DB_PORT");
    }
}
