//! Service tokens: how one service knows another.
//!
//! A token is a JWT (RFC 7519) signed with HS256 over the shared secret: `iss` is the caller, `aud`
//! the called service, `exp` at most five minutes ahead. No other algorithm is even compiled in.

mod hs256;
mod middleware;

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, errors::ErrorKind};
use serde::{Deserialize, Serialize};

pub use self::middleware::{Caller, require};
use crate::config::{ConfigError, Env, Secret, error};

/// The longest life of a token.
pub const MAX_LIFETIME: Duration = Duration::from_mins(5);
/// How far two clocks may differ.
const LEEWAY: Duration = Duration::from_secs(10);
/// The shortest secret, in bytes: as many as the hash has.
const MIN_SECRET_BYTES: usize = 32;

/// Makes and checks service tokens.
#[derive(Clone)]
pub struct ServiceTokens {
    sign: EncodingKey,
    verify: Vec<DecodingKey>,
}

/// What our own tokens say.
#[derive(Serialize)]
struct Claims<'a> {
    /// Who calls.
    iss: &'a str,
    /// Who is called: a service's folder name.
    aud: &'a str,
    /// When the token ends, in seconds since 1970.
    exp: u64,
}

/// What is read of a token. Whom it is for, one or several, is checked with its signature.
#[derive(Deserialize)]
struct Presented {
    iss: String,
    /// May have a fraction (RFC 7519, section 2).
    exp: f64,
}

/// Why a token was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Forged, malformed, ended, or valid for too long.
    #[error("the token is not valid")]
    Invalid,
    /// Made for another service.
    #[error("the token is for another service")]
    Audience,
}

impl ServiceTokens {
    /// Signs with `secret`; accepts tokens signed with it or with the previous one.
    pub fn new(secret: &Secret, previous: Option<&Secret>) -> Self {
        hs256::install();
        let secrets = std::iter::once(secret).chain(previous);
        Self {
            sign: EncodingKey::from_secret(secret.expose().as_bytes()),
            verify: secrets.map(|s| DecodingKey::from_secret(s.expose().as_bytes())).collect(),
        }
    }

    /// Reads `JWT_SECRET` and `JWT_SECRET_PREVIOUS`.
    pub fn from_env(env: &Env) -> Result<Self, ConfigError> {
        let (secret, previous) = secrets(env)?;
        Ok(Self::new(&secret, previous.as_ref()))
    }

    /// A token for `caller` to call `audience` with.
    pub fn sign(&self, caller: &str, audience: &str, lifetime: Duration) -> String {
        let exp = (now() + lifetime.min(MAX_LIFETIME)).as_secs();
        let claims = Claims { iss: caller, aud: audience, exp };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.sign)
            .expect("three plain claims sign with HS256")
    }

    /// Checks a token that was presented to `audience`; returns who calls.
    pub fn verify(&self, token: &str, audience: &str) -> Result<String, TokenError> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "aud", "iss"]);
        validation.leeway = LEEWAY.as_secs();
        let mut result = Err(TokenError::Invalid);
        for key in &self.verify {
            match jsonwebtoken::decode::<Presented>(token, key, &validation) {
                Ok(data) if data.claims.exp <= (now() + MAX_LIFETIME + LEEWAY).as_secs_f64() => {
                    return Ok(data.claims.iss);
                }
                Err(e) if *e.kind() == ErrorKind::InvalidAudience => {
                    result = Err(TokenError::Audience);
                }
                _ => {}
            }
        }
        result
    }
}

/// `JWT_SECRET`, which every service needs, and `JWT_SECRET_PREVIOUS`.
pub fn secrets(env: &Env) -> Result<(Secret, Option<Secret>), ConfigError> {
    let example = "a long random text, such as the output of: openssl rand -hex 32";
    let secret = env.required("JWT_SECRET", example)?;
    let previous = env.text("JWT_SECRET_PREVIOUS");
    for (variable, secret) in [("JWT_SECRET", Some(secret)), ("JWT_SECRET_PREVIOUS", previous)] {
        if secret.is_some_and(|s| s.len() < MIN_SECRET_BYTES) {
            return Err(error(variable, "is shorter than 32 bytes", example));
        }
    }
    Ok((Secret::new(secret), previous.map(Secret::new)))
}

fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

impl fmt::Debug for ServiceTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ServiceTokens(…)")
    }
}

#[cfg(test)]
mod tests {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    use serde_json::json;

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn tokens() -> ServiceTokens {
        ServiceTokens::new(&Secret::new(SECRET), None)
    }

    fn by_hand(header: &str, claims: &impl Serialize) -> String {
        jsonwebtoken::encode(
            &serde_json::from_str(header).unwrap(),
            claims,
            &EncodingKey::from_secret(SECRET.as_bytes()),
        )
        .unwrap()
    }

    #[test]
    fn a_token_opens_the_service_it_is_for() {
        let token = tokens().sign("frontend", "sender", MAX_LIFETIME);
        assert_eq!(tokens().verify(&token, "sender").unwrap(), "frontend");
        assert_eq!(tokens().verify(&token, "database-service"), Err(TokenError::Audience));
    }

    #[test]
    fn the_previous_secret_still_verifies_but_no_other() {
        let old = tokens().sign("a", "b", MAX_LIFETIME);
        let new = Secret::new("fedcba9876543210fedcba9876543210");
        let rotated = ServiceTokens::new(&new, Some(&Secret::new(SECRET)));
        assert!(rotated.verify(&old, "b").is_ok());
        assert_eq!(ServiceTokens::new(&new, None).verify(&old, "b"), Err(TokenError::Invalid));
        assert_eq!(
            tokens().verify(&rotated.sign("a", "b", MAX_LIFETIME), "b"),
            Err(TokenError::Invalid)
        );
    }

    #[test]
    fn a_token_that_ended_or_lives_too_long_is_refused() {
        for exp in [now().as_secs() - 60, now().as_secs() + 3_600] {
            let claims = Claims { iss: "a", aud: "b", exp };
            let token = by_hand(r#"{"alg":"HS256","typ":"JWT"}"#, &claims);
            assert_eq!(tokens().verify(&token, "b"), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn what_the_standard_allows_is_taken_from_foreign_callers() {
        let soon = now().as_secs_f64() + 60.5;
        let late = now().as_secs_f64() + 3_600.5;
        for (aud, exp, wanted) in [
            (json!("b"), soon, Ok("a".to_owned())),
            (json!(["b"]), soon, Ok("a".to_owned())),
            (json!(["x", "b"]), soon, Ok("a".to_owned())),
            (json!(["x"]), soon, Err(TokenError::Audience)),
            (json!(["b"]), late, Err(TokenError::Invalid)),
        ] {
            let claims = json!({"iss": "a", "aud": aud, "exp": exp});
            let token = by_hand(r#"{"alg":"HS256","typ":"JWT"}"#, &claims);
            assert_eq!(tokens().verify(&token, "b"), wanted, "{claims}");
        }
    }

    #[test]
    fn other_algorithms_are_refused() {
        let token = tokens().sign("a", "b", MAX_LIFETIME);
        let (_, rest) = token.split_once('.').unwrap();
        let (claims, signature) = rest.split_once('.').unwrap();
        for alg in ["none", "None", "HS384", "RS256", "EdDSA"] {
            let header = BASE64_URL_SAFE_NO_PAD.encode(format!(r#"{{"alg":"{alg}","typ":"JWT"}}"#));
            for signature in [signature, ""] {
                let forged = format!("{header}.{claims}.{signature}");
                assert_eq!(tokens().verify(&forged, "b"), Err(TokenError::Invalid), "{alg}");
            }
        }
        for garbage in ["", ".", "..", "a.b.c", &token[1..], &token[..token.len() - 1]] {
            assert_eq!(tokens().verify(garbage, "b"), Err(TokenError::Invalid));
        }
    }

    #[test]
    fn a_short_secret_stops_the_start() {
        let env = Env::from_values([("JWT_SECRET", "short")]);
        let error = ServiceTokens::from_env(&env).unwrap_err().to_string();
        assert!(error.starts_with("JWT_SECRET: is shorter than 32 bytes"), "{error}");
        assert!(!error.contains("\"short\""));
    }
}
